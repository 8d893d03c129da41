package provider_test

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestWaitActions has responses that change from poll to poll, and virtual time. TestWait has what a wait may meet.
func TestWaitActions(t *testing.T) {
	t.Parallel()
	number, text := providertest.Number, providertest.String
	runners := func(lastConnected string) http.Handler {
		return circlecitest.JSON(`{"items": [{"resource_class": "acme/linux", "name": "a", "last_connected": ` + lastConnected + `}]}`)
	}
	tasks := func(count string) http.Handler { return circlecitest.JSON(`{"unclaimed_task_count": ` + count + `}`) }
	none := circlecitest.JSON(`{"items": []}`)
	null, fraction := tftypes.NewValue(tftypes.Number, nil), tftypes.NewValue(tftypes.Number, 0.5)
	const runnersOfLinux = "Error reading runners of resource class acme/linux"
	for name, row := range map[string]struct {
		action     string
		attributes providertest.Attributes
		apiVersion string // The default is v2.
		unknown    string // The attribute that is unknown while planning, if any.
		responses  []http.Handler
		progress   []string      // The messages to the CLI, or their beginnings.
		cancel     time.Duration // The action is canceled after this time, if it is not 0.
		want       *wantDiagnostic
	}{
		"runners": {
			// A runner counts if it connected within two minutes, by default.
			action: "circleci_wait_for_runners", attributes: providertest.Attributes{"min_runners": number(1)},
			responses: []http.Handler{none, runners(`"1999-12-31T23:58:09Z"`), runners(`"1999-12-31T23:58:20Z"`)},
			progress:  []string{"0 of 1 runner connected, 0s", "0 of 1 runner connected, 10s", "1 of 1 runner connected, 20s"},
		},
		"runners that connected too long ago": {
			action: "circleci_wait_for_runners",
			attributes: providertest.Attributes{
				"min_runners": number(1), "connected_within": text("10s"), "timeout": text("5s"), "poll_interval": text("5s"),
			},
			responses: []http.Handler{runners(`"1999-12-31T23:59:50Z"`)}, progress: []string{"1 of 1 runner connected, 0s"},
		},
		"runners that are not listed": {
			action: "circleci_wait_for_runners", attributes: providertest.Attributes{"min_runners": number(1), "timeout": text("1s")},
			responses: []http.Handler{none, none}, progress: []string{"0 of 1 runner connected, 0s", "0 of 1 runner connected, 1s"},
			want: &wantDiagnostic{
				summary: runnersOfLinux,
				detail: "Timed out after 1s waiting for at least 1 runner connected within 2m; last observed: 0 connected, none listed.\n\nCheck that the machines have started, and that their agents run with a " +
					"token of resource class acme/linux, or increase timeout.",
			},
		},
		"runners that never connect": {
			action: "circleci_wait_for_runners", attributes: providertest.Attributes{"min_runners": number(1), "timeout": text("1s")},
			responses: []http.Handler{runners("null"), runners("null")},
			progress:  []string{"0 of 1 runner connected, 0s", "0 of 1 runner connected, 1s"},
			want:      &wantDiagnostic{summary: runnersOfLinux, detail: "last observed: 0 connected, 1 listed, which never connected."},
		},
		"queue": {
			action: "circleci_wait_for_queue", attributes: providertest.Attributes{"max_unclaimed": number(1), "poll_interval": text("1m")},
			responses: []http.Handler{tasks("3"), circlecitest.Error(503, "busy"), tasks("1")},
			progress:  []string{"3 unclaimed tasks, 0s", "the poll failed, 1m: ", "1 unclaimed task, 2m"},
		},
		"queue that does not drain": {
			action: "circleci_wait_for_queue", attributes: providertest.Attributes{"max_unclaimed": number(0), "timeout": text("10s")},
			responses: []http.Handler{tasks("3"), tasks("2")}, progress: []string{"3 unclaimed tasks, 0s", "2 unclaimed tasks, 10s"},
			want: &wantDiagnostic{
				summary: countingTasks,
				detail: "Timed out after 10s waiting for at most 0 unclaimed tasks; last observed: 2 unclaimed tasks.\n\n" +
					"Check that runners of resource class acme/linux are connected and claim its tasks, or increase timeout.",
			},
		},
		"queue whose tasks keep running": {
			action: "circleci_wait_for_queue", apiVersion: "v3",
			attributes: providertest.Attributes{"max_unclaimed": number(0), "max_running": number(1), "timeout": text("1s")},
			responses:  slices.Repeat([]http.Handler{circlecitest.JSON(`{"unclaimed_task_count": 0, "running_runner_tasks": 2}`)}, 4),
			progress:   []string{"0 unclaimed and 2 running tasks, 0s", "0 unclaimed and 2 running tasks, 1s"},
			want: &wantDiagnostic{
				summary: countingTasks,
				detail:  "waiting for at most 0 unclaimed and at most 1 running task; last observed: 0 unclaimed and 2 running tasks.",
			},
		},
		"queue whose wait is canceled": {
			action: "circleci_wait_for_queue", attributes: providertest.Attributes{"max_unclaimed": number(0)},
			responses: []http.Handler{tasks("3")}, progress: []string{"3 unclaimed tasks, 0s"}, cancel: 5 * time.Second,
			want: &wantDiagnostic{summary: countingTasks, detail: "last observed: 3 unclaimed tasks.\n\nThe wait was interrupted."},
		},
		"queue of another class": {
			action: "circleci_wait_for_queue", attributes: providertest.Attributes{"max_unclaimed": number(0)},
			responses: []http.Handler{circlecitest.Error(404, "no")},
			want:      &wantDiagnostic{at: "resource_class", summary: countingTasks, detail: "404 Not Found"},
		},
		"running tasks with API v2": {
			action: "circleci_wait_for_queue", attributes: providertest.Attributes{"max_running": number(0)},
			want: &wantDiagnostic{at: "max_running", summary: "API v3 required", detail: `Remove api_version = "v2" from the provider, or use max_unclaimed.`},
		},
		"running tasks with API v2, known after the plan": {
			action: "circleci_wait_for_queue", attributes: providertest.Attributes{"max_running": number(0)}, unknown: "max_running",
			want: &wantDiagnostic{at: "max_running", summary: "API v3 required", detail: `Remove api_version = "v2" from the provider`},
		},
		"no limit, known after the plan": {
			action: "circleci_wait_for_queue", attributes: providertest.Attributes{"max_unclaimed": null}, unknown: "max_unclaimed",
			want: &wantDiagnostic{at: "max_unclaimed", summary: "Missing limit"},
		},
		"a fraction, known after the plan": {
			action: "circleci_wait_for_queue", attributes: providertest.Attributes{"max_unclaimed": fraction}, unknown: "max_unclaimed",
			want: &wantDiagnostic{at: "max_unclaimed", summary: "Invalid number", detail: "must be an integer of at least 0, got: 0.5."},
		},
		"an invalid timeout, known after the plan": {
			action: "circleci_wait_for_queue", unknown: "timeout",
			attributes: providertest.Attributes{"max_unclaimed": number(0), "timeout": text("soon")},
			want:       &wantDiagnostic{at: "timeout", summary: "Invalid duration", detail: "The value of timeout is not a duration."},
		},
		"a poll interval below the minimum, known after the plan": {
			action: "circleci_wait_for_queue", unknown: "poll_interval",
			attributes: providertest.Attributes{"max_unclaimed": number(0), "poll_interval": text("1ms")},
			want:       &wantDiagnostic{at: "poll_interval", summary: "Invalid duration", detail: "must be at least 1s."},
		},
		"no number of runners, known after the plan": {
			action: "circleci_wait_for_runners", attributes: providertest.Attributes{"min_runners": null}, unknown: "min_runners",
			want: &wantDiagnostic{at: "min_runners", summary: "Missing Configuration for Required Attribute"},
		},
		"a negative number of runners, known after the plan": {
			action: "circleci_wait_for_runners", attributes: providertest.Attributes{"min_runners": number(-1)}, unknown: "min_runners",
			want: &wantDiagnostic{at: "min_runners", summary: "Invalid number", detail: "must be an integer of at least 0, got: -1."},
		},
		"a fraction of runners, known after the plan": {
			action: "circleci_wait_for_runners", attributes: providertest.Attributes{"min_runners": fraction}, unknown: "min_runners",
			want: &wantDiagnostic{at: "min_runners", summary: "Invalid number", detail: "must be an integer of at least 0, got: 0.5."},
		},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.Enqueue(row.responses...)
			p := newProvider(t, server, providertest.Attributes{"max_retries": number(0), "api_version": text(cmp.Or(row.apiVersion, "v2"))})
			row.attributes["resource_class"] = text("acme/linux")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if row.cancel > 0 {
				time.AfterFunc(row.cancel, cancel)
			}
			planned := maps.Clone(row.attributes)
			if row.unknown != "" {
				planned[row.unknown] = tftypes.NewValue(planned[row.unknown].Type(), tftypes.UnknownValue)
			}
			got, err := p.Plan(ctx, row.action, planned)
			if row.unknown != "" {
				assertNoDiagnostics(t, protocolDiagnostics(got))
			}
			var progress []string
			if len(got) == 0 && err == nil {
				progress, got, err = p.Invoke(ctx, row.action, row.attributes)
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(progress, row.progress, strings.HasPrefix) {
				t.Errorf("got progress %q, want %q", progress, row.progress)
			}
			if requests := len(server.Requests()); row.unknown != "" && requests > 0 {
				t.Errorf("got %d requests for an invalid configuration", requests)
			}
			if row.want == nil {
				assertNoDiagnostics(t, protocolDiagnostics(got))
			} else {
				assertDiagnostic(t, protocolDiagnostics(got), *row.want)
			}
		})
	}
}
