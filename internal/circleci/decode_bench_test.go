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

// BenchmarkDecodeCount decodes the body of a count.
func BenchmarkDecodeCount(b *testing.B) {
	body := []byte(`{"unclaimed_task_count":42}`)
	b.ReportAllocs()
	for b.Loop() {
		if count, err := decodeCount(body, "unclaimed_task_count"); err != nil || count != 42 {
			b.Fatalf("the count is %d: %v", count, err)
		}
	}
}
