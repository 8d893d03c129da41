package circleci_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

const (
	fleetsOfAcme  = "GET /api/v3/runner/fleets?filter%5Bnamespace%5D=acme&page%5Blimit%5D=250"
	fleetsOfLinux = "GET /api/v3/runner/fleets?filter%5Bresource_class%5D=acme%2Flinux&page%5Blimit%5D=250"
	linuxFleet    = "GET /api/v3/runner/fleets/" + newID
)

// listedFleet is the fleet of serveFleet, as a list has it.
var listedFleet = circleci.Fleet{
	ID: newID, ResourceClass: "acme/linux", ActiveAgents: 2, IdleAgents: 1, DisconnectedAgents: 3, AgentCount: 7,
	LastTaskClaimedAt: new("2026-03-02T09:00:00Z"),
}

// serveFleet is serve with the fleet acme/linux, which has two active agents, one idle, three disconnected, and one
// silent.
func serveFleet(t *testing.T, opts ...option) (*circlecitest.Server, *circleci.Client) {
	t.Helper()
	server, client := serve(t, nil, opts...)
	server.SetResourceClasses(circlecitest.ResourceClass{ID: newID, ResourceClass: "acme/linux", Description: "Linux"})
	const active, disconnected = circlecitest.ActiveAgent, circlecitest.DisconnectedAgent
	server.SetAgents("acme/linux", []circlecitest.Agent{
		{ID: "3", Name: "d", State: circlecitest.SilentAgent},
		{ID: "4", Name: "c", LastTaskClaimedAt: "2026-03-02T08:00:00Z"},
		{ID: "5", Name: "b", State: active, LastTaskClaimedAt: "2026-03-02T09:00:00Z"},
		{ID: "2", Name: "a", State: active, Version: "3.1.2", FirstConnectedAt: "f", LastConnectedAt: "l"},
		{ID: "1", Name: "a", State: disconnected},
		{ID: "6", Name: "e", State: disconnected}, {ID: "7", Name: "f", State: disconnected},
	}...)
	server.SetTasks("acme/linux", 42, 7)
	return server, client
}

func TestListFleets(t *testing.T) {
	server, client := serveFleet(t)
	server.SetAgents("other/linux", circlecitest.Agent{Name: "one"})
	server.SetAgents("ACME/empty")
	fleets, err := client.ListFleets(t.Context(), "acme")
	equal(t, "error", errorText(err), "")
	empty := circleci.Fleet{ID: server.ResourceClasses()[2].ID, ResourceClass: "ACME/empty"}
	equal(t, "fleets", fleets, []circleci.Fleet{empty, listedFleet})
	equal(t, "requests", sent(server), []string{fleetsOfAcme})

	fleets, err = client.ListFleets(t.Context(), "none")
	equal(t, "error", errorText(err), "")
	equal(t, "fleets of a namespace without any", fleets, []circleci.Fleet{})
}

func TestFleetPages(t *testing.T) {
	after := func(cursor string) string {
		return strings.Replace(fleetsOfAcme, "&", "&page%5Bcursor%5D="+cursor+"&", 1)
	}
	requests := []string{fleetsOfAcme, after("from%3D250%26"), after("from%3D500%26")}
	for classes, pages := range map[int]int{112: 1, 250: 1, 251: 2, 600: 3} {
		server, client := serve(t, nil)
		for i := range classes {
			server.SetAgents(fmt.Sprintf("acme/%03d", classes-i), circlecitest.Agent{Name: "one"})
		}
		fleets, err := client.ListFleets(t.Context(), "acme")
		equal(t, "error", errorText(err), "")
		equal(t, "number of fleets", len(fleets), classes)
		equal(t, "first", fleets[0].ResourceClass, "acme/001")
		equal(t, fmt.Sprint("requests for ", classes), sent(server), requests[:pages])
	}
}

func TestGetFleet(t *testing.T) {
	server, client := serveFleet(t)
	fleet, err := client.GetFleet(t.Context(), "acme/linux")
	equal(t, "error", errorText(err), "")
	want := listedFleet
	want.RunningTasks, want.QueuedTasks = new(int64(7)), new(int64(42))
	equal(t, "fleet", fleet, want)
	equal(t, "requests", sent(server), []string{fleetsOfLinux, linuxFleet})
}

