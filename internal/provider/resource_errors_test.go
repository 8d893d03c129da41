package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestResourceErrors has what is reported about each response to a request that changes something, and whether what it
// is about is in state then.
func TestResourceErrors(t *testing.T) {
	t.Parallel()
	const (
		class, token = "circleci_runner_resource_class", "circleci_runner_token"
		at           = "resource_class"

		rejected  = "The API rejected the request: its message says why."
		terms     = " An owner of the organization must have accepted the runner terms of service in CircleCI's web app."
		others    = "Other members get this 404, although they may list the "
		reference = "For a class of the same configuration, set resource_class = " +
			"circleci_runner_resource_class.NAME.resource_class."
		notAPI     = ": check api_url and the proxies (HTTPS_PROXY, NO_PROXY)"
		other      = "Something other than the Runner API returned this "
		redirected = "The Runner API does not redirect: a proxy or a sign-in page at the same origin did. A request that " +
			"changes something is sent to no other URL. Check the path in api_url, and the proxies (HTTPS_PROXY, NO_PROXY)."
		importBlock = "import it:\n\n  import {\n    to = circleci_runner_resource_class.NAME\n" +
			"    id = \"acme/linux\"\n  }\n\n ... "
		mayNot = "If what exists could not be listed, apply again. ... a credential that may not delete it ... state rm."
	)
	type operation struct {
		resource string
		prior    providertest.Attributes // It is created without.
		summary  string
	}
	createClass := operation{class, nil, "Error creating resource class acme/linux"}
	createToken := operation{token, nil, "Error creating token of resource class acme/linux"}
	deleteClass := operation{class, classState, "Error deleting resource class acme/linux"}
	deleteToken := operation{token, tokenState, "Error deleting token " + movedToken.ID + " of resource class acme/linux"}
	abort := circlecitest.AbortConnection()
	redirect := circlecitest.Redirect("/sign-in") // It is of the same origin.
	page := func(status int) http.Handler {
		return circlecitest.Raw(status, "text/html", "<html><title>Sign in</title></html>")
	}
	rejection := func(status int) http.Handler { return circlecitest.Error(status, "you must do something first") }
	noClasses := func(s *circlecitest.Server) { s.SetResourceClasses() }
	noTokens := func(s *circlecitest.Server) { s.SetTokens() }
	for name, row := range map[string]struct {
		op       operation
		server   func(*circlecitest.Server)
		response http.Handler // It is the response to the request that changes something.
		isAfter  bool         // Whether the API has carried the request out by then.
		appeared int          // How many tokens have appeared by then.
		warning  string       // It is the summary of a warning in the place of an error.
		at, want string       // No diagnostic is wanted without text.
	}{
		"create class, 400": {op: createClass, response: rejection(400), at: at, want: rejected},
		"create class, 402": {op: createClass, response: rejection(402), want: rejected + terms},
		"create class, 422": {op: createClass, response: rejection(422), want: rejected},
		"create class, 403": {
			op: createClass, response: rejection(403),
			want: "Only an administrator of the organization may create resource classes, and a namespace has at most 650 of " +
				"them." + terms,
		},
		"create class, 404 in a namespace that is listed": {
			op: createClass, response: rejection(404), at: at,
			want: "Only an administrator of the organization may create resource classes. " + others + "classes of the namespace.",
		},
		"create class in a namespace that does not exist": {
			op: createClass, server: func(s *circlecitest.Server) { s.SetNamespaces() }, at: at,
			want: "Check that the namespace exists and belongs to your organization. You create a namespace in CircleCI.",
		},
		"create class that exists": {
			op: createClass, at: at,
			want: "The resource class exists already, and was not changed. To manage it here, " + importBlock +
				"If you renamed its block, ... apply again. ... Otherwise choose another name.",
		},
		"create class, 429": {
			op: createClass, response: circlecitest.WithHeader(rejection(429), "Retry-After", "600"),
			want: "Nothing was created. The API limits the rate of requests: apply again later, with a lower -parallelism.",
		},
		"create class, 503": {
			op: createClass, server: noClasses, response: rejection(503),
			want: "It is not known whether the resource class was created. ... apply again. ... " + importBlock + "block.",
		},
		"create class, adopted":     {op: createClass, server: noClasses, response: abort, isAfter: true},
		"create class, 409 as HTML": {op: createClass, response: page(409), want: other + "409" + notAPI + "."},
		"create class, 403 as HTML": {
			op: createClass, response: page(403),
			want: other + "403" + notAPI + " first, and then the credential.",
		},
		"create class, another description": {
			op: createClass, server: noClasses, warning: "Unexpected description", at: "description",
			response: circlecitest.JSON(`{"id": "` + movedClass.ID + `", "resource_class": "acme/linux",
				"description": "LINUX"}`),
			want: `Resource class acme/linux was created with the ID ` + movedClass.ID + ` ... is "LINUX". ... the description.`,
		},
		"create token, 400": {op: createToken, response: rejection(400), at: at, want: rejected + " " + reference},
		"create token, 402": {op: createToken, response: rejection(402), want: rejected + terms},
		"create token, 402 as text": {
			op: createToken, response: circlecitest.Raw(402, "text/plain", "pay"), want: "The API rejected the request." + terms,
		},
		"create token, 410": {
			op: createToken, response: rejection(410),
			want: "The installation serves API v3, but not, or no longer, this request: use the newest version of the " +
				"provider. If you have it, please report this at ... issues.",
		},
		"create token, 422": {op: createToken, response: rejection(422), want: rejected},
		"create token, 409": {op: createToken, response: rejection(409), at: at, want: rejected},
		"create token, 403": {
			op: createToken, response: rejection(403),
			want: "Only an administrator of the organization may create tokens, and a resource class has at most ten of them: " +
				"delete one that is no longer in use." + terms,
		},
		"create token, 404 of a class that is listed": {
			op: createToken, response: rejection(404), at: at,
			want: "Only an administrator of the organization may create tokens. " + others + "tokens of the class.",
		},
		"create token of a class that does not exist": {
			op: createToken, server: noClasses, response: rejection(404), at: at,
			want: "Check that the resource class exists. " + reference,
		},
		"create token, another nickname": {
			op: createToken, server: noTokens, warning: "Unexpected nickname", at: "nickname",
			response: circlecitest.JSON(`{"id": "` + movedToken.ID + `", "resource_class": "acme/linux", "nickname": "CI",
				"created_at": "2026-01-01T00:00:00Z", "token": "secret-value"}`),
			want: `The token was created with the ID ` + movedToken.ID + `, but its nickname is "CI". ... the token.`,
		},
		"create token, 503": {
			op: createToken, response: rejection(503),
			want: "It is not known whether a token was created. ... data source circleci_runner_tokens, ... apply again.",
		},
		"create token, 503 and one token is new": { // Only this one could be the lost one.
			op: createToken, appeared: 1, response: rejection(503),
			want: "A token may have been created, but its secret is lost. If nobody else created the new one, delete it, for " +
				"example with `circleci runner token delete 11111111-2222-4333-8444-000000000000`, and apply again.",
		},
		"create token, 503 and two tokens are new": {
			op: createToken, appeared: 2, response: rejection(503),
			want: "A token may have been created, but its secret is lost, and several are new. Compare their nickname " +
				"and created_at, for example with the data source circleci_runner_tokens, delete the one that nobody else " +
				"created, and apply again.",
		},
		"delete class with tokens": {
			op: deleteClass, at: at,
			want: "The resource class has these tokens, by nickname and ID:\n  - \"ci\" (" + movedToken.ID + ")\n\nDelete " +
				"them, ... `circleci runner token delete ID` ... apply -target=circleci_runner_resource_class.NAME ... " +
				"replace_triggered_by = [circleci_runner_resource_class.NAME.id] in the lifecycle block of the token.",
		},
		"delete class whose tokens are gone when they are listed": {
			op: deleteClass, server: noTokens, response: rejection(409), at: at,
			want: "Its tokens have been deleted since: destroy again. ... " +
				"resource_class = circleci_runner_resource_class.NAME.resource_class: Terraform then deletes it before the class.",
		},
		"delete class, 404 although listed": {op: deleteClass, response: rejection(404), at: at, want: mayNot},
		"delete token, 404 although listed": {op: deleteToken, response: rejection(404), at: at, want: mayNot},
		"delete class, 403": {
			op: deleteClass, response: rejection(403),
			want: "Only an administrator of the organization may delete resource classes.",
		},
		"delete token, 429": {
			op: deleteToken, response: circlecitest.WithHeader(rejection(429), "Retry-After", "600"),
			want: "The API limits the rate of requests: apply again later, with a lower -parallelism.",
		},
		"delete class that is gone": {op: deleteClass, server: noClasses},
		"delete token that is gone": {
			op: deleteToken, server: noTokens,
		},
		"delete class, 422":         {op: deleteClass, response: rejection(422), want: rejected},
		"delete class, 409 as HTML": {op: deleteClass, response: page(409), want: other + "409" + notAPI + "."},
		"delete class, redirected":  {op: deleteClass, response: redirect, want: redirected},
		"delete token, redirected":  {op: deleteToken, response: redirect, want: redirected},
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
				for i := range row.appeared {
					id := fmt.Sprintf("11111111-2222-4333-8444-%012d", i)
					server.SetTokens(append(server.Tokens(), circlecitest.Token{ID: id, ResourceClass: "acme/linux"})...)
				}
				if row.isAfter {
					return server.After(row.response)
				}
				return row.response
			})
			prior, planned := row.op.prior, providertest.Attributes(nil)
			if row.op.prior == nil {
				planned = linuxClass
			}
			state, got, err := newProvider(t, server, nil).Apply(t.Context(), row.op.resource, prior, planned)
			if err != nil {
				t.Fatal(err)
			}
			hasFailed := row.want != "" && row.warning == ""
			if isCreation := row.op.prior == nil; (state != nil) != (isCreation != hasFailed) {
				t.Errorf("got the state %v", state)
			}
			expectSame(t, "number of requests that change something", 1, len(mutations(server)))
			if row.want == "" {
				assertNoDiagnostics(t, protocolDiagnostics(got))
				return
			}
			want := wantDiagnostic{at: row.at, summary: row.op.summary}
			if row.warning != "" {
				want.severity, want.summary = "warning", row.warning
			}
			assertDiagnostic(t, protocolDiagnostics(got), want)
			if row.at == "" && got[0].Attribute != nil {
				t.Errorf("the diagnostic is at %s", got[0].Attribute)
			}
			_, advice, found := strings.Cut(got[0].Detail, "\n\n")
			if !found { // A warning is all advice.
				advice = got[0].Detail
			}
			if !matches(row.want, advice) {
				t.Errorf("got the advice\n%s\nwant\n%s", advice, row.want)
			}
		})
	}
}

