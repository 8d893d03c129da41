package provider_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// identityImports imports a class and a token by these identities.
func identityImports(class, token string) string {
	return "import {\n  to       = " + classAddress + "\n  identity = {" + class + "}\n}\n" +
		"import {\n  to       = " + tokenAddress + "\n  identity = {" + token + "}\n}\n"
}

// identities edits the identities in the state file, by type of resource, and returns what was there.
func (w *workspace) identities(edit func(instance map[string]any)) map[string]any {
	w.t.Helper()
	var state map[string]any
	w.check(json.Unmarshal([]byte(read(w.t, filepath.Join(w.Dir, "terraform.tfstate"))), &state))
	all := map[string]any{}
	for _, r := range state["resources"].([]any) { //nolint:forcetypeassert // The format of the state.
		r := r.(map[string]any)                                //nolint:forcetypeassert // The format of the state.
		instance := r["instances"].([]any)[0].(map[string]any) //nolint:forcetypeassert // The format of the state.
		all[r["type"].(string)] = instance["identity"]         //nolint:forcetypeassert // The format of the state.
		edit(instance)
	}
	edited, err := json.Marshal(state)
	w.check(err)
	w.write("terraform.tfstate", string(edited))
	return all
}

// TestIdentity imports by identity. Nothing but a replacement changes an identity, and a refresh adds a missing one.
func TestIdentity(t *testing.T) {
	t.Parallel()
	requireVersion(t, "identity", "1.12", "1.12")
	server := newServer(t)
	// Case decides between two classes.
	server.SetResourceClasses(circlecitest.ResourceClass{ResourceClass: "acme/Linux"}, movedClass)
	server.SetTokens(movedToken)
	w := newWorkspace(t, providerBlock(server))
	imports := identityImports(`resource_class = "acme/linux"`, `resource_class = "acme/linux", id = "`+movedToken.ID+`"`)
	w.write("fleet.tf", classBlock("")+tokenBlock("")+imports)
	assertNoDiagnostics(t, w.apply())
	expectMutations(t, server)
	if got := w.attributes(classAddress)["id"]; got != movedClass.ID {
		t.Errorf("the class %v was imported", got)
	}
	want := map[string]any{
		"circleci_runner_resource_class": map[string]any{"resource_class": "acme/linux"},
		"circleci_runner_token":          map[string]any{"resource_class": "acme/linux", "id": movedToken.ID},
	}
	keep := func(map[string]any) {}
	expectSame(t, "identities", want, w.identities(keep))

	server.SetResourceClasses(movedClass)
	w.write("fleet.tf", strings.ReplaceAll(classBlock(""), "acme/linux", "acme/LINUX")+tokenBlock(""))
	assertNoDiagnostics(t, w.apply())
	expectSame(t, "identities", want, w.identities(keep))

	// State of an older version has none. A read adds it, and so does an update, which a token never has.
	w.write("fleet.tf", classBlock("  force_delete = true")+tokenBlock(""))
	drop := func(instance map[string]any) { delete(instance, "identity") }
	w.identities(drop)
	assertNoDiagnostics(t, w.report("apply", "-json", "-auto-approve", "-refresh=false"))
	const class = "circleci_runner_resource_class"
	expectSame(t, "identity of the class", want[class], w.identities(drop)[class])
	assertNoDiagnostics(t, w.apply())
	expectSame(t, "identities", want, w.identities(drop))
	expectMutations(t, server)

	w.write("fleet.tf", classBlock("  force_delete = true")+tokenBlock(`  nickname = "new"`))
	assertNoDiagnostics(t, w.apply())
	expectMutations(t, server, "DELETE /api/v3/runner/token/"+movedToken.ID, "POST /api/v3/runner/token")
	want["circleci_runner_token"] = map[string]any{"resource_class": "acme/linux", "id": w.attributes(tokenAddress)["id"]}
	expectSame(t, "identities", want, w.identities(drop))
	server.SetTokens()
	server.SetResourceClasses(circlecitest.ResourceClass{ResourceClass: "acme/macos"})
	w.expectChanges(map[string]string{classAddress: "create", tokenAddress: "create"})
}

func TestImportIdentityErrors(t *testing.T) {
	t.Parallel()
	requireVersion(t, "identity", "1.12", "1.12")
	server := newServer(t)
	w := newWorkspace(t, providerBlock(server)+classBlock("")+"resource \"circleci_runner_token\" \"linux\" {\n  resource_class = \"acme/linux\"\n}\n")
	w.write("imports.tf", identityImports(`resource_class = "acme/linux/`+movedToken.ID+`"`, `resource_class = "acme/linux", id = "ci"`))
	expectReport(t, w.plan(),
		diagnostic{
			Severity: "error", Summary: "Invalid import identity",
			Detail: `The resource_class "acme/linux/` + movedToken.ID + `" of the identity is not namespace/name, such as acme/linux.`,
		},
		diagnostic{
			Severity: "error", Summary: "Invalid import identity",
			Detail: `The identity has the resource_class "acme/linux" and the id "ci". They must be namespace/name, such as acme/linux, and ` +
				"the token's UUID.",
		})
	if got := len(server.Requests()); got != 0 {
		t.Errorf("%d requests were sent", got)
	}
}
