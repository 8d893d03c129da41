package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

// exampleTest is the test of an example.
type exampleTest struct {
	// directory is relative to examples/.
	directory string
	// name distinguishes the tests of one directory.
	name string
	// environment is set in addition to the URL of the server. The default is CIRCLE_TOKEN.
	environment map[string]string
	// ca issues the certificate of the server. Without one, the server has no TLS.
	ca *circlecitest.CA
	// terraform and openTofu are the first versions that can run the example. The default is every supported version.
	terraform, openTofu string
	steps               []exampleStep
}

// exampleStep is a command and its results.
type exampleStep struct {
	// before prepares the server or the workspace.
	before func(x *example)
	// command returns its diagnostics; the default is apply. run replaces it.
	command []string
	run     func(x *example)
	// diagnostics are all diagnostics, in any order.
	diagnostics []diagnostic
	// outputs, state (the managed resources) and requests (URLs, in any order) are compared if they are not nil.
	outputs  map[string]any
	state    []string
	requests []string
	// after asserts the rest.
	after func(x *example)
}

// example is a copy of an example in a workspace of its own.
type example struct {
	*workspace
	server *circlecitest.Server
}

// exampleFleet serves fleet with recent times and with the attributes of API v3: one runner of each class is connected.
func exampleFleet(x *example) {
	runners := slices.Clone(fleet)
	for i := range runners {
		runners[i].OrganizationID = organization
		runners[i].LastConnected = ago(time.Minute)
		switch runners[i].Name {
		case "a":
			runners[i].Status = "busy"
		case "b":
			runners[i].Status, runners[i].LastConnected = "idle", ago(time.Hour)
		}
	}
	x.server.SetRunners(runners...)
	x.server.SetTasks("acme/linux", 3, 2)
	x.server.SetTasks("acme/gpu", 5, 0)
}

// linux returns a runner of acme/linux.
func linux(name, version string, lastConnected time.Duration) circlecitest.Runner {
	return circlecitest.Runner{ResourceClass: "acme/linux", Name: name, Version: version, LastConnected: ago(lastConnected)}
}

// failedCheck returns the diagnostic of a check block.
func failedCheck(message string) diagnostic {
	return diagnostic{Severity: "warning", Summary: "Check block assertion failed", Detail: message}
}

