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

const (
	organization = "b9291e0d-a11e-41fb-8517-c545388b5953"
	countingAcme = "Error counting tasks of namespace acme"
)

var (
	acmeRunners  = failedRead{"circleci_runners", "namespace", "Error reading runners of namespace acme", acmeNamespace}
	linuxRunners = failedRead{
		"circleci_runners", "resource_class", "Error reading runners of resource class acme/linux", linuxClass,
	}
	linuxTokens = failedRead{
		"circleci_runner_tokens", "resource_class", "Error reading tokens of resource class acme/linux", linuxClass,
	}
	linuxTasks          = failedRead{"circleci_runner_tasks", "resource_class", countingTasks, linuxClass}
	acmeFleets          = failedRead{"circleci_runner_fleets", "namespace", countingAcme, acmeNamespace}
	organizationRunners = failedRead{
		"circleci_organization_runners", "organization_id", "Error reading runners of organization " + organization,
		providertest.Attributes{"organization_id": providertest.String(organization)},
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

// TestErrors has the advice for each kind of error of the client, and the settings that decide how often and how long a
// read is tried. The client's own tests have every case of each kind.
func TestErrors(t *testing.T) {
	t.Parallel()
	const (
		html, text = "text/html", "text/plain"
		page       = "<html><head><title>Sign in</title></head></html>"
		v2         = "api_version=v2"
		notAPI     = "check that api_url is its URL, and that no proxy or login page responds instead."
		network    = "Check api_url, the network and the proxy settings (HTTPS_PROXY, NO_PROXY)."
		failing    = "\n\nThe service, or a proxy in front of it, is failing: retry later."
		unknown    = "The Runner API is not known to respond with this status: check api_url."
		message    = "\n\nThe API rejected the request: its message says why."
		other      = "Something other than the Runner API returned this "
		served     = "\n\nThe installation does not serve API v2: set api_version to \"auto\", which selects a version "
		timedOut   = "timed out after 300ms waiting for a complete response (attempts: 2, in  ... increase request_timeout."
		format     = "The response does not match CircleCI's documented format, so it was rejected. Check api_url. "
		redirected = "The credential was not sent there. If the Runner API is served at https://a.b:443, set api_url to it."
	)
	failed := func(status int) http.Handler { return circlecitest.Error(status, "no") }
	raw, quoted := circlecitest.Raw, circlecitest.Error(401, circlecitest.PersonalToken+".")
	later := circlecitest.WithHeader(failed(429), "Retry-After", "3600") // It exceeds the read timeout.
	partial, slow := raw(206, "application/json", "{}"), "max_retries=1 request_timeout=300ms"
	truncated, redirect := circlecitest.TruncatedBody("{}"), circlecitest.Redirect("https://a.b/login")
	noHost := &net.DNSError{Err: "no such host", Name: "runner.example.com", IsNotFound: true}
	for name, row := range map[string]struct {
		response http.Handler // It is the response to every request.
		dial     error        // It is the error of every connection.
		settings string       // The default of api_version is auto.
		requests int          // The default is 1.
		also     string       // It is another URL that gets a request.
		at       string
		detail   string // It is in the detail, after the URL.
		without  string // It is not in the detail, if it is not "".
	}{
		"400":        {response: failed(400), at: "namespace", detail: `: "no".` + message},
		"400, empty": {response: raw(400, text, ""), at: "namespace", detail: "check namespace."},
		"401, text":  {response: raw(401, text, "no"), detail: `: "no".` + "\n\n ... was not accepted: ", without: notAPI},
		"401, HTML":  {response: raw(401, html, page), detail: other + "401: check api_url and the proxies ... first, and"},
		"402":        {response: failed(402), detail: `: "no".` + message},
		"403, text":  {response: raw(403, text, "no"), detail: `: "no".` + "\n\n ... is not allowed to", without: notAPI},
		"404, HTML":  {response: raw(404, html, page), settings: v2, at: "namespace", detail: other + "404: check api_url"},
		"405":        {response: failed(405), settings: v2, detail: `: "no".` + served},
		"408":        {response: failed(408), requests: 5, detail: ": \"no\" (attempts: 5, in  ... " + failing},
		"410":        {response: failed(410), settings: v2, detail: `: "no".` + served},
		"410, auto":  {response: failed(410), also: "/api/v2/runner?namespace=acme", detail: "neither API v3 nor API v2"},
		"410, HTML":  {response: raw(410, html, page), settings: v2, detail: notAPI, without: "api_version"},
		"422":        {response: failed(422), detail: `: "no".` + message},
		"429":        {response: later, detail: "1h0m0s ... with only_resource_classes or a longer poll_interval."},
		"451, text":  {response: raw(451, text, "no"), detail: `: "no".` + message, without: notAPI},
		"501":        {response: raw(501, text, ""), settings: v2, detail: "501 Not Implemented." + served},
		"502, HTML":  {response: raw(502, html, page), requests: 5, detail: ": \"Sign in\" (attempts: 5, in  ... " + failing},
		"503, 0":     {response: failed(503), settings: "max_retries=0", detail: "(attempts: 1, in  ... " + failing},
		"503, 2":     {response: failed(503), settings: "max_retries=2", requests: 3, detail: "(attempts: 3, in "},
		"206":        {response: partial, detail: "206 Partial Content ... " + unknown},
		"304":        {response: raw(304, "application/json", ""), detail: "304 Not Modified.\n\n" + unknown},
		"full stop":  {response: quoted, detail: "401 Unauthorized: \"(redacted).\"\n\n"},
		"200, HTML":  {response: raw(200, html, page), detail: `an HTML page ... "Sign in".` + " ... " + notAPI},
		"200, text":  {response: raw(200, text, "Yes!"), detail: `plain text ... "Yes!"` + "\n\n ... " + notAPI},
		"malformed":  {response: circlecitest.JSON(`{"items": {}}`), detail: "the response has ... " + format},
		"truncated":  {response: truncated, requests: 5, detail: "in the middle ... " + network},
		"timeout":    {response: circlecitest.Hang(), settings: slow, requests: 2, detail: timedOut},
		"redirect":   {response: redirect, detail: "redirected to https://a.b:443 ... " + redirected},
		"no host":    {dial: noHost, requests: -1, detail: "no such host (attempts: 5, in  ... " + network},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.SetHandler(row.response)
			p := newProvider(t, server, parseAttributes(row.settings), func(c *circleci.Config) {
				if row.dial != nil {
					c.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, row.dial }
				}
			})
			url := "/api/v3/runner?namespace=acme"
			if row.settings == v2 {
				url = "/api/v2/runner?namespace=acme"
			}
			_, got := p.read(t.Context(), acmeRunners.dataSource, acmeRunners.attributes)
			detail := "GET " + server.URL + url + " ... " + row.detail
			assertDiagnostic(t, got, wantDiagnostic{at: row.at, summary: acmeRunners.summary, detail: detail})
			if row.without != "" && strings.Contains(got[0].Detail, row.without) {
				t.Errorf("got detail\n%s\nwith\n%s", got[0].Detail, row.without)
			}
			urls := slices.Repeat([]string{url}, max(cmp.Or(row.requests, 1), 0))
			if row.also != "" {
				urls = append(urls, row.also)
			}
			expectRequests(t, server, urls...)
		})
	}
}

