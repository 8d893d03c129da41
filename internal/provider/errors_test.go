package provider_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
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
		unknown = "The Runner API is not known to respond with this status: check api_url."
		message = "The API rejected the request: its message says why."
		served  = `The installation does not serve API v2: set api_version to "auto", which selects a version that it serves.`
		format  = "The response does not match CircleCI's documented format, so it was rejected. Check api_url and api_version"
	)
	for name, row := range map[string]struct {
		response http.Handler // It is the response to every request.
		dial     error        // It is the error of every connection.
		settings providertest.Attributes
		version  string   // The default is auto.
		isSentTo []string // The versions that get a request. The default is the one that is set, and v3.
		at       string   // It is the attribute of the diagnostic: attribute stands for the one that selects what is read.
		detail   string   // It follows the URL in the detail.
		without  string   // It is not in the detail, if it is not "".
		requests int      // The default is 1.
	}{
		"400": {
			response: circlecitest.Error(400, "bad filter"), at: "attribute",
			detail: `400 Bad Request: "bad filter".` + "\n\n" + message,
		},
		"400 without a message": {
			response: circlecitest.Raw(400, "text/plain", ""), at: "attribute",
			detail: "400 Bad Request.\n\nThe API rejected the request: check  ...  and api_version.",
		},
		"402": {response: circlecitest.Error(402, "no plan"), detail: `402 Payment Required: "no plan".` + "\n\n" + message},
		"422": {response: circlecitest.Error(422, "bad name"), detail: `422 Unprocessable Entity: "bad name".` + "\n\n" + message},
		"405": {response: circlecitest.Error(405, "no"), version: "v2", detail: `405 Method Not Allowed: "no".` + "\n\n" + served},
		"410": {response: circlecitest.Error(410, "gone"), version: "v2", detail: `410 Gone: "gone".` + "\n\n" + served},
		"501": {response: circlecitest.Raw(501, "text/plain", ""), version: "v2", detail: "501 Not Implemented.\n\n" + served},
		"410 from both versions": {
			response: circlecitest.Error(410, "gone"), isSentTo: []string{"v3", "v2"},
			detail: `410 Gone: "gone"; API v2 returned 410 Gone too.` + "\n\nThe installation serves neither API v3 nor API v2: check api_url.",
		},
		"410 as HTML": {
			response: circlecitest.Raw(410, "text/html", page), version: "v2",
			detail: "410 Gone with an HTML page ... The Runner API did not send this response: " + notAPI, without: "api_version",
		},
		"401 as text": {
			response: circlecitest.Raw(401, "text/plain", "Invalid token"), detail: `: "Invalid token".` + "\n\n ... was not accepted: ",
			without: notAPI,
		},
		"403 as text": {
			response: circlecitest.Raw(403, "text/plain", "Forbidden"), detail: `: "Forbidden".` + "\n\n ... is not allowed to read this: ",
			without: notAPI,
		},
		"451 as text": {
			response: circlecitest.Raw(451, "text/plain", "Account flagged"), detail: `: "Account flagged".` + "\n\n" + message, without: notAPI,
		},
		"408": {response: circlecitest.Error(408, "slow"), requests: 5, detail: `408 Request Timeout: "slow" (attempts: 5, in ` + " ... " + failing},
		"429 with a Retry-After that exceeds the read timeout": {
			response: circlecitest.WithHeader(circlecitest.Error(429, "slow down"), "Retry-After", "3600"),
			detail:   `429 Too Many Requests: "slow down" ... 1h0m0s ... ` + limited,
		},
		"503 without retries": {
			response: circlecitest.Error(503, "busy"), settings: providertest.Attributes{"max_retries": providertest.Number(0)},
			detail: `503 Service Unavailable: "busy" (attempts: 1, in ` + " ... " + failing,
		},
		"503 with two retries": {
			response: circlecitest.Error(503, "busy"), settings: providertest.Attributes{"max_retries": providertest.Number(2)}, requests: 3,
			detail: `503 Service Unavailable: "busy" (attempts: 3, in ` + " ... " + failing,
		},
		"502 as HTML, with the default of retries": {
			response: circlecitest.Raw(502, "text/html", page), requests: 5,
			detail: `502 Bad Gateway ... : "Sign in" (attempts: 5, in ` + " ... " + failing,
		},
		"401 as HTML": {
			response: circlecitest.Raw(401, "text/html", page),
			detail: `401 Unauthorized with an HTML page instead of JSON: "Sign in".` + "\n\nSomething other than the Runner API returned this 401: " +
				"check api_url and the proxies (HTTPS_PROXY, NO_PROXY) first, and then the credential.",
		},
		"404 as HTML": {
			response: circlecitest.Raw(404, "text/html", page), version: "v2", at: "attribute",
			detail: "Something other than the Runner API returned this 404: check api_url and the proxies (HTTPS_PROXY, NO_PROXY).",
		},
		"a message with a full stop, and with the token": {
			response: circlecitest.Error(401, "Bad token: "+circlecitest.PersonalToken+"."),
			detail:   `: "Bad token: (redacted)."` + "\n\n ... was not accepted",
		},
		"206":           {response: circlecitest.Raw(206, "application/json", body), detail: "206 Partial Content ... " + unknown},
		"304":           {response: circlecitest.Raw(304, "application/json", ""), detail: "304 Not Modified.\n\n" + unknown},
		"HTML with 200": {response: circlecitest.Raw(200, "text/html", page), detail: `an HTML page ... "Sign in".` + " ... " + notAPI},
		"text with 200": {
			response: circlecitest.Raw(200, "text/plain", "It works!"), detail: `plain text ... "It works!"` + "\n\n ... " + notAPI,
		},
		"malformed response": {
			response: circlecitest.JSON(`{"items": {}, "unclaimed_task_count": {}}`), detail: "the response has ... " + format,
		},
		"truncated body": {
			response: circlecitest.TruncatedBody(body), requests: 5,
			detail: "the connection was closed in the middle of the response (attempts: 5, in  ... " + network,
		},
		"request_timeout": {
			response: circlecitest.Hang(), requests: 2,
			settings: providertest.Attributes{"max_retries": providertest.Number(1), "request_timeout": providertest.String("300ms")},
			detail:   "timed out after 300ms waiting for a complete response (attempts: 2, in  ... (HTTPS_PROXY, NO_PROXY), or increase request_timeout.",
		},
		"redirect": {
			response: circlecitest.Redirect("https://login.example.com/sign-in"),
			detail: "redirected to https://login.example.com:443 ... The credential was not sent there. If the Runner API is served at " +
				"https://login.example.com:443, set api_url to it.",
		},
		"name that is not found": {
			dial:   &net.DNSError{Err: "no such host", Name: "runner.example.com", IsNotFound: true},
			detail: "lookup runner.example.com: no such host (attempts: 5, in  ... " + network, requests: -1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for url, read := range map[string]failedRead{
				"/runner?namespace=acme": acmeRunners, "/runner/tasks?resource-class=acme%2Flinux": linuxTasks,
			} {
				synctest.Test(t, func(t *testing.T) {
					server := newMemoryServer(t)
					server.SetHandler(row.response)
					settings := providertest.Attributes{"api_version": providertest.String(cmp.Or(row.version, "auto"))}
					maps.Copy(settings, row.settings)
					versions := row.isSentTo
					if versions == nil {
						versions = []string{cmp.Or(row.version, "v3")}
					}
					p := newProvider(t, server, settings, func(c *circleci.Config) {
						if row.dial != nil {
							c.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, row.dial }
						}
					})
					_, got := p.read(t.Context(), read.dataSource, read.attributes)
					assertDiagnostic(t, got, wantDiagnostic{
						at: strings.Replace(row.at, "attribute", read.attribute, 1), summary: read.summary,
						detail: "GET " + server.URL + "/api/" + versions[0] + url + " ... " + row.detail,
					})
					if row.without != "" && strings.Contains(got[0].Detail, row.without) {
						t.Errorf("got detail\n%s\nwith\n%s", got[0].Detail, row.without)
					}
					var requests []string
					for _, version := range versions {
						requests = append(requests, slices.Repeat([]string{"/api/" + version + url}, max(cmp.Or(row.requests, 1), 0))...)
					}
					expectRequests(t, server, requests...)
				})
			}
		})
	}
}

