package provider_test

import (
	"net/http"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

func TestAccRunnerResourceClassesDataSource(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	macos := circlecitest.ResourceClass{ResourceClass: "acme/macos", ID: movedToken.ID}
	other := circlecitest.ResourceClass{ResourceClass: "other/linux", ID: organization, OrganizationID: organization}
	macos.OrganizationID = organization
	server.SetResourceClasses(other, macos, movedClass)
	const address, list = "data.circleci_runner_resource_classes.", "/api/v3/runner/resource?"
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

data "circleci_runner_resource_classes" "organization" {
  organization_id = "` + organization + `"
}
`,
			Check: checkRequests(t, server, list+"namespace=Acme", list+"namespace=empty", list+"org-id="+organization),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(address+"acme", at, exactly{[]circlecitest.ResourceClass{movedClass, macos}}),
				statecheck.ExpectKnownValue(address+"empty", at, knownvalue.ListExact(nil)),
				statecheck.ExpectKnownValue(address+"organization", at, exactly{[]circlecitest.ResourceClass{macos, other}}),
			},
		}},
	})
}

var organizationClasses = failedRead{
	"circleci_runner_resource_classes", "organization_id",
	"Error reading resource classes of organization " + organization,
	providertest.Attributes{"organization_id": providertest.String(organization)},
}

// TestOrganizationClassesErrors has what is about the organization. TestErrors has the other errors.
func TestOrganizationClassesErrors(t *testing.T) {
	t.Parallel()
	const path = "/runner/resource?org-id=" + organization
	for name, row := range map[string]struct {
		version  string
		response http.Handler
		at       string
		detail   string
		requests []string
	}{
		"not found": {
			version: "auto", response: circlecitest.Error(404, "no"), at: "organization_id",
			detail:   "Check that organization_id is correct, and that the credential has access to it.",
			requests: []string{"/api/v3" + path, "/api/v2" + path},
		},
		"rejected": {
			version: "v2", response: circlecitest.Raw(400, "text/plain", ""), at: "organization_id",
			detail: "check organization_id and api_version.", requests: []string{"/api/v2" + path},
		},
		"not allowed": {
			version: "v2", response: circlecitest.Error(403, "no"),
			detail: "its owner must be a member of the organization.", requests: []string{"/api/v2" + path},
		},
		"version that is not served": { // Unlike for runners, either would do.
			version: "v3", response: circlecitest.Error(410, "no"),
			detail:   `The installation does not serve API v3: set api_version to "auto"`,
			requests: []string{"/api/v3" + path},
		},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.SetHandler(row.response)
			p := newProvider(t, server, providertest.Attributes{"api_version": providertest.String(row.version)})
			_, got := p.read(t.Context(), organizationClasses.dataSource, organizationClasses.attributes)
			assertDiagnostic(t, got, wantDiagnostic{at: row.at, summary: organizationClasses.summary, detail: row.detail})
			expectRequests(t, server, row.requests...)
		})
	}
}
