package provider_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

const tokenAddress = "circleci_runner_token.linux"

// tokenBlock is a token of the class of classBlock, with further attributes.
func tokenBlock(attributes string) string {
	return "resource \"circleci_runner_token\" \"linux\" {\n" +
		"  resource_class = circleci_runner_resource_class.linux.resource_class\n" + attributes + "\n}\n"
}

// TestAccRunnerTokenResource takes a class and its token from nothing to destroy.
func TestAccRunnerTokenResource(t *testing.T) {
	t.Parallel()
	const classPath, tokenPath = "/api/v3/runner/resource", "/api/v3/runner/token"
	server := newServer(t)
	config := func(classAttributes, nickname string) string {
		return providerConfig(server) + classBlock(classAttributes) + tokenBlock(`  nickname = "`+nickname+`"`)
	}
	id, classID := "", ""
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{ // The class stays in state, although its token cannot be created.
				PreConfig:   func() { server.SetLimits(650, 0) },
				Config:      config("", "ci"),
				ExpectError: regexp.MustCompile(`Error creating token of resource class acme/linux`),
			},
			{
				PreConfig: func() {
					expectMutations(t, server, "POST "+classPath, "POST "+tokenPath)
					server.SetLimits(650, 1)
				},
				Config:           config("", "ci"),
				ConfigPlanChecks: expectAction(classAddress, plancheck.ResourceActionNoop),
				ConfigStateChecks: []statecheck.StateCheck{expectAttributes(tokenAddress, func() map[string]any {
					token := server.Tokens()[0]
					id = token.ID
					return map[string]any{
						"id": id, "resource_class": "acme/linux", "nickname": "ci", "created_at": token.CreatedAt, "token": token.Secret,
					}
				})},
				PostApplyFunc: func() { expectMutations(t, server, "POST "+tokenPath) },
			},
			{ // The secret is gone after an import, which is no reason to replace the token.
				ResourceName: tokenAddress, ImportState: true, ImportStateKind: resource.ImportBlockWithID,
				ImportStateIdFunc: func(*terraform.State) (string, error) { return "acme/linux/" + id, nil },
			},
			{
				Config:           config("  force_delete = true", "new"),
				ConfigPlanChecks: expectAction(tokenAddress, plancheck.ResourceActionDestroyBeforeCreate),
				PostApplyFunc:    func() { expectMutations(t, server, "DELETE "+tokenPath+"/"+id, "POST "+tokenPath) },
			},
			{ // The token is deleted with its class, which only the next plan shows.
				PreConfig: server.OmitFleetAPI, // Another description replaces the class.
				Config:    config("  description = \"Linux\"", "new"),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             expectAction(tokenAddress, plancheck.ResourceActionNoop).PreApply,
					PostApplyPostRefresh: expectAction(tokenAddress, plancheck.ResourceActionCreate).PreApply,
				},
				ExpectNonEmptyPlan: true,
			},
			{
				PreConfig: server.ResetRecords,
				Config:    config("  description = \"Linux\"", "new"),
				PostApplyFunc: func() {
					expectMutations(t, server, "POST "+tokenPath)
					id, classID = server.Tokens()[0].ID, server.ResourceClasses()[0].ID
				},
			},
		},
		CheckDestroy: func(*terraform.State) error { // The token refers to its class, and is deleted before it.
			expectMutations(t, server, "DELETE "+tokenPath+"/"+id, "DELETE "+classPath+"/"+classID)
			return nil
		},
	})
}

// TestRefresh deletes what the state holds outside of Terraform, and has listings that fail: only a listing that
// succeeds removes anything from state.
func TestRefresh(t *testing.T) {
	t.Parallel()
	const (
		kept, gone = "", "gone"
		credential = "and that the credential has access to it."
		forbidden  = "is not allowed to read this"
		stateRm    = "remove them from state with the command state rm"
	)
	type (
		classes = []circlecitest.ResourceClass
		tokens  = []circlecitest.Token
		fail    = map[string]int
	)
	namesake := circlecitest.ResourceClass{ResourceClass: "acme/linux"}
	other := circlecitest.ResourceClass{ResourceClass: "acme/macos"}
	for name, row := range map[string]struct {
		classes classes
		tokens  tokens
		// fail is the status of a listing, by the end of its path.
		fail fail
		// class and token are kept or gone, or the detail of an error about each, which keeps it in state, too.
		class, token string
	}{
		"nothing":     {classes: classes{movedClass}, tokens: tokens{movedToken}},
		"token":       {classes: classes{movedClass}, tokens: tokens{{ResourceClass: "acme/linux"}}, token: gone},
		"class":       {classes: classes{namesake}, tokens: tokens{movedToken}, class: gone},
		"both":        {classes: classes{other}, class: gone, token: gone},
		"last class":  {class: gone, token: gone},
		"tokens 404":  {classes: classes{movedClass, other}, fail: fail{"/token": 404}, token: stateRm},
		"tokens 403":  {classes: classes{other}, fail: fail{"/token": 403}, class: gone, token: forbidden},
		"both 404":    {fail: fail{"/token": 404, "/resource": 404}, class: credential, token: stateRm},
		"404 and 403": {fail: fail{"/token": 404, "/resource": 403}, class: forbidden, token: stateRm},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.SetResourceClasses(row.classes...)
			server.SetTokens(row.tokens...)
			server.Intercept(func(r *http.Request) http.Handler {
				if status := row.fail[r.URL.Path[strings.LastIndex(r.URL.Path, "/"):]]; status != 0 {
					return circlecitest.Error(status, "no")
				}
				return nil
			})
			p := newProvider(t, server, nil)
			refresh := func(resource string, prior providertest.Attributes, summary, want string) {
				state, diagnostics, err := p.ReadResource(t.Context(), resource, prior)
				if err != nil || (state == nil) != (want == gone) {
					t.Errorf("%s: got error %v and the state %v", resource, err, state)
				}
				if got := protocolDiagnostics(diagnostics); want == kept || want == gone {
					assertNoDiagnostics(t, got)
				} else {
					assertDiagnostic(t, got, wantDiagnostic{summary: summary, detail: want})
				}
			}
			refresh("circleci_runner_resource_class", classState, "Error reading resource classes of namespace acme", row.class)
			refresh("circleci_runner_token", tokenState, "Error reading tokens of resource class acme/linux", row.token)
		})
	}
}
