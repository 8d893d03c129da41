package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

func TestAccWaitForQueueAction(t *testing.T) {
	t.Parallel()
	requireVersion(t, "actions", "1.14", "")
	server := newServer(t)
	server.SetTasks("acme/linux", 3, 2)
	configuration := providerConfig(server) + read(t, "testdata/TestAccWaitForQueueAction/main.tf")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: configuration, ExpectError: cliError("waiting for at most 1 unclaimed and at most 2 running tasks; last " +
				"observed: 3 unclaimed and 2 running tasks.")},
			{
				PreConfig: func() {
					server.ResetRecords()
					server.SetTasks("acme/linux", 1, 2)
				},
				Config: configuration, Check: checkRequests(t, server, linuxTasksURL, linuxRunningURL),
			},
		},
	})
}

// TestWaitForQueueActionPlan has a limit that is known to be impossible when the action is planned.
func TestWaitForQueueActionPlan(t *testing.T) {
	t.Parallel()
	p := newProvider(t, newServer(t), parseAttributes("api_version=v2"))
	got, err := p.Plan(t.Context(), "circleci_wait_for_queue", parseAttributes("resource_class=acme/linux max_running=0"))
	if err != nil {
		t.Fatal(err)
	}
	assertDiagnostic(t, protocolDiagnostics(got), wantDiagnostic{at: "max_running", summary: "API v3 required"})
}
