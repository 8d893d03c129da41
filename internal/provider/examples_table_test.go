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
		"data-sources/circleci_organization_runners": {
			outputs: `{"busy":["linux-1"],"idle":["linux-2","linux-3","mac-1"]}`,
		},
		"data-sources/circleci_runner_fleet": {outputs: `{"busy":["linux-1"],"idle":1}`},
		"data-sources/circleci_runner_fleets": {
			outputs: `{"connected":{"acme/gpu":0,"acme/linux":2,"acme/mac":0},"idle":{"acme/gpu":0,"acme/linux":1,"acme/mac":0},` +
				`"waiting":8}`,
		},
		"data-sources/circleci_runner_resource_class": {outputs: `{"description":"Linux machines"}`},
		"data-sources/circleci_runner_resource_classes": {
			outputs: `{"descriptions":{"acme/gpu":"","acme/linux":"Linux machines","acme/mac":"Mac minis"},` +
				`"organization":["acme/gpu","acme/linux","acme/mac"]}`,
		},
		"data-sources/circleci_runner_tasks": {
			inBinary: true, outputs: `{"waiting":{"acme/linux":6,"acme/mac":0},"waiting_in_all":6}`,
		},
		"data-sources/circleci_runner_tokens": {
			outputs: `{"nicknames":{"9e12ad09-527d-482c-b7ce-1a2fd20d1b9b":"linux"}}`,
		},
		"data-sources/circleci_runners": {
			outputs: `{"linux_hosts":["linux-1.acme.example","linux-2.acme.example","linux-3.acme.example"],` +
				`"runner_names":{"acme/linux":["linux-1","linux-2","linux-3"],"acme/mac":["mac-1"]}}`,
		},
		"resources/circleci_runner_resource_class": {},
		"resources/circleci_runner_token":          {},
		"actions/circleci_wait_for_runners":        {version: "1.14", requests: []string{linuxRunnersURL}},
		"actions/circleci_wait_for_queue":          {version: "1.14", requests: []string{}},
		"functions/parse_resource_class":           {outputs: `{"pools":{"acme":["linux","mac"]}}`},
		"functions/desired_capacity":               {outputs: `{"linux_machines":8}`},
		"functions/version_at_least": {
			serve: serveOldAgents, outputs: `{"outdated":["disconnected","main","none"]}`,
		},

		"authentication": {
			environment: environment{"CIRCLE_TOKEN": "", "TF_VAR_circleci_token": circlecitest.PersonalToken},
			outputs:     `{"waiting":6}`, version: "1.11",
		},
		"capacity": {
			inBinary: true, outputs: `{"desired":{"acme/gpu":2,"acme/linux":8,"acme/mac":2},"machines":12}`,
			requests: []string{
				"/api/v3/runner/tasks/running?resource-class=acme%2Fgpu", linuxRunningURL,
				"/api/v3/runner/tasks/running?resource-class=acme%2Fmac", "/api/v3/runner/tasks?resource-class=acme%2Fgpu",
				linuxTasksURL, "/api/v3/runner/tasks?resource-class=acme%2Fmac", "/api/v3/runner?namespace=acme",
			},
		},
		"capacity: a long queue, and classes in another case": {
			inBinary: true, outputs: `{"desired":{"acme/gpu":0,"acme/linux":20,"acme/mac":2},"machines":22}`,
			serve: func(server *circlecitest.Server) {
				server.Intercept(nil)
				server.SetRunners(
					circlecitest.Runner{ResourceClass: "Acme/Linux", Name: "linux-1"},
					circlecitest.Runner{ResourceClass: "acme/other", Name: "other-1"},
				)
				server.SetTasks("acme/linux", 30, 2)
				server.SetTasks("acme/mac", 0, 1)
				server.SetTasks("acme/gpu", 0, 0)
				server.SetTasks("acme/other", 100, 0)
			},
		},
		"capacity: without counts of running tasks": {
			inBinary: true, environment: environment{"CIRCLECI_RUNNER_API_VERSION": "v2"},
			fails: "it is null, so the running count is not known: API v2 was used, which does not report it.",
		},
		"checks": {},
		"checks: old agents": {
			serve: serveOldAgents,
			failed: []string{
				"Agents of acme/linux are older than 3.1.2: main (main), none (unknown), old (3.1.1-abcdef0).",
			},
		},
		"checks: few runners and a long queue": {
			serve: func(server *circlecitest.Server) {
				server.Intercept(nil)
				server.SetRunners(exampleRunner("a", "3.1.10", time.Minute), exampleRunner("b", "1.0", time.Hour))
				server.SetTasks("acme/linux", 11, 0)
			},
			failed: []string{
				"Connected runners of acme/linux: 1, expected at least 2.", "acme/linux has 11 waiting tasks, more than 10.",
			},
		},
		"checks: no runner": {
			serve: func(server *circlecitest.Server) {
				server.Intercept(nil)
				server.SetTasks("acme/linux", 0, 0)
			},
			fails: "No runner of acme/linux is connected, so the release would wait forever.",
		},
		"checks: a minimum that is no version": {
			environment: environment{"TF_VAR_oldest_agent": "v3.1.2"},
			fails:       "Must be numbers with dots between them, such as 3.1.2.",
		},
		"draining": {
			serve: func(server *circlecitest.Server) {
				server.Intercept(nil)
				server.SetTasks("acme/linux", 0, 0)
			},
			outputs: `{"left":0}`,
		},
		"draining: without a wait": {environment: environment{"TF_VAR_wait": "false"}, outputs: `{"left":8}`},
		"fleet":                    {outputs: `{"runners":["linux-large-1","linux-large-2"]}`},
		"moving":                   {outputs: `{"connected":{"acme/gpu":0,"acme/linux":2,"acme/mac":0},"waiting":8}`},
		"pipeline": {
			outputs: `{"counts":{"acme/gpu":{"connected":0,"waiting":2},"acme/linux":{"connected":2,"waiting":6},` +
				`"acme/mac":{"connected":0,"waiting":0}}}`,
		},
		"scaling-in": {outputs: `{"desired_capacity":8,"drain":[]}`},
		"scaling-in: more machines than tasks": {
			serve: serveAgents(0, circlecitest.IdleAgent), outputs: `{"desired_capacity":1,"drain":["b","c"]}`,
		},
		"scaling-in: one machine more than the minimum": {
			environment: environment{"TF_VAR_min_machines": "2"}, outputs: `{"desired_capacity":2,"drain":["b"]}`,
			serve: serveAgents(0, circlecitest.IdleAgent),
		},
		"scaling-in: a queue without an idle agent": {
			serve: serveAgents(3, circlecitest.ActiveAgent), outputs: `{"desired_capacity":4,"drain":[]}`,
			failed: []string{"acme/linux has 3 queued tasks and no idle agent."},
		},
		"server": {
			environment: environment{"TF_VAR_server_url": "URL", "TF_VAR_ca_file": caFile},
			outputs:     `{"runners":["linux-1","linux-2","linux-3"]}`,
		},
		"testing": {
			inBinary: true, environment: environment{"TF_VAR_resource_class": "acme/linux"},
			outputs: `{"hosts":["linux-1.acme.example","linux-2.acme.example"],"machines":8}`,
		},
		"waiting":        {outputs: `{"runners":["linux-1","linux-2"]}`},
		"waiting-action": {version: "1.14"},

		"recipes/few-connected": {
			outputs: `{"few_connected":{"acme/gpu":0,"acme/mac":0}}`,
			failed:  []string{"Fewer than 2 runners are connected: acme/gpu (0), acme/mac (0)."},
		},
		"recipes/stuck-queue": {
			outputs: `{"stuck":{"acme/gpu":2}}`, failed: []string{"Tasks wait, and no runner is connected: acme/gpu (2)."},
		},
		"recipes/not-seen": {
			outputs: `{"not_seen":["acme/linux: linux-3"]}`, failed: []string{"Not seen for a day: acme/linux: linux-3."},
		},
		"recipes/not-seen: no time": {
			serve: func(server *circlecitest.Server) {
				server.SetHandler(circlecitest.JSON(`{"items": [
					{"resource_class": "acme/linux", "name": "a", "last_connected": null},
					{"resource_class": "acme/linux", "name": "b", "last_connected": "yesterday"},
					{"resource_class": "acme/linux", "name": "c", "last_connected": ""},
					{"resource_class": "acme/linux", "name": "d", "last_connected": "` + ago(23*time.Hour) + `"}
				]}`))
			},
			outputs: `{"not_seen":["acme/linux: a","acme/linux: b","acme/linux: c"]}`,
			failed:  []string{"Not seen for a day: acme/linux: a, acme/linux: b, acme/linux: c."},
		},
		"recipes/old-agents": {outputs: `{"old_agents":[]}`},
		"recipes/old-agents: old": {
			serve:   serveOldAgents,
			outputs: `{"old_agents":["acme/linux: main (main)","acme/linux: none (unknown)","acme/linux: old (3.1.1-abcdef0)"]}`,
			failed: []string{
				"Agents older than 3.1.2: acme/linux: main (main), acme/linux: none (unknown), acme/linux: old (3.1.1-abcdef0).",
			},
		},
		"recipes/scheduled-capacity": { // On a Monday.
			environment: environment{"TF_VAR_time": "2026-01-05T18:59:00Z"}, serve: serveTwoTasks,
			outputs: `{"group":{"desired_capacity":3,"min_size":3}}`,
		},
		"recipes/scheduled-capacity: in the evening": {
			environment: environment{"TF_VAR_time": "2026-01-05T19:00:00Z"}, serve: serveTwoTasks,
			outputs: `{"group":{"desired_capacity":2,"min_size":0}}`,
		},
		"recipes/scheduled-capacity: on a Sunday": {
			environment: environment{"TF_VAR_time": "2026-01-04T08:00:00Z"}, serve: serveTwoTasks,
			outputs: `{"group":{"desired_capacity":2,"min_size":0}}`,
		},
	}
}

// serveOldAgents has connected runners with new, old and strange versions, and one that is old but disconnected.
func serveOldAgents(server *circlecitest.Server) {
	server.Intercept(nil)
	server.SetRunners(exampleRunner("new", "3.1.10", time.Minute), exampleRunner("minimum", "3.1.2-abcdef0", time.Minute),
		exampleRunner("old", "3.1.1-abcdef0", time.Minute), exampleRunner("main", "main", time.Minute),
		exampleRunner("none", "", time.Minute), exampleRunner("disconnected", "1", time.Hour))
	server.SetTasks("acme/linux", 10, 0)
}

// serveTwoTasks has one task that waits and one that runs.
func serveTwoTasks(server *circlecitest.Server) {
	server.Intercept(nil)
	server.SetTasks("acme/linux", 1, 1)
}

// serveAgents has a task of acme/linux that runs, some that are queued, and four agents: a runs the task, b and c are
// in a state, and the machine of d was removed.
func serveAgents(queued int64, state circlecitest.AgentState) func(server *circlecitest.Server) {
	return func(server *circlecitest.Server) {
		server.Intercept(nil)
		server.SetTasks("acme/linux", queued, 1)
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
