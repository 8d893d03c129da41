package provider_test

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestHTTPErrors has an error of every kind, each through the CLI, for both data sources.
func TestHTTPErrors(t *testing.T) {
	const page = "<!DOCTYPE html>\n<html><head><title>Sign in\n to Example</title></head><body>secret form</body></html>"
	for name, row := range map[string]struct {
		answer http.Handler
		// what comes after the endpoint in the first sentence of the detail, and advice is in the next.
		what, advice string
	}{
		"400": {
			circlecitest.Error(400, "bad filter"),
			`answered 400 Bad Request: "bad filter".`, "The API rejected the request: check ",
		},
		"401": {
			circlecitest.Error(401, "Invalid token"),
			`answered 401 Unauthorized: "Invalid token".`, "The personal API token from the provider's attribute token was not accepted",
		},
		"403": {
			circlecitest.Error(403, "Forbidden"),
			`answered 403 Forbidden: "Forbidden".`, "The personal API token from the provider's attribute token may not read this",
		},
		"429": {
			circlecitest.Error(429, "Slow down"),
			`answered 429 Too Many Requests: "Slow down" (tried once in `, "lower max_concurrent_requests, or ask CircleCI for a higher limit.",
		},
		"500": {
			circlecitest.Error(500, "Oops"),
			`answered 500 Internal Server Error: "Oops" (tried once in `, "The service or a proxy in front of it has a problem",
		},
		"502 as HTML": {
			circlecitest.Raw(502, "text/html", page),
			`answered 502 Bad Gateway with an HTML page instead of JSON: "Sign in to Example" (tried once in `, "check that api_url leads to it, and that no proxy or login page answers in its place",
		},
		"503 as plain text": {
			circlecitest.Raw(503, "text/plain", "upstream \x1b[31mconnect\x1b[0m error\r\n\x00"),
			`answered 503 Service Unavailable with plain text instead of JSON: "upstream connect error" (tried once in `, "no proxy or login page",
		},
		"504 without a body": {
			circlecitest.Raw(504, "text/plain", ""),
			`answered 504 Gateway Timeout (tried once in `, "try again in a while",
		},
		"a status without a name": {
			circlecitest.Error(418+100, "What"),
			`answered 518: "What".`, "The service or a proxy in front of it has a problem",
		},
		"a long message": {
			circlecitest.Error(500, strings.Repeat("ab ", 100_000)),
			`"` + strings.Repeat("ab ", 100) + `…" (tried once in `, "try again",
		},
		"the token sent back": {
			circlecitest.Error(401, "Bad token: "+circlecitest.PersonalToken),
			`"Bad token: (redacted)".`, "was not accepted",
		},
		"204":                        {circlecitest.Raw(204, "application/json", ""), "answered 204 No Content.", "Only status 200 is an answer: check api_url."},
		"206":                        {circlecitest.Raw(206, "application/json", `{"items": [], "unclaimed_task_count": 1}`), "answered 206 Partial Content", "Only status 200 is an answer"},
		"304":                        {circlecitest.Raw(304, "application/json", ""), "answered 304 Not Modified.", "Only status 200 is an answer"},
		"a redirect to another host": {circlecitest.Redirect("https://login.example.com/sign-in"), "was redirected to https://login.example.com:443, which was not followed.", "The credential was not sent there."},
		"HTML with 200":              {circlecitest.Raw(200, "text/html", page), `the answer is an HTML page, not JSON; its title is "Sign in to Example".`, "no proxy or login page answers in its place"},
		"plain text with 200":        {circlecitest.Raw(200, "text/plain", "It works!"), `the answer is plain text, not JSON: "It works!"`, "no proxy or login page answers in its place"},
		"an empty answer":            {circlecitest.JSON(""), "the answer is empty.", "The provider takes nothing from an answer that is not as CircleCI documents it."},
		"a cut connection":           {circlecitest.AbortConnection(), "the connection was closed before a response came (tried once in ", "Check api_url, the network and the proxy settings"},
		"a cut body":                 {circlecitest.TruncatedBody(`{"items": [], "unclaimed_task_count": 1}`), "the connection was closed in the middle of the response (tried once in ", "Check api_url, the network"},
		"cut chunks":                 {circlecitest.TruncatedChunks(`{"items": [], "unclaimed_task_count": 1}`), "the connection was closed in the middle of the response (tried once in ", "Check api_url, the network"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectFailures(t, row.answer, row.what, row.advice)
		})
	}
}

