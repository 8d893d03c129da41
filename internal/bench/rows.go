package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// comparisons are the rows of the table. The cost of the servers is not to be measured, so they return responses that were
// made before.
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
		provider := fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n  token   = %q\n}\n", server.URL, circlecitest.PersonalToken)
		return plan{
			bench: b, name: name, provider: realProvider, server: server, requests: requests, n: n,
			files: map[string]string{"main.tf": cli.RequiredProviders + provider + blocks + "\noutput \"n\" {\n  value = " + value + "\n}\n"},
		}
	}
	planList := func(name string, n int) plan {
		return planOf(name, lists[n], 1, n, "data \"circleci_runners\" \"all\" {\n  namespace = \"acme\"\n}\n", "length(data.circleci_runners.all.runners)")
	}
	empty := planList("empty-provider", 10)
	empty.provider, empty.requests = emptyProvider, 0

	// Without a provider users decode what they have in a file, which is the fastest that they can do.
	jsondecode := plan{bench: b, name: "jsondecode", provider: realProvider, n: 10_000, files: map[string]string{
		"main.tf":      "output \"n\" {\n  value = length(jsondecode(file(\"runners.json\")).items)\n}\n",
		"runners.json": string(circlecitest.LongList(10_000, 3)),
	}}

	const classes = 200
	list, oneTask := circlecitest.Body(circlecitest.LongList(classes, classes)), circlecitest.JSON(`{"unclaimed_task_count": 1}`)
	response := func(r *http.Request) http.Handler {
		if strings.HasSuffix(r.URL.Path, "/tasks") {
			return oneTask
		}
		return list
	}
	planFleet := func(name string, server *circlecitest.Server) plan {
		return planOf(name, server, 1+classes, classes,
			"data \"circleci_runner_fleet\" \"all\" {\n  namespace = \"acme\"\n}\n", "data.circleci_runner_fleet.all.unclaimed_task_count")
	}
	planTasks := func(name string, server *circlecitest.Server, classes int) plan {
		var blocks, counts strings.Builder
		for i := range classes {
			fmt.Fprintf(&blocks, "\ndata \"circleci_runner_tasks\" \"pool_%d\" {\n  resource_class = %q\n}\n", i, circlecitest.LongListClass(i))
			fmt.Fprintf(&counts, "    data.circleci_runner_tasks.pool_%d.unclaimed_task_count,\n", i)
		}
		return planOf(name, server, classes, classes, blocks.String(), "sum([\n"+counts.String()+"  ])")
	}
	slow := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		circlecitest.Delay(100*time.Millisecond, response(r)).ServeHTTP(w, r)
	}))
	limited := func(planOn func(string, *circlecitest.Server) plan, limit *circlecitest.RateLimit) plan {
		server := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			handler := limit.Handler(r)
			if handler == nil {
				handler = response(r)
			}
			handler.ServeHTTP(w, r)
		}))
		p := planOn(fmt.Sprintf("limit-%d", len(servers)), server)
		p.limit = limit
		return p
	}
	planHundred := func(name string, server *circlecitest.Server) plan { return planTasks(name, server, 100) }
	rateLimits := []plan{
		limited(planFleet, &circlecitest.RateLimit{PerSecond: 10, Burst: 10, RetryAfter: time.Second}),
		limited(planFleet, &circlecitest.RateLimit{PerSecond: 20, Burst: 20}),
		limited(planFleet, &circlecitest.RateLimit{PerSecond: 5, Burst: 25, RetryAfter: 5 * time.Second}),
		limited(planFleet, &circlecitest.RateLimit{PerSecond: 50, Burst: 50, RetryAfter: time.Second}),
		limited(planHundred, &circlecitest.RateLimit{PerSecond: 10, Burst: 10, RetryAfter: time.Second}),
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
		{a: planFleet("fleet", slow).run(), b: planTasks("tasks", slow, classes).run(), pairs: 5, rows: []row{
			{what: "200 classes, 100 ms per response: one fleet block against 200 tasks blocks, time of the plan", cost: seconds, target: 0.5},
			{what: "connections for 200 task counts at concurrency 32", cost: connections, count: true, target: 32},
		}},
		{a: concurrently(rateLimits), rows: []row{
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
