package provider_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

func TestAccRunnerTasksDataSource(t *testing.T) {
	t.Parallel()
	const largest, address = 9223372036854775807, "data.circleci_runner_tasks.test"
	server := newServer(t)
	server.SetTasks("acme/linux", largest, 2)
	configuration := providerConfig(server) + `
data "circleci_runner_tasks" "test" {
  resource_class = "acme/linux"
}
`
	unclaimed, running := tfjsonpath.New("unclaimed_task_count"), tfjsonpath.New("running_task_count")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: configuration,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(address, unclaimed, knownvalue.Int64Exact(largest)),
					statecheck.ExpectKnownValue(address, running, knownvalue.Int64Exact(2)),
				},
			},
			{
				PreConfig: func() { refuseV3(server, 404) },
				Config:    configuration,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(address, unclaimed, knownvalue.Int64Exact(largest)),
					statecheck.ExpectKnownValue(address, running, knownvalue.Null()),
				},
			},
		},
	})
}

// TestRunnerTasksDataSourceVersions sends the requests of a version that is known concurrently.
func TestRunnerTasksDataSourceVersions(t *testing.T) {
	t.Parallel()
	for version, row := range map[string]struct {
		running  any
		requests []string
		elapsed  time.Duration
	}{
		"v2":   {requests: []string{"/api/v2/runner/tasks?resource-class=acme%2Flinux"}, elapsed: time.Second},
		"v3":   {running: 0, requests: []string{linuxTasksURL, linuxRunningURL}, elapsed: time.Second},
		"auto": {running: 0, requests: []string{linuxTasksURL, linuxRunningURL}, elapsed: 2 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := newMemoryServer(t)
			server.SetTasks("acme/linux", 0, 0)
			server.SetHandler(circlecitest.Delay(time.Second, server.Edit(circlecitest.JSON)))
			p := newProvider(t, server, providertest.Attributes{"api_version": providertest.String(version)})
			start := time.Now()
			state, got := p.read(t.Context(), "circleci_runner_tasks", linuxClass)
			assertNoDiagnostics(t, got)
			expectSame(t, "elapsed time with "+version, row.elapsed, time.Since(start))
			expectSame(t, "unclaimed tasks", providertest.Number(0), state["unclaimed_task_count"])
			expectSame(t, "running tasks", tftypes.NewValue(tftypes.Number, row.running), state["running_task_count"])
			expectRequests(t, server, row.requests...)
		})
	}
}
