package provider_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// listClasses lists the classes of a namespace, with further arguments.
func listClasses(namespace string, arguments ...string) string {
	return listBlock("circleci_runner_resource_class", line("namespace", namespace), arguments)
}

// listTokens lists the tokens of a class, with further arguments.
func listTokens(class string, arguments ...string) string {
	return listBlock("circleci_runner_token", line("resource_class", class), arguments)
}

func listBlock(resource, config string, arguments []string) string {
	return fmt.Sprintf("list %q \"all\" {\n  provider = circleci\n  %s\n  config {\n    %s\n  }\n}\n", resource, strings.Join(arguments, "\n  "), config)
}

// importingExample imports as many classes and tokens as were seen in one installation, by the configuration that the query
// generates.
func importingExample() exampleTest {
	const classes, tokens = 112, 133
	listings := func(x *example) {
		if got := len(x.server.Requests()); got != 1+classes {
			x.t.Errorf("%d requests were sent, want %d", got, 1+classes)
		}
		expectMutations(x.t, x.server)
	}
	return exampleTest{directory: "importing", terraform: "1.14", steps: []exampleStep{
		{
			before: func(x *example) {
				var allClasses []circlecitest.ResourceClass
				for i := range classes {
					description := strings.Repeat("Linux", i%2) // Half of them have none.
					allClasses = append(allClasses, circlecitest.ResourceClass{ResourceClass: fmt.Sprintf("acme/class-%d", i), Description: description})
				}
				var allTokens []circlecitest.Token
				for i := range tokens {
					class := allClasses[i%classes].ResourceClass
					allTokens = append(allTokens, circlecitest.Token{ResourceClass: class, Nickname: strings.Repeat("ci", i%2)})
				}
				x.server.SetResourceClasses(allClasses...)
				x.server.SetTokens(allTokens...)
			},
			run:   func(x *example) { x.succeed("query", "-generate-config-out=imported.tf") },
			after: listings,
		},
		{
			run: func(x *example) {
				printed := x.succeed("apply", "-auto-approve", "-no-color")
				expectLines(x.t, printed, fmt.Sprintf("Resources: %d imported, 0 added, 0 changed, 0 destroyed.", classes+tokens))
			},
			after: listings,
		},
		{run: func(x *example) { x.expectEmptyPlan(true) }, after: listings},
	}}
}

// query returns the display names and the attributes of the results of a query, and its diagnostics.
func (w *workspace) query() (names []string, attributes []map[string]any, diagnostics []diagnostic) {
	w.t.Helper()
	stdout, ok := w.run("query", "-json")
	if !ok {
		w.t.Fatalf("the query failed:\n%s", stdout)
	}
	for line := range strings.Lines(stdout) {
		var message struct {
			Result *struct {
				DisplayName string         `json:"display_name"`
				Object      map[string]any `json:"resource_object"`
			} `json:"list_resource_found"`
			Diagnostic *diagnostic
		}
		w.check(json.Unmarshal([]byte(line), &message))
		if message.Result != nil {
			names, attributes = append(names, message.Result.DisplayName), append(attributes, message.Result.Object)
		}
		if message.Diagnostic != nil {
			diagnostics = append(diagnostics, *message.Diagnostic)
		}
	}
	return names, attributes, diagnostics
}

func TestQuery(t *testing.T) {
	t.Parallel()
	requireVersion(t, "a query", "1.14", "")
	server := newServer(t)
	server.SetResourceClasses(movedClass, circlecitest.ResourceClass{ResourceClass: "acme/\x1b[31mred"}, circlecitest.ResourceClass{ResourceClass: "acme/z"})
	server.SetTokens(movedToken, circlecitest.Token{ID: movedClass.ID, ResourceClass: "acme/linux", CreatedAt: "2019-10-01T09:55:00Z"})
	w := newWorkspace(t, providerBlock(server))
	for name, row := range map[string]struct {
		query      string
		names      []string
		attributes map[string]any // Those of the last result.
		warning    string
	}{
		"classes": {query: listClasses("acme"), names: []string{"acme/[31mred", "acme/linux", "acme/z"}},
		"limit": {
			query: listClasses("acme", "limit = 1"), names: []string{"acme/[31mred"},
			warning: "Only 1 of 3 results are listed. Increase limit in the list block.",
		},
		"attributes of a class": {
			query: listClasses("acme", "include_resource = true", "limit = 2"), names: []string{"acme/[31mred", "acme/linux"},
			warning:    "Only 2 of 3 results are listed. Increase limit in the list block.",
			attributes: map[string]any{"id": movedClass.ID, "resource_class": "acme/linux", "description": "Linux", "force_delete": nil},
		},
		"tokens": {query: listTokens("acme/linux"), names: []string{"acme/linux: " + movedClass.ID, "acme/linux: ci"}},
		"attributes of a token": {
			query: listTokens("Acme/Linux", "include_resource = true"), names: []string{"acme/linux: " + movedClass.ID, "acme/linux: ci"},
			attributes: map[string]any{
				"id": movedToken.ID, "resource_class": "acme/linux", "nickname": "ci", "created_at": movedToken.CreatedAt, "token": nil,
			},
		},
	} {
		w.write("test.tfquery.hcl", row.query)
		names, attributes, diagnostics := w.query()
		if row.warning == "" {
			assertNoDiagnostics(t, diagnostics)
		} else {
			expectReport(t, diagnostics, diagnostic{Severity: "warning", Summary: "Limit reached", Detail: row.warning})
		}
		expectSame(t, name+": names", row.names, names)
		expectSame(t, name+": attributes", row.attributes, attributes[len(attributes)-1])
	}
}

func TestQueryErrors(t *testing.T) {
	t.Parallel()
	requireVersion(t, "a query", "1.14", "")
	for name, row := range map[string]struct {
		credential      string // The default is a personal token.
		query           string
		summary, detail string
	}{
		"invalid namespace": {query: listClasses("acme/linux"), summary: "Invalid namespace", detail: "The value of namespace has a slash"},
		"invalid class":     {query: listTokens("acme"), summary: "Invalid resource class", detail: "The value of resource_class has no slash"},
		"another namespace": {
			query: listClasses("other"), summary: "Error reading resource classes of namespace other", detail: "404 Not Found",
		},
		"another class": {
			query: listTokens("other/linux"), summary: "Error reading tokens of resource class other/linux", detail: "404 Not Found",
		},
		"launch token": {credential: line("launch_token", circlecitest.LaunchToken), query: listClasses("acme"), summary: "Personal API token required"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.SetNamespaces("acme")
			credential := cmp.Or(row.credential, line("token", circlecitest.PersonalToken))
			w := newWorkspace(t, providerWith(line("api_url", server.URL), credential))
			w.write("test.tfquery.hcl", row.query)
			assertDiagnostic(t, w.report("query", "-json"), wantDiagnostic{summary: row.summary, detail: row.detail})
		})
	}
}
