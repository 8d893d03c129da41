package provider_test

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// failedRead is a read that fails: its summary, and the attribute that an error may be about.
type failedRead struct {
	dataSource, attribute, summary string
	attributes                     providertest.Attributes
}

const organization = "b9291e0d-a11e-41fb-8517-c545388b5953"

var (
	acmeRunners = failedRead{
		dataSource: "circleci_runners", attribute: "namespace", attributes: acmeNamespace, summary: "Error reading runners of namespace acme",
	}
	linuxRunners = failedRead{
		dataSource: "circleci_runners", attribute: "resource_class", attributes: linuxClass,
		summary: "Error reading runners of resource class acme/linux",
	}
	linuxTasks = failedRead{
		dataSource: "circleci_runner_tasks", attribute: "resource_class", attributes: linuxClass, summary: countingTasks,
	}
	acmeFleet = failedRead{
		dataSource: "circleci_runner_fleet", attribute: "namespace", attributes: acmeNamespace, summary: "Error counting tasks of namespace acme",
	}
	classesFleet = failedRead{
		dataSource: "circleci_runner_fleet", attribute: "resource_classes", summary: "Error counting tasks of namespace acme",
		attributes: providertest.Attributes{"namespace": providertest.String("acme"), "resource_classes": classes(200)},
	}
	organizationRunners = failedRead{
		dataSource: "circleci_organization_runners", attribute: "organization_id", summary: "Error reading runners of organization " + organization,
		attributes: providertest.Attributes{"organization_id": providertest.String(organization)},
	}
)

// classes returns a set of n classes of namespace acme.
func classes(n int) tftypes.Value {
	elements := make([]tftypes.Value, n)
	for i := range elements {
		elements[i] = providertest.String(fmt.Sprintf("acme/%d", i))
	}
	return tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, elements)
}

