package provider_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestWait has what a wait may meet, in data sources and in actions, which wait alike.
func TestWait(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	list := func(lastConnected ...time.Duration) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var items []string
			for i, d := range lastConnected {
				const item = `{"resource_class": "acme/linux", "name": "%d", "last_connected": %q}`
				items = append(items, fmt.Sprintf(item, i, ago(d)))
			}
			circlecitest.JSON(`{"items": [`+strings.Join(items, ",")+`]}`).ServeHTTP(w, r)
		})
	}
	runner := func(lastConnected string) http.Handler {
		const item = `{"items": [{"resource_class": "acme/linux", "name": "a", "last_connected": %s}]}`
		return circlecitest.JSON(fmt.Sprintf(item, lastConnected))
	}
	queue := func(n int) http.Handler {
		return circlecitest.JSON(fmt.Sprintf(`{"unclaimed_task_count": %d, "running_runner_tasks": 2}`, n))
	}
	busy, notFound := circlecitest.Error(503, "busy"), circlecitest.Error(404, "no")
	for name, row := range map[string]struct {
		wait       string // It waits for runners with min_runners, or else for tasks.
		apiVersion string // The default is v2, with which a poll is one request.
		responses  []http.Handler
		progress   []string      // It is what an action shows, or the beginning of it.
		elapsed    time.Duration // It is how long the wait takes.
		cancel     bool          // The wait is canceled when this time has elapsed.
		at, detail string        // They are of the error; without a detail the wait succeeds.
	}{
		"runners that connect": {
			wait: "min_runners=2", elapsed: 30 * time.Second,
			responses: []http.Handler{list(), list(hour, hour), list(hour, hour, 0), list(hour, 0, -hour)},
			progress:  []string{"0 of 2 runners connected, 0s", "0 of 2", "1 of 2", "2 of 2 runners connected, 30s"},
		},
		"a runner that connected within two minutes": {
			wait: "min_runners=1", responses: []http.Handler{list(121 * time.Second), list(119 * time.Second)},
			progress: []string{"0 of 1 runner connected, 0s", "1 of 1 runner connected, 10s"}, elapsed: 10 * time.Second,
		},
		"runners of a class that is not found before": {
			wait: "min_runners=1", elapsed: 20 * time.Second,
			responses: []http.Handler{notFound, listing("acme/linux"), notFound, list(0)},
		},
		"a class that cannot be listed at first": {
			wait: "min_runners=1", responses: []http.Handler{notFound, busy, list(0)}, elapsed: 10 * time.Second,
		},
		"a cancellation while a class is listed": {
			wait: "min_runners=1", responses: []http.Handler{notFound, circlecitest.Hang()}, elapsed: 5 * time.Second,
			cancel: true, detail: "The read was canceled before a response arrived.",
		},
		"runners of a class that is not listed": { // The last request is for the advice.
			wait: "min_runners=1", responses: []http.Handler{notFound, listing(), busy},
			at: "resource_class", detail: "404 Not Found",
		},
		"zero runners of a class that is not found": {
			wait: "min_runners=0", responses: []http.Handler{notFound, notFound}, at: "resource_class", detail: "404 Not Found",
		},
		"zero runners": {wait: "min_runners=0", responses: []http.Handler{list()}},
		"runners that do not connect": {
			wait:      "min_runners=2 timeout=25s",
			responses: []http.Handler{list(), list(0), list(0), list(0, hour, hour)}, elapsed: 25 * time.Second,
			detail: "Timed out after 25s waiting for at least 2 runners connected within 2m; last observed: 1 connected, 3 " +
				"listed, the last seen at 2000-01-01T00:00:25Z.\n\nCheck that the machines have started, and that their agents " +
				"run with a token of resource class acme/linux, or increase TIMEOUT.",
		},
		"runners that are not listed": {
			wait: "min_runners=1 timeout=1s", responses: []http.Handler{list(), list()}, elapsed: time.Second,
			detail: "Timed out after 1s waiting for at least 1 runner connected within 2m; last observed: 0 connected, none " +
				"listed.\n\n",
		},
		"runners that never connect": {
			wait: "min_runners=1 timeout=1s", responses: []http.Handler{runner("null"), runner("null")}, elapsed: time.Second,
			detail: "last observed: 0 connected, 1 listed, none of which ever connected.",
		},
		"runners with an invalid time": {
			wait: "min_runners=1", responses: []http.Handler{list(), runner(`"x"`)}, elapsed: 10 * time.Second,
			detail: `has last_connected "x", which is not an RFC 3339 time`,
		},
		"a queue that drains": {
			wait:      "max_unclaimed=3 poll_interval=1m30s",
			responses: []http.Handler{queue(5), busy, circlecitest.TruncatedBody("{}"), queue(3)}, elapsed: 270 * time.Second,
			progress: []string{"5 unclaimed tasks, 0s", "the poll failed, 1m30s: GET ", "the poll", "3 unclaimed tasks, 4m30s"},
		},
		"a queue that does not drain": {
			wait:      "max_unclaimed=0 poll_interval=6m",
			responses: []http.Handler{queue(5), queue(4), queue(3)}, elapsed: 10 * time.Minute,
			detail: "Timed out after 10m waiting for at most 0 unclaimed tasks; last observed: 3 unclaimed tasks.\n\n" +
				"Check that runners of resource class acme/linux are connected and claim its tasks, or increase TIMEOUT.",
		},
		"tasks that keep running": {
			wait: "max_unclaimed=0 max_running=1 timeout=1s", apiVersion: "v3",
			responses: slices.Repeat([]http.Handler{queue(0)}, 4), elapsed: time.Second,
			progress: []string{"0 unclaimed and 2 running tasks, 0s", "0 unclaimed and 2 running tasks, 1s"},
			detail: "waiting for at most 0 unclaimed and at most 1 running task; last observed: 0 unclaimed and 2 running " +
				"tasks.",
		},
		"transient errors until the end": {
			wait: "max_unclaimed=0 timeout=10s", responses: []http.Handler{queue(7), busy}, elapsed: 10 * time.Second,
			detail: "Timed out after 10s waiting for at most 0 unclaimed tasks; last observed: 7 unclaimed tasks; the last " +
				"poll failed: GET ",
		},
		"only transient errors": {
			wait: "max_unclaimed=0 timeout=10s", responses: []http.Handler{busy, busy}, elapsed: 10 * time.Second,
			detail: "last observed: nothing, because no poll succeeded; the last poll failed: GET ",
		},
		"another error": {
			wait: "max_unclaimed=0", responses: []http.Handler{queue(1), circlecitest.Error(403, "gone")},
			elapsed: 10 * time.Second, detail: `403 Forbidden: "gone".`,
		},
		"a queue of another class": {
			wait: "max_unclaimed=0", responses: []http.Handler{notFound, listing()}, at: "resource_class",
			detail: "404 Not Found ... The API lists no resource class of namespace acme: check the name of the namespace.",
		},
		"a server that hangs": {
			wait: "max_unclaimed=0 timeout=1s", responses: []http.Handler{circlecitest.Hang()}, elapsed: 2 * time.Second,
			detail: "Timed out after 2s waiting for at most 0 unclaimed tasks",
		},
		"a rate limit that exceeds the timeout": {
			wait:      "max_unclaimed=0 timeout=1m",
			responses: []http.Handler{circlecitest.WithHeader(circlecitest.Error(429, "later"), "Retry-After", "600")},
			elapsed:   time.Minute, detail: "requests are paused for ",
		},
		"a cancellation between two polls": {
			wait: "max_unclaimed=0", responses: []http.Handler{queue(1), queue(1)}, elapsed: 15 * time.Second, cancel: true,
			detail: "Canceled while waiting for at most 0 unclaimed tasks; last observed: 1 unclaimed task.\n\n" +
				"The wait was interrupted.",
		},
	} {
		for timeout, isAction := range map[string]bool{"timeout": true, "wait_for.timeout": false} {
			runInBubble(t, name+"/"+timeout, func(t *testing.T) {
				server := newMemoryServer(t)
				server.Enqueue(row.responses...)
				p := newProvider(t, server, parseAttributes("max_retries=0 api_version="+cmp.Or(row.apiVersion, "v2")))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if row.cancel {
					time.AfterFunc(row.elapsed, cancel)
				}
				start := time.Now()
				progress, got := p.wait(ctx, isAction, row.wait)
				expectSame(t, "durations", row.elapsed, time.Since(start))
				expectSame(t, "numbers of requests", len(row.responses), len(server.Requests()))
				if isAction && row.progress != nil && !slices.EqualFunc(progress, row.progress, strings.HasPrefix) {
					t.Errorf("got progress %q, want %q", progress, row.progress)
				}
				if row.detail == "" {
					assertNoDiagnostics(t, got)
					return
				}
				summary := countingTasks
				if strings.HasPrefix(row.wait, "min_runners") {
					summary = "Error reading runners of resource class acme/linux"
				}
				detail := strings.Replace(row.detail, "TIMEOUT", timeout, 1)
				assertDiagnostic(t, got, wantDiagnostic{at: row.at, summary: summary, detail: detail})
			})
		}
	}
}