// exampleTests returns the tests of all examples but the demo, which internal/demo tests.
func exampleTests() []exampleTest {
	// outputs returns a test that applies an example to exampleFleet.
	outputs := func(directory string, want map[string]any) exampleTest {
		return exampleTest{directory: directory, steps: []exampleStep{{before: exampleFleet, outputs: want}}}
	}
	// checks returns a test of the example of checks. Without a connected runner, nothing is released.
	checks := func(name string, runners []circlecitest.Runner, unclaimed int64, state []string, want ...diagnostic) exampleTest {
		return exampleTest{directory: "checks", name: name, steps: []exampleStep{{
			before: func(x *example) {
				x.server.SetRunners(runners...)
				x.server.SetTasks("acme/linux", unclaimed, 0)
			},
			diagnostics: want, state: state,
		}}}
	}
	// recipe returns a test of a recipe, which starts with what make api serves, with tasks that wait.
	recipe := func(name string, steps ...exampleStep) exampleTest {
		first := steps[0].before
		steps[0].before = func(x *example) {
			x.server.ServeSample(func() time.Duration { return 0 })
			if first != nil {
				first(x)
			}
		}
		return exampleTest{directory: "recipes/" + name, steps: steps}
	}
	// scheduled applies the recipe with a schedule, for two tasks.
	scheduled := func(at string, minSize, capacity float64) exampleStep {
		return exampleStep{
			before: func(x *example) {
				x.server.Intercept(nil)
				x.server.SetTasks("acme/linux", 1, 1)
			},
			command: []string{"apply", "-json", "-auto-approve", "-var", "time=" + at},
			outputs: map[string]any{"group": map[string]any{"min_size": minSize, "desired_capacity": capacity}},
		}
	}
	newest, minimum := linux("newest", "3.1.10", time.Minute), linux("minimum", "3.1.2-abcdef0", time.Minute)
	disconnected := linux("disconnected", "1.0", time.Hour)
	released := []string{"terraform_data.release"}

	capacityRequests := []string{"/api/v3/runner?namespace=acme"}
	for _, name := range []string{"gpu", "linux", "mac"} {
		capacityRequests = append(capacityRequests,
			"/api/v3/runner/tasks?resource-class=acme%2F"+name, "/api/v3/runner/tasks/running?resource-class=acme%2F"+name)
	}
	ca := circlecitest.NewCA()
	return []exampleTest{
		outputs("provider", map[string]any{"waiting": 3.0}),
		outputs("data-sources/circleci_runners", map[string]any{
			"linux_hosts":  []any{"host-a", "host-b"},
			"runner_names": map[string]any{"acme/linux": []any{"a", "b"}, "acme/mac": []any{"mini"}},
		}),
		outputs("data-sources/circleci_runner_tasks", map[string]any{
			"waiting": map[string]any{"acme/linux": 3.0, "acme/mac": 0.0}, "waiting_in_all": 3.0,
		}),
		outputs("data-sources/circleci_runner_fleet", map[string]any{
			"connected": map[string]any{"acme/gpu": 0.0, "acme/linux": 1.0, "acme/mac": 1.0}, "waiting": 8.0,
		}),
		outputs("data-sources/circleci_organization_runners", map[string]any{"busy": []any{"a"}, "idle": []any{"b"}}),
		{directory: "data-sources/circleci_runner_resource_classes", steps: []exampleStep{{
			before:  func(x *example) { x.server.SetResourceClasses(movedClass) },
			outputs: map[string]any{"descriptions": map[string]any{"acme/linux": "Linux"}},
		}}},
		{directory: "data-sources/circleci_runner_tokens", steps: []exampleStep{{
			before: func(x *example) {
				x.server.SetResourceClasses(movedClass)
				x.server.SetTokens(movedToken)
			},
			outputs: map[string]any{"nicknames": map[string]any{movedToken.ID: "ci"}},
		}}},
		replacingExample(),
		{directory: "resources/circleci_runner_token", steps: []exampleStep{{state: []string{classAddress, tokenAddress}}}},
		fleetExample(),
		outputs("moving", map[string]any{"connected": map[string]any{"acme/linux": 1.0, "acme/mac": 1.0}, "waiting": 3.0}),
		outputs("functions/parse_resource_class", map[string]any{"pools": map[string]any{"acme": []any{"linux", "mac"}}}),
		outputs("functions/version_at_least", map[string]any{"outdated": []any{"a", "b"}}),
		recipe("few-connected", exampleStep{
			outputs:     map[string]any{"few_connected": map[string]any{"acme/gpu": 0.0, "acme/mac": 0.0}},
			diagnostics: []diagnostic{failedCheck("Fewer than 2 runners are connected: acme/gpu (0), acme/mac (0).")},
		}),
		recipe("stuck-queue", exampleStep{
			outputs:     map[string]any{"stuck": map[string]any{"acme/gpu": 2.0}},
			diagnostics: []diagnostic{failedCheck("Tasks wait, and no runner is connected: acme/gpu (2).")},
		}),
		recipe("not-seen",
			exampleStep{
				outputs:     map[string]any{"not_seen": []any{"acme/linux: linux-3"}},
				diagnostics: []diagnostic{failedCheck("Not seen for a day: acme/linux: linux-3.")},
			},
			exampleStep{
				before: func(x *example) {
					x.server.SetHandler(circlecitest.JSON(`{"items": [
						{"resource_class": "acme/linux", "name": "a", "last_connected": null},
						{"resource_class": "acme/linux", "name": "b", "last_connected": "yesterday"},
						{"resource_class": "acme/linux", "name": "c", "last_connected": ""},
						{"resource_class": "acme/linux", "name": "d", "last_connected": "` + ago(23*time.Hour) + `"}
					]}`))
				},
				outputs:     map[string]any{"not_seen": []any{"acme/linux: a", "acme/linux: b", "acme/linux: c"}},
				diagnostics: []diagnostic{failedCheck("Not seen for a day: acme/linux: a, acme/linux: b, acme/linux: c.")},
			}),
		recipe("old-agents", exampleStep{outputs: map[string]any{"old_agents": []any{}}}, exampleStep{
			before: func(x *example) {
				x.server.Intercept(nil)
				x.server.SetRunners(linux("a", "3.1.2-abcdef0", 0), linux("b", "main", 0), linux("c", "", 0), linux("d", "3.1.1", 0), linux("e", "1", time.Hour))
			},
			outputs:     map[string]any{"old_agents": []any{"acme/linux: b (main)", "acme/linux: c (unknown)", "acme/linux: d (3.1.1)"}},
			diagnostics: []diagnostic{failedCheck("Agents older than 3.1.2: acme/linux: b (main), acme/linux: c (unknown), acme/linux: d (3.1.1).")},
		}),
		// Now, and on a Monday and a Sunday.
		recipe("scheduled-capacity", exampleStep{state: []string{"terraform_data.group"}}, scheduled("2026-01-05T18:59:00Z", 3, 3),
			scheduled("2026-01-05T19:00:00Z", 0, 2), scheduled("2026-01-04T08:00:00Z", 0, 2)),
		outputs("functions/desired_capacity", map[string]any{"linux_machines": 5.0}),
		{
			// The token is in an ephemeral variable, so no file that the run writes has it.
			directory: "authentication", environment: map[string]string{"TF_VAR_circleci_token": circlecitest.PersonalToken},
			terraform: "1.10", openTofu: "1.11",
			steps: []exampleStep{
				{before: exampleFleet, command: []string{"plan", "-json", "-out=plan.zip"}, after: expectTokenSent},
				// The saved plan does not have it, so apply needs it again.
				{run: func(x *example) {
					environment := x.Env
					x.Env = slices.DeleteFunc(slices.Clone(environment), func(v string) bool { return strings.HasPrefix(v, "TF_VAR_circleci_token=") })
					_, stderr, ok := x.runBoth("apply", "-no-color", "plan.zip")
					if x.Env = environment; ok {
						x.t.Error("apply needs no value of the ephemeral variable")
					}
					expectLines(x.t, stderr, "Error: No value for required variable")
				}, requests: []string{}},
				{command: []string{"apply", "-json", "plan.zip"}, outputs: map[string]any{"waiting": 3.0}, requests: []string{}, after: func(x *example) {
					written := x.files()
					x.unzip("plan.zip", written)
					if !strings.Contains(written["terraform.tfstate"], "unclaimed_task_count") || written["plan.zip/tfplan"] == "" {
						x.t.Fatal("the run wrote no state or no plan")
					}
					for name, content := range written {
						if strings.Contains(content, circlecitest.PersonalToken) {
							x.t.Errorf("%s contains the token", name)
						}
					}
				}},
			},
		},
		{
			directory: "server", ca: ca,
			steps: []exampleStep{{before: func(x *example) {
				x.server.SetRunners(fleet...)
				x.write("ca.pem", ca.CertificatePEM)
				x.Env = append(x.Env, "TF_VAR_server_url="+x.server.URL, "TF_VAR_ca_file="+filepath.Join(x.Dir, "ca.pem"))
			}, outputs: map[string]any{"runners": []any{"a", "b"}}}},
		},
		{
			directory: "capacity",
			steps: []exampleStep{
				{
					before: func(x *example) {
						// The API may return a class in another case than the configuration.
						x.server.SetRunners(
							circlecitest.Runner{ResourceClass: "Acme/Linux", Name: "linux-1", LastConnected: ago(time.Minute)},
							circlecitest.Runner{ResourceClass: "acme/other", Name: "other-1", LastConnected: ago(time.Minute)},
						)
						x.server.SetTasks("acme/linux", 3, 2)
						x.server.SetTasks("acme/mac", 0, 1)
						x.server.SetTasks("acme/gpu", 5, 0)
						x.server.SetTasks("acme/other", 100, 0)
					},
					outputs:  map[string]any{"desired": map[string]any{"acme/linux": 5.0, "acme/mac": 2.0, "acme/gpu": 2.0}, "machines": 9.0},
					requests: capacityRequests,
				},
				{
					before: func(x *example) {
						x.server.SetTasks("acme/linux", 30, 2)
						x.server.SetTasks("acme/gpu", 0, 0)
					},
					outputs: map[string]any{"desired": map[string]any{"acme/linux": 20.0, "acme/mac": 2.0, "acme/gpu": 0.0}, "machines": 22.0},
				},
			},
		},
		{
			// Without a count of running tasks no pool is scaled.
			directory: "capacity", name: "with API v2",
			steps: []exampleStep{{
				before: func(x *example) {
					for _, class := range []string{"acme/linux", "acme/mac", "acme/gpu"} {
						x.server.SetTasks(class, 3, 2)
					}
					x.write("override.tf", providerWith(`api_version = "v2"`))
				},
				// The function is called for each of the three pools.
				diagnostics: slices.Repeat([]diagnostic{{
					Severity: "error", Summary: "Invalid function argument",
					Detail: `Invalid value for "running" parameter: it is null, so the running count is not known. ` +
						`Only version 3 of the Runner API reports it: set api_version = "v3" in the provider's configuration.`,
				}}, 3),
				state: []string{},
			}},
		},
		checks("no problems", []circlecitest.Runner{newest, minimum, disconnected}, 10, released),
		checks("old agents",
			[]circlecitest.Runner{
				newest, minimum, linux("old", "3.1.1-abcdef0", time.Minute), linux("strange", "main", time.Minute), linux("unversioned", "", time.Minute),
			},
			10, released, failedCheck("Agents of acme/linux are older than 3.1.2: old (3.1.1-abcdef0), strange (main), unversioned (unknown).")),
		checks("few runners", []circlecitest.Runner{newest, disconnected}, 10, released,
			failedCheck("Connected runners of acme/linux: 1, expected at least 2.")),
		checks("a long queue", []circlecitest.Runner{newest, minimum}, 11, released,
			failedCheck("acme/linux has 11 waiting tasks, more than 10.")),
		checks("no runner", []circlecitest.Runner{disconnected}, 0, []string{},
			failedCheck("Connected runners of acme/linux: 0, expected at least 2."),
			diagnostic{
				Severity: "error", Summary: "Resource precondition failed",
				Detail: "No runner of acme/linux is connected, so the release would wait forever.",
			}),
		{
			directory: "pipeline",
			steps: []exampleStep{
				{before: connectAgain(2 * time.Minute), run: func(x *example) {
					x.expectPipeline(0, `{"acme/linux":{"connected":1,"waiting":49},"acme/mac":{"connected":1,"waiting":1}}`)
				}},
				{run: func(x *example) { x.expectConfig(true) }},
				// The runners connect again, which changes no count, but a last_connected.
				{before: connectAgain(time.Minute), run: func(x *example) { x.expectChanges(false) }},
				{before: func(x *example) {
					x.write("output.tf", output(`data.circleci_runner_fleet.all.by_resource_class["acme/linux"].last_connected`))
				}},
				{run: func(x *example) { x.expectChanges(false) }},
				{before: connectAgain(0), run: func(x *example) { x.expectChanges(true) }},
				// One task more than the limit, no runner, and a list that cannot be read.
				{before: func(x *example) { x.server.SetTasks("acme/mac", 2, 0) }, run: func(x *example) {
					x.expectPipeline(1, "", "Error: Module output value precondition failed\n",
						"acme has 51 waiting tasks, more than 50.")
					x.expectConfig(false)
				}},
				{before: func(x *example) { x.server.SetRunners() }, run: func(x *example) {
					x.expectPipeline(1, "", "Warning: Empty fleet\n", "Error: Module output value precondition failed\n",
						"acme has no runners: check the namespace.")
				}},
				{before: func(x *example) { x.server.SetHandler(circlecitest.Error(403, "no")) }, run: func(x *example) {
					x.expectPipeline(1, "", "Error: Error reading runners of namespace acme\n")
				}},
			},
		},
		{
			// The CLI's tests of a module need no credential and send no request.
			// OpenTofu 1.8 crashes when a data source is mocked.
			directory: "testing", environment: map[string]string{}, terraform: "1.8", openTofu: "1.12",
			steps: []exampleStep{
				{run: func(x *example) {
					if output, ok := x.run("init", "-no-color"); !ok {
						x.t.Fatalf("init fails:\n%s", output)
					}
					x.expectTest(true, `run "one_machine_for_each_task"... pass`, `run "one_machine_for_no_task"... pass`,
						`run "never_too_many"... pass`, "Success! 3 passed, 0 failed.")
				}, requests: []string{}},
				// A module that scales to zero does not pass.
				{run: func(x *example) {
					x.replace("main.tf", "1, var.max_machines,", "0, var.max_machines,")
					x.expectTest(false, `run "one_machine_for_each_task"... pass`, `run "one_machine_for_no_task"... fail`,
						"Expected the minimum of 1 machine, got 0.")
				}, requests: []string{}},
			},
		},
		{
			// The configuration is valid with a fake of CircleCI's own provider.
			directory: "together",
			steps: []exampleStep{{run: func(x *example) {
				ours := x.Env[len(x.Env)-1]
				theirs := serve(x.t, "circleci-public/circleci", func() tfprotov6.ProviderServer { return publicProvider{provider.NewServer("test")()} })
				x.Env = append(x.Env, strings.TrimSuffix(ours, "}")+","+strings.TrimPrefix(theirs, "{"))
				expectReport(x.t, x.validate())
			}}},
		},
		waitingExample(),
		waitingActionExample(),
		importingExample(),
		{directory: "list-resources/circleci_runner_resource_class", terraform: "1.14", steps: []exampleStep{{
			before: func(x *example) {
				x.server.SetResourceClasses(movedClass)
				x.server.SetTokens(movedToken)
			},
			run: func(x *example) { expectLines(x.t, x.succeed("query", "-no-color"), "acme/linux") },
		}}},
		{directory: "list-resources/circleci_runner_token", terraform: "1.14", steps: []exampleStep{{
			before: func(x *example) {
				x.server.SetResourceClasses(movedClass)
				x.server.SetTokens(movedToken)
			},
			run: func(x *example) { expectLines(x.t, x.succeed("query", "-no-color"), "acme/linux") },
		}}},
		{directory: "actions/circleci_wait_for_runners", terraform: "1.14", steps: []exampleStep{{
			before:   func(x *example) { x.server.SetRunners(linux("a", "", 0), linux("b", "", time.Minute)) },
			requests: []string{"/api/v2/runner?resource-class=acme%2Flinux"},
		}}},
		{directory: "actions/circleci_wait_for_queue", terraform: "1.14", steps: []exampleStep{
			{before: func(x *example) { x.server.SetTasks("acme/linux", 0, 0) }, requests: []string{}},
			{
				command: []string{"apply", "-json", "-auto-approve", "-var", "image=linux-2"},
				requests: []string{
					"/api/v3/runner/tasks?resource-class=acme%2Flinux", "/api/v3/runner/tasks/running?resource-class=acme%2Flinux",
				},
			},
		}},
		drainingExample(),
	}
}

