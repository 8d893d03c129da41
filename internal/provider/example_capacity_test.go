package provider_test

import (
	"slices"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestExampleCapacity(t *testing.T) {
	server := newExampleServer(t)
	server.SetRunners(
		// The API may spell a class in another case than the configuration.
		circlecitest.Runner{ResourceClass: "Acme/Linux", Name: "linux-1", LastConnected: ago(time.Minute)},
		circlecitest.Runner{ResourceClass: "acme/other", Name: "other-1", LastConnected: ago(time.Minute)},
	)
	server.SetTasks("acme/linux", 3, 2)
	server.SetTasks("acme/mac", 0, 1)
	server.SetTasks("acme/gpu", 5, 0)
	server.SetTasks("acme/other", 100, 0)
	w := newExample(t, "capacity")
	expectOutputs(t, w, map[string]any{
		"desired":  map[string]any{"acme/linux": 5.0, "acme/mac": 2.0, "acme/gpu": 2.0},
		"machines": 9.0,
	})
	var urls []string
	for _, request := range server.Requests() {
		urls = append(urls, request.Path+"?"+request.Query.Encode())
	}
	slices.Sort(urls)
	want := []string{"/api/v3/runner?namespace=acme"}
	for _, count := range []string{"tasks", "tasks/running"} {
		for _, class := range []string{"gpu", "linux", "mac", "other"} {
			want = append(want, "/api/v3/runner/"+count+"?resource-class=acme%2F"+class)
		}
	}
	slices.Sort(want)
	if !slices.Equal(urls, want) {
		t.Errorf("the server was asked\n%q, want\n%q", urls, want)
	}

	// The queues change, and the pools with them.
	server.SetTasks("acme/linux", 30, 2)
	server.SetTasks("acme/gpu", 0, 0)
	expectOutputs(t, w, map[string]any{
		"desired":  map[string]any{"acme/linux": 20.0, "acme/mac": 2.0, "acme/gpu": 0.0},
		"machines": 22.0,
	})
}

// TestExampleCapacityWithV2 has no count of running tasks: an error, and no pool that is scaled.
func TestExampleCapacityWithV2(t *testing.T) {
	server := newExampleServer(t)
	for _, class := range []string{"acme/linux", "acme/mac", "acme/gpu"} {
		server.SetTasks(class, 3, 2)
	}
	w := newExample(t, "capacity")
	w.write("override.tf", "provider \"circleci\" {\n  api_version = \"v2\"\n}\n")
	got := w.apply()
	if len(got) == 0 {
		t.Fatal("apply reports nothing")
	}
	for _, d := range got { // The function is called for each of the pools.
		expectFinding(t, []diagnostic{d}, finding{
			"", "Invalid function argument",
			`The count of running tasks comes with version 3 of the Runner API only: set api_version = "v3" in the provider's configuration`,
		})
	}
	if got := w.state(); len(got) != 0 {
		t.Errorf("the state holds %q", got)
	}
}
