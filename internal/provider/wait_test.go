package provider_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// waitFor writes a data source that waits.
func waitFor(dataSource, attributes, limits string) string {
	return fmt.Sprintf("data %q \"test\" {\n  %s\n  wait_for = {\n    %s\n  }\n}\n", dataSource, attributes, limits)
}

const (
	runnersToWaitFor = "resource_class = \"acme/linux\"\n  connected_within = \"2m\""
	tasksToWaitFor   = "resource_class = \"acme/linux\""
)

// TestWait has responses that change from poll to poll, and virtual time.
func TestWait(t *testing.T) {
	t.Parallel()
	list := func(lastConnected ...time.Duration) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var items []string
			for i, ago := range lastConnected {
				items = append(items, fmt.Sprintf(`{"resource_class": "acme/linux", "name": "%d", "last_connected": %q}`,
					i, time.Now().Add(-ago).UTC().Format(time.RFC3339)))
			}
			circlecitest.JSON(`{"items": [`+strings.Join(items, ",")+`]}`).ServeHTTP(w, r)
		})
	}
	queue := func(n int) http.Handler { return circlecitest.JSON(fmt.Sprintf(`{"unclaimed_task_count": %d}`, n)) }
	number, text := providertest.Number, providertest.String
	const (
		hour        = time.Hour
		listSummary = "Cannot list the runners of resource class acme/linux"
		taskSummary = "Cannot count the tasks of resource class acme/linux"
	)
	busy := circlecitest.Error(503, "busy")
	for name, row := range map[string]struct {
		dataSource string
		waitFor    providertest.Attributes
		responses  []http.Handler
		// elapsed is how long the wait takes. Retries are left out by max_retries = 0.
		elapsed         time.Duration
		summary, detail string
	}{
		"runners that connect": {
			dataSource: "circleci_runners", waitFor: providertest.Attributes{"min_runners": number(2)},
			responses: []http.Handler{list(), list(hour, hour), list(hour, hour, 0), list(hour, 0, -hour)}, elapsed: 30 * time.Second,
		},
		"runners that are connected": {
			dataSource: "circleci_runners", waitFor: providertest.Attributes{"min_runners": number(1)},
			responses: []http.Handler{list(time.Minute)},
		},
		"no runners to wait for": {
			dataSource: "circleci_runners", waitFor: providertest.Attributes{"min_runners": number(0)},
			responses: []http.Handler{list()},
		},
		"runners that do not connect": {
			dataSource: "circleci_runners", waitFor: providertest.Attributes{"min_runners": number(2), "timeout": text("25s")},
			responses: []http.Handler{list(), list(0), list(0), list(0)}, elapsed: 25 * time.Second,
			summary: listSummary,
			detail: "Timed out after 25s waiting for at least 2 runners connected within 2m; last observed: 1.\n\n" +
				"Check why the condition was not reached, or increase wait_for.timeout.",
		},
		"runners with an invalid time": {
			dataSource: "circleci_runners", waitFor: providertest.Attributes{"min_runners": number(1)},
			responses: []http.Handler{list(), circlecitest.JSON(`{"items": [{"resource_class": "acme/linux", "name": "x", "last_connected": "x"}]}`)},
			elapsed:   10 * time.Second, summary: listSummary, detail: `has last_connected "x", which is not an RFC 3339 time`,
		},
		"a queue that drains": {
			dataSource: "circleci_runner_tasks", waitFor: providertest.Attributes{"max_unclaimed": number(3), "poll_interval": text("1m30s")},
			responses: []http.Handler{queue(5), queue(4), queue(3)}, elapsed: 3 * time.Minute,
		},
		"a queue that does not drain": {
			dataSource: "circleci_runner_tasks", waitFor: providertest.Attributes{"max_unclaimed": number(0), "poll_interval": text("6m")},
			responses: []http.Handler{queue(5), queue(4), queue(3)}, elapsed: 10 * time.Minute,
			summary: taskSummary, detail: "Timed out after 10m waiting for at most 0 unclaimed tasks; last observed: 3 unclaimed tasks.",
		},
		"transient errors": {
			dataSource: "circleci_runner_tasks", waitFor: providertest.Attributes{"max_unclaimed": number(0)},
			responses: []http.Handler{busy, queue(1), circlecitest.TruncatedBody(`{"unclaimed_task_count": 0}`), busy, queue(0)}, elapsed: 40 * time.Second,
		},
		"transient errors until the end": {
			dataSource: "circleci_runner_tasks", waitFor: providertest.Attributes{"max_unclaimed": number(0), "timeout": text("10s")},
			responses: []http.Handler{queue(7), busy}, elapsed: 10 * time.Second,
			summary: taskSummary,
			detail:  "Timed out after 10s waiting for at most 0 unclaimed tasks; last observed: 7 unclaimed tasks; the last poll failed: GET ",
		},
		"nothing but transient errors": {
			dataSource: "circleci_runner_tasks", waitFor: providertest.Attributes{"max_unclaimed": number(0), "timeout": text("10s")},
			responses: []http.Handler{busy, busy}, elapsed: 10 * time.Second,
			summary: taskSummary, detail: "last observed: nothing, because no poll succeeded; the last poll failed: GET ",
		},
		"another error": {
			dataSource: "circleci_runner_tasks", waitFor: providertest.Attributes{"max_unclaimed": number(0)},
			responses: []http.Handler{queue(1), circlecitest.Error(403, "gone")}, elapsed: 10 * time.Second,
			summary: taskSummary, detail: `answered 403 Forbidden: "gone".`,
		},
		"a server that hangs": {
			dataSource: "circleci_runner_tasks", waitFor: providertest.Attributes{"max_unclaimed": number(0), "timeout": text("1s")},
			responses: []http.Handler{circlecitest.Hang()}, elapsed: 2 * time.Second,
			summary: taskSummary, detail: "Timed out after 2s waiting for at most 0 unclaimed tasks",
		},
		"a rate limit that exceeds the timeout": {
			dataSource: "circleci_runner_tasks", waitFor: providertest.Attributes{"max_unclaimed": number(0), "timeout": text("1m")},
			responses: []http.Handler{circlecitest.WithHeader(circlecitest.Error(429, "later"), "Retry-After", "600")}, elapsed: time.Minute,
			summary: taskSummary, detail: "the server asked to retry after ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newMemoryServer(t)
				server.Enqueue(row.responses...)
				p := newMemoryProvider(t, server, func(c *circleci.Config) { c.MaxRetries = 0 })
				attributes := providertest.Attributes{
					"resource_class": text("acme/linux"), "wait_for": p.Object(row.dataSource, "wait_for", row.waitFor),
				}
				if row.dataSource == "circleci_runners" {
					attributes["connected_within"] = text("2m")
				}
				start := time.Now()
				_, diagnostics := p.read(t.Context(), row.dataSource, attributes)
				if elapsed := time.Since(start); elapsed != row.elapsed {
					t.Errorf("the wait took %s, not %s", elapsed, row.elapsed)
				}
				if requests := len(server.Requests()); requests != len(row.responses) {
					t.Errorf("the server got %d requests, not %d", requests, len(row.responses))
				}
				switch {
				case row.summary == "" && len(diagnostics) != 0:
					t.Errorf("the provider reports %+v", diagnostics[0])
				case row.summary != "" && (len(diagnostics) != 1 || diagnostics[0].Summary != row.summary || !strings.Contains(diagnostics[0].Detail, row.detail)):
					t.Errorf("the provider reports %+v, not %s: %s", diagnostics, row.summary, row.detail)
				}
			})
		})
	}
}

