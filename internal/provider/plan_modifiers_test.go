package provider_test

import (
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// plan plans to change a resource, and returns its planned state, whether it is replaced, and the diagnostics.
func (p testProvider) plan(
	resource string, state, config providertest.Attributes,
) (planned providertest.Attributes, isReplaced bool, diagnostics []diagnostic) {
	p.t.Helper()
	planned, response, err := p.PlanUpdate(p.t.Context(), resource, state, config)
	if err != nil {
		p.t.Fatal(err)
	}
	return planned, len(response.RequiresReplace) > 0, protocolDiagnostics(response.Diagnostics)
}

// TestCaseOfClass has two classes whose names differ in case, each with a token: the ID decides between them. A read
// stores the spelling of the API, and a configuration that differs from it in case plans no change.
func TestCaseOfClass(t *testing.T) {
	t.Parallel()
	upperClass := circlecitest.ResourceClass{ID: "7101f2a4-1617-4ef9-8fd4-f72de73896bd", ResourceClass: "acme/Linux"}
	upperToken := circlecitest.Token{ID: "11111111-2222-4333-8444-555555555555", ResourceClass: "acme/Linux"}
	server := newServer(t)
	server.SetResourceClasses(upperClass, movedClass)
	server.SetTokens(upperToken, movedToken)
	p := newProvider(t, server, nil)
	const class, token = "circleci_runner_resource_class", "circleci_runner_token"
	for _, row := range []struct{ resource, id, want string }{
		{class, movedClass.ID, "acme/linux"}, {class, upperClass.ID, "acme/Linux"},
		{token, movedToken.ID, "acme/linux"}, {token, upperToken.ID, "acme/Linux"},
	} {
		for _, configured := range []string{"acme/linux", "acme/Linux", "Acme/LINUX"} {
			config := providertest.Attributes{"resource_class": providertest.String(configured)}
			state, got, err := p.ReadResource(t.Context(), row.resource, providertest.Attributes{
				"id": providertest.String(row.id), "resource_class": config["resource_class"],
			})
			if err != nil || len(got) != 0 || state == nil {
				t.Fatalf("got error %v, diagnostics %v and the state %v", err, got, state)
			}
			expectSame(t, "class in state", providertest.String(row.want), state["resource_class"])
			planned, isReplaced, diagnostics := p.plan(row.resource, state, config)
			assertNoDiagnostics(t, diagnostics)
			expectSame(t, "planned state", state, planned)
			if isReplaced {
				t.Errorf("%s of %s is replaced by %s", row.resource, row.want, configured)
			}
		}
	}
}
