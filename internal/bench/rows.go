package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// comparisons are the rows of the table. The cost of the servers is not to be measured, so they return responses that were
// made before. Each plan has its own directory in dir.
func comparisons(found cli.CLI, dir string) []comparison {
	serve := func(response func(*http.Request) http.Handler) *circlecitest.Server {
		server := circlecitest.NewServer()
		server.Intercept(response)
		return server
	}
	lists := map[int]*circlecitest.Server{}
	for _, n := range []int{10, 1_000, 10_000, 100_000} {
		list := circlecitest.Body(circlecitest.LongList(n, 3))
		lists[n] = serve(func(*http.Request) http.Handler { return list })
	}
	readList := func(way string, n int) run { return read(way, lists[n].URL, n) }
	newPlan := func(name string, server *circlecitest.Server, requests, n int, blocks, value string) plan {
		return plan{
			cli: found, dir: filepath.Join(dir, name), provider: "bin/terraform-provider-circleci", server: server, requests: requests, n: n,
			files: map[string]string{"main.tf": cli.RequiredProviders + blocks + fmt.Sprintf("output \"n\" { value = %s }\n", value)},
		}
	}
	planList := func(name string, n int) plan {
		const block = `data "circleci_runners" "all" { namespace = "acme" }` + "\n"
		return newPlan(name, lists[n], 1, n, block, "length(data.circleci_runners.all.runners)")
	}
	empty := planList("empty-provider", 10)
	empty.provider, empty.requests = "bin/empty/terraform-provider-circleci", 0

	// Without a provider users decode what they have in a file, which is the fastest that they can do.
	jsondecode := planList("jsondecode", 10_000)
	jsondecode.requests = 0
	jsondecode.files = map[string]string{
		"main.tf":      `output "n" { value = length(jsondecode(file("runners.json")).items) }`,
		"runners.json": string(circlecitest.LongList(10_000, 3)),
	}

	const classes = 200
	list, oneTask := circlecitest.Body(circlecitest.LongList(classes, classes)), circlecitest.JSON(`{"unclaimed_task_count": 1}`)
	response := func(r *http.Request) http.Handler {
		if strings.HasSuffix(r.URL.Path, "/tasks") {
			return oneTask
		}
		return list
	}
	planFleet := func(name string, server *circlecitest.Server) plan {
		const block = `data "circleci_runner_fleet" "all" { namespace = "acme" }` + "\n"
		return newPlan(name, server, 1+classes, classes, block, "data.circleci_runner_fleet.all.unclaimed_task_count")
	}
	planTasks := func(classes int) func(name string, server *circlecitest.Server) plan {
		var blocks, counts strings.Builder
		for i := range classes {
			fmt.Fprintf(&blocks, "data \"circleci_runner_tasks\" \"pool_%d\" { resource_class = %q }\n", i, circlecitest.LongListClass(i))
			fmt.Fprintf(&counts, "data.circleci_runner_tasks.pool_%d.unclaimed_task_count, ", i)
		}
		return func(name string, server *circlecitest.Server) plan {
			return newPlan(name, server, classes, classes, blocks.String(), "sum(["+counts.String()+"])")
		}
	}
	slow := serve(func(r *http.Request) http.Handler { return circlecitest.Delay(100*time.Millisecond, response(r)) })

	limited := func(name string, planOn func(string, *circlecitest.Server) plan, limit *circlecitest.RateLimit) plan {
		p := planOn(name, serve(func(r *http.Request) http.Handler {
			if refusal := limit.Handler(r); refusal != nil {
				return refusal
			}
			return response(r)
		}))
		p.limit = limit
		return p
	}

	return []comparison{
		{a: readList("direct", 10_000), b: readList("baseline", 10_000), pairs: 7, rows: []row{
			{what: "one read of 10,000 runners against the baseline, time", metric: "seconds", target: 0.05},
			{what: "one read of 10,000 runners against the baseline, bytes allocated", metric: "allocated", target: 0.05},
		}},
		{a: planList("long-list", 10_000).run, b: jsondecode.run, pairs: 7, rows: []row{
			{what: "plan with 10,000 runners against jsondecode(file(...)) without a provider, time of the plan", metric: "seconds", target: 0.85},
		}},
		{a: planList("growth-10000", 10_000).run, b: planList("growth-1000", 1_000).run, pairs: 3, rows: []row{
			{what: "growth from 1,000 to 10,000 runners, time of the plan", metric: "seconds", target: 12},
		}},
		{a: readList("direct", 10_000), b: readList("direct", 1_000), pairs: 5, rows: []row{
			{what: "growth from 1,000 to 10,000 runners, the provider's peak memory", metric: "peak", target: 12},
		}},
		{a: planList("growth-100000", 100_000).run, b: planList("growth-again", 10_000).run, pairs: 3, rows: []row{
			{what: "growth from 10,000 to 100,000 runners, time of the plan", metric: "seconds", target: 12},
		}},
		{a: readList("direct", 100_000), b: readList("direct", 10_000), pairs: 5, rows: []row{
			{what: "growth from 10,000 to 100,000 runners, the provider's peak memory", metric: "peak", target: 12},
		}},
		{a: planFleet("fleet", slow).run, b: planTasks(classes)("tasks", slow).run, pairs: 5, rows: []row{{
			what:   "200 classes, 100 ms per response: one fleet block against 200 tasks blocks, time of the plan",
			metric: "seconds", target: 0.5,
		}, {
			what:   "connections for 200 task counts at concurrency 32",
			metric: "connections", count: true, target: 32,
		}}},
		{a: concurrently([]plan{
			limited("limit-10", planFleet, &circlecitest.RateLimit{PerSecond: 10, Burst: 10, RetryAfter: time.Second}),
			limited("limit-20", planFleet, &circlecitest.RateLimit{PerSecond: 20, Burst: 20}),
			limited("limit-5", planFleet, &circlecitest.RateLimit{PerSecond: 5, Burst: 25, RetryAfter: 5 * time.Second}),
			limited("limit-50", planFleet, &circlecitest.RateLimit{PerSecond: 50, Burst: 50, RetryAfter: time.Second}),
			limited("limit-blocks", planTasks(100), &circlecitest.RateLimit{PerSecond: 10, Burst: 10, RetryAfter: time.Second}),
		}), rows: []row{{
			what:   "200 classes at four rate limits, and 100 blocks: time of the plan against twice that of the limit and 10 s",
			metric: "seconds", count: true, target: 1,
		}, {
			what:   "the same: share of the requests that are refused",
			metric: "refused", count: true, target: 0.25,
		}}},
		{a: planList("short-list", 10).run, b: empty.run, pairs: 21, rows: []row{
			{what: "plan with 10 runners against the same with an otherwise empty provider, time of the plan", metric: "seconds", target: 1.1},
		}},
	}
}
