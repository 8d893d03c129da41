package circlecitest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// The queue has one task less in each step, then none for longer than two polls, 10 seconds apart, and starts again.
func TestSampleQueue(t *testing.T) {
	unclaimed, running := sampleQueue(t, false)
	if want := []int64{6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6}; !slices.Equal(unclaimed, want) {
		t.Errorf("got %d unclaimed tasks, want %d", unclaimed, want)
	}
	if want := []int64{2, 2, 2, 2, 2, 2, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}; !slices.Equal(running, want) {
		t.Errorf("got %d running tasks, want %d", running, want)
	}
}

// A stuck queue keeps its tasks.
func TestSampleStuckQueue(t *testing.T) {
	unclaimed, running := sampleQueue(t, true)
	if !slices.Equal(unclaimed, slices.Repeat([]int64{6}, 21)) || !slices.Equal(running, slices.Repeat([]int64{2}, 21)) {
		t.Errorf("got %d unclaimed and %d running tasks, want 6 and 2", unclaimed, running)
	}
}

// sampleQueue counts the tasks of acme/linux 21 times, 2 seconds apart.
func sampleQueue(t *testing.T, isStuck bool) (unclaimed, running []int64) {
	t.Helper()
	server, now := startServer(t), time.Now()
	server.ServeSample(circlecitest.Sample{Now: func() time.Time { return now }, StuckQueue: isStuck})
	count := func(target, key string) int64 {
		var counts map[string]int64
		if err := json.Unmarshal(get(t, server, "/api/v3/runner/"+target+"?resource-class=acme/linux"), &counts); err != nil {
			t.Fatal(err)
		}
		return counts[key]
	}
	for range 21 {
		unclaimed = append(unclaimed, count("tasks", "unclaimed_task_count"))
		running = append(running, count("tasks/running", "running_runner_tasks"))
		now = now.Add(2 * time.Second)
	}
	return unclaimed, running
}

// Each new token brings two runners, or some time after.
func TestSampleNewRunners(t *testing.T) {
	for _, late := range []time.Duration{0, 30 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			server := circlecitest.NewMemoryServer()
			t.Cleanup(server.Close)
			server.Client().Transport.(*http.Transport).DialContext = server.DialContext
			server.ServeSample(circlecitest.Sample{Late: late})
			expectRunners := func(want int) {
				t.Helper()
				runners := string(get(t, server, "/api/v3/runner?resource-class=acme/new"))
				if got := strings.Count(runners, `"acme/new"`); got != want {
					t.Errorf("%d runners are listed, want %d: %s", got, want, runners)
				}
			}
			send(t, server, "POST /api/v3/runner/resource", personal, `{"resource_class":"acme/new"}`)
			expectRunners(0)
			send(t, server, "POST /api/v3/runner/token", personal, `{"resource_class":"acme/new"}`)
			if late > 0 {
				time.Sleep(late - time.Nanosecond)
				expectRunners(0)
				time.Sleep(time.Microsecond) // The precision of created_at.
			}
			expectRunners(2)
			send(t, server, "POST /api/v3/runner/token", personal, `{"resource_class":"acme/new"}`)
			time.Sleep(late + time.Microsecond)
			expectRunners(4)
		})
	}
}

// Every third request fails.
func TestSampleStatus(t *testing.T) {
	for status, retryAfter := range map[int]string{http.StatusTooManyRequests: "1", http.StatusServiceUnavailable: ""} {
		server := startServer(t)
		server.ServeSample(circlecitest.Sample{Status: status})
		for range 2 {
			for _, want := range []int{http.StatusOK, http.StatusOK, status} {
				response := httptest.NewRecorder()
				request := httptest.NewRequest(http.MethodGet, "/api/v2/runner?namespace=acme", http.NoBody)
				request.Header.Set("Circle-Token", circlecitest.PersonalToken)
				server.Config.Handler.ServeHTTP(response, request)
				if response.Code != want || want == status && response.Header().Get("Retry-After") != retryAfter {
					t.Errorf("got status %d, Retry-After %q, want %d, %q", response.Code, response.Header().Get("Retry-After"), want, retryAfter)
				}
			}
		}
	}
}

// The sample says how long ago CircleCI saw each runner, and has one that never ran a task.
func TestSampleRunners(t *testing.T) {
	server := startServer(t)
	server.ServeSample(circlecitest.Sample{})
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
	if want := []string{"linux-1 0 true", "linux-2 0 true", "linux-3 26 true", "macos-1 2 false"}; !slices.Equal(got, want) {
		t.Errorf("the runners, hours and whether they were used are %q, want %q", got, want)
	}
}

// The fleets have the runners as agents, of which one is active and one idle: the others were silent for long.
func TestSampleFleets(t *testing.T) {
	server := startServer(t)
	server.ServeSample(circlecitest.Sample{})
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
	want := map[string][4]int{"acme/linux": {1, 1, 0, 3}, "acme/macos": {0, 0, 0, 1}, "acme/gpu": {}}
	if !maps.Equal(got, want) {
		t.Errorf("the active, idle, disconnected and all agents are %v, want %v", got, want)
	}
}

// A class that is created belongs to the organization of its namespace.
func TestSampleOrganization(t *testing.T) {
	server := startServer(t)
	server.ServeSample(circlecitest.Sample{})
	server.SetLimits(circlecitest.DefaultMaxResourceClasses, circlecitest.DefaultMaxTokens)
	send(t, server, "POST /api/v2/runner/resource", personal, `{"resource_class":"acme/new","description":""}`)
	classes := string(get(t, server, "/api/v2/runner/resource?org-id="+circlecitest.SampleOrganizationID))
	if !strings.Contains(classes, `"acme/new"`) || strings.Count(classes, `"resource_class"`) != 4 {
		t.Errorf("the organization has the classes %s, want acme/new and those of the sample", classes)
	}
}
