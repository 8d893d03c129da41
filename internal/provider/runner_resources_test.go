package provider_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

const (
	classAddress = "circleci_runner_resource_class.linux"
	tokenAddress = "circleci_runner_token.linux"
)

// classBlock is a resource class with further attributes.
func classBlock(attributes string) string {
	return "resource \"circleci_runner_resource_class\" \"linux\" {\n  resource_class = \"acme/linux\"\n" + attributes + "\n}\n"
}

// tokenBlock is a token of that class, with further attributes.
func tokenBlock(attributes string) string {
	return "resource \"circleci_runner_token\" \"linux\" {\n  resource_class = circleci_runner_resource_class.linux.resource_class\n" + attributes + "\n}\n"
}

// expectChanges plans, and asserts the actions for each resource that changes, joined by a slash.
func (w *workspace) expectChanges(want map[string]string) {
	w.t.Helper()
	assertNoDiagnostics(w.t, w.report("plan", "-json", "-out=plan.bin"))
	got := map[string]string{}
	for _, r := range w.show("plan.bin").Changes {
		if actions := strings.Join(r.Change.Actions, "/"); r.Mode == "managed" && actions != "no-op" {
			got[r.Address] = actions
		}
	}
	expectSame(w.t, "planned changes", want, got, cmpopts.EquateEmpty())
}

// attributes returns what the state holds of a resource, nil when it holds none.
func (w *workspace) attributes(address string) map[string]any {
	w.t.Helper()
	for _, r := range w.show().Values.RootModule.Resources {
		if r.Address == address {
			return r.Values
		}
	}
	return nil
}

func (w *workspace) expectAttributes(address string, want map[string]any) {
	w.t.Helper()
	expectSame(w.t, "attributes of "+address, want, w.attributes(address))
}

// expectMutations asserts the requests since the last call that were not a GET, as METHOD path.
func expectMutations(t *testing.T, server *circlecitest.Server, want ...string) {
	t.Helper()
	expectSame(t, "requests that change something", want, mutations(server), cmpopts.EquateEmpty())
}

// mutations returns the requests since the last call that were not a GET, as METHOD path.
func mutations(server *circlecitest.Server) (all []string) {
	for _, request := range server.Requests() {
		if request.Method != http.MethodGet {
			all = append(all, request.Method+" "+request.Path)
		}
	}
	server.ResetRecords()
	return all
}

// succeed runs a command that must not fail.
func (w *workspace) succeed(arguments ...string) string {
	w.t.Helper()
	stdout, stderr, ok := w.runBoth(arguments...)
	if !ok {
		w.t.Fatalf("%q fails:\n%s%s", arguments, stdout, stderr)
	}
	return stdout + stderr
}