// uuid is the last element of the path of a deletion.
var uuid = regexp.MustCompile("/[0-9a-f-]{36}$")

// replacingExample changes the description of a class that has a token: both are replaced, the token first.
func replacingExample() exampleTest {
	state := []string{classAddress, tokenAddress}
	const classes, tokens = "/api/v2/runner/resource", "/api/v2/runner/token"
	return exampleTest{directory: "resources/circleci_runner_resource_class", steps: []exampleStep{{state: state}, {
		before: func(x *example) { x.replace("resource.tf", "Large Linux machines", "Machines") }, state: state,
		after: func(x *example) {
			got := mutations(x.server)
			for i, request := range got {
				got[i] = uuid.ReplaceAllString(request, "")
			}
			expectSame(x.t, "requests", []string{"DELETE " + tokens, "DELETE " + classes, "POST " + classes, "POST " + tokens}, got)
		},
	}}}
}

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
				if got := x.attributes("terraform_data.secret")["input"]; got != secret {
					x.t.Errorf("the secret store holds %v", got)
				}
			},
		},
		{run: func(x *example) { x.expectChanges(false) }},
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
	const start, list = "started", "/api/v2/runner?resource-class=acme%2Flinux"
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
	const list = "/api/v2/runner?resource-class=acme%2Flinux"
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
		{run: func(x *example) { x.expectChanges(false) }, requests: []string{}},
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