// TestNotFound has what a 404 may be about, and a 400 without a message: both are about an attribute.
func TestNotFound(t *testing.T) {
	t.Parallel()
	type responses = map[string]http.Handler
	const (
		list2, list3     = "/api/v2/runner", "/api/v3/runner"
		count2, count3   = "/api/v2/runner/tasks", "/api/v3/runner/tasks"
		classes2, token2 = "/api/v2/runner/resource", "/api/v2/runner/token"
		check, noAccess  = "Check that ", " is correct, and that the credential has access to it."
		noRunners        = " CircleCI may also return 404 for a resource class without runners."
		everything       = " If every request fails with 404, check api_version and api_url."
		isListed         = "The API lists this resource class: check that the credential has access to it."
		unknownClass     = "Namespace acme has no resource class acme/0; it has acme/linux."
		rejectedRead     = "The API rejected the request: check "
	)
	empty, rejected := circlecitest.JSON(`{"items": []}`), circlecitest.Raw(400, "application/json", "")
	lateNotFound := circlecitest.Delay(time.Second, circlecitest.Error(404, "Not found")) // After what is sent with it.
	fleetsOf := func(attribute string, n int) failedRead {
		fleets := acmeFleets
		fleets.attribute, fleets.attributes = attribute, maps.Clone(acmeNamespace)
		fleets.attributes[attribute] = classes(n)
		return fleets
	}
	rejectedFleets := acmeFleets
	rejectedFleets.summary = acmeRunners.summary
	class := []string{list2, classes2}
	fleetsPaths := []string{list2, classes2, count2}
	for name, row := range map[string]struct {
		read      failedRead
		settings  string    // The default of api_version is v2.
		responses responses // They are by path; the default is status 404.
		detail    string
		requests  []string // The distinct paths, sorted.
		count     int      // The number of requests; the default is one for each path.
	}{
		"runners of a listed class": {
			read: linuxRunners, responses: responses{classes2: listing("acme/LINUX")}, requests: class,
			detail: isListed + noRunners,
		},
		"tokens of a listed class": {
			read: linuxTokens, responses: responses{classes2: listing("acme/linux")}, detail: "\n\n" + isListed,
			requests: []string{classes2, token2},
		},
		"class of which the namespace is not found": {
			read: linuxRunners, detail: check + "resource_class" + noAccess + noRunners + everything, requests: class,
		},
		"class of which the namespace is listed too slowly": {
			read: linuxRunners, responses: responses{classes2: circlecitest.Hang()}, requests: class,
			detail: check + "resource_class",
		},
		"class that a launch token may not read": {
			read: linuxRunners, settings: "token= launch_token=" + circlecitest.LaunchToken, requests: []string{list2},
			detail: noRunners + " The launch token from the provider's launch_token attribute may not be allowed to read this. ",
		},
		"namespace": {read: acmeRunners, requests: []string{list2}, detail: check + "namespace" + noAccess + everything},
		"fleets of unknown classes": {
			read: fleetsOf("resource_classes", 200), responses: responses{list2: empty, classes2: listing("acme/linux")},
			count: 1 + 200 + 1, requests: fleetsPaths, detail: unknownClass,
		},
		"fleets of only an unknown class": {
			read: fleetsOf("only_resource_classes", 1), responses: responses{list2: empty, classes2: listing("acme/linux")},
			requests: fleetsPaths, detail: unknownClass,
		},
		"fleets with a listed class": {
			read: acmeFleets, requests: fleetsPaths, detail: check + "namespace" + noAccess + noRunners,
			responses: responses{list2: circlecitest.JSON(`{"items": [{"resource_class": "acme/linux", "name": "a"}]}`)},
		},
		"tasks that are counted with v3": {
			read: linuxTasks, settings: "api_version=v3", detail: check + "resource_class" + noAccess,
			requests: []string{"/api/v3/runner/resource", count3, count3 + "/running"},
		},
		"fleets that are rejected": {
			read: rejectedFleets, responses: responses{list2: rejected}, requests: []string{list2},
			detail: rejectedRead + "namespace and api_version.",
		},
		"organization that is rejected": {
			read: organizationRunners, settings: "api_version=v3", responses: responses{list3: rejected},
			requests: []string{list3}, detail: rejectedRead + "organization_id and api_version.",
		},
		"organization, where version 3 may not be served": {
			read: organizationRunners, settings: "api_version=auto", requests: []string{list3},
			detail: check + "organization_id" + noAccess + " It needs API v3, which the installation may not serve.",
		},
		"organization that is not found": {
			read: organizationRunners, settings: "api_version=v3", requests: []string{list3},
			detail: check + "organization_id" + noAccess + everything,
		},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.Intercept(func(r *http.Request) http.Handler {
				if response := row.responses[r.URL.Path]; response != nil {
					return response
				}
				return lateNotFound
			})
			p := newProvider(t, server, parseAttributes("api_version=v2 "+row.settings))
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
