package circleci

import (
	"fmt"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// BenchmarkDecodeRunners decodes the body of a listing.
func BenchmarkDecodeRunners(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000, 100_000} {
		body := circlecitest.LongList(n, 3)
		b.Run(fmt.Sprintf("runners=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				runners, err := decodeRunners(body)
				if err != nil || len(runners) != n {
					b.Fatalf("decoded %d runners: %v", len(runners), err)
				}
			}
		})
	}
}