func TestNoFleet(t *testing.T) {
	server, client := serveFleet(t)
	_, err := client.GetFleet(t.Context(), "acme/other")
	equal(t, "error", errorText(err), "resource class acme/other: the fleet API lists no fleet of this resource class")
	equal(t, "is ErrNoFleet", errors.Is(err, circleci.ErrNoFleet), true)
	equal(t, "number of requests", len(server.Requests()), 1)

	notFound := circlecitest.Error(404, "no")
	server.Enqueue(nil, notFound)
	_, err = client.GetFleet(t.Context(), "acme/linux")
	equal(t, "status", errorOf[*circleci.StatusError](t, err).StatusCode, 404)
	server.Enqueue(notFound)
	_, err = client.GetFleet(t.Context(), "acme/linux")
	e := errorOf[*circleci.StatusError](t, err)
	equal(t, "error", []any{e.StatusCode, e.Endpoint, e.Class}, []any{404, "runner/fleets", "acme/linux"})
}

// The single fleet must be the one that was listed, with all of its counts.
func TestInvalidFleet(t *testing.T) {
	const another = ", though another one was requested"
	for reason, oldnew := range map[string][]string{
		"has no data":              {`"data"`, `"items"`},
		"has no running_tasks":     {`"running_tasks"`, `"tasks"`},
		"has no queued_tasks":      {`"queued_tasks":42`, `"queued_tasks":null`},
		"has no agent_count":       {`"agent_count"`, `"count"`},
		"has no UUID for id":       {`"` + newID + `"`, `"7"`},
		"has -42 for queued_tasks": {`"queued_tasks":42`, `"queued_tasks":-42`},

		wrongType + "data.attributes.running_tasks":                {`"running_tasks":7`, `"running_tasks":7.5`},
		`is about fleet "acme/linux" with ID ` + otherID + another: {newID, otherID},
		`is about fleet "acme/other" with ID ` + newID + another:   {"acme/linux", "acme/other"},
	} {
		server, client := serveFleet(t, withRetries(4))
		server.Enqueue(nil, server.Edit(func(body string) http.Handler {
			return circlecitest.JSON(strings.NewReplacer(oldnew...).Replace(body))
		}))
		fleet, err := client.GetFleet(t.Context(), "acme/linux")
		equal(t, "fleet", fleet, circleci.Fleet{})
		equal(t, "reason", errorOf[*circleci.ResponseError](t, err).Reason, reason)
		equal(t, reason+": requests", sent(server), []string{fleetsOfLinux, linuxFleet})
	}
}

// Both requests together have as much time as one.
func TestFleetHasOneDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := serve(t, nil, withRetries(4), withRequestTimeout(time.Hour))
		server.Enqueue(circlecitest.Delay(4*time.Minute, circlecitest.JSON(fleetList.good)), circlecitest.Hang())
		start := time.Now()
		_, err := client.GetFleet(t.Context(), "acme/linux")
		assertSuffix(t, errorOf[*circleci.RequestError](t, err).Error(), readTimedOut)
		equal(t, "elapsed", time.Since(start), circleci.ReadTimeout)
	})
}

// An outage of the agents' states is retried.
func TestUnknownAgentStates(t *testing.T) {
	unknown := circlecitest.Error(503, "Unable to determine agent status")
	synctest.Test(t, func(t *testing.T) {
		server, client := serveFleet(t, withRetries(4))
		server.Enqueue(nil, unknown, unknown)
		_, err := client.GetFleet(t.Context(), "acme/linux")
		equal(t, "error", errorText(err), "")
		equal(t, "requests", sent(server), []string{fleetsOfLinux, linuxFleet, linuxFleet, linuxFleet})

		server.SetHandler(unknown)
		_, err = client.ListFleets(t.Context(), "acme")
		failed := errorOf[*circleci.RetryError](t, err)
		equal(t, "attempts", failed.Attempts, 1+4)
		assertSuffix(t, failed.Err.Error(), `returned 503 Service Unavailable: "Unable to determine agent status"`)
	})
}
