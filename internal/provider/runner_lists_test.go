package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// TestRunnerLists reads what exists as data sources, and as the classes of a fleet.
func TestRunnerLists(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetResourceClasses(
		circlecitest.ResourceClass{ResourceClass: "acme/macos", ID: movedToken.ID}, movedClass, circlecitest.ResourceClass{ResourceClass: "other/linux"},
	)
	// Tokens are sorted by the times, not the strings, and those of one time by ID.
	tokens := []circlecitest.Token{
		movedToken,
		{ID: "33333333-3333-4333-8333-333333333333", ResourceClass: "acme/linux", Nickname: "b", CreatedAt: "2026-01-01T01:00:00+01:00"},
		{ID: "22222222-2222-4222-8222-222222222222", ResourceClass: "acme/linux", CreatedAt: "2026-01-01T00:00:00.500000Z"},
		{ID: "44444444-4444-4444-8444-444444444444", ResourceClass: "acme/linux", Nickname: "a", CreatedAt: "2026-01-01T00:00:00.5Z"},
	}
	server.SetTokens(tokens[3], tokens[2], tokens[1], tokens[0])
	var sorted []any
	for _, token := range tokens {
		sorted = append(sorted, map[string]any{"id": token.ID, "nickname": token.Nickname, "created_at": token.CreatedAt})
	}
	// Runners of a class that was deleted stay listed.
	server.SetRunners(circlecitest.Runner{ResourceClass: "acme/deleted", Name: "a", LastConnected: ago(time.Hour)})
	server.SetTasks("acme/linux", 3, 0)
	server.SetTasks("acme/macos", 4, 0)
	const configuration = `
data "circleci_runner_resource_classes" "test" {
  for_each  = toset(["Acme", "empty"])
  namespace = each.key
}
data "circleci_runner_tokens" "test" {
  for_each       = toset(["acme/Linux", "acme/macos"])
  resource_class = each.key
}
data "circleci_runner_fleet" "test" {
  for_each             = { acme = ["acme/Linux"], empty = [] }
  namespace            = each.key
  resource_classes     = each.value
  connected_within     = "10m"
  all_resource_classes = true
}
output "classes" {
  value = { for namespace, read in data.circleci_runner_resource_classes.test : namespace => read.resource_classes }
}
output "tokens" {
  value = { for class, read in data.circleci_runner_tokens.test : class => read.tokens }
}
output "fleets" {
  value = { for namespace, fleet in data.circleci_runner_fleet.test : namespace => {
    for class, pool in fleet.by_resource_class : class => [pool.runner_count, pool.connected_runner_count, pool.unclaimed_task_count]
  } }
}
`
	w := newWorkspace(t, providerBlock(server))
	w.write("fleet.tf", configuration)
	expectReport(t, w.apply(), diagnostic{
		Severity: "warning", Summary: "Empty fleet",
		Detail: "The API lists no runner and no resource class of namespace empty, so every count is 0. Check the name of the namespace.",
	})
	expectSame(t, "outputs", map[string]any{
		"classes": map[string]any{
			"Acme": []any{
				map[string]any{"id": movedClass.ID, "resource_class": "acme/linux", "description": "Linux"},
				map[string]any{"id": movedToken.ID, "resource_class": "acme/macos", "description": ""},
			},
			"empty": []any{},
		},
		"tokens": map[string]any{
			"acme/Linux": sorted,
			"acme/macos": []any{},
		},
		"fleets": map[string]any{
			"acme":  map[string]any{"acme/Linux": []any{0.0, 0.0, 3.0}, "acme/deleted": []any{1.0, 0.0, 0.0}, "acme/macos": []any{0.0, 0.0, 4.0}},
			"empty": map[string]any{},
		},
	}, w.outputs())
	const api = "/api/v3/runner"
	expectRequests(t, server,
		api+"/resource?namespace=Acme", api+"/resource?namespace=empty",
		api+"/token?resource-class=acme%2FLinux", api+"/token?resource-class=acme%2Fmacos",
		// Those of the fleets.
		api+"/resource?namespace=acme", api+"/resource?namespace=empty",
		api+"?namespace=acme", api+"?namespace=empty", api+"/tasks?resource-class=acme%2FLinux",
		api+"/tasks?resource-class=acme%2Fdeleted", api+"/tasks?resource-class=acme%2Fmacos",
		api+"/tasks/running?resource-class=acme%2FLinux", api+"/tasks/running?resource-class=acme%2Fdeleted",
		api+"/tasks/running?resource-class=acme%2Fmacos",
	)

	w.write("fleet.tf", strings.NewReplacer(`acme = ["acme/Linux"]`, `acme = ["acme/windows"]`, ", empty = []", "").Replace(configuration))
	assertDiagnostic(t, w.plan(), wantDiagnostic{
		summary: "Resource class not found",
		detail:  `The API does not list the resource class "acme/windows" in namespace acme.`,
	})
}