// expectFailures reads both data sources from a server that gives one answer to everything.
func expectFailures(t *testing.T, answer http.Handler, what, advice string) {
	t.Helper()
	for _, read := range []struct{ block, summary, url string }{
		{`data "circleci_runners" "test" { namespace = "acme" }`, "Cannot list the runners of namespace acme", "/api/v2/runner?namespace=acme"},
		{tasksBlock, "Cannot count the tasks of resource class acme/linux", "/api/v2/runner/tasks?resource-class=acme%2Flinux"},
	} {
		server := newServer(t)
		server.SetHandler(answer)
		got := newWorkspace(t, providerBlock(server)+read.block).plan()
		expectFinding(t, got, finding{"", read.summary, advice})
		expectFinding(t, got, finding{"", read.summary, what})
		expectFinding(t, got, finding{"", read.summary, "GET " + server.URL + read.url})
		for _, d := range got {
			if strings.Contains(d.Summary+d.Detail, circlecitest.PersonalToken) {
				t.Errorf("the diagnostic shows the token: %+v", d)
			}
		}
		for _, request := range server.Requests() {
			expectRequest(t, request, read.url)
		}
	}
}

// TestRemediation reads each data source in the two ways of failing that its own attributes may explain.
func TestRemediation(t *testing.T) {
	t.Parallel()
	const organization = "b9291e0d-a11e-41fb-8517-c545388b5953"
	var (
		notFound  = circlecitest.Error(404, "Not found")
		list      = circlecitest.JSON(`{"items": []}`)
		count     = circlecitest.JSON(`{"unclaimed_task_count": 1}`)
		class     = providertest.Attributes{"resource_class": providertest.String("acme/linux")}
		namespace = providertest.Attributes{"namespace": providertest.String("acme")}
		fleet     = providertest.Attributes{"namespace": providertest.String("acme"), "resource_classes": classes(200)}
	)
	for name, row := range map[string]struct {
		dataSource string
		attributes providertest.Attributes
		apiVersion string // The default is v2.
		// responses are by path; any other path is not found.
		responses map[string]http.Handler
		attribute string
		want      string
		requests  []string // The paths, sorted, each once.
		count     int      // How many there were, where not each path was requested once.
	}{
		"runners of a class that v3 lists": {
			dataSource: "circleci_runners", attributes: class, responses: map[string]http.Handler{"/api/v3/runner": list},
			attribute: "resource_class", want: `This installation serves v3: set api_version = "v3" in the provider.`,
			requests: []string{"/api/v2/runner", "/api/v3/runner"},
		},
		"tasks that v2 counts": {
			dataSource: "circleci_runner_tasks", attributes: class, apiVersion: "v3", responses: map[string]http.Handler{"/api/v2/runner/tasks": count},
			attribute: "resource_class", want: `This installation serves v2: set api_version = "v2" in the provider.`,
			requests: []string{"/api/v2/runner/tasks", "/api/v3/runner/tasks", "/api/v3/runner/tasks/running"},
		},
		"class that neither version has": {
			dataSource: "circleci_runners", attributes: class, attribute: "resource_class",
			want: "Check the spelling of resource_class, and that the credential may see what it names. CircleCI may also respond so " +
				"to a resource class without any runner. API v3 does not find it either.",
			requests: []string{"/api/v2/runner", "/api/v3/runner"},
		},
		"namespace, and v3 refuses the credential": {
			dataSource: "circleci_runners", attributes: namespace, responses: map[string]http.Handler{"/api/v3/runner": circlecitest.Error(403, "no")},
			attribute: "namespace", want: "Check the spelling of namespace, and that the credential may see what it names. " +
				"An installation that does not serve API v2 responds with 404 too.",
			requests: []string{"/api/v2/runner", "/api/v3/runner"},
		},
		"namespace, and v3 is overloaded": {
			dataSource: "circleci_runners", attributes: namespace, responses: map[string]http.Handler{"/api/v3/runner": circlecitest.Error(503, "busy")},
			attribute: "namespace", want: "An installation that does not serve API v2 responds with 404 too.",
			requests: []string{"/api/v2/runner", "/api/v3/runner"},
		},
		"namespace, and v3 is a web page": {
			dataSource: "circleci_runners", attributes: namespace, responses: map[string]http.Handler{"/api/v3/runner": circlecitest.Raw(200, "text/html", "<html></html>")},
			attribute: "namespace", want: "An installation that does not serve API v2 responds with 404 too.",
			requests: []string{"/api/v2/runner", "/api/v3/runner"},
		},
		"fleet of unknown classes": {
			dataSource: "circleci_runner_fleet", attributes: fleet, responses: map[string]http.Handler{"/api/v2/runner": list},
			attribute: "resource_classes", want: "Check the spelling of resource_classes, and that", count: 1 + 200 + 1,
			requests: []string{"/api/v2/runner", "/api/v2/runner/tasks", "/api/v3/runner/tasks"},
		},
		"fleet of a listed class": {
			dataSource: "circleci_runner_fleet", attributes: namespace,
			responses: map[string]http.Handler{"/api/v2/runner": circlecitest.JSON(`{"items": [{"resource_class": "acme/linux", "name": "a"}]}`)},
			attribute: "namespace", want: "Check the spelling of namespace, and that",
			requests: []string{"/api/v2/runner", "/api/v2/runner/tasks", "/api/v3/runner/tasks"},
		},
		"fleet that is refused": {
			dataSource: "circleci_runner_fleet", attributes: fleet, responses: map[string]http.Handler{"/api/v2/runner": circlecitest.Error(400, "no")},
			attribute: "namespace", want: "The API rejected the request: check namespace and api_version.", requests: []string{"/api/v2/runner"},
		},
		"organization that is refused": {
			dataSource: "circleci_organization_runners", attributes: providertest.Attributes{"organization_id": providertest.String(organization)},
			apiVersion: "v3", responses: map[string]http.Handler{"/api/v3/runner": circlecitest.Error(400, "no")},
			attribute: "organization_id", want: "The API rejected the request: check organization_id and api_version.", requests: []string{"/api/v3/runner"},
		},
		"organization that is not found": {
			dataSource: "circleci_organization_runners", attributes: providertest.Attributes{"organization_id": providertest.String(organization)},
			apiVersion: "v3", attribute: "organization_id", want: "Check the spelling of organization_id, and that the credential may see what it names. " +
				"An installation that does not serve API v3 responds with 404 too.", requests: []string{"/api/v3/runner"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.Intercept(func(r *http.Request) http.Handler {
				if response := row.responses[r.URL.Path]; response != nil {
					return response
				}
				return notFound
			})
			p := newProvider(t, providertest.Attributes{
				"api_url": providertest.String(server.URL), "token": providertest.String(circlecitest.PersonalToken),
				"api_version": providertest.String(cmp.Or(row.apiVersion, "v2")),
			})
			_, got := p.read(t.Context(), row.dataSource, row.attributes)
			if len(got) != 1 || got[0].Severity != tfprotov6.DiagnosticSeverityError {
				t.Fatalf("there are %d diagnostics, not one error: %+v", len(got), got)
			}
			if !strings.Contains(got[0].Detail, row.want) {
				t.Errorf("the detail is\n%s\nwithout\n%s", got[0].Detail, row.want)
			}
			if at := got[0].Attribute; at == nil || at.Steps()[0] != tftypes.AttributeName(row.attribute) {
				t.Errorf("the diagnostic is on %s, not on %s", at, row.attribute)
			}
			var paths []string
			for _, request := range server.Requests() {
				paths = append(paths, request.Path)
			}
			if len(paths) != cmp.Or(row.count, len(row.requests)) {
				t.Errorf("there were %d requests", len(paths))
			}
			slices.Sort(paths)
			if paths = slices.Compact(paths); !slices.Equal(paths, row.requests) {
				t.Errorf("the requests were %q, not %q", paths, row.requests)
			}
		})
	}
}

