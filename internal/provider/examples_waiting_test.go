package provider_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// fleetExample creates and destroys a fleet. Its machines connect once the command has started them.
func fleetExample() exampleTest {
	const start = "started"
	return exampleTest{directory: "fleet", steps: []exampleStep{
		{
			before: func(x *example) {
				x.pollEverySecond()
				x.Env = append(x.Env, "TF_VAR_resource_class=acme/linux", "TF_VAR_start_command=echo yes>"+start)
				x.server.Intercept(func(*http.Request) http.Handler {
					if _, err := os.Stat(filepath.Join(x.Dir, start)); err == nil {
						x.server.SetRunners(linux("linux-1", "", 0), linux("linux-2", "", 0))
					}
					return nil
				})
			},
			outputs: map[string]any{"runners": []any{"linux-1", "linux-2"}},
			after: func(x *example) {
				x.server.Intercept(nil)
				secret := x.server.Tokens()[0].Secret
				if got := x.attributes("terraform_data.secret")["triggers_replace"]; got != secret {
					x.t.Errorf("the secret store holds %v", got)
				}
				for _, arguments := range [][]string{{"show"}, {"plan", "-destroy", "-var", "wait=false"}, {"plan", "-replace=circleci_runner_token.fleet", "-var", "wait=false"}} {
					if strings.Contains(x.succeed(arguments...), secret) {
						x.t.Errorf("%q prints the secret", arguments)
					}
				}
			},
		},
		{run: func(x *example) { x.expectEmptyPlan(true) }},
		{
			before:      func(x *example) { x.server.SetRunners(linux("linux-1", "", 0), linux("linux-2", "", time.Hour)) },
			command:     []string{"plan", "-json", "-var", "wait=false"},
			diagnostics: []diagnostic{failedCheck("Connected runners of acme/linux: 1, expected 2.")},
		},
		{
			command: []string{"destroy", "-json", "-auto-approve", "-var", "wait=false"},
			state:   []string{},
			after: func(x *example) {
				if classes, tokens := x.server.ResourceClasses(), x.server.Tokens(); len(classes)+len(tokens) > 0 {
					x.t.Errorf("the API lists %+v and %+v", classes, tokens)
				}
			},
		},
	}}
}

// waitingExample starts machines, disconnects them, and plans and destroys: with a wait, which times out, and without.
func waitingExample() exampleTest {
	const start, list = "started", "/api/v3/runner?resource-class=acme%2Flinux"
	anHourAgo := ago(time.Hour)
	timedOut := []diagnostic{{
		Severity: "error", Summary: "Error reading runners of resource class acme/linux",
		Detail: "Timed out after 3s waiting for at least 2 runners connected within 2m; last observed: 0 connected, 3 listed, the last seen at " +
			anHourAgo + ".\n\nCheck that the machines have started, and that their agents run with a token of resource class acme/linux, or " +
			"increase wait_for.timeout.",
	}}
	return exampleTest{directory: "waiting", steps: []exampleStep{
		{
			// The command writes a file, by which the server knows that the machines start. One more connects at each poll.
			before: func(x *example) {
				x.pollEverySecond()
				x.Env = append(x.Env, "TF_VAR_start_command=echo yes>"+start)
				var polls atomic.Int64
				x.server.Intercept(func(*http.Request) http.Handler {
					if _, err := os.Stat(filepath.Join(x.Dir, start)); err != nil {
						x.t.Errorf("the runners are listed before their machines start: %v", err)
					}
					x.server.SetRunners([]circlecitest.Runner{
						linux("before", "", time.Hour), linux("linux-1", "", 0), linux("linux-2", "", 0),
					}[:min(polls.Add(1), 3)]...)
					return nil
				})
			},
			outputs: map[string]any{"runners": []any{"linux-1", "linux-2"}}, requests: []string{list, list, list},
			after: func(x *example) { x.server.Intercept(nil) },
		},
		// While the runners are connected, a later plan does not wait.
		{command: []string{"plan", "-json"}, requests: []string{list}},
		{
			before: func(x *example) {
				var runners []circlecitest.Runner
				for _, name := range []string{"before", "linux-1", "linux-2"} {
					runners = append(runners, circlecitest.Runner{ResourceClass: "acme/linux", Name: name, LastConnected: anHourAgo})
				}
				x.server.SetRunners(runners...)
			},
			command: []string{"plan", "-json", "-var", "timeout=3s"}, diagnostics: timedOut, requests: []string{list, list, list, list},
		},
		{command: []string{"plan", "-json", "-var", "wait=false"}, requests: []string{list}},
		{
			command:     []string{"destroy", "-json", "-auto-approve", "-var", "timeout=3s"},
			diagnostics: timedOut, requests: []string{list, list, list, list}, state: []string{"terraform_data.machines"},
		},
		{command: []string{"destroy", "-json", "-auto-approve", "-var", "wait=false"}, requests: []string{list}, state: []string{}},
	}}
}

