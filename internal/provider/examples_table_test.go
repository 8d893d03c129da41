package provider_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// exampleTests returns the tests of all examples but the demo, which internal/demo tests.
func exampleTests() []exampleTest {
	// outputs returns a test that applies an example to exampleFleet.
	outputs := func(directory string, want map[string]any) exampleTest {
		return exampleTest{directory: directory, steps: []exampleStep{{before: exampleFleet, outputs: want}}}
	}
	// query returns a test that queries exampleFleet.
	query := func(directory string) exampleTest {
		return exampleTest{directory: directory, terraform: "1.14", steps: []exampleStep{{
			before: exampleFleet, run: func(x *example) { expectLines(x.t, x.succeed("query", "-no-color"), "acme/linux") },
		}}}
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
		outputs("data-sources/circleci_runner_resource_classes", map[string]any{"descriptions": map[string]any{"acme/linux": "Linux"}}),
		outputs("data-sources/circleci_runner_tokens", map[string]any{"nicknames": map[string]any{movedToken.ID: "ci"}}),
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
					Detail: `Invalid value for "running" parameter: it is null, so the running count is not known: API v2 was used, which ` +
						"does not report it. Use an installation that serves API v3, and do not set api_version to v2.",
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
			// Without the validation, every agent would be older.
			directory: "checks", name: "a minimum that is no version", steps: []exampleStep{{
				before: func(x *example) { x.server.SetRunners(newest, minimum) },
				run: func(x *example) {
					_, stderr, ok := x.runBoth("plan", "-no-color", "-var", "oldest_agent=v3.1.2")
					if ok {
						x.t.Error("the plan accepts v3.1.2")
					}
					expectLines(x.t, stderr, "Must be numbers with dots between them, such as 3.1.2.")
				},
			}},
		},
		{
			directory: "pipeline",
			steps: []exampleStep{
				{before: connectAgain(2 * time.Minute), run: func(x *example) {
					x.expectPipeline(0, `{"acme/linux":{"connected":1,"waiting":49},"acme/mac":{"connected":1,"waiting":1}}`)
				}},
				{run: func(x *example) { x.expectConfig(true) }},
				// The runners connect again, which changes no count, but a last_connected.
				{before: connectAgain(time.Minute), run: func(x *example) { x.expectEmptyPlan(true) }},
				{before: func(x *example) {
					x.write("output.tf", output(`data.circleci_runner_fleet.all.by_resource_class["acme/linux"].last_connected`))
				}},
				{run: func(x *example) { x.expectEmptyPlan(true) }},
				{before: connectAgain(0), run: func(x *example) { x.expectEmptyPlan(false) }},
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
				x.servePublic()
				expectReport(x.t, x.validate())
			}}},
		},
		waitingExample(),
		waitingActionExample(),
		importingExample(),
		query("list-resources/circleci_runner_resource_class"),
		query("list-resources/circleci_runner_token"),
		{directory: "actions/circleci_wait_for_runners", terraform: "1.14", steps: []exampleStep{{
			before:   func(x *example) { x.server.SetRunners(linux("a", "", 0), linux("b", "", time.Minute)) },
			requests: []string{"/api/v3/runner?resource-class=acme%2Flinux"},
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
	const classes, tokens = "/api/v3/runner/resource", "/api/v3/runner/token"
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