// TestRunnerResources takes a class and its token from nothing to destroy, with either version of the API.
func TestRunnerResources(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"v2", "v3"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			w := newWorkspace(t, versionBlock(server, version))
			w.write("fleet.tf", classBlock("")+tokenBlock(`  nickname = "ci"`))
			resource, token := "/api/"+version+"/runner/resource", "/api/"+version+"/runner/token"

			assertNoDiagnostics(t, w.apply())
			expectMutations(t, server, "POST "+resource, "POST "+token)
			class, created := server.ResourceClasses()[0], server.Tokens()[0]
			wantClass := map[string]any{"id": class.ID, "resource_class": "acme/linux", "description": "", "force_delete": nil}
			wantToken := map[string]any{
				"id": created.ID, "resource_class": "acme/linux", "nickname": "ci", "created_at": created.CreatedAt, "token": created.Secret,
			}
			w.expectAttributes(classAddress, wantClass)
			w.expectAttributes(tokenAddress, wantToken)
			w.expectChanges(nil)

			// The secret is gone after an import, which is no reason to replace the token.
			wantToken["token"] = nil
			for name, ids := range map[string][2]string{
				"the class by name": {"acme/linux", "acme/linux/" + created.ID},
				"both with a comma": {"acme/linux," + class.ID, "acme/linux," + created.ID},
				"both with a slash": {"acme/linux/" + class.ID, "acme/linux/" + created.ID},
				"in upper case":     {"acme/linux/" + strings.ToUpper(class.ID), "acme/linux/" + strings.ToUpper(created.ID)},
			} {
				w.succeed("state", "rm", classAddress, tokenAddress)
				w.succeed("import", classAddress, ids[0])
				w.succeed("import", tokenAddress, ids[1])
				w.expectAttributes(classAddress, wantClass)
				w.expectAttributes(tokenAddress, wantToken)
				w.expectChanges(nil)
				if t.Failed() {
					t.Fatal(name)
				}
			}

			// Case alone is no change, and is never sent. Nor is force_delete anything that the API has to be told.
			inUpperCase := func(attributes string) string {
				return strings.ReplaceAll(classBlock(attributes)+tokenBlock(`  nickname = "ci"`), "acme/linux", "Acme/Linux")
			}
			w.write("fleet.tf", inUpperCase(""))
			w.expectChanges(nil)
			w.write("fleet.tf", inUpperCase("  force_delete = true"))
			w.expectChanges(map[string]string{classAddress: "update"})
			assertNoDiagnostics(t, w.apply())
			wantClass["force_delete"] = true
			w.expectAttributes(classAddress, wantClass)
			w.expectAttributes(tokenAddress, wantToken)
			w.expectChanges(nil)
			for _, request := range server.Requests() {
				if url := requestURL(request); strings.Contains(url, "Linux") || strings.Contains(url, "Acme") {
					t.Errorf("the spelling of the configuration was sent: %s", url)
				}
			}
			expectMutations(t, server)

			w.write("fleet.tf", classBlock("")+tokenBlock(`  nickname = "ci-2"`))
			w.expectChanges(map[string]string{classAddress: "update", tokenAddress: "delete/create"})
			assertNoDiagnostics(t, w.apply())
			expectMutations(t, server, "DELETE "+token+"/"+created.ID, "POST "+token)

			w.write("fleet.tf", classBlock(`  description = "Linux"`)+tokenBlock(`  nickname = "ci-2"`))
			w.expectChanges(map[string]string{classAddress: "delete/create"})
			server.SetTokens()
			w.expectChanges(map[string]string{classAddress: "delete/create", tokenAddress: "create"})
			assertNoDiagnostics(t, w.apply())
			expectMutations(t, server, "DELETE "+resource+"/"+class.ID, "POST "+resource, "POST "+token)
			class, created = server.ResourceClasses()[0], server.Tokens()[0]
			w.expectAttributes(classAddress, map[string]any{"id": class.ID, "resource_class": "acme/linux", "description": "Linux", "force_delete": nil})

			// What was unset takes what exists.
			w.write("fleet.tf", classBlock("")+tokenBlock(""))
			w.expectChanges(nil)

			assertNoDiagnostics(t, w.report("destroy", "-json", "-auto-approve"))
			expectMutations(t, server, "DELETE "+token+"/"+created.ID, "DELETE "+resource+"/"+class.ID)
		})
	}
}

