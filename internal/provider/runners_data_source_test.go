package provider_test

import (
	"maps"
	"net/http"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestEmptyNamespace has a namespace that lists no runner. Its name may be wrong if it lists no resource class either.
func TestEmptyNamespace(t *testing.T) {
	t.Parallel()
	const runners, classes = "/api/v3/runner?namespace=acme", "/api/v3/runner/resource?namespace=acme"
	null := tftypes.NewValue(tftypes.String, nil)
	for name, row := range map[string]struct {
		prepare    func(*circlecitest.Server)
		provider   providertest.Attributes
		attributes providertest.Attributes // In addition to the namespace.
		wait       providertest.Attributes
		warns      bool
		requests   []string
	}{
		"no class": {warns: true, requests: []string{runners, classes}},
		"a namespace that does not exist": {
			prepare: func(s *circlecitest.Server) { s.SetNamespaces("other") }, warns: true, requests: []string{runners, classes},
		},
		"a class": {
			prepare: func(s *circlecitest.Server) { s.SetResourceClasses(movedClass) }, requests: []string{runners, classes},
		},
		"classes that cannot be listed": {
			prepare: func(s *circlecitest.Server) {
				s.Intercept(func(r *http.Request) http.Handler {
					if r.URL.Path == "/api/v3/runner/resource" {
						return circlecitest.Error(403, "no")
					}
					return nil
				})
			},
			requests: []string{runners, classes},
		},
		"a wait for no runner": {
			attributes: providertest.Attributes{"connected_within": providertest.String("2m")},
			wait:       providertest.Attributes{"min_runners": providertest.Number(0)},
			warns:      true, requests: []string{runners, classes},
		},
		"a runner that is not connected": {
			prepare:    func(s *circlecitest.Server) { s.SetRunners(fleet...) },
			attributes: providertest.Attributes{"connected_within": providertest.String("2m")}, requests: []string{runners},
		},
		"a class of the namespace": {
			prepare:    func(s *circlecitest.Server) { s.SetTasks("acme/linux", 0, 0) },
			attributes: linuxClass, requests: []string{"/api/v3/runner?resource-class=acme%2Flinux"},
		},
		"a launch token": {
			provider: providertest.Attributes{"token": null, "launch_token": providertest.String(circlecitest.LaunchToken)},
			requests: []string{"/api/v2/runner?namespace=acme"},
		},
		"a session cookie": {
			provider: providertest.Attributes{"token": null, "session_cookie": providertest.String(circlecitest.SessionCookie)},
			requests: []string{runners},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			if row.prepare != nil {
				row.prepare(server)
			}
			p := newProvider(t, server, row.provider)
			attributes := maps.Clone(acmeNamespace)
			maps.Copy(attributes, row.attributes)
			if row.wait != nil {
				attributes["wait_for"] = p.Object("circleci_runners", "wait_for", row.wait)
			}
			state, got := p.read(t.Context(), "circleci_runners", attributes)
			expectSame(t, "runners", 0, len(runnersOf(t, state)))
			expectRequests(t, server, row.requests...)
			if !row.warns {
				assertNoDiagnostics(t, got)
				return
			}
			assertDiagnostic(t, got, wantDiagnostic{
				severity: "warning", at: "namespace", summary: "Empty namespace",
				detail: "The API lists no runner and no resource class of namespace acme. Check the name of the namespace.",
			})
		})
	}
}
