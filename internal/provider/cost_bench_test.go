package provider_test

import (
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// These tests hold what `make bench` measures as far as no clock is needed for it.

// TestCostOfRunners holds what each listed runner costs a read. That is the difference between two lists, so that what a
// read costs anyway does not count. It is not parallel, because it counts what the whole process allocates.
func TestCostOfRunners(t *testing.T) {
	const shorter, longer = 500, 2_500
	type cost struct{ allocations, bytes float64 }
	costs := map[string]cost{}
	for _, way := range ways {
		server := newServer(t)
		read := newRead(t, way.server(), server, "circleci_runners")
		measure := func(n int) cost {
			server.SetHandler(circlecitest.Body(circlecitest.LongList(n, 3)))
			read() // Opens the connection, and fills what is filled once.
			server.ResetRecords()
			least := cost{allocations: 1e18, bytes: 1e18}
			for range 3 { // Whatever else goes on in the process can only add.
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				read()
				runtime.ReadMemStats(&after)
				least.allocations = min(least.allocations, float64(after.Mallocs-before.Mallocs))
				least.bytes = min(least.bytes, float64(after.TotalAlloc-before.TotalAlloc))
			}
			if requests, connections := len(server.Requests()), server.Connections(); requests != 3 || connections != 0 {
				t.Errorf("three reads asked %d times, over %d new connections", requests, connections)
			}
			return least
		}
		small, large := measure(shorter), measure(longer)
		costs[way.name] = cost{
			(large.allocations - small.allocations) / (longer - shorter), (large.bytes - small.bytes) / (longer - shorter),
		}
	}
	direct, plain := costs["direct"], costs["plain"]
	t.Logf("a runner costs %.1f allocations and %.0f bytes; the plain way, %.1f and %.0f",
		direct.allocations, direct.bytes, plain.allocations, plain.bytes)
	// What was measured is 1 allocation and some 1,600 bytes, of which the answer itself takes 290, several times over.
	const mostAllocations, mostBytes = 3, 3_000
	if direct.allocations <= 0 || direct.allocations > mostAllocations || direct.bytes <= 0 || direct.bytes > mostBytes {
		t.Errorf("a runner costs %.1f allocations and %.0f bytes, not at most %d and %d",
			direct.allocations, direct.bytes, mostAllocations, mostBytes)
	}
	if direct.allocations*20 > plain.allocations || direct.bytes*20 > plain.bytes {
		t.Errorf("a runner costs %.1f allocations and %.0f bytes, more than a twentieth of the plain way's %.1f and %.0f",
			direct.allocations, direct.bytes, plain.allocations, plain.bytes)
	}
}

// slots makes the counts of a server wait for each other: the first ones are answered when n are asked for at once, and
// most says how many ever were.
func slots(server *circlecitest.Server, n int, list http.Handler) (most func() int) {
	var (
		mu           sync.Mutex
		now, highest int
		full         = make(chan struct{})
	)
	oneTask := circlecitest.JSON(`{"unclaimed_task_count": 1}`)
	server.Intercept(func(r *http.Request) http.Handler {
		if !strings.HasSuffix(r.URL.Path, "/tasks") {
			return list
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			now++
			if now > highest {
				highest = now
				if highest == n {
					close(full)
				}
			}
			mu.Unlock()
			select {
			case <-full:
			case <-r.Context().Done():
			}
			mu.Lock()
			now--
			mu.Unlock()
			oneTask.ServeHTTP(w, r)
		})
	})
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return highest
	}
}

// TestCostOfCounts counts the tasks of 200 classes, in one block and in one block for each, all read at once. Either
// asks once for each class, 32 at a time and over as many connections.
func TestCostOfCounts(t *testing.T) {
	t.Parallel()
	const classes, concurrency = 200, 32
	for name, row := range map[string]struct {
		read  func(t *testing.T, p testProvider)
		lists int
	}{
		"fleet": {func(t *testing.T, p testProvider) {
			t.Helper()
			state, diagnostics := p.read(t.Context(), "circleci_runner_fleet", providertest.Attributes{"namespace": providertest.String(circlecitest.LongListNamespace)})
			if len(diagnostics) != 0 || !state["unclaimed_task_count"].Equal(providertest.Number(classes)) {
				t.Errorf("the fleet has %s tasks, and the read reports %+v", state["unclaimed_task_count"], diagnostics)
			}
		}, 1},
		"tasks": {func(t *testing.T, p testProvider) {
			t.Helper()
			var reads sync.WaitGroup
			for i := range classes {
				reads.Go(func() {
					state, diagnostics := p.read(t.Context(), "circleci_runner_tasks", providertest.Attributes{"resource_class": providertest.String(circlecitest.LongListClass(i))})
					if len(diagnostics) != 0 || !state["unclaimed_task_count"].Equal(providertest.Number(1)) {
						t.Errorf("class %d has %s tasks, and the read reports %+v", i, state["unclaimed_task_count"], diagnostics)
					}
				})
			}
			reads.Wait()
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			most := slots(server, concurrency, circlecitest.Body(circlecitest.LongList(classes, classes)))
			row.read(t, newProvider(t, providertest.Attributes{
				"api_url": providertest.String(server.URL), "token": providertest.String(circlecitest.PersonalToken),
			}))
			asked := map[string]int{}
			for _, request := range server.Requests() {
				asked[request.Path+"?"+request.Query.Encode()]++
			}
			if got := asked["/api/v2/runner?namespace=acme"]; got != row.lists {
				t.Errorf("the runners were listed %d times, not %d", got, row.lists)
			}
			for i := range classes {
				if got := asked["/api/v2/runner/tasks?resource-class="+strings.ReplaceAll(circlecitest.LongListClass(i), "/", "%2F")]; got != 1 {
					t.Errorf("the tasks of %s were counted %d times", circlecitest.LongListClass(i), got)
				}
			}
			if got, want := len(server.Requests()), row.lists+classes; got != want {
				t.Errorf("the server was asked %d times, not %d", got, want)
			}
			if got := most(); got != concurrency {
				t.Errorf("%d counts were asked for at once, not %d", got, concurrency)
			}
			if got := server.Connections(); got != concurrency {
				t.Errorf("%d connections were opened, not %d", got, concurrency)
			}
		})
	}
}
