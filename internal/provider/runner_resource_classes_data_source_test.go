package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestAccRunnerResourceClassesDataSource(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	macos := circlecitest.ResourceClass{ResourceClass: "acme/macos", ID: movedToken.ID}
	server.SetResourceClasses(macos, movedClass, circlecitest.ResourceClass{ResourceClass: "other/linux"})
	const address, list = "data.circleci_runner_resource_classes.", "/api/v3/runner/resource?namespace="
	at := tfjsonpath.New("resource_classes")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config: providerConfig(server) + `
data "circleci_runner_resource_classes" "acme" {
  namespace = "Acme"
}

data "circleci_runner_resource_classes" "empty" {
  namespace = "empty"
}
`,
			Check: checkRequests(t, server, list+"Acme", list+"empty"),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(address+"acme", at, exactly{[]circlecitest.ResourceClass{movedClass, macos}}),
				statecheck.ExpectKnownValue(address+"empty", at, knownvalue.ListExact(nil)),
			},
		}},
	})
}
