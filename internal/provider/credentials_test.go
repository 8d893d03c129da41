package provider_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
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

// TestShortCredential has a token that is too short to be redacted: it is sent, with a warning.
func TestShortCredential(t *testing.T) {
	const fewer = " has fewer than 8 characters"
	for _, row := range []struct{ source, attribute, variable string }{
		{source: "the provider's attribute token", attribute: `token = "h"`},
		{source: "the environment variable CIRCLE_CLI_TOKEN", variable: "CIRCLE_CLI_TOKEN"},
	} {
		t.Run(row.source, func(t *testing.T) {
			server := newServer(t)
			if row.variable != "" {
				t.Setenv(row.variable, "h")
			}
			got := newWorkspace(t, providerWith(line("api_url", server.URL), row.attribute)+tasksBlock).plan()
			slices.SortFunc(got, func(a, b diagnostic) int { return strings.Compare(a.Severity, b.Severity) })
			if len(got) != 2 {
				t.Fatalf("got %s, want an error and a warning", formatDiagnostics(got))
			}
			assertDiagnostic(t, got[1:], wantDiagnostic{
				severity: "warning", at: row.attribute, summary: "Short personal API token", detail: "The personal API token from " + row.source + fewer,
			})
			assertDiagnostic(t, got[:1], wantDiagnostic{
				summary: countingTasks,
				detail:  "GET " + server.URL + "" + linuxTasksURL + " returned 401 Unauthorized: \"Invalid token provided.\"",
			})
		})
	}
}

// TestRejectedCredentialRemediation has a 401 and a 403 for each kind of credential, the last one from the environment.
func TestRejectedCredentialRemediation(t *testing.T) {
	const (
		revoked = " was not accepted: check that it is complete and has not been revoked"
		expired = " was not accepted: check that it is complete, has not expired and has not been revoked. A personal API token expires after a " +
			"year at most, one that was made through OAuth after 90 days. Create a new one in your user settings, which for CircleCI " +
			"Cloud are at https://app.circleci.com/settings/user/tokens."
		noAccess = " is not allowed to read this"
		noMember = noAccess + ": its owner must be a member of the organization that the namespace belongs to"
		launch   = ". CircleCI's reference of API v2 lists launch tokens for this, but later references say that they are for " +
			"claiming tasks only: use a personal API token (token or CIRCLE_TOKEN), which always works."
		session = ". A browser session expires: sign in again and copy the new cookie, or use a personal API token (token or CIRCLE_TOKEN)."
	)
	for _, row := range []struct{ attribute, source, unauthorized, forbidden string }{
		{"token", "personal API token from the provider's attribute token", expired, noMember + "."},
		{"launch_token", "launch token from the provider's attribute launch_token", revoked + launch, noAccess + launch},
		{"session_cookie", "session cookie from the provider's attribute session_cookie", revoked + session, noMember + session},
		{"", "personal API token from the environment variable CIRCLECI_CLI_TOKEN", expired, noMember + "."},
	} {
		for status, want := range map[int]string{http.StatusUnauthorized: row.unauthorized, http.StatusForbidden: row.forbidden} {
			t.Run(fmt.Sprint(row.source, " ", status), func(t *testing.T) {
				server := newServer(t)
				server.SetHandler(circlecitest.Error(status, "no"))
				attributes := providertest.Attributes{"token": tftypes.NewValue(tftypes.String, nil)}
				if row.attribute == "" {
					t.Setenv("CIRCLECI_CLI_TOKEN", "sesame-open")
				} else {
					attributes[row.attribute] = providertest.String("sesame-open")
				}
				_, got := newProvider(t, server, attributes).read(t.Context(), "circleci_runner_tasks", linuxClass)
				assertDiagnostic(t, got, wantDiagnostic{summary: countingTasks})
				if want := "\n\nThe " + row.source + want; !strings.HasSuffix(got[0].Detail, want) {
					t.Errorf("the detail does not end in %q: %s", want, got[0].Detail)
				}
			})
		}
	}
}

// TestDefaultURL gives no api_url: the cookie belongs to another origin than the tokens do. A proxy on loopback that refuses
// everything shows which.
func TestDefaultURL(t *testing.T) {
	for attribute, api := range map[string]string{
		"token": "runner.circleci.com/api/v3", "launch_token": "runner.circleci.com/api/v2", "session_cookie": "circleci.com/api/v3",
	} {
		t.Run(attribute, func(t *testing.T) {
			server := newServer(t)
			server.SetHandler(circlecitest.Raw(http.StatusBadGateway, "text/plain", "refused"))
			t.Setenv("HTTPS_PROXY", server.URL)
			assertDiagnostic(t, newWorkspace(t, providerWith(line(attribute, "sesame-open"))+tasksBlock).plan(), wantDiagnostic{
				summary: countingTasks,
				detail: "GET https://" + api + "/runner/tasks?resource-class=acme%2Flinux: the proxy returned 502 Bad Gateway (attempts: 1, in " +
					" ... , and check https://status.circleci.com.",
			})
			for _, request := range server.Requests() {
				expectSame(t, "method", http.MethodConnect, request.Method)
				expectCredential(t, request, "none", "")
			}
		})
	}
}