// TestNotFound has what a 404 may be about, and a 400 without a message: both are about an attribute.
func TestNotFound(t *testing.T) {
	t.Parallel()
	const (
		list2, list3     = "/api/v2/runner", "/api/v3/runner"
		count2, count3   = "/api/v2/runner/tasks", "/api/v3/runner/tasks"
		classes2, token2 = "/api/v2/runner/resource", "/api/v2/runner/token"
		check, noAccess  = "Check that ", " is correct, and that the credential has access to it."
		noRunners        = " CircleCI may also respond with 404 for a resource class without runners."
		everything       = " If every request fails with 404, check api_version and the path of api_url."
		isListed         = "The API lists this resource class: check that the credential has access to it."
	)
	empty, rejected := circlecitest.JSON(`{"items": []}`), circlecitest.Raw(400, "application/json", "")
	notFound := circlecitest.Delay(time.Second, circlecitest.Error(404, "Not found")) // After the requests that are sent with it.
	onlyFleet, rejectedFleet, linuxTokens := classesFleet, classesFleet, linuxRunners
	onlyFleet.attribute = "only_resource_classes"
	onlyFleet.attributes = providertest.Attributes{"namespace": providertest.String("acme"), "only_resource_classes": classes(1)}
	rejectedFleet.attribute, rejectedFleet.summary = "namespace", acmeRunners.summary
	linuxTokens.dataSource, linuxTokens.summary = "circleci_runner_tokens", "Error reading tokens of resource class acme/linux"
	for name, row := range map[string]struct {
		read      failedRead
		settings  providertest.Attributes // The default of api_version is v2.
		responses map[string]http.Handler // They are by path; the default is status 404.
		detail    string
		requests  []string // The distinct paths, sorted.
		count     int      // The number of requests; the default is one for each path.
	}{
		"runners of a listed class": {
			read: linuxRunners, responses: map[string]http.Handler{classes2: listing("acme/LINUX")}, requests: []string{list2, classes2},
			detail: isListed + noRunners,
		},
		"tokens of a listed class": {
			read: linuxTokens, responses: map[string]http.Handler{classes2: listing("acme/linux")}, requests: []string{classes2, token2},
			detail: "\n\n" + isListed,
		},
		"class of which the namespace is not found": {
			read: linuxRunners, requests: []string{list2, classes2}, detail: check + "resource_class" + noAccess + noRunners + everything,
		},
		"class of which the namespace is listed too slowly": {
			read: linuxRunners, responses: map[string]http.Handler{classes2: circlecitest.Hang()}, requests: []string{list2, classes2},
			detail: check + "resource_class" + noAccess,
		},
		"class that a launch token may not read": {
			read: linuxRunners, requests: []string{list2},
			settings: providertest.Attributes{
				"token": tftypes.NewValue(tftypes.String, nil), "launch_token": providertest.String(circlecitest.LaunchToken),
			},
			detail: noRunners + " The launch token from the provider's attribute launch_token may not be allowed to read this. CircleCI's reference",
		},
		"namespace": {read: acmeRunners, requests: []string{list2}, detail: check + "namespace" + noAccess + everything},
		"fleet of unknown classes": {
			read: classesFleet, responses: map[string]http.Handler{list2: empty, classes2: listing("acme/linux")}, count: 1 + 200 + 1,
			requests: []string{list2, classes2, count2}, detail: "Namespace acme has no resource class acme/0; it has acme/linux.",
		},
		"fleet of only an unknown class": {
			read: onlyFleet, responses: map[string]http.Handler{list2: empty, classes2: listing("acme/linux")},
			requests: []string{list2, classes2, count2}, detail: "Namespace acme has no resource class acme/0; it has acme/linux.",
		},
		"fleet of a listed class": {
			read: acmeFleet, requests: []string{list2, classes2, count2}, detail: check + "namespace" + noAccess + noRunners,
			responses: map[string]http.Handler{list2: circlecitest.JSON(`{"items": [{"resource_class": "acme/linux", "name": "a"}]}`)},
		},
		"tasks that are counted with v3": {
			read: linuxTasks, settings: providertest.Attributes{"api_version": providertest.String("v3")},
			requests: []string{"/api/v3/runner/resource", count3, count3 + "/running"}, detail: check + "resource_class" + noAccess,
		},
		"fleet that is rejected": {
			read: rejectedFleet, responses: map[string]http.Handler{list2: rejected}, requests: []string{list2},
			detail: "The API rejected the request: check namespace and api_version.",
		},
		"organization that is rejected": {
			read: organizationRunners, settings: providertest.Attributes{"api_version": providertest.String("v3")},
			responses: map[string]http.Handler{list3: rejected}, requests: []string{list3},
			detail: "The API rejected the request: check organization_id and api_version.",
		},
		"organization that is not found": {
			read: organizationRunners, settings: providertest.Attributes{"api_version": providertest.String("v3")}, requests: []string{list3},
			detail: check + "organization_id" + noAccess + everything,
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
			settings := providertest.Attributes{"api_version": providertest.String("v2")}
			maps.Copy(settings, row.settings)
			p := newProvider(t, server, settings)
			_, got := p.read(t.Context(), row.read.dataSource, row.read.attributes)
			assertDiagnostic(t, got, wantDiagnostic{at: row.read.attribute, summary: row.read.summary, detail: row.detail})
			var paths []string
			for _, request := range server.Requests() {
				paths = append(paths, request.Path)
			}
			expectSame(t, "number of requests", cmp.Or(row.count, len(row.requests)), len(paths))
			slices.Sort(paths)
			expectSame(t, "requests", row.requests, slices.Compact(paths))
			time.Sleep(circleci.ReadTimeout) // A listing goes on without the caller that it was too slow for.
		})
	}
}
