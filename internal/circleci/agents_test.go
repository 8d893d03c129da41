package circleci_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

const agentsOfLinux = "GET /api/v3/runner/agents?filter%5Bresource_class%5D=acme%2Flinux&page%5Blimit%5D=250"

func TestListAgents(t *testing.T) {
	server, client := serveFleet(t)
	server.SetAgents("acme/linux2", circlecitest.Agent{Name: "other"})
	agents, err := client.ListAgents(t.Context(), "acme/linux")
	equal(t, "error", errorText(err), "")
	equal(t, "agents", agents, []circleci.RunnerAgent{
		{ID: "1", Name: "a"},
		{
			ID: "2", Name: "a", IsBusy: true, Version: new("3.1.2"),
			FirstConnectedAt: new("f"), LastConnectedAt: new("l"),
		},
		{ID: "5", Name: "b", IsBusy: true}, {ID: "4", Name: "c"}, {ID: "3", Name: "d"},
		{ID: "6", Name: "e"}, {ID: "7", Name: "f"},
	})
	equal(t, "requests", sent(server), []string{agentsOfLinux})

	agents, err = client.ListAgents(t.Context(), "acme/none")
	equal(t, "error", errorText(err), "")
	equal(t, "agents of a class without any", agents, []circleci.RunnerAgent{})
}

func TestTenThousandAgents(t *testing.T) {
	const number = 10_000
	server, client := serve(t, nil)
	agents := make([]circlecitest.Agent, number)
	for i := range agents {
		agents[i].Name = fmt.Sprintf("agent-%05d", number-i)
	}
	server.SetAgents("acme/linux", agents...)
	got, err := client.ListAgents(t.Context(), "acme/linux")
	equal(t, "error", errorText(err), "")
	equal(t, "number of agents", len(got), number)
	byName := func(a, b circleci.RunnerAgent) int { return strings.Compare(a.Name, b.Name) }
	equal(t, "agents are sorted", slices.IsSortedFunc(got, byName), true)
	requests := sent(server)
	equal(t, "number of requests", len(requests), 40)
	equal(t, "last request", requests[39], strings.Replace(agentsOfLinux, "&", "&page%5Bcursor%5D=from%3D9750%26&", 1))
}
