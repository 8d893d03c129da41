package provider_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestRemediation has the two statuses that the attributes of a data source may explain, 400 and 404.
func TestRemediation(t *testing.T) {
	t.Parallel()
	const organization = "b9291e0d-a11e-41fb-8517-c545388b5953"
	var (
		notFound = circlecitest.Delay(time.Second, circlecitest.Error(404, "Not found")) // After the requests that are sent with it.
		list     = circlecitest.JSON(`{"items": []}`)
		count    = circlecitest.JSON(`{"unclaimed_task_count": 1}`)
		fleet    = providertest.Attributes{"namespace": providertest.String("acme"), "resource_classes": classes(200)}
	)
	for name, row := range map[string]struct {
		dataSource string
		attributes providertest.Attributes
		apiVersion string // The default is v2.
		// responses are by path; the default is status 404.
		responses map[string]http.Handler
		attribute string
		summary   string
		want      string
		requests  []string // The distinct paths, sorted.
		count     int      // The number of requests; the default is one for each path.
	}{
		"runners of a class that v3 lists": {
			dataSource: "circleci_runners", attributes: linuxClass, responses: map[string]http.Handler{"/api/v3/runner": list},
			summary: "Error reading runners of resource class acme/linux", attribute: "resource_class", want: `The server supports API v3: set api_version = "v3" in the provider.`,
			requests: []string{"/api/v2/runner", "/api/v3/runner"},
		},
		"tasks that v2 counts": {
			dataSource: "circleci_runner_tasks", attributes: linuxClass, apiVersion: "v3", responses: map[string]http.Handler{"/api/v2/runner/tasks": count},
			summary: "Error counting tasks of resource class acme/linux", attribute: "resource_class", want: `The server supports API v2: set api_version = "v2" in the provider.`,
			requests: []string{"/api/v2/runner/tasks", "/api/v3/runner/tasks", "/api/v3/runner/tasks/running"},
		},
		"class that neither version has": {
			dataSource: "circleci_runners", attributes: linuxClass, summary: "Error reading runners of resource class acme/linux", attribute: "resource_class",
			want: "Check that resource_class is correct, and that the credential has access to it. CircleCI may also respond with 404 " +
				"for a resource class without runners. API v3 responds with 404 too.",
			requests: []string{"/api/v2/runner", "/api/v3/runner"},
		},
		"namespace, and v3 rejects the credential": {
			dataSource: "circleci_runners", attributes: acmeNamespace, responses: map[string]http.Handler{"/api/v3/runner": circlecitest.Error(403, "no")},
			summary: "Error reading runners of namespace acme", attribute: "namespace", want: "Check that namespace is correct, and that the credential has access to it. A server without API v2 responds with 404 too.",
			requests: []string{"/api/v2/runner", "/api/v3/runner"},
		},
		"namespace, and v3 is overloaded": {
			dataSource: "circleci_runners", attributes: acmeNamespace, responses: map[string]http.Handler{"/api/v3/runner": circlecitest.Error(503, "busy")},
			summary: "Error reading runners of namespace acme", attribute: "namespace", want: "A server without API v2 responds with 404 too.",
			requests: []string{"/api/v2/runner", "/api/v3/runner"},
		},
		"namespace, and v3 is a web page": {
			dataSource: "circleci_runners", attributes: acmeNamespace, responses: map[string]http.Handler{"/api/v3/runner": circlecitest.Raw(200, "text/html", "<html></html>")},
			summary: "Error reading runners of namespace acme", attribute: "namespace", want: "A server without API v2 responds with 404 too.",
			requests: []string{"/api/v2/runner", "/api/v3/runner"},
		},
		"fleet of unknown classes": {
			dataSource: "circleci_runner_fleet", attributes: fleet, responses: map[string]http.Handler{"/api/v2/runner": list},
			summary: "Error counting tasks of namespace acme", attribute: "resource_classes", want: "Check that resource_classes is correct, and that", count: 1 + 200 + 1,
			requests: []string{"/api/v2/runner", "/api/v2/runner/tasks", "/api/v3/runner/tasks"},
		},
		"fleet of a listed class": {
			dataSource: "circleci_runner_fleet", attributes: acmeNamespace,
			responses: map[string]http.Handler{"/api/v2/runner": circlecitest.JSON(`{"items": [{"resource_class": "acme/linux", "name": "a"}]}`)},
			summary:   "Error counting tasks of namespace acme", attribute: "namespace", want: "Check that namespace is correct, and that",
			requests: []string{"/api/v2/runner", "/api/v2/runner/tasks", "/api/v3/runner/tasks"},
		},
		"fleet that is rejected": {
			dataSource: "circleci_runner_fleet", attributes: fleet, responses: map[string]http.Handler{"/api/v2/runner": circlecitest.Error(400, "no")},
			summary: "Error reading runners of namespace acme", attribute: "namespace", want: "The API rejected the request: check namespace and api_version.", requests: []string{"/api/v2/runner"},
		},
		"organization that is rejected": {
			dataSource: "circleci_organization_runners", attributes: providertest.Attributes{"organization_id": providertest.String(organization)},
			apiVersion: "v3", responses: map[string]http.Handler{"/api/v3/runner": circlecitest.Error(400, "no")},
			summary: "Error reading runners of organization " + organization, attribute: "organization_id", want: "The API rejected the request: check organization_id and api_version.", requests: []string{"/api/v3/runner"},
		},
		"organization that is not found": {
			dataSource: "circleci_organization_runners", attributes: providertest.Attributes{"organization_id": providertest.String(organization)},
			apiVersion: "v3", summary: "Error reading runners of organization " + organization, attribute: "organization_id", want: "Check that organization_id is correct, and that the credential has access to it. " +
				"A server without API v3 responds with 404 too.", requests: []string{"/api/v3/runner"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newMemoryServer(t)
				server.Intercept(func(r *http.Request) http.Handler {
					if response := row.responses[r.URL.Path]; response != nil {
						return response
					}
					return notFound
				})
				p := newProvider(t, server, providertest.Attributes{"api_version": providertest.String(cmp.Or(row.apiVersion, "v2"))})
				_, got := p.read(t.Context(), row.dataSource, row.attributes)
				assertDiagnostic(t, got, wantDiagnostic{at: row.attribute, summary: row.summary, detail: row.want})
				var paths []string
				for _, request := range server.Requests() {
					paths = append(paths, request.Path)
				}
				if len(paths) != cmp.Or(row.count, len(row.requests)) {
					t.Errorf("got %d requests, want %d", len(paths), cmp.Or(row.count, len(row.requests)))
				}
				slices.Sort(paths)
				if paths = slices.Compact(paths); !slices.Equal(paths, row.requests) {
					t.Errorf("got requests %q, want %q", paths, row.requests)
				}
			})
		})
	}
}

// classes returns a set of n classes of namespace acme.
func classes(n int) tftypes.Value {
	elements := make([]tftypes.Value, n)
	for i := range elements {
		elements[i] = providertest.String(fmt.Sprintf("acme/%d", i))
	}
	return tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, elements)
}
