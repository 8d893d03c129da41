package circlecitest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// The queue has one task less in each step, then none for longer than two polls, 10 seconds apart, and starts again.
func TestSampleQueue(t *testing.T) {
	server, elapsed := startServer(t), time.Duration(0)
	server.ServeSample(func() time.Duration { return elapsed })
	count := func(target, key string) int64 {
		var counts map[string]int64
		if err := json.Unmarshal(get(t, server, "/api/v3/runner/"+target+"?resource-class=acme/linux"), &counts); err != nil {
			t.Fatal(err)
		}
		return counts[key]
	}
	var unclaimed, running []int64
	for range 16 {
		unclaimed = append(unclaimed, count("tasks", "unclaimed_task_count"))
		running = append(running, count("tasks/running", "running_runner_tasks"))
		elapsed += 3 * time.Second
	}
	if want := []int64{6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6}; !slices.Equal(unclaimed, want) {
		t.Errorf("got %d unclaimed tasks, want %d", unclaimed, want)
	}
	if want := []int64{2, 2, 2, 2, 2, 2, 2, 1, 0, 0, 0, 0, 0, 0, 0, 2}; !slices.Equal(running, want) {
		t.Errorf("got %d running tasks, want %d", running, want)
	}
}

// The sample says how long ago CircleCI saw each runner, and has one that never ran a task.
func TestSampleRunners(t *testing.T) {
	server := startServer(t)
	server.ServeSample(func() time.Duration { return 0 })
	var list struct{ Items []circlecitest.Runner }
	if err := json.Unmarshal(get(t, server, "/api/v2/runner?namespace=acme"), &list); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, runner := range list.Items {
		seen, err := time.Parse(time.RFC3339, runner.LastConnected)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %.0f %t", runner.Name, time.Since(seen).Hours(), runner.LastUsed != nil))
	}
	if want := []string{"linux-1 0 true", "linux-2 0 true", "linux-3 26 true", "mac-1 2 false"}; !slices.Equal(got, want) {
		t.Errorf("the runners, hours and whether they were used are %q, want %q", got, want)
	}
}

// The fleets have the runners as agents, of which one is active and one idle: the others were silent for long.
func TestSampleFleets(t *testing.T) {
	server := startServer(t)
	server.ServeSample(func() time.Duration { return 0 })
	const list = "/api/v3/runner/fleets?filter[org_id]=" + circlecitest.SampleOrganizationID
	var fleets struct {
		Data []struct {
			Attributes struct {
				Name     string
				Active   int     `json:"active_agents"`
				Idle     int     `json:"idle_agents"`
				Lost     int     `json:"disconnected_agents"`
				All      int     `json:"agent_count"`
				LastUsed *string `json:"last_task_claimed_at"`
			}
		}
	}
	if err := json.Unmarshal(get(t, server, list), &fleets); err != nil {
		t.Fatal(err)
	}
	got := map[string][4]int{}
	for _, fleet := range fleets.Data {
		a := fleet.Attributes
		got[a.Name] = [4]int{a.Active, a.Idle, a.Lost, a.All}
		if (a.LastUsed != nil) != (a.Name == "acme/linux") {
			t.Errorf("the last task of %s was claimed at %v", a.Name, a.LastUsed)
		}
	}
	want := map[string][4]int{"acme/linux": {1, 1, 0, 3}, "acme/mac": {0, 0, 0, 1}, "acme/gpu": {}}
	if !maps.Equal(got, want) {
		t.Errorf("the active, idle, disconnected and all agents are %v, want %v", got, want)
	}
}

// A class that is created belongs to the organization of its namespace.
func TestSampleOrganization(t *testing.T) {
	server := startServer(t)
	server.ServeSample(func() time.Duration { return 0 })
	server.SetLimits(circlecitest.DefaultMaxResourceClasses, circlecitest.DefaultMaxTokens)
	send(t, server, "POST /api/v2/runner/resource", personal, `{"resource_class":"acme/new","description":""}`)
	classes := string(get(t, server, "/api/v2/runner/resource?org-id="+circlecitest.SampleOrganizationID))
	if !strings.Contains(classes, `"acme/new"`) || strings.Count(classes, `"resource_class"`) != 4 {
		t.Errorf("the organization has the classes %s, want acme/new and those of the sample", classes)
	}
}
