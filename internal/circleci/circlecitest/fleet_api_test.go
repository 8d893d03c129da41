package circlecitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// startFleet starts a server with a class that has one agent in each state.
func startFleet(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := startServer(t)
	server.SetAgents("acme/linux",
		circlecitest.Agent{
			ID: "1", Name: "busy", State: circlecitest.ActiveAgent, Version: "3.1.2",
			FirstConnectedAt: "f", LastConnectedAt: "l",
		},
		circlecitest.Agent{ID: "2", Name: "idle", LastTaskClaimedAt: "2026-03-02T08:00:00Z"},
		circlecitest.Agent{ID: "3", Name: "lost", State: circlecitest.DisconnectedAgent},
		circlecitest.Agent{
			ID: "4", Name: "old", State: circlecitest.SilentAgent, LastTaskClaimedAt: "2026-03-01T08:00:00Z",
		},
	)
	return server
}

// The shapes are those of CircleCI's own CLI.
func TestFleetAPI(t *testing.T) {
	t.Parallel()
	const (
		counts = `"active_agents":1,"agent_count":4,"disconnected_agents":1,"idle_agents":1,` +
			`"last_task_claimed_at":"2026-03-02T08:00:00Z","name":"acme/linux"`
		references = `"references":{"resource_class":{"id":"` + linuxID + `"},"runner_agents":[` +
			`{"attributes":{"name":"busy"},"id":"1"},{"attributes":{"name":"idle"},"id":"2"},` +
			`{"attributes":{"name":"lost"},"id":"3"},{"attributes":{"name":"old"},"id":"4"}]}`
		listed = `{"attributes":{` + counts + `},"id":"` + linuxID + `",` + references + `}`
		single = `{"attributes":{` + counts + `,"queued_tasks":42,"running_tasks":7},"id":"` + linuxID + `",` +
			references + `}`

		of   = `"references":{"resource_class":{"attributes":{"resource_class":"acme/linux"},"id":"` + linuxID + `"}}`
		busy = `{"attributes":{"first_connected_at":"f","is_busy":true,"last_connected_at":"l","name":"busy",` +
			`"version":"3.1.2"},"id":"1",` + of + `}`
		idle = `{"attributes":{"first_connected_at":null,"is_busy":false,"last_connected_at":null,"name":"idle",` +
			`"version":null},"id":"2",` + of + `}`
		class = `{"attributes":{"description":"","resource_class":"acme/linux"},"id":"` + linuxID + `"}`
	)
	last := func(data string) string { return `{"data":[` + data + `],"page":{"next":null}}` }
	server := startFleet(t)
	for target, want := range map[string]string{
		"fleets?filter[namespace]=ACME":               last(listed),
		"fleets?filter[resource_class]=acme/Linux":    last(listed),
		"fleets?filter[resource_class_id]=" + linuxID: last(listed),
		"fleets?filter[resource_class]=acme/none":     last(""),
		"fleets?filter[org_id]=" + organization:       last(""),
		"fleets/" + linuxID:                           `{"data":` + single + `}`,
		"resource-classes/" + linuxID:                 `{"data":` + class + `}`,
		"resource-classes?filter[namespace]=acme":     last(class),
		"agents?filter[resource_class]=acme/none":     last(""),
		"agents?filter[namespace]=acme&page[limit]=1": `{"data":[` + busy + `],"page":{"next":"from=1\u0026"}}`,
		"agents?filter[org_id]=none&page[limit]=250":  last(""),

		"agents?filter[resource_class]=acme/linux&page[limit]=1&page[cursor]=from%3D1%26": `{"data":[` + idle +
			`],"page":{"next":"from=2\u0026"}}`,
	} {
		expect(t, server, "GET /api/v3/runner/"+target, personal, "", http.StatusOK, want)
	}

	updated := strings.Replace(class, `""`, `"Linux"`, 1)
	update := "POST /api/v3/runner/resource-classes/" + linuxID + "/update"
	bearer := "Authorization: Bearer " + circlecitest.PersonalToken
	expect(t, server, update, bearer, `{"description":"Linux"}`, http.StatusOK, `{"data":`+updated+`}`)
	if got := server.ResourceClasses()[0].Description; got != "Linux" {
		t.Errorf("the class has the description %q, want Linux", got)
	}
}

// A page has 20 objects unless more are requested, and names of agents are cut off, but not their count.
func TestDefaultPage(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	agents := make([]circlecitest.Agent, 21)
	for i := range agents {
		agents[i].Name = strings.Repeat("x", i+1)
	}
	server.SetAgents("acme/linux", agents...)
	const filter = "?filter[resource_class]=acme/linux"
	for target, want := range map[string]int{"agents" + filter: 20, "fleets" + filter: 10} {
		body := string(get(t, server, "/api/v3/runner/"+target))
		if got := strings.Count(body, `"name":"x`); got != want {
			t.Errorf("%s has %d agents, want %d", target, got, want)
		}
	}
}

// TestAgentIDs sets agents again: those of the same class and name are the same, and their class is, too.
func TestAgentIDs(t *testing.T) {
	t.Parallel()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	list := func(agents ...circlecitest.Agent) string {
		server.SetAgents("acme/new", agents...)
		return string(get(t, server, "/api/v3/runner/agents?filter[resource_class]=acme/new"))
	}
	one, two := circlecitest.Agent{Name: "one"}, circlecitest.Agent{Name: "two"}
	first := list(one)
	if again := list(one); again != first {
		t.Errorf("got %s after %s, want the same", again, first)
	}
	agent := strings.TrimSuffix(first, `],"page":{"next":null}}`)
	if both := list(one, two); !strings.HasPrefix(both, agent) || strings.Count(both, agent[len(`{"data":[`):]) != 1 {
		t.Errorf("got %s after %s, want another agent behind it", both, first)
	}
}

// Without the fleet API, the other endpoints are served.
func TestOmitFleetAPI(t *testing.T) {
	t.Parallel()
	server := startFleet(t)
	server.OmitFleetAPI()
	for _, request := range []string{
		"GET /api/v3/runner/fleets?filter[namespace]=acme", "GET /api/v3/runner/resource-classes/" + linuxID,
		"POST /api/v3/runner/resource-classes/" + linuxID + "/update",
	} {
		expect(t, server, request, personal, `{"description":"Linux"}`, http.StatusNotFound, `{"message":"Not found"}`)
	}
	expect(t, server, "GET /api/v3/runner?namespace=acme", personal, "", http.StatusOK, `{"items":[]}`)
}