// TestWaitForRunningTasks needs API v3, and both limits at once.
func TestWaitForRunningTasks(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetTasks("acme/linux", 0, 5)
	var polls atomic.Int64
	server.Intercept(func(r *http.Request) http.Handler {
		if strings.HasSuffix(r.URL.Path, "/running") {
			server.SetTasks("acme/linux", 1, 5-polls.Add(1))
		}
		return nil
	})
	w := newWorkspace(t, v3Block(server)+waitFor("circleci_runner_tasks", tasksToWaitFor, "max_unclaimed = 1\n    max_running = 2\n    poll_interval = \"1s\"")+`
output "running" {
  value = data.circleci_runner_tasks.test.running_task_count
}
`)
	expectOutputs(t, w, map[string]any{"running": 2.0})
	if polls.Load() != 3 {
		t.Errorf("there were %d polls, not 3", polls.Load())
	}
}

// TestConnectedWithin leaves out runners that were seen too long ago or never.
func TestConnectedWithin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := func(ago time.Duration) string { return time.Now().Add(-ago).UTC().Format(time.RFC3339) }
		server := newMemoryServer(t)
		server.SetHandler(circlecitest.JSON(`{"items": [
			{"resource_class": "acme/linux", "name": "at the edge", "last_connected": "` + at(90*time.Second) + `"},
			{"resource_class": "acme/linux", "name": "future", "last_connected": "` + at(-time.Hour) + `"},
			{"resource_class": "acme/linux", "name": "never", "last_connected": null},
			{"resource_class": "acme/linux", "name": "too old", "last_connected": "` + at(91*time.Second) + `"},
			{"resource_class": "acme/linux", "name": "zone", "last_connected": "` + time.Now().In(time.FixedZone("", 3600)).Format(time.RFC3339Nano) + `"}
		]}`))
		state, diagnostics := newMemoryProvider(t, server).read(t.Context(), "circleci_runners", providertest.Attributes{
			"namespace": providertest.String("acme"), "connected_within": providertest.String("1m30s"),
		})
		if len(diagnostics) != 0 {
			t.Fatalf("the provider reports %+v", diagnostics[0])
		}
		var names []string
		var runners []tftypes.Value
		if err := state["runners"].As(&runners); err != nil {
			t.Fatal(err)
		}
		for _, runner := range runners {
			var (
				attributes map[string]tftypes.Value
				name       string
			)
			if err := errors.Join(runner.As(&attributes), attributes["name"].As(&name)); err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
		if want := []string{"at the edge", "future", "zone"}; !slices.Equal(names, want) {
			t.Errorf("the runners are %q, not %q", names, want)
		}
	})
}

