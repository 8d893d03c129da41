package provider_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestResourceErrors has the remediation of each response to a request that changes something.
func TestResourceErrors(t *testing.T) {
	t.Parallel()
	const (
		class, token = "circleci_runner_resource_class", "circleci_runner_token"
		at           = "resource_class"

		rejected  = "The API rejected the request: its message says why."
		terms     = " An owner of the organization must have accepted the runner terms of service in CircleCI's web app."
		others    = "Others get this 404, although they may list those of the "
		reference = "A token refers to a class of the same configuration with resource_class = " +
			"circleci_runner_resource_class.NAME.resource_class."
		notAPI     = ": check api_url and the proxies (HTTPS_PROXY, NO_PROXY)"
		other      = "Something other than the Runner API returned this "
		redirected = "The Runner API does not redirect: a proxy or a sign-in page at the same origin did. A request that " +
			"changes something is sent to no other URL. Check the path in api_url, and the proxies (HTTPS_PROXY, NO_PROXY)."
	)
	redirect := circlecitest.Redirect("/sign-in") // It is of the same origin.
	page := func(status int) http.Handler {
		return circlecitest.Raw(status, "text/html", "<html><title>Sign in</title></html>")
	}
	rejection := func(status int) http.Handler { return circlecitest.Error(status, "you must do something first") }
	for name, row := range map[string]struct {
		resource string
		isDelete bool
		server   func(*circlecitest.Server)
		response http.Handler // It is the response to the request that changes something.
		at, want string
	}{
		"create class, 400": {resource: class, response: rejection(400), at: at, want: rejected},
		"create class, 402": {resource: class, response: rejection(402), want: rejected + terms},
		"create class, 422": {resource: class, response: rejection(422), want: rejected},
		"create class, 403": {
			resource: class, response: rejection(403),
			want: "Only an administrator of the organization may create resource classes, and a namespace has up to 650 of " +
				"them." + terms,
		},
		"create class, 404 in a namespace that is listed": {
			resource: class, response: rejection(404), at: at,
			want: "Only an administrator of the organization may create resource classes. " + others + "namespace.",
		},
		"create class, 409 as HTML": {resource: class, response: page(409), want: other + "409" + notAPI + "."},
		"create class, 403 as HTML": {
			resource: class, response: page(403),
			want: other + "403" + notAPI + " first, and then the credential.",
		},
		"create token, 400": {resource: token, response: rejection(400), at: at, want: rejected + " " + reference},
		"create token, 402": {resource: token, response: rejection(402), want: rejected + terms},
		"create token, 422": {resource: token, response: rejection(422), want: rejected},
		"create token, 409": {resource: token, response: rejection(409), at: at, want: rejected},
		"create token, 403": {
			resource: token, response: rejection(403),
			want: "Only an administrator of the organization may create tokens, and a resource class has up to ten of them: " +
				"delete one that is not in use any more." + terms,
		},
		"create token, 404 of a class that is listed": {
			resource: token, response: rejection(404), at: at,
			want: "Only an administrator of the organization may create tokens. " + others + "class.",
		},
		"create token of a class that does not exist": {
			resource: token, server: func(s *circlecitest.Server) { s.SetResourceClasses() }, response: rejection(404), at: at,
			want: "Check that the resource class exists. " + reference,
		},
		"delete class, 422":         {resource: class, isDelete: true, response: rejection(422), want: rejected},
		"delete class, 409 as HTML": {resource: class, isDelete: true, response: page(409), want: other + "409" + notAPI + "."},
		"delete class, redirected":  {resource: class, isDelete: true, response: redirect, want: redirected},
		"delete token, redirected":  {resource: token, isDelete: true, response: redirect, want: redirected},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.SetResourceClasses(movedClass)
			server.SetTokens(movedToken)
			if row.server != nil {
				row.server(server)
			}
			server.Intercept(func(r *http.Request) http.Handler {
				if r.Method == http.MethodGet {
					return nil
				}
				return row.response
			})
			prior, planned := providertest.Attributes(nil), linuxClass
			if row.isDelete {
				prior, planned = map[string]providertest.Attributes{class: classState, token: tokenState}[row.resource], nil
			}
			got := newProvider(t, server, nil).change(t.Context(), row.resource, prior, planned)
			if len(got) != 1 {
				t.Fatalf("got %d diagnostics, want 1: %s", len(got), formatDiagnostics(got))
			}
			_, remediation, _ := strings.Cut(got[0].Detail, "\n\n")
			expectSame(t, "remediation", row.want, remediation)
			attribute := ""
			if got[0].Snippet != nil {
				attribute = got[0].Snippet.Code
			}
			expectSame(t, "attribute", row.at, attribute)
		})
	}
}

// TestUncertainToken has an outcome that is not known, and other tokens that appeared meanwhile: there is a command to
// delete one only if no other could be the lost one.
func TestUncertainToken(t *testing.T) {
	t.Parallel()
	const remove = "`circleci runner token delete "
	for _, appeared := range []int{0, 1, 2} {
		server := newServer(t)
		server.SetResourceClasses(movedClass)
		server.Intercept(func(r *http.Request) http.Handler {
			if r.Method == http.MethodGet {
				return nil
			}
			server.SetTokens(slices.Repeat([]circlecitest.Token{{ResourceClass: "acme/linux"}}, appeared)...)
			return circlecitest.Error(http.StatusServiceUnavailable, "busy")
		})
		got := newProvider(t, server, nil).change(t.Context(), "circleci_runner_token", nil, linuxClass)
		want := []string{
			"It is not known whether a token was created. ... data source circleci_runner_tokens",
			"its secret is lost. If nobody else created the new one, delete it ... " + remove,
			"its secret is lost, and more than one is new. Compare their nickname and created_at",
		}[appeared]
		assertDiagnostic(t, got, wantDiagnostic{summary: "Error creating token of resource class acme/linux", detail: want})
		if appeared != 1 && strings.Contains(got[0].Detail, remove) {
			t.Errorf("%d tokens appeared, and the error has a command: %s", appeared, got[0].Detail)
		}
	}
}