// classes are n classes of namespace acme.
func classes(n int) tftypes.Value {
	elements := make([]tftypes.Value, n)
	for i := range elements {
		elements[i] = providertest.String(fmt.Sprintf("acme/%d", i))
	}
	return tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, elements)
}

// TestUnauthorizedNamesVariable has a bad token from the environment.
func TestUnauthorizedNamesVariable(t *testing.T) {
	server := newServer(t)
	t.Setenv("CIRCLECI_CLI_TOKEN", "wrong-token")
	w := newWorkspace(t, fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n}\n", server.URL)+tasksBlock)
	expectFinding(t, w.plan(), finding{
		"", "Cannot count the tasks of resource class acme/linux",
		"The personal API token from the environment variable CIRCLECI_CLI_TOKEN was not accepted",
	})
}

// TestServerDown has a port that nobody listens on.
func TestServerDown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	w := newWorkspace(t, fmt.Sprintf("provider \"circleci\" {\n  api_url = \"http://%s\"\n  token = \"not-used\"\n}\n", address)+tasksBlock)
	expectFinding(t, w.plan(), finding{
		"", "Cannot count the tasks of resource class acme/linux",
		"GET http://" + address + "/api/v2/runner/tasks?resource-class=acme%2Flinux: dial tcp " + address + ": connect: connection refused (tried once in ",
	})
}

