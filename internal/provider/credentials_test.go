package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// expectCredential asserts that a request has one authentication header, with one value, and none of the others.
func expectCredential(t *testing.T, request circlecitest.Request, header, value string) {
	t.Helper()
	for _, name := range []string{"Circle-Token", "Authorization", "Cookie", "Proxy-Authorization"} {
		var want []string
		if name == header {
			want = []string{value}
		}
		if got := request.Header.Values(name); !slices.Equal(got, want) {
			t.Errorf("got header %s %q, want %q", name, got, want)
		}
	}
}

// TestCredentials has each credential, and their precedence. Each variable holds its own name.
func TestCredentials(t *testing.T) {
	names := []string{
		"CIRCLE_TOKEN", "CIRCLE_CLI_TOKEN", "CIRCLECI_CLI_TOKEN",
		"CIRCLECI_RUNNER_API_AUTH_TOKEN", "LAUNCH_AGENT_API_AUTH_TOKEN", "CIRCLECI_SESSION_COOKIE",
	}
	for _, row := range []struct {
		attributes      string
		empty           int // It is how many variables are empty.
		header, version string
	}{
		{empty: 0, header: "Circle-Token: CIRCLE_TOKEN", version: "v3"},
		{empty: 1, header: "Circle-Token: CIRCLE_CLI_TOKEN", version: "v3"},
		{empty: 2, header: "Circle-Token: CIRCLECI_CLI_TOKEN", version: "v3"},
		{empty: 3, header: "Authorization: Bearer CIRCLECI_RUNNER_API_AUTH_TOKEN", version: "v2"},
		{empty: 4, header: "Authorization: Bearer LAUNCH_AGENT_API_AUTH_TOKEN", version: "v2"},
		{empty: 5, header: "Cookie: ring-session=CIRCLECI_SESSION_COOKIE", version: "v3"},
		{attributes: "token=personal", header: "Circle-Token: personal", version: "v3"},
		{attributes: "launch_token=launcher", header: "Authorization: Bearer launcher", version: "v2"},
		{attributes: `session_cookie=se--1%2B"=/`, header: `Cookie: ring-session=se--1%2B"=/`, version: "v3"},
		{attributes: "token_scheme=header", header: "Circle-Token: CIRCLE_TOKEN", version: "v3"},
		{attributes: "token_scheme=bearer", header: "Authorization: Bearer CIRCLE_TOKEN", version: "v3"},
		// This is the Base64 of "personal-1:".
		{attributes: "token=personal-1 token_scheme=basic", header: "Authorization: Basic cGVyc29uYWwtMTo=", version: "v3"},
	} {
		t.Run(row.header, func(t *testing.T) {
			server := newServer(t)
			t.Setenv(urlVariable, server.URL)
			for i, name := range names {
				value := name
				if i < row.empty {
					value = ""
				}
				t.Setenv(name, value)
			}
			request := readRunners(t, server, parseAttributes(row.attributes))
			name, value, _ := strings.Cut(row.header, ": ")
			expectCredential(t, request, name, value)
			expectSame(t, "path", "/api/"+row.version+"/runner", request.Path)
		})
	}
}

// TestShortCredential has a token that is too short to be redacted: it is sent, with a warning.
func TestShortCredential(t *testing.T) {
	for _, row := range []struct{ source, at, attributes, environment string }{
		{source: "the provider's token attribute", at: "token", attributes: "token=h"},
		{source: "the environment variable CIRCLE_CLI_TOKEN", environment: "CIRCLE_CLI_TOKEN=h"},
	} {
		server := newServer(t)
		setVariables(t, urlVariable+"="+server.URL+" "+row.environment)
		p, got := configureAlone(t, parseAttributes(row.attributes))
		assertDiagnostic(t, got, wantDiagnostic{
			severity: "warning", at: row.at, summary: "Short personal API token",
			detail: "The personal API token from " + row.source + " has fewer than 8 characters",
		})
		_, got = p.read(t.Context(), linuxTasks.dataSource, linuxTasks.attributes)
		assertDiagnostic(t, got, wantDiagnostic{
			summary: countingTasks,
			detail:  "GET " + server.URL + linuxTasksURL + " returned 401 Unauthorized: \"Invalid token provided.\"",
		})
	}
}

// TestRejectedCredential has a 401 and a 403 for each kind of credential, the last one from the environment.
func TestRejectedCredential(t *testing.T) {
	const (
		revoked = " was not accepted: check that it is complete and has not been revoked"
		expired = " was not accepted: check that it is complete, has not expired and has not been revoked. A personal API " +
			"token expires after at most a year, or after 90 days if it was made through OAuth. Create a new one in your user " +
			"settings, for CircleCI Cloud at https://app.circleci.com/settings/user/tokens."
		noAccess = " is not allowed to read this"
		noMember = noAccess + ": its owner must be a member of the organization of the namespace"
		launch   = ". CircleCI's reference of API v2 allows launch tokens here, but later references only for " +
			"claiming tasks. Use a personal API token (token or CIRCLE_TOKEN), which always works."
		session = ". A browser session expires: sign in again and copy the new cookie, or use a personal API token (token " +
			"or CIRCLE_TOKEN)."
	)
	for _, row := range []struct{ attributes, source, unauthorized, forbidden string }{
		{"token=a-secret", "personal API token from the provider's token attribute", expired, noMember + "."},
		{
			"launch_token=a-secret", "launch token from the provider's launch_token attribute", revoked + launch,
			noAccess + launch,
		},
		{
			"session_cookie=a-secret", "session cookie from the provider's session_cookie attribute", revoked + session,
			noMember + session,
		},
		{"", "personal API token from the environment variable CIRCLECI_CLI_TOKEN", expired, noMember + "."},
	} {
		for status, want := range map[int]string{401: row.unauthorized, 403: row.forbidden} {
			t.Run(fmt.Sprint(row.source, " ", status), func(t *testing.T) {
				server := newServer(t)
				server.SetHandler(circlecitest.Error(status, "no"))
				setVariables(t, "CIRCLECI_CLI_TOKEN=sesame-open "+urlVariable+"="+server.URL)
				p, got := configureAlone(t, parseAttributes(row.attributes))
				assertNoDiagnostics(t, got)
				_, got = p.read(t.Context(), linuxTasks.dataSource, linuxTasks.attributes)
				assertDiagnostic(t, got, wantDiagnostic{summary: countingTasks})
				if want := "\n\nThe " + row.source + want; !strings.HasSuffix(got[0].Detail, want) {
					t.Errorf("the detail does not end in %q: %s", want, got[0].Detail)
				}
			})
		}
	}
}
