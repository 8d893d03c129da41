package provider_test

import (
	"cmp"
	"net/http"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// TestDeprecation has responses that announce the end of an endpoint: one warning, whatever is read or changed first,
// and none after it.
func TestDeprecation(t *testing.T) {
	t.Parallel()
	const (
		resourceClass = "circleci_runner_resource_class"
		list          = "/api/v3/runner/resource?namespace=acme"
		advice        = `If the provider's api_version is "v2", remove it. Otherwise use the newest version of the provider.`
		deprecated    = "@1688169599"
		ends          = "is deprecated, and ends on 2026-03-05"
	)
	sunset := variables{"Sunset": "Thu, 05 Mar 2026 00:00:00 GMT"}
	readClass := func(t *testing.T, p testProvider) []diagnostic {
		_, got, err := p.ReadResource(t.Context(), resourceClass, classState)
		if err != nil {
			t.Error(err)
		}
		return protocolDiagnostics(got)
	}
	readTasks := func(t *testing.T, p testProvider) []diagnostic {
		_, got := p.read(t.Context(), linuxTasks.dataSource, linuxTasks.attributes)
		return got
	}
	create := func(t *testing.T, p testProvider) []diagnostic {
		return p.change(t.Context(), resourceClass, nil, texts(variables{"resource_class": "acme/new"}))
	}
	for name, row := range map[string]struct {
		headers     variables
		use         func(*testing.T, testProvider) []diagnostic // The default reads the class.
		detail, url string                                      // Without a detail, there is no warning. The default is list.
	}{
		"both": {
			headers: variables{"Deprecation": deprecated, "Sunset": sunset["Sunset"]},
			detail:  "has been deprecated since 2023-06-30, and ends on 2026-03-05",
		},
		"only Deprecation": {headers: variables{"Deprecation": deprecated}, detail: "has been deprecated since 2023-06-30"},
		"without a date":   {headers: variables{"Deprecation": "true"}, detail: "is deprecated"},
		"another form":     {headers: variables{"Sunset": "2026-03-05 or later"}, detail: "is deprecated"},
		"none":             {},
		"refresh":          {headers: sunset, detail: ends},
		"data source":      {headers: sunset, use: readTasks, detail: ends, url: linuxTasksURL},
		"creation":         {headers: sunset, use: create, detail: ends},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.SetTasks("acme/linux", 1, 2)
			server.SetResourceClasses(movedClass)
			server.SetHandler(server.Edit(func(body string) http.Handler {
				response := circlecitest.JSON(body)
				for header, value := range row.headers {
					response = circlecitest.WithHeader(response, header, value)
				}
				return response
			}))
			p, use := newProvider(t, server, nil), row.use
			if use == nil {
				use = readClass
			}
			if got := use(t, p); row.detail == "" {
				assertNoDiagnostics(t, got)
			} else {
				expectReport(t, got, diagnostic{
					Severity: "warning", Summary: "Deprecated endpoint of the Runner API",
					Detail: "The Runner API announced that GET " + server.URL + cmp.Or(row.url, list) + " " + row.detail + ". " + advice,
				})
			}
			assertNoDiagnostics(t, readClass(t, p))
		})
	}
}