// replace replaces a part of a file.
func (x *example) replace(name, from, to string) {
	x.write(name, strings.Replace(read(x.t, filepath.Join(x.Dir, name)), from, to, 1))
}

func (x *example) pollEverySecond() {
	x.replace("main.tf", "wait_for = var.wait ? {", "wait_for = var.wait ? {\n    poll_interval = \"1s\"")
}

func TestExamples(t *testing.T) {
	tests := exampleTests()
	for _, test := range tests {
		t.Run(strings.TrimSpace(test.directory+" "+test.name), func(t *testing.T) {
			if test.terraform != "" {
				requireVersion(t, "the example", test.terraform, test.openTofu)
			}
			server := newServer(t)
			if test.ca != nil {
				server = newTLSServer(t, test.ca, "127.0.0.1", nil)
			}
			t.Setenv("CIRCLECI_RUNNER_API_URL", server.URL)
			if test.environment == nil {
				test.environment = map[string]string{"CIRCLE_TOKEN": circlecitest.PersonalToken}
			}
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			x := newExample(t, test.directory, server)
			for _, step := range test.steps {
				step.do(x)
			}
		})
	}
	for _, file := range exampleFiles(t, ".") {
		directory := path.Dir(file)
		tested := slices.ContainsFunc(tests, func(test exampleTest) bool { return test.directory == directory })
		if path.Ext(file) != ".sh" && !tested && !strings.HasPrefix(directory, "demo") && directory != "testing/connected" {
			t.Errorf("no test covers examples/%s", file)
		}
	}
}

