package provider_test

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestErrors has each kind of error of the client, and the settings that decide how often and how long a read is tried. The
// client's own tests have every case of each kind.
func TestErrors(t *testing.T) {
	t.Parallel()
	const (
		page    = "<html><head><title>Sign in</title></head></html>"
		body    = `{"items": [], "unclaimed_task_count": 9}`
		notAPI  = "check that api_url is its URL, and that no proxy or login page responds instead."
		network = "Check api_url, the network and the proxy settings"
		failing = "The service, or a proxy in front of it, is failing: retry later"
		limited = "reduce max_concurrent_requests, or request a higher limit from CircleCI."
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
			detail: `502 Bad Gateway ... : "Sign in" (tried 5 times in ` + " ... " + failing + " ... " + notAPI,
		},
		"a message with a full stop, and with the token": {
			response: circlecitest.Error(401, "Bad token: "+circlecitest.PersonalToken+"."), detail: `: "Bad token: (redacted)."` + "\n\n ... was not accepted",
		},
		"206":                {response: circlecitest.Raw(206, "application/json", body), detail: "206 Partial Content ... " + only200},
		"304":                {response: circlecitest.Raw(304, "application/json", ""), detail: "304 Not Modified.\n\n" + only200},
		"HTML with 200":      {response: circlecitest.Raw(200, "text/html", page), detail: `an HTML page ... "Sign in".` + " ... " + notAPI},
		"text with 200":      {response: circlecitest.Raw(200, "text/plain", "It works!"), detail: `plain text ... "It works!"` + "\n\n ... " + notAPI},
		"malformed response": {response: circlecitest.JSON(`{"items": null, "unclaimed_task_count": null}`), detail: "has null for ... " + format},
		"truncated body": {
			response: circlecitest.TruncatedBody(body), requests: 5,
			detail: "the connection was closed in the middle of the response (tried 5 times in  ... " + network,
		},
		"request_timeout": {
			response: circlecitest.Hang(), settings: providertest.Attributes{"max_retries": providertest.Number(1), "request_timeout": providertest.String("300ms")},
			detail: "timed out after 300ms waiting for a complete response (tried twice in  ... " + network, requests: 2,
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
			for _, read := range []struct {
				dataSource, attribute, summary, url string
				attributes                          providertest.Attributes
			}{
				{
					dataSource: "circleci_runners", attribute: "namespace", attributes: acmeNamespace,
					summary: "Error reading runners of namespace acme", url: "/api/v2/runner?namespace=acme",
				},
				{
					dataSource: "circleci_runner_tasks", attribute: "resource_class", attributes: linuxClass,
					summary: "Error counting tasks of resource class acme/linux", url: "/api/v2/runner/tasks?resource-class=acme%2Flinux",
				},
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
						detail: "GET " + server.URL + read.url + " ... " + row.detail,
					})
					requests := server.Requests()
					if want := max(cmp.Or(row.requests, 1), 0); len(requests) != want {
						t.Errorf("got %d requests, want %d", len(requests), want)
					}
					for _, request := range requests {
						expectRequest(t, request, read.url)
					}
				})
			}
		})
	}
}

// TestConnectionRefused has a port without a listener, and the CLI.
func TestConnectionRefused(t *testing.T) {
	server := newServer(t)
	server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	assertDiagnostic(t, newWorkspace(t, providerBlock(server)+tasksBlock).plan(), wantDiagnostic{
		summary: "Error counting tasks of resource class acme/linux",
		detail:  "GET " + server.URL + "/api/v2/runner/tasks?resource-class=acme%2Flinux: dial tcp " + address + ": connect: connection refused (tried once in ",
	})
}