// TestRunnerResourcesDrift deletes what the state holds outside of Terraform, and has listings that fail: only a listing that
// succeeds removes anything from state.
func TestRunnerResourcesDrift(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	w := newWorkspace(t, providerBlock(server))
	w.write("fleet.tf", classBlock("")+tokenBlock(""))
	assertNoDiagnostics(t, w.apply())
	// Without a reference to the class, the token is read although reading the class fails.
	w.write("fleet.tf", classBlock("")+strings.ReplaceAll(tokenBlock(""), "circleci_runner_resource_class.linux.resource_class", `"acme/linux"`))
	class, token := server.ResourceClasses()[0], server.Tokens()[0]
	other := circlecitest.ResourceClass{ResourceClass: "acme/macos"}
	const (
		classesError = "Error reading resource classes of namespace acme"
		tokensError  = "Error reading tokens of resource class acme/linux"
		stateRm      = "remove them from state with the command state rm"
	)
	for name, row := range map[string]struct {
		classes []circlecitest.ResourceClass
		tokens  []circlecitest.Token
		// fail is the status of a listing, by the end of its path.
		fail map[string]int
		// want is how the plan changes the resources, failures its errors: their summaries, and a part of their details.
		want     map[string]string
		failures map[string]string
	}{
		"token": {classes: []circlecitest.ResourceClass{class}, want: map[string]string{tokenAddress: "create"}},
		"class that another of its name replaced": {
			classes: []circlecitest.ResourceClass{{ResourceClass: class.ResourceClass}}, tokens: []circlecitest.Token{token},
			want: map[string]string{classAddress: "create"},
		},
		"class and its token": {
			classes: []circlecitest.ResourceClass{other}, want: map[string]string{classAddress: "create", tokenAddress: "create"},
		},
		"the namespace's last class": {want: map[string]string{classAddress: "create", tokenAddress: "create"}},
		"token's listing 404": {
			classes: []circlecitest.ResourceClass{class, other}, fail: map[string]int{"/token": 404},
			failures: map[string]string{tokensError: stateRm},
		},
		"token's listing 403": {
			classes: []circlecitest.ResourceClass{other}, fail: map[string]int{"/token": 403},
			failures: map[string]string{tokensError: "is not allowed to read this"},
		},
		"both listings 404": {
			fail:     map[string]int{"/token": 404, "/resource": 404},
			failures: map[string]string{classesError: "Check that namespace is correct, and that the credential has access to it.", tokensError: stateRm},
		},
		"class's listing 403": {
			fail:     map[string]int{"/token": 404, "/resource": 403},
			failures: map[string]string{classesError: "is not allowed to read this", tokensError: stateRm},
		},
	} {
		server.SetResourceClasses(row.classes...)
		server.SetTokens(row.tokens...)
		server.Intercept(func(r *http.Request) http.Handler {
			if status := row.fail[r.URL.Path[strings.LastIndex(r.URL.Path, "/"):]]; status != 0 {
				return circlecitest.Error(status, "no")
			}
			return nil
		})
		if row.failures == nil {
			w.expectChanges(row.want)
			continue
		}
		diagnostics := w.plan()
		if len(diagnostics) != len(row.failures) {
			t.Errorf("%s: got %d diagnostics: %s", name, len(diagnostics), formatDiagnostics(diagnostics))
		}
		for _, d := range diagnostics {
			if detail, found := row.failures[d.Summary]; !found || !strings.Contains(d.Detail, detail) {
				t.Errorf("%s: got %s", name, formatDiagnostics([]diagnostic{d}))
			}
		}
	}
	expectSame(t, "resources in state", []string{classAddress, tokenAddress}, w.state())

	server.Intercept(nil)
	server.SetResourceClasses(class)
	w.write("fleet.tf", classBlock("")+tokenBlock("")) // With the reference again, the token is deleted before the class.
	assertNoDiagnostics(t, w.report("destroy", "-json", "-auto-approve"))
	expectSame(t, "classes", nil, server.ResourceClasses(), cmpopts.EquateEmpty())
}

// TestDeleteClassWithTokens has a token outside of Terraform.
func TestDeleteClassWithTokens(t *testing.T) {
	t.Parallel()
	const id = "9e12ad09-527d-482c-b7ce-1a2fd20d1b9b"
	server := newServer(t)
	w := newWorkspace(t, providerBlock(server))
	w.write("fleet.tf", classBlock(""))
	assertNoDiagnostics(t, w.apply())
	class := server.ResourceClasses()[0].ID
	server.SetTokens(circlecitest.Token{ID: id, ResourceClass: "acme/linux", Nickname: "by hand"})
	assertDiagnostic(t, w.report("destroy", "-json", "-auto-approve"), wantDiagnostic{
		summary: "Error deleting resource class acme/linux",
		detail:  "The resource class has these tokens, by nickname and ID:\n  - \"by hand\" (" + id + ")\n\nDelete them, ... `circleci runner token delete ID` ... apply -target=circleci_runner_resource_class.NAME ... replace_triggered_by = [circleci_runner_resource_class.NAME.id]",
	})
	// Tokens that are gone by the time they are listed: those of a configuration without a reference to the class.
	server.SetTokens()
	server.Intercept(func(r *http.Request) http.Handler {
		if r.Method == http.MethodDelete {
			return circlecitest.Error(http.StatusConflict, "resource class still has tokens")
		}
		return nil
	})
	assertDiagnostic(t, w.report("destroy", "-json", "-auto-approve"), wantDiagnostic{
		summary: "Error deleting resource class acme/linux",
		detail:  "Its tokens have been deleted since: destroy again. ... resource_class = circleci_runner_resource_class.NAME.resource_class",
	})
	server.Intercept(nil)
	server.SetTokens(circlecitest.Token{ID: id, ResourceClass: "acme/linux", Nickname: "by hand"})
	w.write("fleet.tf", classBlock("  force_delete = true"))
	assertNoDiagnostics(t, w.apply())
	mutations(server)
	assertNoDiagnostics(t, w.report("destroy", "-json", "-auto-approve"))
	expectMutations(t, server, "DELETE /api/v3/runner/resource/"+class+"/force")
}