// TestExamplesWithSample applies and destroys each example as its page says, against what make api serves.
func TestExamplesWithSample(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, []byte(circlecitest.NewCA().CertificatePEM), 0o600); err != nil {
		t.Fatal(err)
	}
	// environment is what the pages tell the user to set, in which URL stands for the server's.
	environment := map[string]variables{
		"authentication":    {"TF_VAR_circleci_token": circlecitest.PersonalToken},
		"server":            {"TF_VAR_server_url": "URL", "TF_VAR_ca_file": ca},
		"testing":           {"TF_VAR_resource_class": "acme/linux", "CIRCLECI_RUNNER_API_VERSION": "v3"},
		"testing/connected": {"TF_VAR_resource_class": "acme/linux"},
	}
	tests, directories := exampleTests(), map[string]bool{} // Whether a directory has a query.
	for _, file := range exampleFiles(t, ".") {
		if hasQuery := strings.HasSuffix(file, ".tfquery.hcl"); hasQuery || path.Ext(file) == ".tf" {
			directories[path.Dir(file)] = hasQuery || directories[path.Dir(file)]
		}
	}
	for _, directory := range slices.Sorted(maps.Keys(directories)) {
		t.Run(directory, func(t *testing.T) {
			switch {
			case directory == "together":
				t.Skip("the example needs CircleCI's own provider and an account")
			case strings.HasPrefix(directory, "recipes/"):
				t.Skip("the test of the example serves the same, and expects its warnings")
			}
			i := slices.IndexFunc(tests, func(test exampleTest) bool { return test.directory == directory })
			if i >= 0 && tests[i].terraform != "" {
				requireVersion(t, "the example", tests[i].terraform, tests[i].openTofu)
			}
			server := newServer(t)
			server.ServeSample(func() time.Duration { return 30 * time.Second }) // The queue is empty.
			t.Setenv("CIRCLECI_RUNNER_API_URL", server.URL)
			t.Setenv("CIRCLE_TOKEN", circlecitest.PersonalToken)
			setenv(t, environment[directory], server.URL)
			x := newExample(t, directory, server)
			if directory == "testing" { // It has a module.
				x.succeed("init", "-no-color")
			}
			if directories[directory] { // Apply imports what the query found, which is not to be destroyed.
				x.succeed("query", "-no-color", "-generate-config-out=imported.tf")
				assertNoDiagnostics(t, x.apply())
				return
			}
			assertNoDiagnostics(t, x.apply())
			assertNoDiagnostics(t, x.report("destroy", "-json", "-auto-approve"))
		})
	}
}

