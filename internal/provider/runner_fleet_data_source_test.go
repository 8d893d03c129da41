package provider_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// linuxFleetSummary is the summary of an error of the fleet of acme/linux.
const linuxFleetSummary = "Error reading fleet of resource class acme/linux"

// withAgents are the attributes of linuxClass, and include_agents.
func withAgents() providertest.Attributes {
	attributes := maps.Clone(linuxClass)
	attributes["include_agents"] = providertest.Bool(true)
	return attributes
}

func TestAccRunnerFleetDataSource(t *testing.T) {
	t.Parallel()
	const claimed, first, last = "2026-03-02T14:30:12.5+01:00", "2026-03-01T08:00:00Z", "2026-03-02T13:30:12Z"
	server := newServer(t)
	server.SetResourceClasses(movedClass, circlecitest.ResourceClass{ID: movedToken.ID, ResourceClass: "acme/empty"})
	server.SetAgents("acme/linux",
		circlecitest.Agent{ID: "4", Name: "silent", State: circlecitest.SilentAgent, Version: "1.0"},
		circlecitest.Agent{ID: "3", Name: "idle"},
		circlecitest.Agent{
			ID: "2", Name: "idle", Version: "3.1.2", FirstConnectedAt: first, LastConnectedAt: last, LastTaskClaimedAt: claimed,
		},
		circlecitest.Agent{ID: "1", Name: "busy", State: circlecitest.ActiveAgent},
		circlecitest.Agent{ID: "5", Name: "lost", State: circlecitest.DisconnectedAgent},
	)
	server.SetTasks("acme/linux", 6, 1)
	agent := func(id, name string, isBusy bool, version, first, last any) map[string]any {
		return map[string]any{
			"id": id, "name": name, "is_busy": isBusy, "version": version, "first_connected_at": first,
			"last_connected_at": last,
		}
	}
	linux := map[string]any{
		"resource_class": "acme/Linux", "include_agents": nil, "id": movedClass.ID,
		"active_agents": 1, "idle_agents": 2, "disconnected_agents": 1, "agent_count": 5,
		"running_tasks": 1, "queued_tasks": 6, "last_task_claimed_at": claimed, "agents": nil,
	}
	listed := maps.Clone(linux)
	listed["include_agents"], listed["agents"] = true, []any{
		agent("1", "busy", true, nil, nil, nil), agent("2", "idle", false, "3.1.2", first, last),
		agent("3", "idle", false, nil, nil, nil), agent("5", "lost", false, nil, nil, nil),
		agent("4", "silent", false, "1.0", nil, nil),
	}
	empty := map[string]any{
		"resource_class": "acme/empty", "include_agents": true, "id": movedToken.ID,
		"active_agents": 0, "idle_agents": 0, "disconnected_agents": 0, "agent_count": 0,
		"running_tasks": 0, "queued_tasks": 0, "last_task_claimed_at": nil, "agents": []any{},
	}
	const api, filter = "/api/v3/runner/", "?filter%5Bresource_class%5D=acme%2F"
	list := func(what, class string) string { return api + what + filter + class + "&page%5Blimit%5D=250" }
	for _, row := range []struct {
		arguments string
		want      map[string]any
		requests  []string
	}{
		{`resource_class = "acme/Linux"`, linux, []string{list("fleets", "Linux"), api + "fleets/" + movedClass.ID}},
		{
			"resource_class = \"acme/Linux\"\n  include_agents = true", listed,
			[]string{list("fleets", "Linux"), api + "fleets/" + movedClass.ID, list("agents", "Linux")},
		},
		{
			"resource_class = \"acme/empty\"\n  include_agents = true", empty,
			[]string{list("fleets", "empty"), api + "fleets/" + movedToken.ID, list("agents", "empty")},
		},
	} {
		server.ResetRecords()
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: factories,
			Steps: []resource.TestStep{{
				Config: providerConfig(server) + "data \"circleci_runner_fleet\" \"test\" {\n  " + row.arguments + "\n}\n" +
					"output \"test\" {\n  value = data.circleci_runner_fleet.test\n}\n",
				Check:             checkRequests(t, server, row.requests...),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("test", exactly{row.want})},
			}},
		})
	}
}

// TestRunnerFleetDataSourcePages has 40 pages of agents.
func TestRunnerFleetDataSourcePages(t *testing.T) {
	t.Parallel()
	const n = 10_000
	agents := make([]circlecitest.Agent, n)
	for i := range agents {
		agents[i].Name = fmt.Sprintf("agent-%05d", n-1-i)
	}
	server := newServer(t)
	server.SetAgents("acme/linux", agents...)
	state, got := newProvider(t, server, nil).read(t.Context(), "circleci_runner_fleet", withAgents())
	assertNoDiagnostics(t, got)
	var list []tftypes.Value
	if err := state["agents"].As(&list); err != nil || len(list) != n {
		t.Fatalf("%d agents are listed: %v", len(list), err)
	}
	for i := range list {
		var agent map[string]tftypes.Value
		if err := list[i].As(&agent); err != nil {
			t.Fatal(err)
		}
		expectSame(t, "name", providertest.String(agents[n-1-i].Name), agent["name"])
	}
	expectSame(t, "number of requests", 2+n/250, len(server.Requests()))
}