// TestMalformedRunners has answers with status 200 that are no list of runners of namespace acme.
func TestMalformedRunners(t *testing.T) {
	const runner = `{"resource_class": "acme/linux", "name": "a"}`
	for name, row := range map[string]struct{ body, what string }{
		"items missing":               {`{}`, "has no items"},
		"items null":                  {`{"items": null}`, "has null for items, not an array"},
		"items in other case":         {`{"Items": []}`, "has no items"},
		"items an object":             {`{"items": {}}`, "has an object for items, not an array"},
		"items a string":              {`{"items": "[]"}`, "has a string for items, not an array"},
		"not an object":               {`[` + runner + `]`, "is an array, not an object"},
		"null":                        {`null`, "is null, not an object"},
		"element null":                {`{"items": [` + runner + `, null]}`, "has null for items[1], not an object"},
		"element a string":            {`{"items": ["a"]}`, "has a string for items[0], not an object"},
		"element an array":            {`{"items": [[]]}`, "has an array for items[0], not an object"},
		"class missing":               {`{"items": [{"name": "a"}]}`, "has no resource_class in items[0]"},
		"class null":                  {`{"items": [{"resource_class": null, "name": "a"}]}`, "has no resource_class in items[0]"},
		"class in other case":         {`{"items": [{"Resource_Class": "acme/linux", "name": "a"}]}`, "has no resource_class in items[0]"},
		"class a number":              {`{"items": [{"resource_class": 1, "name": "a"}]}`, "has a number for items[0].resource_class, not a string"},
		"name missing":                {`{"items": [` + runner + `, {"resource_class": "acme/linux"}]}`, "has no name in items[1]"},
		"name null":                   {`{"items": [{"resource_class": "acme/linux", "name": null}]}`, "has no name in items[0]"},
		"hostname a number":           {`{"items": [{"resource_class": "acme/linux", "name": "a", "hostname": 1}]}`, "has a number for items[0].hostname, not a string"},
		"first_connected a number":    {`{"items": [{"resource_class": "acme/linux", "name": "a", "first_connected": 1}]}`, "has a number for items[0].first_connected, not a string"},
		"last_connected an object":    {`{"items": [{"resource_class": "acme/linux", "name": "a", "last_connected": {}}]}`, "has an object for items[0].last_connected, not a string"},
		"last_used a boolean":         {`{"items": [{"resource_class": "acme/linux", "name": "a", "last_used": false}]}`, "has a boolean for items[0].last_used, not a string"},
		"version an array":            {`{"items": [{"resource_class": "acme/linux", "name": "a", "version": []}]}`, "has an array for items[0].version, not a string"},
		"outside the filter":          {`{"items": [{"resource_class": "other/linux", "name": "a"}]}`, `lists a runner of resource class "other/linux", though only namespace acme was requested`},
		"class without a slash":       {`{"items": [{"resource_class": "acme", "name": "a"}]}`, `lists a runner of resource class "acme"`},
		"next page":                   {`{"items": [], "next_page_token": "a"}`, "is one page of several (it has next_page_token)"},
		"next page of another type":   {`{"items": [], "next_page_token": 1}`, "is one page of several"},
		"items twice":                 {`{"items": [` + runner + `], "items": []}`, "has items twice"},
		"items twice, once escaped":   {`{"items": [], "\u0069tems": []}`, "has items twice"},
		"next page twice":             {`{"items": [], "next_page_token": null, "next_page_token": null}`, "has next_page_token twice"},
		"name twice":                  {`{"items": [{"resource_class": "acme/linux", "name": "a", "name": "b"}]}`, "has items[0].name twice"},
		"cut in a runner":             {`{"items": [` + runner[:20], "is truncated"},
		"cut between runners":         {`{"items": [` + runner + `,`, "is truncated"},
		"second value":                {`{"items": []} {"items": []}`, "has trailing data"},
		"garbage at the end":          {`{"items": []}x`, "is not valid JSON at byte 13"},
		"comma at the end":            {`{"items": [` + runner + `,]}`, "is not valid JSON"},
		"invalid UTF-8":               {"{\"items\": [{\"resource_class\": \"acme/linux\", \"name\": \"\xff\"}]}", "is not valid JSON"},
		"invalid UTF-8 in an unknown": {"{\"items\": [], \"a\": \"\xff\"}", "is not valid JSON"},
		"lone surrogate":              {`{"items": [{"resource_class": "acme/linux", "name": "\ud800"}]}`, "is not valid JSON"},
		"nested deeply":               {`{"items": [], "a": ` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, "is not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.SetHandler(circlecitest.JSON(row.body))
			got := newWorkspace(t, providerBlock(server)+`data "circleci_runners" "test" { namespace = "acme" }`).plan()
			expectFinding(t, got, finding{"", "Cannot list the runners of namespace acme", "/api/v2/runner?namespace=acme: the answer " + row.what})
			expectFinding(t, got, finding{"", "Cannot list the runners of namespace acme", "The provider takes nothing from an answer that is not as CircleCI documents it."})
			if requests := server.Requests(); len(requests) != 1 {
				t.Errorf("there were %d requests for an answer that came whole", len(requests))
			}
		})
	}
}

