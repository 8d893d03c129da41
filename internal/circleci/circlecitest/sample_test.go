package circlecitest_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// TestSampleQueue has one task less in each step, then none for longer than two polls, 10 seconds apart, and starts again.
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

// TestSampleRunners has how long ago CircleCI saw each runner, in whole hours, and the one that never ran a task.
func TestSampleRunners(t *testing.T) {
	server := startServer(t)
	server.ServeSample(func() time.Duration { return 0 })
	var list struct{ Items []circlecitest.Runner }
	if err := json.Unmarshal(get(t, server, "/api/v2/runner?namespace=acme"), &list); err != nil {
		t.Fatal(err)
	}
	hours, unused := map[string]int{}, []string{}
	for _, runner := range list.Items {
		seen, err := time.Parse(time.RFC3339, runner.LastConnected)
		if err != nil {
			t.Fatal(err)
		}
		hours[runner.Name] = int(time.Since(seen).Hours())
		if runner.LastUsed == nil {
			unused = append(unused, runner.Name)
		}
	}
	if want := map[string]int{"linux-1": 0, "linux-2": 0, "linux-3": 26, "mac-1": 1}; !maps.Equal(hours, want) {
		t.Errorf("the runners were seen %v hours ago, want %v", hours, want)
	}
	if !slices.Equal(unused, []string{"mac-1"}) {
		t.Errorf("the unused runners are %q, want mac-1", unused)
	}
}

// TestSampleOrganization creates a class, which belongs to the organization of its namespace.
func TestSampleOrganization(t *testing.T) {
	server := startServer(t)
	server.ServeSample(func() time.Duration { return 0 })
	server.SetLimits(circlecitest.DefaultMaxResourceClasses, circlecitest.DefaultMaxTokens)
	send(t, server, "POST /api/v2/runner/resource", personal, `{"resource_class":"acme/new","description":""}`)
	var list struct{ Items []circlecitest.ResourceClass }
	target := "/api/v2/runner/resource?namespace=acme&org-id=" + circlecitest.SampleOrganizationID
	if err := json.Unmarshal(get(t, server, target), &list); err != nil {
		t.Fatal(err)
	}
	isNew := func(class circlecitest.ResourceClass) bool { return class.ResourceClass == "acme/new" }
	if len(list.Items) != 4 || !slices.ContainsFunc(list.Items, isNew) {
		t.Errorf("the organization has the classes %v, want acme/new and those of the sample", list.Items)
	}
}
