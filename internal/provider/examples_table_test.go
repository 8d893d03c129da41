package provider_test

import (
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// exampleTests returns the tests by the directories of the examples, and by what differs from the sample.
func exampleTests(caFile string) map[string]exampleTest {
	type environment = map[string]string
	return map[string]exampleTest{
		"provider": {outputs: `{"waiting":6}`, requests: []string{linuxRunningURL, linuxTasksURL}},
		"data-sources/circleci_organization_runners": {outputs: `{"busy":["linux-1"]}`},
		"data-sources/circleci_runner_fleet":         {outputs: `{"busy":["linux-1"],"idle":1}`},
		"data-sources/circleci_runner_fleets": {
			outputs: `{"connected":{"acme/gpu":0,"acme/linux":2,"acme/macos":0},"waiting":8}`,
		},
		"data-sources/circleci_runner_resource_class": {outputs: `{"description":"Linux machines"}`},
		"data-sources/circleci_runner_resource_classes": {
			outputs: `{"descriptions":{"acme/gpu":"","acme/linux":"Linux machines","acme/macos":"Mac minis"}}`,
		},
		"data-sources/circleci_runner_tasks": {inBinary: true, outputs: `{"running":2,"waiting":6}`},
		"data-sources/circleci_runner_tokens": {
			outputs: `{"nicknames":{"9e12ad09-527d-482c-b7ce-1a2fd20d1b9b":"linux"},"tokens_left":9}`,
		},
		"data-sources/circleci_runners": {
			outputs: `{"addresses":{"linux-1":"192.0.2.1","linux-2":"192.0.2.1"}}`,
		},
		"resources/circleci_runner_resource_class": {},
		"resources/circleci_runner_token":          {},
		"actions/circleci_wait_for_runners": {
			version: "1.14", requests: []string{linuxRunnersURL},
			serve: func(server *circlecitest.Server) {
				server.Intercept(nil)
				server.SetRunners(exampleRunner("a", "", 0), exampleRunner("b", "", 0), exampleRunner("c", "", 0), exampleRunner("d", "", 0))
			},
		},
		"actions/circleci_wait_for_queue": {version: "1.14", requests: []string{}},
		"functions/parse_resource_class":  {outputs: `{"pools":{"acme":["linux","macos"]}}`},
		"functions/desired_capacity":      {outputs: `{"linux_machines":8}`},
		"functions/version_at_least": {
			serve: serveOldAgents, outputs: `{"outdated":["disconnected","main","none"]}`,
		},

		"authentication": {
			environment: environment{"CIRCLE_TOKEN": "", "TF_VAR_circleci_token": circlecitest.PersonalToken},
			outputs:     `{"waiting":6}`, version: "1.11",
		},
		"capacity": {
			inBinary: true, outputs: `{"desired":{"acme/gpu":2,"acme/linux":8,"acme/macos":2}}`,
			requests: []string{
				"/api/v3/runner/tasks/running?resource-class=acme%2Fgpu", linuxRunningURL,
				"/api/v3/runner/tasks/running?resource-class=acme%2Fmacos", "/api/v3/runner/tasks?resource-class=acme%2Fgpu",
				linuxTasksURL, "/api/v3/runner/tasks?resource-class=acme%2Fmacos", "/api/v3/runner?namespace=acme",
			},
		},
		"capacity: a long queue, and classes in another case": {
			inBinary: true, outputs: `{"desired":{"acme/gpu":0,"acme/linux":20,"acme/macos":2}}`,
			serve: func(server *circlecitest.Server) {
				server.Intercept(nil)
				server.SetRunners(
					circlecitest.Runner{ResourceClass: "Acme/Linux", Name: "linux-1"},
					circlecitest.Runner{ResourceClass: "acme/other", Name: "other-1"},
				)
				server.SetTasks("acme/linux", 30, 2)
				server.SetTasks("acme/macos", 0, 1)
				server.SetTasks("acme/gpu", 0, 0)
				server.SetTasks("acme/other", 100, 0)
			},
		},
		"capacity: without counts of running tasks": {
			inBinary: true, environment: environment{"CIRCLECI_RUNNER_API_VERSION": "v2"},
			fails: "it is null: the running count is not known, because API v2 does not report it.",
		},
		"draining": {
			serve: serveTasks(0, 0), outputs: `{"left":0}`,
		},
		"fleet": {inBinary: true},
		"pipeline": {
			outputs: `{"counts":{"acme/gpu":{"connected":0,"waiting":2},"acme/linux":{"connected":2,"waiting":6},` +
				`"acme/macos":{"connected":0,"waiting":0}}}`,
		},
		"pipeline/drained": {serve: serveTasks(0, 0)},
		"rotating":         {inBinary: true},
		"scaling-in":       {outputs: `{"drain":[]}`},
		"scaling-in: more machines than tasks": {
			serve: serveAgents(0, circlecitest.IdleAgent), outputs: `{"drain":["b","c"]}`,
		},
		"scaling-in: one machine more than tasks": {
			serve: serveAgents(1, circlecitest.IdleAgent), outputs: `{"drain":["b"]}`,
		},
		"scaling-in: no idle machine": {serve: serveAgents(0, circlecitest.ActiveAgent), outputs: `{"drain":[]}`},
		"server": {
			environment: environment{"TF_VAR_server_url": "URL", "TF_VAR_ca_file": caFile},
			outputs:     `{"runners":["linux-1","linux-2","linux-3"]}`,
		},
		"testing": {
			inBinary: true,
			environment: environment{
				"TF_VAR_namespace": "acme", "TF_VAR_pools": `{"acme/linux":{"min":1,"max":10},"acme/gpu":{"min":1,"max":4}}`,
			},
			outputs: `{"machines":{"acme/gpu":2,"acme/linux":8}}`,
			failed:  []string{"Fewer runners are connected than the minimum: acme/gpu."},
		},
		"waiting":        {outputs: `{"runners":["linux-1","linux-2"]}`},
		"waiting-action": {version: "1.14"},

		"recipes/pools": {},
		"recipes/pools: few runners and a long queue": {
			serve: func(server *circlecitest.Server) {
				server.Intercept(nil)
				server.SetRunners(exampleRunner("a", "3.1.2", time.Minute), exampleRunner("b", "3.1.2", time.Hour))
				server.SetTasks("acme/linux", 6, 0)
				server.SetTasks("acme/macos", 5, 0)
				server.SetTasks("acme/gpu", 0, 0)
				server.SetTasks("acme/other", 100, 0)
			},
			failed: []string{"Too few runners: acme/linux (1 connected, 6 waiting)."},
		},
		"recipes/pools: tasks without a runner": {
			environment: environment{"TF_VAR_min_connected": "1", "TF_VAR_max_waiting": "0"},
			failed:      []string{"Too few runners: acme/gpu (0 connected, 2 waiting)."},
		},
		"recipes/pools: all of the namespace, whatever the queue": {
			environment: environment{"TF_VAR_max_waiting": "-1", "TF_VAR_pools": "null"},
			serve: func(server *circlecitest.Server) {
				server.SetResourceClasses(
					circlecitest.ResourceClass{ResourceClass: "acme/linux"}, circlecitest.ResourceClass{ResourceClass: "acme/other"},
				)
			},
			failed: []string{
				"Too few runners: acme/macos (0 connected, 0 waiting), acme/other (0 connected, 0 waiting).",
			},
		},
		"recipes/agents": {},
		"recipes/agents: old": {
			serve: serveOldAgents,
			failed: []string{
				"Agents older than 3.1.2: acme/linux: main (main), acme/linux: none (unknown), acme/linux: old (3.1.1-abcdef0).",
			},
		},
		"recipes/agents: no new agent is connected": {
			serve: func(server *circlecitest.Server) {
				server.Intercept(nil)
				server.SetRunners(exampleRunner("old", "3.1.1", time.Minute), exampleRunner("new", "3.1.2", time.Hour))
			},
			fails: "No connected runner has agent 3.1.2 or newer.",
		},
		"recipes/agents: a minimum that is no version": {
			environment: environment{"TF_VAR_oldest_agent": "v3.1.2"},
			fails:       "Must be numbers separated by dots, such as 3.1.2.",
		},
		"recipes/not-seen": {failed: []string{"Not seen for a day: acme/linux: linux-3."}},
		"recipes/not-seen: no time": {
			serve: func(server *circlecitest.Server) {
				server.SetHandler(circlecitest.JSON(`{"items": [
					{"resource_class": "acme/linux", "name": "a", "last_connected": null},
					{"resource_class": "acme/linux", "name": "b", "last_connected": "yesterday"},
					{"resource_class": "acme/linux", "name": "c", "last_connected": ""},
					{"resource_class": "acme/linux", "name": "d", "last_connected": "` + ago(23*time.Hour) + `"}
				]}`))
			},
			failed: []string{"Not seen for a day: acme/linux: a, acme/linux: b, acme/linux: c."},
		},
		"recipes/scheduled-capacity": { // On a Monday.
			environment: environment{"TF_VAR_time": "2026-01-05T18:59:00Z"}, serve: serveTasks(1, 1),
			outputs: `{"group":{"desired_capacity":3,"max_size":20,"min_size":3}}`,
		},
		"recipes/scheduled-capacity: in the evening": {
			environment: environment{"TF_VAR_time": "2026-01-05T19:00:00Z"}, serve: serveTasks(1, 1),
			outputs: `{"group":{"desired_capacity":2,"max_size":20,"min_size":0}}`,
		},
		"recipes/scheduled-capacity: on a Sunday": {
			environment: environment{"TF_VAR_time": "2026-01-04T08:00:00Z"}, serve: serveTasks(1, 1),
			outputs: `{"group":{"desired_capacity":2,"max_size":20,"min_size":0}}`,
		},
		"recipes/moving": {outputs: `{"waiting":8}`},
	}
}

// serveOldAgents has connected runners with new, old and strange versions, and one that is old but disconnected.
func serveOldAgents(server *circlecitest.Server) {
	server.Intercept(nil)
	server.SetRunners(exampleRunner("new", "3.1.10", time.Minute), exampleRunner("minimum", "3.1.2-abcdef0", time.Minute),
		exampleRunner("old", "3.1.1-abcdef0", time.Minute), exampleRunner("main", "main", time.Minute),
		exampleRunner("none", "", time.Minute), exampleRunner("disconnected", "1", time.Hour))
}

// serveTasks has these tasks of acme/linux, which do not move.
func serveTasks(unclaimed, running int64) func(server *circlecitest.Server) {
	return func(server *circlecitest.Server) {
		server.Intercept(nil)
		server.SetTasks("acme/linux", unclaimed, running)
	}
}

// serveAgents has a task of acme/linux that runs, some that are queued, and four agents: a runs the task, b and c are
// in a state, and the machine of d was removed.
func serveAgents(queued int64, state circlecitest.AgentState) func(server *circlecitest.Server) {
	return func(server *circlecitest.Server) {
		serveTasks(queued, 1)(server)
		server.SetAgents("acme/linux",
			circlecitest.Agent{Name: "a", State: circlecitest.ActiveAgent, LastConnectedAt: ago(0)},
			circlecitest.Agent{Name: "b", State: state, LastConnectedAt: ago(0)},
			circlecitest.Agent{Name: "c", State: state, LastConnectedAt: ago(0)},
			circlecitest.Agent{Name: "d", State: circlecitest.DisconnectedAgent, LastConnectedAt: ago(time.Hour)})
	}
}

// exampleRunner returns a runner of acme/linux.
func exampleRunner(name, version string, lastConnected time.Duration) circlecitest.Runner {
	return circlecitest.Runner{
		ResourceClass: "acme/linux", Name: name, Version: version, LastConnected: ago(lastConnected),
	}
}