// wait waits for runners or tasks of acme/linux, with an action or with a data source, which shows no progress.
func (p testProvider) wait(ctx context.Context, isAction bool, wait string) (progress []string, got []diagnostic) {
	p.t.Helper()
	const class = "resource_class=acme/linux "
	action, dataSource, attributes := "circleci_wait_for_queue", "circleci_runner_tasks", class
	if strings.HasPrefix(wait, "min_runners") { // The action has this default.
		action, dataSource, attributes = "circleci_wait_for_runners", "circleci_runners", class+"connected_within=2m"
	}
	if isAction {
		progress, diagnostics, err := p.Invoke(ctx, action, parseAttributes(class+wait))
		if err != nil {
			p.t.Error(err)
		}
		return progress, protocolDiagnostics(diagnostics)
	}
	config := parseAttributes(attributes)
	config["wait_for"] = p.Object(dataSource, "wait_for", parseAttributes(wait))
	_, got = p.read(ctx, dataSource, config)
	return nil, got
}

// parseAttributes parses strings and numbers, such as "min_runners=2 timeout=25s". What is empty is null.
func parseAttributes(text string) providertest.Attributes {
	attributes := providertest.Attributes{}
	for _, attribute := range strings.Fields(text) {
		name, value, _ := strings.Cut(attribute, "=")
		number, err := strconv.ParseInt(value, 10, 64)
		switch {
		case value == "":
			attributes[name] = tftypes.NewValue(tftypes.String, nil)
		case err == nil:
			attributes[name] = providertest.Number(number)
		default:
			attributes[name] = providertest.String(value)
		}
	}
	return attributes
}
