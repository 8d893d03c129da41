package provider_test

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestAccWaitForRunnersAction(t *testing.T) {
	t.Parallel()
	requireVersion(t, "actions", "1.14", "")
	server := newServer(t)
	runner := circlecitest.Runner{ResourceClass: "acme/linux", Name: "a", LastConnected: ago(3 * time.Hour)}
	server.SetRunners(runner)
	configuration := providerConfig(server) + read(t, "testdata/TestAccWaitForRunnersAction/main.tf")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: configuration, ExpectError: cliError("waiting for at least 1 runner connected within 2h; last observed: " +
				"0 connected, 1 listed, the last seen at " + runner.LastConnected + ".")},
			{
				PreConfig: func() {
					server.ResetRecords()
					runner.LastConnected = ago(time.Hour)
					server.SetRunners(runner)
				},
				Config: configuration, Check: checkRequests(t, server, "/api/v3/runner?resource-class=acme%2Flinux"),
			},
		},
	})
}