func (s exampleStep) do(x *example) {
	x.t.Helper()
	if s.before != nil {
		s.before(x)
	}
	x.server.ResetRecords()
	if s.run != nil {
		s.run(x)
	} else {
		if s.command == nil {
			s.command = []string{"apply", "-json", "-auto-approve"}
		}
		expectReport(x.t, x.report(s.command...), s.diagnostics...)
	}
	if s.requests != nil {
		expectRequests(x.t, x.server, s.requests...)
	}
	if s.outputs != nil {
		expectSame(x.t, "outputs", s.outputs, x.outputs())
	}
	if s.state != nil {
		expectSame(x.t, "resources in the state", s.state, x.state(), cmpopts.EquateEmpty())
	}
	if s.after != nil {
		s.after(x)
	}
}

func expectTokenSent(x *example) {
	expectRequests(x.t, x.server, "/api/v2/runner/tasks?resource-class=acme%2Flinux")
	expectCredential(x.t, x.server.Requests()[0], "Circle-Token", circlecitest.PersonalToken)
}

// connectAgain serves 50 tasks and the runners of two classes, one of each of which connected this long ago.
func connectAgain(lastConnected time.Duration) func(x *example) {
	return func(x *example) {
		x.server.SetRunners(linux("a", "", lastConnected), linux("b", "", time.Hour),
			circlecitest.Runner{ResourceClass: "acme/mac", Name: "c", LastConnected: ago(lastConnected)})
		x.server.SetTasks("acme/linux", 49, 0)
		x.server.SetTasks("acme/mac", 1, 0)
	}
}

