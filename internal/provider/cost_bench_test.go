package provider_test

import (
	"net/url"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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
	direct, baseline := costs["direct"], costs["baseline"]
	t.Logf("a runner costs %.1f allocations and %.0f bytes; the baseline, %.1f and %.0f",
		direct.allocations, direct.bytes, baseline.allocations, baseline.bytes)
	// The measured values are 13 allocations, two for each optional string, and some 1,500 bytes, of which the response itself
	// takes 290, several times over.
	const maxAllocations, maxBytes = 16, 3_000
	if direct.allocations <= 0 || direct.allocations > maxAllocations || direct.bytes <= 0 || direct.bytes > maxBytes {
		t.Errorf("a runner costs %.1f allocations and %.0f bytes, want up to %d and %d",
			direct.allocations, direct.bytes, maxAllocations, maxBytes)
	}
	if direct.allocations*20 > baseline.allocations || direct.bytes*20 > baseline.bytes {
		t.Errorf("a runner costs %.1f allocations and %.0f bytes, more than a twentieth of the baseline's %.1f and %.0f",
			direct.allocations, direct.bytes, baseline.allocations, baseline.bytes)
	}
}

// TestCostOfCounts counts the tasks of 200 classes with API v3, in one block and in a block for each, read concurrently. Both
// send two requests for each class, over 32 connections, and so in as many seconds as it takes to send 32 requests in each.
// Without a list, the first count finds out the version, while the others wait.
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
	for name, row := range map[string]struct {
		dataSource string
		blocks     []providertest.Attributes
		list       []string // It is requested in addition to the counts.
		elapsed    time.Duration
	}{
		"fleet": {
			dataSource: "circleci_runner_fleet", blocks: []providertest.Attributes{acmeNamespace},
			list: []string{"/api/v3/runner?namespace=acme"}, elapsed: (2*classes + concurrency - 1) / concurrency * time.Second,
		},
		"tasks": {
			dataSource: "circleci_runner_tasks", blocks: blocks,
			elapsed: time.Second + (2*classes-1+concurrency-1)/concurrency*time.Second,
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := newMemoryServer(t)
			serveFleet(server, classes, time.Second)
			p := newProvider(t, server, nil)
			start, want := time.Now(), providertest.Number(int64(classes/len(row.blocks)))
			var reads sync.WaitGroup
			for _, block := range row.blocks {
				reads.Go(func() {
					state, got := p.read(t.Context(), row.dataSource, block)
					expectReport(t, got)
					expectSame(t, "tasks", want, state["unclaimed_task_count"])
				})
			}
			reads.Wait()
			expectSame(t, "elapsed time of a "+name, row.elapsed, time.Since(start))
			expectSame(t, "connections", concurrency, server.Connections())
			expectRequests(t, server, append(row.list, counts...)...)
		})
	}
}
