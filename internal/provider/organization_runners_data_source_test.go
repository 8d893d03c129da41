package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestAccOrganizationRunnersDataSource(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	runners := slices.Clone(fleet)
	for i := range 2 { // The last is of no organization.
		runners[i].OrganizationID, runners[i].Status = organization, "busy"
	}
	server.SetRunners(runners...)
	inUpperCase := strings.ToUpper(organization)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config: providerConfig(server) + fmt.Sprintf(`
data "circleci_organization_runners" "test" {
  organization_id = %q
}
`, inUpperCase),
			Check: checkRequests(t, server, "/api/v3/runner?org-id="+inUpperCase),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("data.circleci_organization_runners.test", tfjsonpath.New("runners"),
					exactly{[]circlecitest.Runner{runners[1], runners[0]}}),
			},
		}},
	})
}
