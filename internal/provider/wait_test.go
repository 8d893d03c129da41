package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

// TestWait has answers that change from look to look, on a clock on which nobody waits.
func TestWait(t *testing.T) {
	t.Parallel()
	clock := circlecitest.NewClock()
	list := func(lastConnected ...time.Duration) http.Handler {
		var items []string
		for i, ago := range lastConnected {
			items = append(items, fmt.Sprintf(`{"resource_class": "acme/linux", "name": "%d", "last_connected": %q}`,
				i, clock.Now().Add(-ago).UTC().Format(time.RFC3339)))
		}
		return circlecitest.JSON(`{"items": [` + strings.Join(items, ",") + `]}`)
	}
	queue := func(n int) http.Handler { return circlecitest.JSON(fmt.Sprintf(`{"unclaimed_task_count": %d}`, n)) }
	const hour = time.Hour
	gone := circlecitest.Error(410, "gone")
	busy := circlecitest.Error(503, "busy")
	for name, row := range map[string]struct {
		block   string
		answers []http.Handler
		// slept are the waits between looks; the waits of retries are left out by max_retries = 0.
		slept []time.Duration
		want  *finding
	}{
		"runners that come": {
			waitFor("circleci_runners", runnersToWaitFor, "min_runners = 2"),
			[]http.Handler{list(), list(hour, hour), list(hour, hour, 0), list(hour, 0, -hour)},
			[]time.Duration{10 * time.Second, 10 * time.Second, 10 * time.Second}, nil,
		},
		"runners that are there": {
			waitFor("circleci_runners", runnersToWaitFor, "min_runners = 1"),
			[]http.Handler{list(time.Minute)}, nil, nil,
		},
		"no runners to wait for": {
			waitFor("circleci_runners", runnersToWaitFor, "min_runners = 0"),
			[]http.Handler{list()}, nil, nil,
		},
		"runners that do not come": {
			waitFor("circleci_runners", runnersToWaitFor, "min_runners = 2\n    timeout = \"25s\""),
			[]http.Handler{list(), list(0), list(0), list(0)},
			[]time.Duration{10 * time.Second, 10 * time.Second, 5 * time.Second},
			&finding{
				"", "Cannot list the runners of resource class acme/linux",
				"Waited 25s for at least 2 runners that connected within 2m; there was: 1 of them.\n\n" +
					"Look at what should have brought it about, or give wait_for a longer timeout.",
			},
		},
		"runners with a bad time": {
			waitFor("circleci_runners", runnersToWaitFor, "min_runners = 1"),
			[]http.Handler{list(), circlecitest.JSON(`{"items": [{"resource_class": "acme/linux", "name": "x", "last_connected": ""}]}`)},
			[]time.Duration{10 * time.Second},
			&finding{"", "Cannot list the runners of resource class acme/linux", `has last_connected "", which is not an RFC 3339 time`},
		},
		"a queue that drains": {
			waitFor("circleci_runner_tasks", tasksToWaitFor, "max_unclaimed = 3\n    poll_interval = \"1m30s\""),
			[]http.Handler{queue(5), queue(4), queue(3)},
			[]time.Duration{90 * time.Second, 90 * time.Second}, nil,
		},
		"a queue that does not drain": {
			waitFor("circleci_runner_tasks", tasksToWaitFor, "max_unclaimed = 0\n    poll_interval = \"6m\""),
			[]http.Handler{queue(5), queue(4), queue(3)},
			[]time.Duration{6 * time.Minute, 4 * time.Minute},
			&finding{
				"", "Cannot count the tasks of resource class acme/linux",
				"Waited 10m for at most 0 unclaimed tasks; there was: 3 unclaimed tasks.",
			},
		},
		"faults that pass": {
			waitFor("circleci_runner_tasks", tasksToWaitFor, "max_unclaimed = 0"),
			[]http.Handler{busy, queue(1), circlecitest.TruncatedBody(`{"unclaimed_task_count": 0}`), busy, queue(0)},
			slices.Repeat([]time.Duration{10 * time.Second}, 4), nil,
		},
		"faults until the end": {
			waitFor("circleci_runner_tasks", tasksToWaitFor, "max_unclaimed = 0\n    timeout = \"10s\""),
			[]http.Handler{queue(7), busy},
			[]time.Duration{10 * time.Second},
			&finding{
				"", "Cannot count the tasks of resource class acme/linux",
				"Waited 10s for at most 0 unclaimed tasks; there was: 7 unclaimed tasks. The last look failed: GET ",
			},
		},
		"nothing but faults": {
			waitFor("circleci_runner_tasks", tasksToWaitFor, "max_unclaimed = 0\n    timeout = \"10s\""),
			[]http.Handler{busy, busy},
			[]time.Duration{10 * time.Second},
			&finding{
				"", "Cannot count the tasks of resource class acme/linux",
				"Waited 10s for at most 0 unclaimed tasks; there was: nothing could be read. The last look failed: GET ",
			},
		},
		"another error": {
			waitFor("circleci_runner_tasks", tasksToWaitFor, "max_unclaimed = 0"),
			[]http.Handler{queue(1), gone},
			[]time.Duration{10 * time.Second},
			&finding{"", "Cannot count the tasks of resource class acme/linux", `answered 410 Gone: "gone".`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := circlecitest.NewClock()
			server := newServer(t)
			server.Enqueue(row.answers...)
			got := newWorkspace(t, providerBlock(server)+row.block, func(c *circleci.Config) { c.Clock, c.MaxRetries = clock, 0 }).plan()
			if row.want == nil && len(got) != 0 {
				t.Errorf("plan reports %+v", got)
			}
			if row.want != nil {
				expectFinding(t, got, *row.want)
			}
			if requests := len(server.Requests()); requests != len(row.answers) {
				t.Errorf("the server was asked %d times, not %d", requests, len(row.answers))
			}
			if slept := clock.Slept(); !slices.Equal(slept, row.slept) {
				t.Errorf("the waits were %s, not %s", slept, row.slept)
			}
		})
	}
}