// expectPipeline runs the script as a pipeline does, and asserts its exit status, the JSON on standard output, if any, and
// parts of standard error.
func (x *example) expectPipeline(status int, printed string, messages ...string) {
	x.t.Helper()
	command := exec.CommandContext(x.t.Context(), "sh", x.Dir+"/run.sh", x.Path)
	command.Env = append(x.Env, "TF_CLI_ARGS=-no-color")
	var stderr, compact bytes.Buffer
	command.Stderr = &stderr
	stdout, err := command.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		x.t.Fatal(err)
	}
	if len(stdout) > 0 {
		x.check(json.Compact(&compact, bytes.TrimSpace(stdout)))
	}
	if got := command.ProcessState.ExitCode(); got != status || compact.String() != printed {
		x.t.Errorf("got exit status %d and output %s", got, stdout)
	}
	expectLines(x.t, stderr.String(), messages...)
}

// configCommand matches a command in the configuration of the pipeline.
var configCommand = regexp.MustCompile(`(?m)^ +- run: (.+)$`)

// expectConfig runs the commands of the configuration of the pipeline, and asserts whether all succeed or only init does.
func (x *example) expectConfig(succeed bool) {
	x.t.Helper()
	path := x.t.TempDir()
	x.check(os.Symlink(x.Path, filepath.Join(path, "terraform")))
	x.check(os.Chmod(filepath.Join(x.Dir, "run.sh"), 0o700))
	commands := configCommand.FindAllStringSubmatch(read(x.t, filepath.Join(examples, "pipeline/.circleci/config.yml")), -1)
	if len(commands) != 3 {
		x.t.Fatalf("the configuration has %d commands, want 3", len(commands))
	}
	for _, command := range commands {
		run := exec.CommandContext(x.t.Context(), "sh", "-ec", command[1])
		run.Dir, run.Env = x.Dir, append(slices.Clone(x.Env), "PATH="+path+":"+os.Getenv("PATH"))
		if output, err := run.CombinedOutput(); (err == nil) != (succeed || strings.Contains(command[1], " init ")) {
			x.t.Errorf("%s: %v\n%s", command[1], err, output)
		}
	}
	if succeed {
		expectLines(x.t, read(x.t, filepath.Join(x.Dir, "counts.json")), `"waiting":49`)
	}
}