// matches reports whether a text is the wanted one, in which " ... " is any text.
func matches(want, text string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want), regexp.QuoteMeta(" ... "), ".*")
	return regexp.MustCompile("(?s)^" + pattern + "$").MatchString(text)
}

// TestInterruptedCreate is interrupted before the API has responded to anything.
func TestInterruptedCreate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newMemoryServer(t)
		ctx, interrupt := context.WithCancel(t.Context())
		server.Intercept(func(*http.Request) http.Handler {
			interrupt()
			return circlecitest.Hang()
		})
		got := newProvider(t, server, nil).change(ctx, "circleci_runner_resource_class", nil, linuxClass)
		assertDiagnostic(t, got, wantDiagnostic{
			summary: "Error creating resource class acme/linux",
			detail:  "Nothing was created: the request was canceled before the API accepted it.",
		})
		expectMutations(t, server)
	})
}

// TestPersonalTokenRequired has other credentials: a plan, a read and a listing send nothing.
func TestPersonalTokenRequired(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for attribute, value := range map[string]string{
		"launch_token": circlecitest.LaunchToken, "session_cookie": circlecitest.SessionCookie,
	} {
		p := newProvider(t, server, providertest.Attributes{
			"token": tftypes.NewValue(tftypes.String, nil), attribute: providertest.String(value),
		})
		want := wantDiagnostic{summary: "Personal API token required", detail: "the credential is the " +
			strings.ReplaceAll(attribute, "_", " ") + " from the provider's " + attribute + " attribute. Set the provider's token " +
			"attribute or the environment variable CIRCLE_TOKEN instead."}
		_, _, got := p.plan("circleci_runner_resource_class", nil, linuxClass)
		assertDiagnostic(t, got, want)
		for _, dataSource := range []string{"circleci_runner_tokens", "circleci_runner_resource_class"} {
			_, got = p.read(t.Context(), dataSource, linuxClass)
			assertDiagnostic(t, got, want)
		}
		_, got = p.read(t.Context(), "circleci_runner_resource_classes", organizationClasses.attributes)
		assertDiagnostic(t, got, want)
		assertDiagnostic(t, p.list("circleci_runner_token", linuxClass), want)
	}
	expectRequests(t, server)
}
