package provider_test

import (
	"net/http"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestAccRunnerResourceClassDataSource has two classes of a namespace, which are listed once.
func TestAccRunnerResourceClassDataSource(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	macos := circlecitest.ResourceClass{ResourceClass: "acme/macos", ID: movedToken.ID}
	server.SetResourceClasses(macos, movedClass)
	const address = "data.circleci_runner_resource_class."
	attributes := func(id, class, description string) func() map[string]any {
		return func() map[string]any {
			return map[string]any{"id": id, "resource_class": class, "description": description}
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config: providerConfig(server) + `
data "circleci_runner_resource_class" "linux" {
  resource_class = "acme/LINUX"
}

data "circleci_runner_resource_class" "macos" {
  resource_class = "acme/macos"
}
`,
			Check: checkRequests(t, server, "/api/v3/runner/resource?namespace=acme"),
			ConfigStateChecks: []statecheck.StateCheck{
				expectAttributes(address+"linux", attributes(movedClass.ID, "acme/LINUX", "Linux")),
				expectAttributes(address+"macos", attributes(macos.ID, "acme/macos", "")),
			},
		}},
	})
}

// TestResourceClassNotFound has classes that are not listed, or not uniquely. TestMistypedResourceClass has every
// advice.
func TestResourceClassNotFound(t *testing.T) {
	t.Parallel()
	const notFound, list = "Resource class not found", "/api/v3/runner/resource?namespace=acme"
	for name, row := range map[string]struct {
		listings        []http.Handler
		id              string // It is what is read in the place of an error.
		summary, detail string
		requests        int
	}{
		"typo": {
			listings: []http.Handler{listing("acme/arm", "acme/linux2"), listing("acme/arm", "acme/linux1")}, summary: notFound,
			detail: "Namespace acme has no resource class acme/linux; the nearest name is acme/linux1.", requests: 2,
		},
		"created after the listing": {listings: []http.Handler{listing(), listing("acme/linux")}, id: "0", requests: 2},
		"not found after the listing": {
			listings: []http.Handler{listing(), circlecitest.Error(404, "no")}, requests: 2,
			summary: "Error reading resource classes of namespace acme",
			detail: `404 Not Found: "no".` + "\n\nCheck that resource_class is correct, and that the credential has access " +
				"to it.",
		},
		"two of the name": {
			listings: []http.Handler{listing("acme/LINUX", "acme/Linux")}, summary: "Several resource classes", requests: 1,
			detail: "The API lists 2 resource classes of the name acme/linux, which differ in case. Write the name exactly as " +
				"one of them, such as acme/LINUX.",
		},
		"two of the name, in this case": {
			listings: []http.Handler{listing("acme/LINUX", "acme/linux")}, id: "1", requests: 1,
		},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.Enqueue(row.listings...)
			p := newProvider(t, server, providertest.Attributes{"api_version": providertest.String("v3")})
			state, got := p.read(t.Context(), "circleci_runner_resource_class", linuxClass)
			if row.id != "" {
				assertNoDiagnostics(t, got)
				id := providertest.String("00000000-0000-0000-0000-00000000000" + row.id)
				expectSame(t, "ID", true, state["id"].Equal(id))
			} else {
				assertDiagnostic(t, got, wantDiagnostic{at: "resource_class", summary: row.summary, detail: row.detail})
			}
			expectRequests(t, server, []string{list, list}[:row.requests]...)
		})
	}
}
