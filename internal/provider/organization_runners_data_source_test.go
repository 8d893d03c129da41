package provider_test

import (
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

const organizationBlock = `
data "circleci_organization_runners" "test" {
  organization_id = "B9291e0d-a11e-41fb-8517-c545388b5953"
}
output "runners" {
  value = data.circleci_organization_runners.test.runners
}
`

func TestOrganizationRunners(t *testing.T) {
	t.Parallel()
	const organization = "b9291e0d-a11e-41fb-8517-c545388b5953"
	server := newServer(t)
	server.SetRunners(
		circlecitest.Runner{ResourceClass: "b/x", Name: "2", LastConnected: "x", IP: "192.0.2.1", Status: "busy", OrganizationID: organization},
		circlecitest.Runner{ResourceClass: "a/x", Name: "1", LastConnected: "x", OrganizationID: organization},
		circlecitest.Runner{ResourceClass: "c/x", Name: "3", LastConnected: "x", OrganizationID: "another"},
	)
	runner := func(class, name string, ip, status any) map[string]any {
		return map[string]any{
			"resource_class": class, "name": name, "hostname": "", "version": "", "first_connected": nil, "last_connected": "x",
			"last_used": nil, "ip": ip, "status": status,
		}
	}
	expectOutputs(t, newWorkspace(t, v3Block(server)+organizationBlock), map[string]any{
		"runners": []any{runner("a/x", "1", nil, nil), runner("b/x", "2", "192.0.2.1", "busy")},
	})
	expectRequests(t, server, "/api/v3/runner?org-id=B9291e0d-a11e-41fb-8517-c545388b5953")
}

// TestV3Required reads with API v2 what only API v3 has.
func TestV3Required(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ block, detail string }{
		"runners of an organization": {
			block:  organizationBlock,
			detail: "API v2 does not list the runners of an organization. Set api_version to v3 in the provider, or use circleci_runners.",
		},
		"limit of running tasks": {
			block:  dataBlock("circleci_runner_tasks", "resource_class = \"acme/linux\"\n  wait_for = {\n    max_running = 0\n  }"),
			detail: "API v2 does not report how many tasks are running. Set api_version to v3 in the provider, or use max_unclaimed.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			assertDiagnostic(t, newWorkspace(t, providerBlock(server)+row.block).plan(), wantDiagnostic{summary: "API v3 required", detail: row.detail})
			expectRequests(t, server)
		})
	}
}