// TestErrors has each kind of error of the client, and the settings that decide how often and how long a read is tried. The
// client's own tests have every case of each kind.
func TestErrors(t *testing.T) {
	t.Parallel()
	const (
		page    = "<html><head><title>Sign in</title></head></html>"
		body    = `{"items": [], "unclaimed_task_count": 9}`
		notAPI  = "check that api_url is its URL, and that no proxy or login page responds instead."
		network = "Check api_url, the network and the proxy settings (HTTPS_PROXY, NO_PROXY)."
		failing = "The service, or a proxy in front of it, is failing: retry later."
		limited = "send fewer requests, such as with only_resource_classes or a longer poll_interval."
		only200 = "Only status 200 is a valid response: check api_url."
		format  = "The response does not match CircleCI's documented format, so it was rejected. Check api_url and api_version"
	)
	for name, row := range map[string]struct {
		response http.Handler // It is the response to every request.
		dial     error        // It is the error of every connection.
		settings providertest.Attributes
		at       string // It is the attribute of the diagnostic: attribute stands for the one that selects what is read.
		detail   string // It follows the URL in the detail.
		requests int    // The default is 1.
	}{
		"400": {
			response: circlecitest.Error(400, "bad filter"), at: "attribute",
			detail: `400 Bad Request: "bad filter".` + " ... The API rejected the request: check ",
		},
		"429 with a Retry-After that exceeds the read timeout": {
			response: circlecitest.WithHeader(circlecitest.Error(429, "slow down"), "Retry-After", "3600"),
			detail:   `429 Too Many Requests: "slow down" ... 1h0m0s ... ` + limited,
		},
		"503 without retries": {
			response: circlecitest.Error(503, "busy"), settings: providertest.Attributes{"max_retries": providertest.Number(0)},
			detail: `503 Service Unavailable: "busy" (tried once in ` + " ... " + failing,
		},
		"503 with two retries": {
			response: circlecitest.Error(503, "busy"), settings: providertest.Attributes{"max_retries": providertest.Number(2)}, requests: 3,
			detail: `503 Service Unavailable: "busy" (tried 3 times in ` + " ... " + failing,
		},
		"502 as HTML, with the default of retries": {
			response: circlecitest.Raw(502, "text/html", page), requests: 5,
			detail: `502 Bad Gateway ... : "Sign in" (tried 5 times in ` + " ... " + failing,
		},
		"401 as HTML": {
			response: circlecitest.Raw(401, "text/html", page),
			detail: `401 Unauthorized with an HTML page instead of JSON: "Sign in".` + "\n\nSomething other than the Runner API returned this 401: " +
				"check api_url and the proxies (HTTPS_PROXY, NO_PROXY) first, and then the credential.",
		},
		"404 as HTML": {
			response: circlecitest.Raw(404, "text/html", page), at: "attribute",
			detail: "Something other than the Runner API returned this 404: check api_url and the proxies (HTTPS_PROXY, NO_PROXY).",
		},
		"a message with a full stop, and with the token": {
			response: circlecitest.Error(401, "Bad token: "+circlecitest.PersonalToken+"."),
			detail:   `: "Bad token: (redacted)."` + "\n\n ... was not accepted",
		},
		"206":           {response: circlecitest.Raw(206, "application/json", body), detail: "206 Partial Content ... " + only200},
		"304":           {response: circlecitest.Raw(304, "application/json", ""), detail: "304 Not Modified.\n\n" + only200},
		"HTML with 200": {response: circlecitest.Raw(200, "text/html", page), detail: `an HTML page ... "Sign in".` + " ... " + notAPI},
		"text with 200": {
			response: circlecitest.Raw(200, "text/plain", "It works!"), detail: `plain text ... "It works!"` + "\n\n ... " + notAPI,
		},
		"malformed response": {
			response: circlecitest.JSON(`{"items": null, "unclaimed_task_count": null}`), detail: "has null for ... " + format,
		},
		"truncated body": {
			response: circlecitest.TruncatedBody(body), requests: 5,
			detail: "the connection was closed in the middle of the response (tried 5 times in  ... " + network,
		},
		"request_timeout": {
			response: circlecitest.Hang(), requests: 2,
			settings: providertest.Attributes{"max_retries": providertest.Number(1), "request_timeout": providertest.String("300ms")},
			detail:   "timed out after 300ms waiting for a complete response (tried twice in  ... (HTTPS_PROXY, NO_PROXY), or increase request_timeout.",
		},
		"redirect": {
			response: circlecitest.Redirect("https://login.example.com/sign-in"),
			detail: "redirected to https://login.example.com:443 ... The credential was not sent there. If the Runner API is served at " +
				"https://login.example.com:443, set api_url to it.",
		},
		"name that is not found": {
			dial:   &net.DNSError{Err: "no such host", Name: "runner.example.com", IsNotFound: true},
			detail: "lookup runner.example.com: no such host (tried 5 times in  ... " + network, requests: -1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for url, read := range map[string]failedRead{
				"/api/v2/runner?namespace=acme": acmeRunners, "/api/v2/runner/tasks?resource-class=acme%2Flinux": linuxTasks,
			} {
				synctest.Test(t, func(t *testing.T) {
					server := newMemoryServer(t)
					server.SetHandler(row.response)
					p := newProvider(t, server, row.settings, func(c *circleci.Config) {
						if row.dial != nil {
							c.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, row.dial }
						}
					})
					_, got := p.read(t.Context(), read.dataSource, read.attributes)
					assertDiagnostic(t, got, wantDiagnostic{
						at: strings.Replace(row.at, "attribute", read.attribute, 1), summary: read.summary,
						detail: "GET " + server.URL + url + " ... " + row.detail,
					})
					expectRequests(t, server, slices.Repeat([]string{url}, max(cmp.Or(row.requests, 1), 0))...)
				})
			}
		})
	}
}