// TestRunnerFleetDataSourceErrors has settings without which nothing is sent, and responses from which no fleet can be
// made.
func TestRunnerFleetDataSourceErrors(t *testing.T) {
	t.Parallel()
	const (
		fleets, agents = "/api/v3/runner/fleets", "/api/v3/runner/agents"
		fleet          = fleets + "/{id}"
		preview        = "CircleCI's fleet API is a preview, and may have changed: "
		personal       = "CircleCI's fleet API needs a personal API token, but the credential is the "
		needsToken     = "Personal API token required"
		set            = "Set the provider's token attribute or the environment variable CIRCLE_TOKEN instead."
		agentsSummary  = "Error reading agents of resource class acme/linux"
		class          = "resource_class"
		counts         = `"name": "acme/linux", "active_agents": 1, "idle_agents": 0, "disconnected_agents": 0, ` +
			`"agent_count": 1, "last_task_claimed_at": null, "running_tasks": 1`
	)
	for name, row := range map[string]struct {
		settings string
		path     string // It is that of the requests that get the response.
		response http.Handler
		requests int
		want     wantDiagnostic // The default of its summary is linuxFleetSummary.
	}{
		"launch token": {
			settings: "token= launch_token=" + circlecitest.LaunchToken,
			want:     wantDiagnostic{at: class, summary: needsToken, detail: personal + "launch token from ... " + set},
		},
		"session cookie": {
			settings: "token= session_cookie=" + circlecitest.PersonalToken,
			want:     wantDiagnostic{at: class, summary: needsToken, detail: personal + "session cookie ... " + set},
		},
		"v2": {
			settings: "api_version=v2",
			want:     wantDiagnostic{at: class, summary: "API v3 required", detail: `Remove api_version = "v2" from the`},
		},
		"class without a fleet": {
			path: fleets, response: circlecitest.JSON(`{"data": [], "page": {"next": null}}`), requests: 1,
			want: wantDiagnostic{
				at: class, detail: "Resource class acme/linux: the fleet API lists no fleet of this resource class.\n\n" +
					"Check the name of the resource class: it may not exist, or the token may not have access to it.",
			},
		},
		"another shape": {
			path: fleets, response: circlecitest.JSON(`{"items": []}`), requests: 1,
			want: wantDiagnostic{detail: "has no data ... " + preview},
		},
		"a fleet without a count": {
			path:     fleet,
			response: circlecitest.JSON(`{"data": {"id": "` + movedClass.ID + `", "attributes": {` + counts + `}}}`),
			requests: 2, want: wantDiagnostic{detail: "has no queued_tasks ... " + preview},
		},
		"agents of another shape": {
			path: agents, response: circlecitest.JSON(`{"data": [{"id": "1"}], "page": {"next": null}}`), requests: 3,
			want: wantDiagnostic{
				summary: agentsSummary, detail: "has no name in data[0] ... " + preview,
			},
		},
		"installation without the fleet API": {
			path: fleets, response: circlecitest.Error(404, "Not found"), requests: 1,
			want: wantDiagnostic{
				at: class, detail: "404 Not Found ... " +
					"The installation does not seem to have CircleCI's fleet API: only CircleCI Cloud is known to serve it.",
			},
		},
		"page of a proxy": {
			path: fleets, response: circlecitest.Raw(404, "text/html", "<title>Not here</title>"), requests: 1,
			want: wantDiagnostic{at: class, detail: "Something other than the Runner API returned this 404"},
		},
		"sign-in page": {
			path: fleets, response: circlecitest.JSON("<title>Sign in</title>"), requests: 1,
			want: wantDiagnostic{detail: "The Runner API did not send this response"},
		},
		"redirect": {
			path: fleets, response: circlecitest.Redirect("https://circleci.com/login"), requests: 1,
			want: wantDiagnostic{detail: "CircleCI's fleet API does not redirect, so check the proxies (HTTPS_PROXY, NO_PROXY)."},
		},
		"states that are not known": {
			path: fleets, response: circlecitest.Error(503, "Unable to determine agent status"), requests: 5,
			want: wantDiagnostic{detail: `503 ... : "Unable to determine agent status" (attempts: 5, in  ... : retry later`},
		},
		"agents that are not allowed": {
			path: agents, response: circlecitest.Error(403, "no"), requests: 3,
			want: wantDiagnostic{summary: agentsSummary, detail: `403 Forbidden: "no"`},
		},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.SetResourceClasses(movedClass)
			server.Intercept(func(r *http.Request) http.Handler {
				if r.URL.Path == strings.ReplaceAll(row.path, "{id}", movedClass.ID) {
					return row.response
				}
				return nil
			})
			p := newProvider(t, server, parseAttributes(row.settings))
			_, got := p.read(t.Context(), "circleci_runner_fleet", withAgents())
			row.want.summary = cmp.Or(row.want.summary, linuxFleetSummary)
			assertDiagnostic(t, got, row.want)
			expectSame(t, "number of requests", row.requests, len(server.Requests()))
		})
	}
}
