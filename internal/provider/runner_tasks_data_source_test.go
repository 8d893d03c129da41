package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

func TestAccRunnerTasksDataSource(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetTasks("acme/linux", 3, 2)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config: providerConfig(server) + `
data "circleci_runner_tasks" "test" {
  resource_class = "acme/linux"
}
`,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("data.circleci_runner_tasks.test", tfjsonpath.New("unclaimed_task_count"), knownvalue.Int64Exact(3)),
				statecheck.ExpectKnownValue("data.circleci_runner_tasks.test", tfjsonpath.New("running_task_count"), knownvalue.Int64Exact(2)),
			},
		}},
	})
}
