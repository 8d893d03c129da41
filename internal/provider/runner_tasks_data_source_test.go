package provider_test

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestRunnerTasks(t *testing.T) {
	for name, row := range map[string]struct {
		version string
		count   int64
		urls    []string
	}{
		"none":                       {"v2", 0, []string{"/api/v2/runner/tasks?resource-class=acme%2Flinux"}},
		"some":                       {"v2", 42, []string{"/api/v2/runner/tasks?resource-class=acme%2Flinux"}},
		"the largest number":         {"v2", 9223372036854775807, []string{"/api/v2/runner/tasks?resource-class=acme%2Flinux"}},
		"some, with the API's v3":    {"v3", 7, []string{"/api/v3/runner/tasks?resource-class=acme%2Flinux", "/api/v3/runner/tasks/running?resource-class=acme%2Flinux"}},
		"no task, with the API's v3": {"v3", 0, []string{"/api/v3/runner/tasks?resource-class=acme%2Flinux", "/api/v3/runner/tasks/running?resource-class=acme%2Flinux"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.SetTasks("acme/linux", row.count, 0)
			t.Setenv("CIRCLECI_RUNNER_API_VERSION", row.version)
			runTest(t, resource.TestStep{
				Config: providerBlock(server) + `data "circleci_runner_tasks" "test" { resource_class = "acme/linux" }`,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("data.circleci_runner_tasks.test", tfjsonpath.New("unclaimed_task_count"), knownvalue.Int64Exact(row.count)),
				},
			})
			requests := server.Requests()
			if len(requests) == 0 {
				t.Fatal("the server was asked nothing")
			}
			for _, request := range requests {
				if url := request.Path + "?" + request.Query.Encode(); !slices.Contains(row.urls, url) {
					t.Errorf("the server was asked %s", url)
				}
				if got := request.Header.Get("Circle-Token"); got != circlecitest.PersonalToken {
					t.Errorf("Circle-Token was %q", got)
				}
			}
		})
	}
}