// waitingActionExample starts machines, of which one more connects at each poll. What does not create machines does not wait,
// although no runner is connected.
func waitingActionExample() exampleTest {
	const list = "/api/v3/runner?resource-class=acme%2Flinux"
	return exampleTest{directory: "waiting-action", terraform: "1.14", steps: []exampleStep{
		{
			before: func(x *example) {
				x.replace("main.tf", "min_runners ", "poll_interval = \"1s\"\n min_runners ")
				var polls atomic.Int64
				x.server.Intercept(func(*http.Request) http.Handler {
					x.server.SetRunners([]circlecitest.Runner{
						linux("before", "", time.Hour), linux("linux-1", "", 0), linux("linux-2", "", 0),
					}[:min(polls.Add(1), 3)]...)
					return nil
				})
			},
			run: func(x *example) {
				printed, _ := x.run("apply", "-auto-approve", "-no-color")
				expectLines(x.t, printed, "): 0 of 2 runners connected, 0s", "): 1 of 2 runners connected, 1s", "): 2 of 2 runners connected, 2s",
					"Apply complete!")
			},
			requests: []string{list, list, list}, state: []string{"terraform_data.machines"},
			after: func(x *example) {
				x.server.Intercept(nil)
				x.server.SetRunners()
			},
		},
		{run: func(x *example) { x.expectEmptyPlan(true) }, requests: []string{}},
		{command: []string{"destroy", "-json", "-auto-approve"}, requests: []string{}, state: []string{}},
		{
			// Ctrl-C during the wait.
			run: func(x *example) {
				ctx, interrupt := context.WithCancel(x.t.Context())
				defer interrupt()
				x.server.Intercept(func(*http.Request) http.Handler {
					interrupt()
					return circlecitest.Hang()
				})
				stdout, stderr, err := x.Output(ctx, "apply", "-auto-approve", "-no-color")
				if !errors.Is(err, cli.ErrInterrupted) {
					x.t.Errorf("got the error %v", err)
				}
				expectLines(x.t, stdout+stderr, "The read was canceled before a response arrived.")
			},
			requests: []string{list}, state: []string{"terraform_data.machines"},
		},
		{
			// The machines exist, so the next apply would not wait for them.
			before: func(x *example) {
				x.server.Intercept(nil)
				x.server.SetRunners(linux("linux-1", "", 0), linux("linux-2", "", 0))
			},
			command: []string{"apply", "-json", "-auto-approve", "-invoke=action.circleci_wait_for_runners.pool"}, requests: []string{list},
		},
	}}
}

// drainingExample has a queue whose tasks are claimed and end from poll to poll.
func drainingExample() exampleTest {
	const (
		unclaimedURL = "/api/v3/runner/tasks?resource-class=acme%2Flinux"
		runningURL   = "/api/v3/runner/tasks/running?resource-class=acme%2Flinux"
	)
	return exampleTest{directory: "draining", steps: []exampleStep{
		{
			before: func(x *example) {
				x.pollEverySecond()
				unclaimed, running := []int64{2, 1, 0, 0}, []int64{1, 2, 2, 0}
				var unclaimedPolls, runningPolls atomic.Int64
				x.server.Intercept(func(r *http.Request) http.Handler {
					if strings.HasSuffix(r.URL.Path, "/running") {
						return circlecitest.JSON(fmt.Sprintf(`{"running_runner_tasks": %d}`, running[runningPolls.Add(1)-1]))
					}
					return circlecitest.JSON(fmt.Sprintf(`{"unclaimed_task_count": %d}`, unclaimed[unclaimedPolls.Add(1)-1]))
				})
			},
			outputs:  map[string]any{"left": 0.0},
			requests: slices.Concat(slices.Repeat([]string{unclaimedURL}, 4), slices.Repeat([]string{runningURL}, 4)),
		},
		{
			before: func(x *example) {
				x.server.Intercept(nil)
				x.server.SetTasks("acme/linux", 2, 1)
			},
			command: []string{"apply", "-json", "-auto-approve", "-var", "wait=false"}, outputs: map[string]any{"left": 3.0},
		},
	}}
}

func (x *example) pollEverySecond() {
	x.replace("main.tf", "    content {", "    content {\n      poll_interval = \"1s\"")
}