// TestDestroyNotFound destroys what is not found, while it is listed and when it is gone.
func TestDestroyNotFound(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	w := newWorkspace(t, providerBlock(server)+classBlock("")+tokenBlock(""))
	assertNoDiagnostics(t, w.apply())
	server.Intercept(func(r *http.Request) http.Handler {
		if r.Method == http.MethodDelete {
			return circlecitest.Error(http.StatusNotFound, "no")
		}
		return nil
	})
	destroy := []string{"destroy", "-json", "-auto-approve", "-refresh=false"}
	assertDiagnostic(t, w.report(destroy...), wantDiagnostic{
		summary: "Error deleting token " + server.Tokens()[0].ID + " of resource class acme/linux",
		detail:  "404 Not Found ... a credential that may not delete it",
	})
	expectSame(t, "resources in state", []string{classAddress, tokenAddress}, w.state())
	server.SetTokens()
	assertDiagnostic(t, w.report(destroy...), wantDiagnostic{
		summary: "Error deleting resource class acme/linux", detail: "404 Not Found ... a credential that may not delete it",
	})
	expectSame(t, "resources in state", []string{classAddress}, w.state())
	server.SetResourceClasses()
	assertNoDiagnostics(t, w.report(destroy...))
}

// TestInterruptedCreate sends Ctrl-C before the request to create something.
func TestInterruptedCreate(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	w := newWorkspace(t, providerBlock(server)+classBlock(""))
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	server.Intercept(func(*http.Request) http.Handler {
		interrupt()
		return circlecitest.Hang()
	})
	stdout, stderr, err := w.Output(ctx, "apply", "-auto-approve", "-no-color")
	if !errors.Is(err, cli.ErrInterrupted) {
		t.Errorf("got the error %v", err)
	}
	expectLines(t, stdout+stderr, "Nothing was created: it was canceled before the API had accepted the request.")
	expectMutations(t, server)
}

// TestRefreshRequests refreshes as many classes and tokens as were seen in one installation.
func TestRefreshRequests(t *testing.T) {
	t.Parallel()
	const classes, tokens = 112, 133
	server := newServer(t)
	w := newWorkspace(t, providerBlock(server)+fmt.Sprintf(`
resource "circleci_runner_resource_class" "test" {
  count          = %d
  resource_class = "acme/class-${count.index}"
}
resource "circleci_runner_token" "test" {
  count          = %d
  resource_class = circleci_runner_resource_class.test[count.index %% %d].resource_class
}
`, classes, tokens, classes))
	assertNoDiagnostics(t, w.apply())
	server.ResetRecords()
	w.expectChanges(nil)
	if got := len(server.Requests()); got != 1+classes {
		t.Errorf("%d requests were sent, want %d", got, 1+classes)
	}
}

