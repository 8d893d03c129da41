package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestWait has responses that change from poll to poll, and virtual time.
func TestWait(t *testing.T) {
	t.Parallel()
	list := func(lastConnected ...time.Duration) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var items []string
			for i, d := range lastConnected {
				items = append(items, fmt.Sprintf(`{"resource_class": "acme/linux", "name": "%d", "last_connected": %q}`, i, ago(d)))
			}
			circlecitest.JSON(`{"items": [`+strings.Join(items, ",")+`]}`).ServeHTTP(w, r)
		})
	}
	queue := func(n int) http.Handler { return circlecitest.JSON(fmt.Sprintf(`{"unclaimed_task_count": %d}`, n)) }
	number, text := providertest.Number, providertest.String
	const hour = time.Hour
	busy, notFound := circlecitest.Error(503, "busy"), circlecitest.Error(404, "no")
	linuxJSON := `{"id": "` + movedClass.ID + `", "resource_class": "acme/linux", "description": ""}`
	for name, row := range map[string]struct {
		runners   bool // It waits for runners; the default is tasks.
		waitFor   providertest.Attributes
		responses []http.Handler
		elapsed   time.Duration // It is how long the wait takes.
		cancel    bool          // The read is canceled when this time has elapsed.
		// summary and detail are of the error; without a summary the wait succeeds.
		summary, detail string
	}{
		"runners that connect": {
			runners: true, waitFor: providertest.Attributes{"min_runners": number(2)},
			responses: []http.Handler{list(), list(hour, hour), list(hour, hour, 0), list(hour, 0, -hour)}, elapsed: 30 * time.Second,
		},
		"runners of a class that is not found before": {
			runners: true, waitFor: providertest.Attributes{"min_runners": number(1)}, elapsed: 20 * time.Second,
			responses: []http.Handler{notFound, circlecitest.JSON(`{"items": [` + linuxJSON + `]}`), notFound, list(0)},
		},
		"a class that cannot be listed at first": {
			runners: true, waitFor: providertest.Attributes{"min_runners": number(1)}, elapsed: 10 * time.Second,
			responses: []http.Handler{notFound, busy, list(0)},
		},
		"a cancellation while a class is listed": {
			runners: true, waitFor: providertest.Attributes{"min_runners": number(1)}, elapsed: 5 * time.Second, cancel: true,
			responses: []http.Handler{notFound, circlecitest.Hang()},
			summary:   "Error reading runners of resource class acme/linux", detail: "The read was canceled before a response arrived.",
		},
		"runners of a class that is not listed": {
			runners: true, waitFor: providertest.Attributes{"min_runners": number(1)},
			responses: []http.Handler{notFound, circlecitest.JSON(`{"items": []}`), busy}, // The last is for the remediation.
			summary:   "Error reading runners of resource class acme/linux", detail: "404 Not Found",
		},
		"zero runners of a class that is not found": {
			runners: true, waitFor: providertest.Attributes{"min_runners": number(0)}, responses: []http.Handler{notFound, notFound},
			summary: "Error reading runners of resource class acme/linux", detail: "404 Not Found",
		},
		"runners that are connected": {
			runners: true, waitFor: providertest.Attributes{"min_runners": number(1)}, responses: []http.Handler{list(time.Minute)},
		},
		"zero runners": {
			runners: true, waitFor: providertest.Attributes{"min_runners": number(0)}, responses: []http.Handler{list()},
		},
		"runners that do not connect": {
			runners: true, waitFor: providertest.Attributes{"min_runners": number(2), "timeout": text("25s")},
			responses: []http.Handler{list(), list(0), list(0), list(0, hour, hour)}, elapsed: 25 * time.Second,
			summary: "Error reading runners of resource class acme/linux",
			detail: "Timed out after 25s waiting for at least 2 runners connected within 2m; last observed: 1 connected, 3 listed, the " +
				"last seen at 2000-01-01T00:00:25Z.\n\nCheck that the machines have started, and that their agents run with a token of " +
				"resource class acme/linux, or increase wait_for.timeout.",
		},
		"runners with an invalid time": {
			runners: true, waitFor: providertest.Attributes{"min_runners": number(1)},
			responses: []http.Handler{list(), circlecitest.JSON(`{"items": [{"resource_class": "acme/linux", "name": "x", "last_connected": "x"}]}`)},
			elapsed:   10 * time.Second, summary: "Error reading runners of resource class acme/linux",
			detail: `has last_connected "x", which is not an RFC 3339 time`,
		},
		"a queue that drains": {
			waitFor:   providertest.Attributes{"max_unclaimed": number(3), "poll_interval": text("1m30s")},
			responses: []http.Handler{queue(5), queue(4), queue(3)}, elapsed: 3 * time.Minute,
		},
		"a queue that does not drain": {
			waitFor:   providertest.Attributes{"max_unclaimed": number(0), "poll_interval": text("6m")},
			responses: []http.Handler{queue(5), queue(4), queue(3)}, elapsed: 10 * time.Minute,
			summary: countingTasks, detail: "Timed out after 10m waiting for at most 0 unclaimed tasks; last observed: 3 unclaimed tasks.",
		},
		"transient errors": {
			waitFor:   providertest.Attributes{"max_unclaimed": number(0)},
			responses: []http.Handler{busy, queue(1), circlecitest.TruncatedBody(`{"unclaimed_task_count": 0}`), busy, queue(0)},
			elapsed:   40 * time.Second,
		},
		"transient errors until the end": {
			waitFor:   providertest.Attributes{"max_unclaimed": number(0), "timeout": text("10s")},
			responses: []http.Handler{queue(7), busy}, elapsed: 10 * time.Second, summary: countingTasks,
			detail: "Timed out after 10s waiting for at most 0 unclaimed tasks; last observed: 7 unclaimed tasks; the last poll failed: GET ",
		},
		"only transient errors": {
			waitFor:   providertest.Attributes{"max_unclaimed": number(0), "timeout": text("10s")},
			responses: []http.Handler{busy, busy}, elapsed: 10 * time.Second,
			summary: countingTasks, detail: "last observed: nothing, because no poll succeeded; the last poll failed: GET ",
		},
		"another error": {
			waitFor:   providertest.Attributes{"max_unclaimed": number(0)},
			responses: []http.Handler{queue(1), circlecitest.Error(403, "gone")}, elapsed: 10 * time.Second,
			summary: countingTasks, detail: `403 Forbidden: "gone".`,
		},
		"a server that hangs": {
			waitFor:   providertest.Attributes{"max_unclaimed": number(0), "timeout": text("1s")},
			responses: []http.Handler{circlecitest.Hang()}, elapsed: 2 * time.Second,
			summary: countingTasks, detail: "Timed out after 2s waiting for at most 0 unclaimed tasks",
		},
		"a rate limit that exceeds the timeout": {
			waitFor:   providertest.Attributes{"max_unclaimed": number(0), "timeout": text("1m")},
			responses: []http.Handler{circlecitest.WithHeader(circlecitest.Error(429, "later"), "Retry-After", "600")}, elapsed: time.Minute,
			summary: countingTasks, detail: "requests are paused for ",
		},
		"a cancellation between two polls": {
			waitFor: providertest.Attributes{"max_unclaimed": number(0)}, responses: []http.Handler{queue(1), queue(1)},
			elapsed: 15 * time.Second, cancel: true, summary: countingTasks,
			detail: "Canceled while waiting for at most 0 unclaimed tasks; last observed: 1 unclaimed task.\n\nThe wait was interrupted.",
		},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.Enqueue(row.responses...)
			// With v2, a poll is one request, which gets the next response.
			p := newProvider(t, server, providertest.Attributes{"max_retries": number(0), "api_version": text("v2")})
			dataSource, attributes := "circleci_runner_tasks", providertest.Attributes{"resource_class": text("acme/linux")}
			if row.runners {
				dataSource, attributes["connected_within"] = "circleci_runners", text("2m")
			}
			attributes["wait_for"] = p.Object(dataSource, "wait_for", row.waitFor)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if row.cancel {
				time.AfterFunc(row.elapsed, cancel)
			}
			start := time.Now()
			_, got := p.read(ctx, dataSource, attributes)
			if elapsed := time.Since(start); elapsed != row.elapsed {
				t.Errorf("the wait took %s, want %s", elapsed, row.elapsed)
			}
			if requests := len(server.Requests()); requests != len(row.responses) {
				t.Errorf("got %d requests, want %d", requests, len(row.responses))
			}
			if row.summary == "" {
				assertNoDiagnostics(t, got)
			} else {
				assertDiagnostic(t, got, wantDiagnostic{summary: row.summary, detail: row.detail})
			}
		})
	}
}
