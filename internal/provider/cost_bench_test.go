package provider_test

import (
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// These tests assert limits of what `make bench` measures, where they depend on no clock.

// TestCostOfRunners limits what each listed runner costs a read: the difference between two lists, which excludes what a read
// costs anyway. It is not parallel, because it measures the allocations of the process.
func TestCostOfRunners(t *testing.T) {
	const shorter, longer = 500, 2_500
	type cost struct{ allocations, bytes float64 }
	costs := map[string]cost{}
	for _, encoding := range encodings {
		server := newServer(t)
		read := newRead(t, encoding.provider(t, server, nil), "circleci_runners")
		measure := func(n int) cost {
			server.SetHandler(circlecitest.Body(circlecitest.LongList(n, 3)))
			read() // Opens the connection, and fills caches.
			server.ResetRecords()
			least := cost{allocations: 1e18, bytes: 1e18}
			for range 3 { // Other goroutines can only add.
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				read()
				runtime.ReadMemStats(&after)
				least.allocations = min(least.allocations, float64(after.Mallocs-before.Mallocs))
				least.bytes = min(least.bytes, float64(after.TotalAlloc-before.TotalAlloc))
			}
			if requests, connections := len(server.Requests()), server.Connections(); requests != 3 || connections != 0 {
				t.Errorf("three reads sent %d requests over %d new connections, want 3 over 0", requests, connections)
			}
			return least
		}
		small, large := measure(shorter), measure(longer)
		costs[encoding.name] = cost{
			(large.allocations - small.allocations) / (longer - shorter), (large.bytes - small.bytes) / (longer - shorter),
		}
	}
	direct, baseline := costs["direct"], costs["plain"]
	t.Logf("a runner costs %.1f allocations and %.0f bytes; the baseline, %.1f and %.0f",
		direct.allocations, direct.bytes, baseline.allocations, baseline.bytes)
	// The measured values are 1 allocation and some 1,600 bytes, of which the response itself takes 290, several times over.
	const maxAllocations, maxBytes = 3, 3_000
	if direct.allocations <= 0 || direct.allocations > maxAllocations || direct.bytes <= 0 || direct.bytes > maxBytes {
		t.Errorf("a runner costs %.1f allocations and %.0f bytes, want up to %d and %d",
			direct.allocations, direct.bytes, maxAllocations, maxBytes)
	}
	if direct.allocations*20 > baseline.allocations || direct.bytes*20 > baseline.bytes {
		t.Errorf("a runner costs %.1f allocations and %.0f bytes, more than a twentieth of the baseline's %.1f and %.0f",
			direct.allocations, direct.bytes, baseline.allocations, baseline.bytes)
	}
}

// blockCounts responds to no count until n are in flight. It returns how many were in flight at most.
func blockCounts(server *circlecitest.Server, n int64, list http.Handler) (maxInFlight func() int64) {
	var inFlight, highest atomic.Int64
	full := make(chan struct{})
	oneTask := circlecitest.JSON(`{"unclaimed_task_count": 1}`)
	server.Intercept(func(r *http.Request) http.Handler {
		if !strings.HasSuffix(r.URL.Path, "/tasks") {
			return list
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			current := inFlight.Add(1)
			for high := highest.Load(); current > high; high = highest.Load() {
				if highest.CompareAndSwap(high, current) && current == n {
					close(full)
				}
			}
			select {
			case <-full:
			case <-r.Context().Done():
			}
			inFlight.Add(-1)
			oneTask.ServeHTTP(w, r)
		})
	})
	return highest.Load
}

// TestCostOfCounts counts the tasks of 200 classes, in one block and in a block for each, read concurrently. Both send one
// request for each class, 32 in flight, over as many connections.
func TestCostOfCounts(t *testing.T) {
	t.Parallel()
	const classes, concurrency = 200, 32
	for name, row := range map[string]struct {
		dataSource string
		configs    []providertest.Attributes // Each is a block.
		requests   []string                  // They are in addition to the counts.
	}{
		"fleet": {
			dataSource: "circleci_runner_fleet", configs: []providertest.Attributes{acmeNamespace}, requests: []string{"/api/v2/runner?namespace=acme"},
		},
		"tasks": {dataSource: "circleci_runner_tasks", configs: longListClasses(classes)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			maxInFlight := blockCounts(server, concurrency, circlecitest.Body(circlecitest.LongList(classes, classes)))
			p := newProvider(t, server, nil)
			var reads sync.WaitGroup
			for _, config := range row.configs {
				reads.Go(func() {
					state, got := p.read(t.Context(), row.dataSource, config)
					want := providertest.Number(int64(classes / len(row.configs)))
					if len(got) != 0 || !state["unclaimed_task_count"].Equal(want) {
						t.Errorf("got %s tasks, want %s: %s", state["unclaimed_task_count"], want, formatDiagnostics(got))
					}
				})
			}
			reads.Wait()
			want := row.requests
			for i := range classes {
				want = append(want, "/api/v2/runner/tasks?resource-class="+strings.ReplaceAll(circlecitest.LongListClass(i), "/", "%2F"))
			}
			expectRequests(t, server, want...)
			if got, connections := maxInFlight(), server.Connections(); got != concurrency || connections != concurrency {
				t.Errorf("%d counts were in flight, over %d connections, want %d", got, connections, concurrency)
			}
		})
	}
}

// longListClasses returns a configuration for each class of a long list.
func longListClasses(n int) []providertest.Attributes {
	configs := make([]providertest.Attributes, n)
	for i := range configs {
		configs[i] = providertest.Attributes{"resource_class": providertest.String(circlecitest.LongListClass(i))}
	}
	return configs
}
