package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// comparisons are the rows of the table. What the servers need is not what is to be measured, so they return responses
// that were made before.
func (b bench) comparisons() (all []comparison, closeServers func()) {
	var servers []*circlecitest.Server
	serve := func(handler http.Handler) *circlecitest.Server {
		server := circlecitest.NewServer()
		server.SetHandler(handler)
		servers = append(servers, server)
		return server
	}
	lists := map[int]*circlecitest.Server{}
	for _, n := range []int{10, 1_000, 10_000, 100_000} {
		lists[n] = serve(circlecitest.Body(circlecitest.LongList(n, 3)))
	}
	readList := func(way string, n int) run { return read{way, lists[n].URL, n}.run }

	// planOf plans blocks with an output n, which must be n after this many requests to the server.
	planOf := func(name string, server *circlecitest.Server, requests, n int, blocks, value string) plan {
		return plan{
			bench: b, name: name, provider: b.provider, server: server, requests: requests, n: n,
			files: map[string]string{"main.tf": providerBlock(server) + blocks + "\noutput \"n\" {\n  value = " + value + "\n}\n"},
		}
	}
	planList := func(name string, n int) plan {
		return planOf(name, lists[n], 1, n, "data \"circleci_runners\" \"all\" {\n  namespace = \"acme\"\n}\n", "length(data.circleci_runners.all.runners)")
	}
	empty := planList("empty-provider", 10)
	empty.provider, empty.requests = b.emptyProvider, 0

	// Without a provider people decode what they have in a file, which is the fastest that they can do.
	jsondecode := plan{bench: b, name: "jsondecode", provider: b.provider, n: 10_000, files: map[string]string{
		"main.tf":      "output \"n\" {\n  value = length(jsondecode(file(\"runners.json\")).items)\n}\n",
		"runners.json": string(circlecitest.LongList(10_000, 3)),
	}}

	const classes = 200
	const fleetBlock = "data \"circleci_runner_fleet\" \"all\" {\n  namespace = \"acme\"\n}\n"
	list := circlecitest.Body(circlecitest.LongList(classes, classes))
	oneTask := circlecitest.JSON(`{"unclaimed_task_count": 1}`)
	slow := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		response := list
		if strings.HasSuffix(r.URL.Path, "/tasks") {
			response = oneTask
		}
		circlecitest.Delay(100*time.Millisecond, response).ServeHTTP(w, r)
	}))
	var blocks, counts strings.Builder
	for i := range classes {
		fmt.Fprintf(&blocks, "\ndata \"circleci_runner_tasks\" \"pool_%03d\" {\n  resource_class = %q\n}\n", i, circlecitest.LongListClass(i))
		fmt.Fprintf(&counts, "    data.circleci_runner_tasks.pool_%03d.unclaimed_task_count,\n", i)
	}
	fleet := planOf("fleet", slow, 1+classes, classes, fleetBlock,
		"data.circleci_runner_fleet.all.unclaimed_task_count")
	tasks := planOf("tasks", slow, classes, classes, blocks.String(), "sum([\n"+counts.String()+"  ])")

	limited := func(name string, classes, requests int, limit *circlecitest.RateLimit, blocks, value string) throttled {
		server := circlecitest.NewServer()
		servers = append(servers, server)
		server.Intercept(func(r *http.Request) http.Handler {
			if refusal := limit.Handler(r); refusal != nil {
				return refusal
			}
			if strings.HasSuffix(r.URL.Path, "/tasks") {
				return oneTask
			}
			return list
		})
		p := planOf(name, server, 0, classes, blocks, value)
		p.server = nil // Its number of requests is not certain.
		return throttled{p, limit, requests}
	}
	limitedFleet := func(name string, limit *circlecitest.RateLimit) throttled {
		return limited(name, classes, 1+classes, limit, fleetBlock, "data.circleci_runner_fleet.all.unclaimed_task_count")
	}
	const hundred = 100
	var hundredBlocks strings.Builder
	for i := range hundred {
		fmt.Fprintf(&hundredBlocks, "\ndata \"circleci_runner_tasks\" \"pool_%d\" {\n  resource_class = %q\n}\n", i, circlecitest.LongListClass(i))
	}
	rateLimits := []throttled{
		limitedFleet("limit-10", &circlecitest.RateLimit{PerSecond: 10, Burst: 10, RetryAfter: time.Second}),
		limitedFleet("limit-20", &circlecitest.RateLimit{PerSecond: 20, Burst: 20}),
		limitedFleet("limit-5", &circlecitest.RateLimit{PerSecond: 5, Burst: 25, RetryAfter: 5 * time.Second}),
		limitedFleet("limit-50", &circlecitest.RateLimit{PerSecond: 50, Burst: 50, RetryAfter: time.Second}),
		limited("limit-blocks", hundred, hundred, &circlecitest.RateLimit{PerSecond: 10, Burst: 10, RetryAfter: time.Second},
			hundredBlocks.String(), "100"),
	}

	all = []comparison{
		{a: readList("direct", 10_000), b: readList("baseline", 10_000), pairs: 7, rows: []row{
			{what: "one read of 10,000 runners against the baseline, time", cost: seconds, target: 0.05},
			{what: "one read of 10,000 runners against the baseline, bytes allocated", cost: allocated, target: 0.05},
		}},
		{a: planList("long-list", 10_000).run(), b: jsondecode.run(), pairs: 7, rows: []row{
			{what: "plan with 10,000 runners against jsondecode(file(...)) without a provider, time of the plan", cost: seconds, target: 0.85},
		}},
		{a: planList("growth-10000", 10_000).run(), b: planList("growth-1000", 1_000).run(), pairs: 3, rows: []row{
			{what: "growth from 1,000 to 10,000 runners, time of the plan", cost: seconds, target: 12},
		}},
		{a: readList("direct", 10_000), b: readList("direct", 1_000), pairs: 5, rows: []row{
			{what: "growth from 1,000 to 10,000 runners, the provider's peak memory", cost: peak, target: 12},
		}},
		{a: planList("growth-100000", 100_000).run(), b: planList("growth-again", 10_000).run(), pairs: 3, rows: []row{
			{what: "growth from 10,000 to 100,000 runners, time of the plan", cost: seconds, target: 12},
		}},
		{a: readList("direct", 100_000), b: readList("direct", 10_000), pairs: 5, rows: []row{
			{what: "growth from 10,000 to 100,000 runners, the provider's peak memory", cost: peak, target: 12},
		}},
		{a: fleet.run(), b: tasks.run(), pairs: 5, rows: []row{
			{what: "200 classes, 100 ms per response: one fleet block against 200 tasks blocks, time of the plan", cost: seconds, target: 0.5},
			{what: "connections for 200 task counts at concurrency 32", cost: connections, count: true, target: 32},
		}},
		{a: runThrottled(rateLimits), rows: []row{
			{what: "200 classes at four rate limits, and 100 blocks: time of the plan against twice that of the limit and 10 s", cost: seconds, count: true, target: 1},
			{what: "the same: share of the requests that are refused", cost: refused, count: true, target: 0.25},
		}},
		{a: planList("short-list", 10).run(), b: empty.run(), pairs: 21, rows: []row{
			{what: "plan with 10 runners against the same with an otherwise empty provider, time of the plan", cost: seconds, target: 1.1},
		}},
	}
	return all, func() {
		for _, server := range servers {
			server.Close()
		}
	}
}
