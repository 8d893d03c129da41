package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// encodings are the ways to encode a list of runners: the provider's own and, as the baseline, the framework's, for
// which the data source passes a slice of structs of types.String to State.Set.
var encodings = []struct {
	name     string
	provider func(testing.TB, *circlecitest.Server, providertest.Attributes) testProvider
}{
	{"direct", func(t testing.TB, server *circlecitest.Server, attributes providertest.Attributes) testProvider {
		t.Helper()
		return newProvider(t, server, attributes)
	}},
	{"baseline", newFrameworkProvider},
}

// newRead returns a function that reads a data source of the namespace of the long list once.
func newRead(tb testing.TB, p testProvider, dataSource string) func() {
	tb.Helper()
	config := providertest.Attributes{"namespace": providertest.String(circlecitest.LongListNamespace)}
	return func() {
		response, err := p.ReadEncoded(context.Background(), dataSource, config)
		if err != nil || len(response.Diagnostics) != 0 {
			tb.Fatalf("the read failed: %v, %+v", err, response)
		}
	}
}

// BenchmarkRead is one read of circleci_runners through the provider's server: HTTP, decoding, converting, encoding.
func BenchmarkRead(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000, 100_000} {
		for _, encoding := range encodings {
			if encoding.name == "baseline" && n > 10_000 {
				continue // It takes a quarter of a minute and gigabytes.
			}
			b.Run(fmt.Sprintf("runners=%d/way=%s", n, encoding.name), func(b *testing.B) {
				server := circlecitest.NewServer()
				defer server.Close()
				server.SetHandler(circlecitest.Body(circlecitest.LongList(n, 3)))
				read := newRead(b, encoding.provider(b, server, nil), "circleci_runners")
				b.ReportAllocs()
				for b.Loop() {
					read()
				}
			})
		}
	}
}

// BenchmarkFleets is one read of circleci_runner_fleets: a list, and a count for each class, from a server that responds
// immediately.
func BenchmarkFleets(b *testing.B) {
	for _, classes := range []int{1, 20, 200} {
		b.Run(fmt.Sprintf("classes=%d", classes), func(b *testing.B) {
			server := circlecitest.NewServer()
			defer server.Close()
			serveFleets(server, classes, 0)
			read := newRead(b, newProvider(b, server, nil), "circleci_runner_fleets")
			b.ReportAllocs()
			for b.Loop() {
				read()
			}
		})
	}
}

// serveFleets lists five runners of each class, and counts one unclaimed and one running task of each, after a latency.
func serveFleets(server *circlecitest.Server, classes int, latency time.Duration) {
	list := circlecitest.Body(circlecitest.LongList(5*classes, classes))
	oneTask := circlecitest.Delay(latency, circlecitest.JSON(`{"unclaimed_task_count": 1, "running_runner_tasks": 1}`))
	server.Intercept(func(r *http.Request) http.Handler {
		if strings.Contains(r.URL.Path, "/tasks") {
			return oneTask
		}
		return list
	})
}

// TestCostOfRunners limits what each listed runner costs a read: the difference between two lists, which excludes what
// a read costs anyway. It is not parallel, because it measures the allocations of the process.
func TestCostOfRunners(t *testing.T) {
	const shorter, longer = 500, 2_500
	var allocations, bytes [2]float64 // By encoding.
	for i, encoding := range encodings {
		server := newServer(t)
		read := newRead(t, encoding.provider(t, server, nil), "circleci_runners")
		measure := func(n int) (leastAllocations, leastBytes float64) {
			server.SetHandler(circlecitest.Body(circlecitest.LongList(n, 3)))
			read() // Opens the connection, and fills caches.
			server.ResetRecords()
			leastAllocations, leastBytes = 1e18, 1e18
			for range 3 { // Other goroutines can only add.
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				read()
				runtime.ReadMemStats(&after)
				leastAllocations = min(leastAllocations, float64(after.Mallocs-before.Mallocs))
				leastBytes = min(leastBytes, float64(after.TotalAlloc-before.TotalAlloc))
			}
			expectSame(t, "requests of three reads", 3, len(server.Requests()))
			expectSame(t, "new connections", 0, server.Connections())
			return leastAllocations, leastBytes
		}
		fewAllocations, fewBytes := measure(shorter)
		manyAllocations, manyBytes := measure(longer)
		allocations[i] = (manyAllocations - fewAllocations) / (longer - shorter)
		bytes[i] = (manyBytes - fewBytes) / (longer - shorter)
	}
	// The measured values are 15 allocations, two for each optional string, and some 1,500 bytes, of which the response
	// itself takes 260, several times over. With the race detector, they are up to 3,800 bytes.
	const maxAllocations, maxBytes = 18, 4_500
	if allocations[0] <= 0 || allocations[0] > min(maxAllocations, allocations[1]/10) ||
		bytes[0] <= 0 || bytes[0] > min(maxBytes, bytes[1]/10) {
		t.Errorf("a runner costs %.1f allocations and %.0f bytes, want up to %d and %d, and a tenth of %.1f and %.0f",
			allocations[0], bytes[0], maxAllocations, maxBytes, allocations[1], bytes[1])
	}
}

// TestCostOfCounts counts the tasks of 200 classes with API v3, in one block and in a block for each. Both send two
// requests for each class, 32 of them concurrently. Without a list, the first count finds out the version, while the
// others wait.
func TestCostOfCounts(t *testing.T) {
	t.Parallel()
	const classes, concurrency = 200, 32
	var counts []string
	blocks := make([]providertest.Attributes, classes)
	for i := range classes {
		class := circlecitest.LongListClass(i)
		query := "?resource-class=" + url.QueryEscape(class)
		counts = append(counts, "/api/v3/runner/tasks"+query, "/api/v3/runner/tasks/running"+query)
		blocks[i] = providertest.Attributes{"resource_class": providertest.String(class)}
	}
	for dataSource, row := range map[string]struct {
		blocks   []providertest.Attributes
		requests []string
		elapsed  time.Duration
	}{
		"circleci_runner_fleets": {
			blocks: []providertest.Attributes{acmeNamespace}, requests: append(counts, "/api/v3/runner?namespace=acme"),
			elapsed: (2*classes + concurrency - 1) / concurrency * time.Second,
		},
		"circleci_runner_tasks": {
			blocks: blocks, requests: counts, elapsed: time.Second + (2*classes-1+concurrency-1)/concurrency*time.Second,
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := newMemoryServer(t)
			serveFleets(server, classes, time.Second)
			p := newProvider(t, server, nil)
			start, want := time.Now(), providertest.Number(int64(classes/len(row.blocks)))
			var reads sync.WaitGroup
			for _, block := range row.blocks {
				reads.Go(func() {
					state, got := p.read(t.Context(), dataSource, block)
					expectReport(t, got)
					expectSame(t, "tasks", want, state["unclaimed_task_count"])
				})
			}
			reads.Wait()
			expectSame(t, "elapsed time of "+dataSource, row.elapsed, time.Since(start))
			expectSame(t, "connections", concurrency, server.Connections())
			expectRequests(t, server, row.requests...)
		})
	}
}