// TestCancelWait cancels a wait between two polls.
func TestCancelWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newMemoryServer(t)
		server.SetTasks("acme/linux", 1, 0)
		p := newMemoryProvider(t, server)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(15*time.Second, cancel)
		start := time.Now()
		_, diagnostics := p.read(ctx, "circleci_runner_tasks", providertest.Attributes{
			"resource_class": providertest.String("acme/linux"),
			"wait_for":       p.Object("circleci_runner_tasks", "wait_for", providertest.Attributes{"max_unclaimed": providertest.Number(0)}),
		})
		if elapsed := time.Since(start); elapsed != 15*time.Second {
			t.Errorf("the wait took %s, not 15s", elapsed)
		}
		if len(diagnostics) != 1 || !strings.Contains(diagnostics[0].Detail, "The read was cancelled before an answer came.") {
			t.Errorf("the provider reports %+v", diagnostics)
		}
	})
}

func TestValidateWait(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		block string
		want  finding
	}{
		"runners without connected_within": {
			waitFor("circleci_runners", `namespace = "acme"`, "min_runners = 1"),
			finding{"", "Invalid Attribute Combination", `Attribute "connected_within" must be specified when "wait_for" is specified`},
		},
		"runners without a number": {
			waitFor("circleci_runners", runnersToWaitFor, `timeout = "1m"`),
			finding{"", "Incorrect attribute value type", `attribute "min_runners" is required`},
		},
		"less than no runners": {
			waitFor("circleci_runners", runnersToWaitFor, "min_runners = -1"),
			finding{"", "Invalid number", "The value of wait_for.min_runners is -1. Give a whole number from 0 to 9223372036854775807."},
		},
		"half a runner": {
			waitFor("circleci_runners", runnersToWaitFor, "min_runners = 0.5"),
			finding{"", "Invalid number", "The value of wait_for.min_runners is 0.5. Give a whole number from 0 to 9223372036854775807."},
		},
		"connected_within without a unit": {
			"data \"circleci_runners\" \"test\" {\n  namespace = \"acme\"\n  connected_within = \"10\"\n}\n",
			finding{`connected_within = "10"`, "Invalid duration", `The value of connected_within is not a duration.`},
		},
		"negative connected_within": {
			"data \"circleci_runners\" \"test\" {\n  namespace = \"acme\"\n  connected_within = \"-10m\"\n}\n",
			finding{`connected_within = "-10m"`, "Invalid duration", `The value of connected_within must be greater than zero.`},
		},
		"tasks without a limit": {
			waitFor("circleci_runner_tasks", tasksToWaitFor, `timeout = "1m"`),
			finding{"", "Invalid Attribute Combination", "At least one attribute out of [wait_for.max_running,wait_for.max_unclaimed] must be specified"},
		},
		"less than no tasks": {
			waitFor("circleci_runner_tasks", tasksToWaitFor, "max_unclaimed = -1"),
			finding{"", "Invalid number", "The value of wait_for.max_unclaimed is -1. Give a whole number from 0 to 9223372036854775807."},
		},
		"less than no running tasks": {
			waitFor("circleci_runner_tasks", tasksToWaitFor, "max_running = -1"),
			finding{"", "Invalid number", "The value of wait_for.max_running is -1. Give a whole number from 0 to 9223372036854775807."},
		},
		"more runners than 64 bits hold": {
			waitFor("circleci_runners", runnersToWaitFor, "min_runners = 1e400"),
			finding{"", "Invalid number", "The value of wait_for.min_runners is 1e+400. Give a whole number from 0 to 9223372036854775807."},
		},
		"timeout that is none": {
			waitFor("circleci_runner_tasks", tasksToWaitFor, "max_unclaimed = 1\n    timeout = \"soon\""),
			finding{"", "Invalid duration", "The value of wait_for.timeout is not a duration."},
		},
		"interval of nothing": {
			waitFor("circleci_runners", runnersToWaitFor, "min_runners = 1\n    poll_interval = \"0s\""),
			finding{"", "Invalid duration", "The value of wait_for.poll_interval must be greater than zero."},
		},
		"interval below the minimum": {
			waitFor("circleci_runners", runnersToWaitFor, "min_runners = 1\n    poll_interval = \"999ms\""),
			finding{"", "Invalid duration", "The value of wait_for.poll_interval must be at least 1s."},
		},
		"fleet without a namespace": {
			"data \"circleci_runner_fleet\" \"test\" {}\n",
			finding{"", "Missing required argument", `The argument "namespace" is required`},
		},
		"fleet with a bad class": {
			"data \"circleci_runner_fleet\" \"test\" {\n  namespace = \"acme\"\n  resource_classes = [\"linux\"]\n}\n",
			finding{`resource_classes = ["linux"]`, "Invalid resource class", "has no slash between namespace and name."},
		},
		"fleet with a class outside the namespace": {
			"data \"circleci_runner_fleet\" \"test\" {\n  namespace = \"acme\"\n  resource_classes = [\"other/linux\"]\n}\n",
			finding{`resource_classes = ["other/linux"]`, "Resource class outside the namespace", `The resource class "other/linux" does not lie in the namespace "acme".`},
		},
		"fleet with a null class": {
			"data \"circleci_runner_fleet\" \"test\" {\n  namespace = \"acme\"\n  resource_classes = [\"acme/linux\", null, terraform_data.unknown.id]\n}\nresource \"terraform_data\" \"unknown\" {}\n",
			finding{`resource_classes = ["acme/linux", null, terraform_data.unknown.id]`, "Invalid resource class", "An element of resource_classes is null. Leave the element out"},
		},
		"fleet with a class in two spellings": {
			"data \"circleci_runner_fleet\" \"test\" {\n  namespace = \"acme\"\n  resource_classes = [\"acme/linux\", \"acme/Linux\", \"acme/mac\"]\n}\n",
			finding{`resource_classes = ["acme/linux", "acme/Linux", "acme/mac"]`, "Duplicate resource class", `The elements "acme/Linux" and "acme/linux" of resource_classes name the same resource class.`},
		},
		"fleet with a bad duration": {
			"data \"circleci_runner_fleet\" \"test\" {\n  namespace = \"acme\"\n  connected_within = \"\"\n}\n",
			finding{`connected_within = ""`, "Invalid duration", "The value of connected_within is not a duration."},
		},
		"organization by name": {
			"data \"circleci_organization_runners\" \"test\" {\n  organization_id = \"acme\"\n}\n",
			finding{`organization_id = "acme"`, "Invalid Attribute Value Match", "must be the organization's UUID, such as b9291e0d-a11e-41fb-8517-c545388b5953"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectFinding(t, newWorkspace(t, row.block).validate(), row.want)
		})
	}
}