// expectLines asserts parts of an output.
func expectLines(t *testing.T, printed string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(printed, part) {
			t.Errorf("got output\n%s\nwithout %q", printed, part)
		}
	}
}

func (x *example) expectChanges(want bool) {
	x.t.Helper()
	if stdout, unchanged := x.run("plan", "-detailed-exitcode", "-no-color"); unchanged == want {
		x.t.Errorf("got changes: %t, want %t:\n%s", !unchanged, want, stdout)
	}
}

// expectTest runs the CLI's tests, and asserts whether they pass, some lines of output, and that there is no warning.
func (x *example) expectTest(passes bool, lines ...string) {
	x.t.Helper()
	stdout, stderr, ok := x.runBoth("test", "-no-color")
	printed := stdout + stderr
	if ok != passes || strings.Contains(printed, "Warning: ") {
		x.t.Errorf("the tests pass: %t, want %t without a warning:\n%s", ok, passes, printed)
	}
	expectLines(x.t, printed, lines...)
}

const examples = "../../examples"

// exampleFiles returns the files of an example, relative to its directory, without a state or a lock file.
func exampleFiles(t *testing.T, directory string) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS(filepath.Join(examples, directory)), ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".terraform":
			return fs.SkipDir
		case slices.Contains([]string{".tf", ".hcl", ".sh"}, path.Ext(file)) && entry.Name() != ".terraform.lock.hcl":
			files = append(files, file)
		}
		return nil
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("examples/%s has %d files: %v", directory, len(files), err)
	}
	return files
}

// newExample copies an example to a workspace, and adds a required_providers block if it has none.
func newExample(t *testing.T, directory string, server *circlecitest.Server) *example {
	t.Helper()
	x := &example{newWorkspace(t, ""), server}
	copied := map[string]string{"main.tf": "", "requirement.tf": cli.RequiredProviders}
	for _, file := range exampleFiles(t, directory) {
		copied[file] = read(t, filepath.Join(examples, directory, file))
		if path.Dir(file) == "." && strings.Contains(copied[file], "required_providers") {
			delete(copied, "requirement.tf")
		}
	}
	x.check(x.Write(copied))
	return x
}

// publicProvider is a fake of CircleCI-Public/circleci, with the names that the example uses.
type publicProvider struct{ tfprotov6.ProviderServer }

func (publicProvider) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	schema := func(names ...string) *tfprotov6.Schema {
		block := &tfprotov6.SchemaBlock{}
		for _, name := range names {
			block.Attributes = append(block.Attributes, &tfprotov6.SchemaAttribute{Name: name, Type: tftypes.String, Optional: true})
		}
		return &tfprotov6.Schema{Block: block}
	}
	return &tfprotov6.GetProviderSchemaResponse{
		Provider: schema("host", "key", "runner_host"),
		ResourceSchemas: map[string]*tfprotov6.Schema{
			"circleci_context":                      schema("id", "organization_id", "name"),
			"circleci_context_environment_variable": schema("context_id", "name", "value"),
		},
	}, nil
}

func (publicProvider) ValidateProviderConfig(
	context.Context, *tfprotov6.ValidateProviderConfigRequest,
) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{}, nil
}

func (publicProvider) ValidateResourceConfig(
	context.Context, *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}
