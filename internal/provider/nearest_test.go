package provider_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// listing responds with resource classes.
func listing(classes ...string) http.Handler {
	items := make([]string, len(classes))
	for i, class := range classes {
		items[i] = fmt.Sprintf(`{"id": "00000000-0000-0000-0000-%012d", "resource_class": %q, "description": ""}`, i, class)
	}
	return circlecitest.JSON(`{"items": [` + strings.Join(items, ",") + `]}`)
}

// TestMistypedResourceClass has a class that does not exist, with the other classes of its namespace.
func TestMistypedResourceClass(t *testing.T) {
	t.Parallel()
	const nearest = "; the nearest name is "
	for class, row := range map[string]struct {
		listed []string
		detail string // It is the end of the detail.
	}{
		"acme/linx":    {listed: []string{"acme/arm", "acme/linux", "acme/linux2"}, detail: nearest + "acme/linux."},
		"acme/lniux":   {listed: []string{"acme/linux"}, detail: nearest + "acme/linux."},
		"acme/LINUXES": {listed: []string{"acme/linux"}, detail: nearest + "acme/linux."},
		"acme/m1":      {listed: []string{"acme/m22", "acme/M2"}, detail: nearest + "acme/M2."},
		"Acme/größe-1": {listed: []string{"acme/Grösse-1"}, detail: nearest + "Acme/Grösse-1."},
		"acme/m":       {listed: []string{"acme/n"}, detail: "; it has acme/n."},
		"acme/mac":     {listed: []string{"acme/macos"}, detail: "; it has acme/macos."},
		"acme/windows": {
			listed: []string{"acme/1", "acme/2", "acme/3", "acme/4", "acme/5", "acme/6", "acme/7"},
			detail: "; it has acme/1, acme/2, acme/3, acme/4, acme/5 and 2 more.",
		},
		"acme/linux": {detail: "The API lists no resource class of namespace acme: check the name of the namespace."},
	} {
		runInBubble(t, class, func(t *testing.T) {
			server := newMemoryServer(t)
			server.Intercept(func(r *http.Request) http.Handler {
				if strings.HasSuffix(r.URL.Path, "/resource") {
					return listing(row.listed...)
				}
				return circlecitest.Error(404, "resource class not found")
			})
			_, got := newProvider(t, server, nil).read(t.Context(), "circleci_runners", providertest.Attributes{
				"resource_class": providertest.String(class),
			})
			want := row.detail
			namespace, _, _ := strings.Cut(class, "/")
			if row.listed != nil {
				want = "Namespace " + namespace + " has no resource class " + class + row.detail
			}
			assertDiagnostic(t, got, wantDiagnostic{
				at: "resource_class", summary: "Error reading runners of resource class " + class, detail: want,
			})
			const api = "/api/v3/runner"
			expectRequests(t, server, api+"?resource-class="+url.QueryEscape(class), api+"/resource?namespace="+namespace)
			if !strings.HasSuffix(got[0].Detail, want) {
				t.Errorf("the detail does not end in %q: %s", want, got[0].Detail)
			}
		})
	}
}