// TestMalformedTasks has answers with status 200 that hold no count.
func TestMalformedTasks(t *testing.T) {
	const plainDigits = ", which is not a whole number from 0 to 9223372036854775807 in plain digits"
	for name, row := range map[string]struct{ body, what string }{
		"missing":                   {`{}`, "has no unclaimed_task_count"},
		"other case":                {`{"Unclaimed_Task_Count": 1}`, "has no unclaimed_task_count"},
		"the running count instead": {`{"running_runner_tasks": 1}`, "has no unclaimed_task_count"},
		"null":                      {`{"unclaimed_task_count": null}`, "has null for unclaimed_task_count, not a number"},
		"string":                    {`{"unclaimed_task_count": "42"}`, "has a string for unclaimed_task_count, not a number"},
		"boolean":                   {`{"unclaimed_task_count": true}`, "has a boolean for unclaimed_task_count, not a number"},
		"negative":                  {`{"unclaimed_task_count": -1}`, "has unclaimed_task_count -1" + plainDigits},
		"negative zero":             {`{"unclaimed_task_count": -0}`, "has unclaimed_task_count -0" + plainDigits},
		"fraction":                  {`{"unclaimed_task_count": 42.0}`, "has unclaimed_task_count 42.0" + plainDigits},
		"exponent":                  {`{"unclaimed_task_count": 4e1}`, "has unclaimed_task_count 4e1" + plainDigits},
		"beyond 64 bits":            {`{"unclaimed_task_count": 9223372036854775808}`, "has unclaimed_task_count 9223372036854775808" + plainDigits},
		"a million digits":          {`{"unclaimed_task_count": ` + strings.Repeat("1", 1_000_000) + `}`, "has unclaimed_task_count of 1000000 characters" + plainDigits},
		"leading zero":              {`{"unclaimed_task_count": 042}`, "is not valid JSON"},
		"twice":                     {`{"unclaimed_task_count": 1, "unclaimed_task_count": 1}`, "has unclaimed_task_count twice"},
		"a bare number":             {`42`, "is a number, not an object"},
		"cut short":                 {`{"unclaimed_task_count": 4`, "is truncated"},
		"second value":              {`{"unclaimed_task_count": 4}{"unclaimed_task_count": 4}`, "has trailing data"},
		"garbage at the end":        {`{"unclaimed_task_count": 4}]`, "is not valid JSON"},
		"lone surrogate":            {`{"unclaimed_task_count": 4, "a": "\udc00"}`, "is not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.SetHandler(circlecitest.JSON(row.body))
			got := newWorkspace(t, providerBlock(server)+tasksBlock).plan()
			expectFinding(t, got, finding{"", "Cannot count the tasks of resource class acme/linux", "/api/v2/runner/tasks?resource-class=acme%2Flinux: the answer " + row.what})
			if requests := server.Requests(); len(requests) != 1 {
				t.Errorf("there were %d requests for an answer that came whole", len(requests))
			}
		})
	}
}
