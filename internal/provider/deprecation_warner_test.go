package provider_test

import (
	"cmp"
	"net/http"
	"sync"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestDeprecation has responses that announce the end of an endpoint: one warning, whatever is read or changed first,
// and none after it.
func TestDeprecation(t *testing.T) {
	t.Parallel()
	const (
		announced = "The Runner API announced that what the provider requests "
		advice    = `If the provider's api_version is "v2", remove it. Otherwise use the newest version of the provider.`
		list      = "/api/v3/runner/resource?namespace=acme"
	)
	sunset, deprecated := "Thu, 05 Mar 2026 00:00:00 GMT", "@1688169599"
	readClass := func(t *testing.T, p testProvider) []diagnostic {
		_, got, err := p.ReadResource(t.Context(), "circleci_runner_resource_class", classState)
		if err != nil {
			t.Error(err)
		}
		return protocolDiagnostics(got)
	}
	for name, row := range map[string]struct {
		headers map[string]string
		use     func(t *testing.T, p testProvider) []diagnostic // The default reads the class.
		detail  string                                          // Without one, there is no warning.
		url     string                                          // The default is list.
	}{
		"both": {
			headers: map[string]string{"Deprecation": deprecated, "Sunset": sunset},
			detail:  "has been deprecated since 2023-06-30, and ends on 2026-03-05",
		},
		"only Deprecation": {
			headers: map[string]string{"Deprecation": deprecated}, detail: "has been deprecated since 2023-06-30",
		},
		"only Sunset":    {headers: map[string]string{"Sunset": sunset}, detail: "is deprecated, and ends on 2026-03-05"},
		"without a date": {headers: map[string]string{"Deprecation": "true"}, detail: "is deprecated"},
		"a date in another form": {
			headers: map[string]string{"Sunset": "2026-03-05 or later"},
			detail:  "is deprecated, and ends on 2026-03-05 or later",
		},
		"none": {},
		"data source": {
			headers: map[string]string{"Sunset": sunset},
			use: func(t *testing.T, p testProvider) []diagnostic {
				_, got := p.read(t.Context(), "circleci_runner_tasks", linuxClass)
				return got
			},
			detail: "is deprecated, and ends on 2026-03-05", url: linuxTasksURL,
		},
		"creation": {
			headers: map[string]string{"Sunset": sunset},
			use: func(t *testing.T, p testProvider) []diagnostic {
				planned := providertest.Attributes{"resource_class": providertest.String("acme/new")}
				return p.change(t.Context(), "circleci_runner_resource_class", nil, planned)
			},
			detail: "is deprecated, and ends on 2026-03-05",
		},
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
					Detail: announced + row.detail + ": GET " + server.URL + cmp.Or(row.url, list) + ". " + advice,
				})
			}
			assertNoDiagnostics(t, readClass(t, p))
		})
	}
}

// TestDeprecationIsReportedOnce has reads that get the first announcement concurrently.
func TestDeprecationIsReportedOnce(t *testing.T) {
	t.Parallel()
	const count = 20
	server := newServer(t)
	server.SetTasks("acme/linux", 1, 2)
	server.SetHandler(server.Edit(func(body string) http.Handler {
		return circlecitest.WithHeader(circlecitest.JSON(body), "Deprecation", "@1688169599")
	}))
	p := newProvider(t, server, nil)
	warnings := make([][]diagnostic, count)
	var reads sync.WaitGroup
	for i := range count {
		reads.Go(func() { _, warnings[i] = p.read(t.Context(), "circleci_runner_tasks", linuxClass) })
	}
	reads.Wait()
	total := 0
	for _, got := range warnings {
		total += len(got)
	}
	expectSame(t, "warnings", 1, total)
}