// TestNotFound has a 404, which the API version may explain, and a 400: both are about an attribute.
func TestNotFound(t *testing.T) {
	t.Parallel()
	const (
		list2, list3    = "/api/v2/runner", "/api/v3/runner"
		count2, count3  = "/api/v2/runner/tasks", "/api/v3/runner/tasks"
		check, noAccess = "Check that ", " is correct, and that the credential has access to it. "
	)
	empty, rejected := circlecitest.JSON(`{"items": []}`), circlecitest.Error(400, "no")
	notFound := circlecitest.Delay(time.Second, circlecitest.Error(404, "Not found")) // After the requests that are sent with it.
	onlyFleet, rejectedFleet := classesFleet, classesFleet
	onlyFleet.attribute = "only_resource_classes"
	onlyFleet.attributes = providertest.Attributes{"namespace": providertest.String("acme"), "only_resource_classes": classes(1)}
	rejectedFleet.attribute, rejectedFleet.summary = "namespace", acmeRunners.summary
	for name, row := range map[string]struct {
		read       failedRead
		apiVersion string                  // The default is v2.
		responses  map[string]http.Handler // They are by path; the default is status 404.
		detail     string
		requests   []string // The distinct paths, sorted.
		count      int      // The number of requests; the default is one for each path.
	}{
		"runners of a class that v3 lists": {
			read: linuxRunners, responses: map[string]http.Handler{list3: empty}, requests: []string{list2, list3},
			detail: `The server supports API v3: set api_version = "v3" in the provider.`,
		},
		"tasks that v2 counts": {
			read: linuxTasks, apiVersion: "v3", responses: map[string]http.Handler{count2: circlecitest.JSON(`{"unclaimed_task_count": 1}`)},
			detail: `The server supports API v2: set api_version = "v2" in the provider.`, requests: []string{count2, count3, count3 + "/running"},
		},
		"class that neither version has": {
			read: linuxRunners, requests: []string{list2, list3},
			detail: check + "resource_class" + noAccess + "CircleCI may also respond with 404 for a resource class without runners. " +
				"API v3 responds with 404 too. If every request fails with 404, check the path of api_url.",
		},
		"namespace, and v3 rejects the credential": {
			read: acmeRunners, responses: map[string]http.Handler{list3: circlecitest.Error(403, "no")}, requests: []string{list2, list3},
			detail: check + "namespace" + noAccess + "A server without API v2 responds with 404 too.",
		},
		"namespace, and v3 is overloaded": {
			read: acmeRunners, responses: map[string]http.Handler{list3: circlecitest.Error(503, "busy")}, requests: []string{list2, list3},
			detail: "A server without API v2 responds with 404 too.",
		},
		"namespace, and v3 is a web page": {
			read: acmeRunners, responses: map[string]http.Handler{list3: circlecitest.Raw(200, "text/html", "<html></html>")},
			requests: []string{list2, list3}, detail: "A server without API v2 responds with 404 too.",
		},
		"fleet of unknown classes": {
			read: classesFleet, responses: map[string]http.Handler{list2: empty}, count: 1 + 200 + 1, requests: []string{list2, count2, count3},
			detail: check + "resource_classes" + noAccess,
		},
		"fleet of only an unknown class": {
			read: onlyFleet, responses: map[string]http.Handler{list2: empty}, requests: []string{list2, count2, count3},
			detail: check + "only_resource_classes" + noAccess + "CircleCI may also respond with 404 for a resource class without runners.",
		},
		"fleet of a listed class": {
			read: acmeFleet, requests: []string{list2, count2, count3}, detail: check + "namespace" + noAccess,
			responses: map[string]http.Handler{list2: circlecitest.JSON(`{"items": [{"resource_class": "acme/linux", "name": "a"}]}`)},
		},
		"fleet that is rejected": {
			read: rejectedFleet, responses: map[string]http.Handler{list2: rejected}, requests: []string{list2},
			detail: "The API rejected the request: check namespace and api_version.",
		},
		"organization that is rejected": {
			read: organizationRunners, apiVersion: "v3", responses: map[string]http.Handler{list3: rejected}, requests: []string{list3},
			detail: "The API rejected the request: check organization_id and api_version.",
		},
		"organization that is not found": {
			read: organizationRunners, apiVersion: "v3", requests: []string{list3},
			detail: check + "organization_id" + noAccess + "A server without API v3 responds with 404 too.",
		},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.Intercept(func(r *http.Request) http.Handler {
				if response := row.responses[r.URL.Path]; response != nil {
					return response
				}
				return notFound
			})
			p := newProvider(t, server, providertest.Attributes{"api_version": providertest.String(cmp.Or(row.apiVersion, "v2"))})
			_, got := p.read(t.Context(), row.read.dataSource, row.read.attributes)
			assertDiagnostic(t, got, wantDiagnostic{at: row.read.attribute, summary: row.read.summary, detail: row.detail})
			var paths []string
			for _, request := range server.Requests() {
				paths = append(paths, request.Path)
			}
			expectSame(t, "number of requests", cmp.Or(row.count, len(row.requests)), len(paths))
			slices.Sort(paths)
			expectSame(t, "requests", row.requests, slices.Compact(paths))
		})
	}
}