// TestRunnerResourceErrors has plans and applies that meet a failure: what is reported, and which requests changed something.
func TestRunnerResourceErrors(t *testing.T) {
	t.Parallel()
	const (
		class, token = "POST /api/v3/runner/resource", "POST /api/v3/runner/token"
		needsToken   = "Resource classes and runner tokens need a personal API token, but the credential is the "
	)
	both := classBlock("") + tokenBlock("")
	for name, row := range map[string]struct {
		// credential is in the place of the personal token.
		credential    string
		configuration string
		server        func(*circlecitest.Server)
		// response is that to the last request of sent. The API carries the request out if acted is true.
		response http.Handler
		acted    bool
		// planned is whether the plan fails already.
		planned bool
		// want is empty when nothing is reported.
		want wantDiagnostic
		sent []string
		// state holds the resources that are in state then.
		state []string
	}{
		"launch token": {
			credential: `launch_token = "` + circlecitest.LaunchToken + `"`, configuration: classBlock(""), planned: true,
			want: wantDiagnostic{summary: "Personal API token required", detail: needsToken + "launch token from the provider's attribute launch_token. Set the provider's " +
				"attribute token or the environment variable CIRCLE_TOKEN instead."},
		},
		"session cookie": {
			credential: `session_cookie = "` + circlecitest.SessionCookie + `"`, configuration: "data \"circleci_runner_tokens\" \"test\" {\n  resource_class = \"acme/linux\"\n}\n", planned: true,
			want: wantDiagnostic{summary: "Personal API token required", detail: needsToken + "session cookie from the provider's attribute session_cookie."},
		},
		"namespace in upper case": {
			configuration: strings.ReplaceAll(classBlock(""), "acme", "Acme"), planned: true,
			want: wantDiagnostic{at: `resource_class = "Acme/linux"`, summary: "Invalid resource class", detail: `The resource class "Acme/linux" cannot be created: a namespace consists of lower-case letters, digits, _ and -.`},
		},
		"class with a dot": {
			configuration: strings.ReplaceAll(classBlock(""), "linux\"\n", "linux.large\"\n"), planned: true,
			want: wantDiagnostic{at: `resource_class = "acme/linux.large"`, summary: "Invalid resource class", detail: "what follows the slash consists of letters, digits, :, _, - and +."},
		},
		"class that exists": {
			configuration: classBlock(""), server: func(s *circlecitest.Server) { s.SetResourceClasses(movedClass) }, sent: []string{class},
			want: wantDiagnostic{at: `resource_class = "acme/linux"`, summary: "Error creating resource class acme/linux", detail: "  import {\n    to = circleci_runner_resource_class.NAME\n    id = \"acme/linux\"\n  }\n ... If its block was renamed, ... apply again"},
		},
		"namespace that does not exist": {
			configuration: classBlock(""), server: func(s *circlecitest.Server) { s.SetNamespaces() }, sent: []string{class},
			want: wantDiagnostic{at: `resource_class = "acme/linux"`, summary: "Error creating resource class acme/linux", detail: "Check that the namespace exists"},
		},
		"as many classes as there may be": {
			configuration: classBlock(""), server: func(s *circlecitest.Server) { s.SetLimits(0, 10) }, sent: []string{class},
			want: wantDiagnostic{summary: "Error creating resource class acme/linux", detail: "a namespace has up to 650 of them"},
		},
		"as many tokens as there may be": {
			configuration: both, server: func(s *circlecitest.Server) { s.SetLimits(650, 0) }, sent: []string{class, token}, state: []string{classAddress},
			want: wantDiagnostic{summary: "Error creating token of resource class acme/linux", detail: "a resource class has up to ten of them"},
		},
		"429 for the class": {
			configuration: classBlock(""), response: circlecitest.WithHeader(circlecitest.Error(429, "later"), "Retry-After", "600"), sent: []string{class},
			want: wantDiagnostic{summary: "Error creating resource class acme/linux", detail: "Nothing was created. The API limits the rate of requests: apply again later"},
		},
		"503 before the class was created": {
			configuration: classBlock(""), response: circlecitest.Error(503, "busy"), sent: []string{class},
			want: wantDiagnostic{summary: "Error creating resource class acme/linux", detail: "It is not known whether the resource class was created."},
		},
		"connection closed after the class was created": { // It is adopted.
			configuration: classBlock(`  description = "Linux"`), response: circlecitest.AbortConnection(), acted: true,
			sent: []string{class}, state: []string{classAddress},
		},
		"connection closed before the token was created": {
			configuration: both, response: circlecitest.AbortConnection(), sent: []string{class, token}, state: []string{classAddress},
			want: wantDiagnostic{summary: "Error creating token of resource class acme/linux", detail: "It is not known whether a token was created."},
		},
		"503 after the token was created": {
			configuration: both, response: circlecitest.Error(503, "busy"), acted: true, sent: []string{class, token}, state: []string{classAddress},
			want: wantDiagnostic{summary: "Error creating token of resource class acme/linux", detail: "`circleci runner token delete "},
		},
		"another description": {
			configuration: classBlock(`  description = "Linux"`),
			response:      circlecitest.JSON(`{"id": "` + movedClass.ID + `", "resource_class": "acme/linux", "description": "LINUX"}`),
			sent:          []string{class}, state: []string{classAddress},
			want: wantDiagnostic{severity: "warning", at: `description = "Linux"`, summary: "Unexpected description", detail: `its description is "LINUX"`},
		},
		"another nickname": {
			configuration: classBlock("") + tokenBlock(`  nickname = "ci"`),
			response: circlecitest.JSON(`{"id": "` + movedToken.ID + `", "resource_class": "acme/linux", "nickname": "CI",
				"created_at": "2026-01-01T00:00:00Z", "token": "secret-value"}`),
			sent: []string{class, token}, state: []string{classAddress, tokenAddress},
			want: wantDiagnostic{severity: "warning", at: `nickname = "ci"`, summary: "Unexpected nickname", detail: `its nickname is "CI"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			if row.server != nil {
				row.server(server)
			}
			server.Intercept(func(r *http.Request) http.Handler {
				switch {
				case row.response == nil || r.Method+" "+r.URL.Path != row.sent[len(row.sent)-1]:
					return nil
				case row.acted:
					return server.After(row.response)
				}
				return row.response
			})
			credential := cmp.Or(row.credential, line("token", circlecitest.PersonalToken))
			w := newWorkspace(t, providerWith(line("api_url", server.URL), credential)+row.configuration)
			if row.planned {
				assertDiagnostic(t, w.plan(), row.want)
				return
			}
			if row.want.summary == "" {
				assertNoDiagnostics(t, w.apply())
				w.expectChanges(nil)
			} else {
				assertDiagnostic(t, w.apply(), row.want)
			}
			expectMutations(t, server, row.sent...)
			expectSame(t, "resources in state", row.state, w.state(), cmpopts.EquateEmpty())
		})
	}
}

func TestImportErrors(t *testing.T) {
	t.Parallel()
	const (
		missing   = "Cannot import non-existent remote object"
		classForm = "is not of the form namespace/name, such as"
		tokenForm = "is not of the form namespace/name/uuid, such as"
	)
	server := newServer(t)
	server.SetResourceClasses(movedClass, circlecitest.ResourceClass{ResourceClass: "acme/gpu"}, circlecitest.ResourceClass{ResourceClass: "acme/GPU"})
	w := newWorkspace(t, providerBlock(server)+classBlock("")+tokenBlock(""))
	for _, row := range []struct{ address, id, want string }{
		{address: classAddress, id: "linux", want: classForm},
		{address: classAddress, id: " acme/linux", want: classForm},
		{address: classAddress, id: "acme/linux,", want: classForm},
		{address: classAddress, id: "acme/linux, " + movedClass.ID, want: classForm},
		{address: classAddress, id: "acme/linux/" + movedClass.ID + "/1", want: classForm},
		{address: classAddress, id: "acme/linux," + movedToken.ID, want: missing},
		{address: classAddress, id: "acme/macos", want: missing},
		{address: classAddress, id: "acme/macos," + movedClass.ID, want: "Another resource class"},
		{address: classAddress, id: "acme/Gpu", want: "Several resource classes"},
		{address: tokenAddress, id: "acme/linux", want: tokenForm},
		{address: tokenAddress, id: "acme/linux/1", want: tokenForm},
		{address: tokenAddress, id: "acme/linux/" + movedToken.ID + "\n", want: tokenForm},
		{address: tokenAddress, id: "acme/linux/" + movedToken.ID, want: missing},
		{address: tokenAddress, id: "acme/macos/" + movedToken.ID, want: missing},
	} {
		_, stderr, ok := w.runBoth("import", "-no-color", row.address, row.id)
		if ok || !strings.Contains(strings.Join(strings.Fields(stderr), " "), row.want) {
			t.Errorf("import of %s fails: %t, with\n%s", row.id, !ok, stderr)
		}
	}
	if got := w.state(); len(got) != 0 {
		t.Errorf("the state holds %q", got)
	}
}

// TestRunnerTokenSecret creates a token at the most talkative log level: its secret is in the state and nowhere else.
func TestRunnerTokenSecret(t *testing.T) {
	server := newServer(t)
	w := newBinaryWorkspace(t, providerBlock(server)+classBlock("")+tokenBlock("")+`
output "token" {
  value     = circleci_runner_token.linux.token
  sensitive = true
}
`)
	w.Env = append(w.Env, "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(w.Dir, "trace.log"))
	written := map[string]string{}
	for _, arguments := range [][]string{{"apply", "-auto-approve"}, {"plan"}, {"plan", "-json"}, {"show"}, {"output"}, {"plan", "-replace=" + tokenAddress}} {
		written[strings.Join(arguments, " ")] = w.succeed(arguments...)
	}
	maps.Copy(written, w.files())
	secret := server.Tokens()[0].Secret
	if !strings.Contains(written["terraform.tfstate"], secret) || !strings.Contains(written["trace.log"], "circleci.runner_api") {
		t.Fatal("the state lacks the secret, or the log the requests")
	}
	for name, content := range written {
		if name != "terraform.tfstate" && strings.Contains(content, secret) {
			t.Errorf("%s shows the secret", name)
		}
	}
}