// TestWaitForRunningTasks needs API v3, and both limits at once.
func TestWaitForRunningTasks(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetTasks("acme/linux", 0, 5)
	var looks atomic.Int64
	server.Intercept(func(r *http.Request) http.Handler {
		if strings.HasSuffix(r.URL.Path, "/running") {
			server.SetTasks("acme/linux", 1, 5-looks.Add(1))
		}
		return nil
	})
	w := newWorkspace(t, v3Block(server)+waitFor("circleci_runner_tasks", tasksToWaitFor, "max_unclaimed = 1\n    max_running = 2")+`
output "running" {
  value = data.circleci_runner_tasks.test.running_task_count
}
`)
	expectOutputs(t, w, map[string]any{"running": 2.0})
	if looks.Load() != 3 {
		t.Errorf("there were %d looks, not 3", looks.Load())
	}
}

// TestConnectedWithin lists by the clock: what is too old or was never seen is left out.
func TestConnectedWithin(t *testing.T) {
	t.Parallel()
	clock := circlecitest.NewStoppedClock()
	at := func(ago time.Duration) string { return clock.Now().Add(-ago).UTC().Format(time.RFC3339) }
	server := newServer(t)
	server.SetHandler(circlecitest.JSON(`{"items": [
		{"resource_class": "acme/linux", "name": "at the edge", "last_connected": "` + at(90*time.Second) + `"},
		{"resource_class": "acme/linux", "name": "future", "last_connected": "` + at(-time.Hour) + `"},
		{"resource_class": "acme/linux", "name": "never", "last_connected": null},
		{"resource_class": "acme/linux", "name": "too old", "last_connected": "` + at(91*time.Second) + `"},
		{"resource_class": "acme/linux", "name": "zone", "last_connected": "` + clock.Now().In(time.FixedZone("", 3600)).Format(time.RFC3339Nano) + `"}
	]}`))
	w := newWorkspace(t, providerBlock(server)+`
data "circleci_runners" "test" {
  namespace        = "acme"
  connected_within = "1m30s"
}
output "names" {
  value = data.circleci_runners.test.runners[*].name
}
`, func(c *circleci.Config) { c.Clock = clock })
	expectOutputs(t, w, map[string]any{"names": []any{"at the edge", "future", "zone"}})
}

// TestCancelWait ends a wait in the middle of its sleep.
func TestCancelWait(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetTasks("acme/linux", 1, 0)
	clock := circlecitest.NewStoppedClock()
	p := newProvider(t, providertest.Attributes{
		"api_url": providertest.String(server.URL), "token": providertest.String(circlecitest.PersonalToken),
	}, func(c *circleci.Config) { c.Clock = clock })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		clock.AwaitSleepers(1)
		cancel()
	}()
	_, diagnostics := p.read(ctx, "circleci_runner_tasks", providertest.Attributes{
		"resource_class": providertest.String("acme/linux"),
		"wait_for":       p.Object("circleci_runner_tasks", "wait_for", providertest.Attributes{"max_unclaimed": providertest.Number(0)}),
	})
	if len(diagnostics) != 1 || !strings.Contains(diagnostics[0].Detail, "The read was cancelled before an answer came.") {
		t.Errorf("the provider reports %+v", diagnostics)
	}
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
