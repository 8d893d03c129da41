package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// encodings are the ways to encode a list of runners: the provider's own and, as the baseline, the framework's, for which the
// data source passes a slice of structs of types.String to State.Set.
var encodings = []struct {
	name     string
	provider func(testing.TB, *circlecitest.Server, providertest.Attributes) testProvider
}{
	{name: "direct", provider: func(t testing.TB, server *circlecitest.Server, attributes providertest.Attributes) testProvider {
		t.Helper()
		return newProvider(t, server, attributes)
	}},
	{name: "baseline", provider: newFrameworkProvider},
}

// newRead returns a function that reads a data source of the namespace of the long list once.
func newRead(tb testing.TB, p testProvider, dataSource string) func() *tfprotov6.ReadDataSourceResponse {
	tb.Helper()
	config := providertest.Attributes{"namespace": providertest.String(circlecitest.LongListNamespace)}
	return func() *tfprotov6.ReadDataSourceResponse {
		response, err := p.ReadEncoded(context.Background(), dataSource, config)
		if err != nil || len(response.Diagnostics) != 0 {
			tb.Fatalf("the read failed: %v, %+v", err, response)
		}
		return response
	}
}

// BenchmarkRead is one read of circleci_runners through the provider's server: HTTP, decoding, converting, encoding.
func BenchmarkRead(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000, 100_000} {
		body := circlecitest.LongList(n, 3)
		for _, encoding := range encodings {
			if encoding.name == "baseline" && n > 10_000 {
				continue // It takes a quarter of a minute and gigabytes.
			}
			b.Run(fmt.Sprintf("runners=%d/way=%s", n, encoding.name), func(b *testing.B) {
				server := circlecitest.NewServer()
				defer server.Close()
				server.SetHandler(circlecitest.Body(body))
				read := newRead(b, encoding.provider(b, server, nil), "circleci_runners")
				b.ReportAllocs()
				for b.Loop() {
					read()
				}
			})
		}
	}
}

// BenchmarkFleet is one read of circleci_runner_fleet: a list, and a count for each class, from a server that responds
// immediately.
func BenchmarkFleet(b *testing.B) {
	for _, classes := range []int{1, 20, 200} {
		b.Run(fmt.Sprintf("classes=%d", classes), func(b *testing.B) {
			server := circlecitest.NewServer()
			defer server.Close()
			serveFleet(server, classes, 0)
			read := newRead(b, newProvider(b, server, nil), "circleci_runner_fleet")
			b.ReportAllocs()
			for b.Loop() {
				read()
			}
		})
	}
}

// serveFleet lists five runners of each class, and counts one task for each that waits and one that runs, after a latency.
func serveFleet(server *circlecitest.Server, classes int, latency time.Duration) {
	list := circlecitest.Body(circlecitest.LongList(5*classes, classes))
	oneTask := circlecitest.Delay(latency, circlecitest.JSON(`{"unclaimed_task_count": 1, "running_runner_tasks": 1}`))
	server.Intercept(func(r *http.Request) http.Handler {
		if strings.Contains(r.URL.Path, "/tasks") {
			return oneTask
		}
		return list
	})
}
