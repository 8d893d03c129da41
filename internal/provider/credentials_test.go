package provider_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// authenticationHeaders are the headers in which a credential could be sent.
var authenticationHeaders = []string{"Circle-Token", "Authorization", "Cookie", "Proxy-Authorization"}

// expectCredential asserts that a request has one of the headers, with one value, and none of the others.
func expectCredential(t *testing.T, request circlecitest.Request, header, value string) {
	t.Helper()
	for _, name := range authenticationHeaders {
		got := request.Header.Values(name)
		if name != header && len(got) > 0 {
			t.Errorf("the header %s was sent, with %q", name, got)
		}
		if name == header && (len(got) != 1 || got[0] != value) {
			t.Errorf("the header %s was %q, not %q", name, got, value)
		}
	}
}

// TestCredentials has every method and precedence, and asserts the headers.
func TestCredentials(t *testing.T) {
	for name, row := range map[string]struct {
		configuration string
		environment   map[string]string
		header, value string
	}{
		"token": {
			`token = "personal-1"`, nil,
			"Circle-Token", "personal-1",
		},
		"token, header": {
			"token = \"personal-1\"\n  token_scheme = \"header\"", nil,
			"Circle-Token", "personal-1",
		},
		"token, basic": {
			"token = \"personal-1\"\n  token_scheme = \"basic\"", nil,
			"Authorization", "Basic cGVyc29uYWwtMTo=", // base64 of "personal-1:"
		},
		"token, bearer": {
			"token = \"personal-1\"\n  token_scheme = \"bearer\"", nil,
			"Authorization", "Bearer personal-1",
		},
		"launch token": {
			`launch_token = "launcher-1"`, nil,
			"Authorization", "Bearer launcher-1",
		},
		"session cookie": {
			`session_cookie = "session--1%2B\"=/"`, nil,
			"Cookie", `ring-session=session--1%2B"=/`,
		},
		"token from the environment, basic": {
			`token_scheme = "basic"`, map[string]string{"CIRCLE_TOKEN": "personal-1"},
			"Authorization", "Basic cGVyc29uYWwtMTo=",
		},
		"CIRCLE_TOKEN before CIRCLE_CLI_TOKEN": {
			``, map[string]string{"CIRCLE_TOKEN": "personal-1", "CIRCLE_CLI_TOKEN": "personal-2"},
			"Circle-Token", "personal-1",
		},
		"CIRCLE_CLI_TOKEN before CIRCLECI_CLI_TOKEN": {
			``, map[string]string{"CIRCLE_CLI_TOKEN": "personal-1", "CIRCLECI_CLI_TOKEN": "personal-2"},
			"Circle-Token", "personal-1",
		},
		"CIRCLECI_CLI_TOKEN": {
			``, map[string]string{"CIRCLECI_CLI_TOKEN": "personal-2"},
			"Circle-Token", "personal-2",
		},
		"CIRCLECI_CLI_TOKEN before launch tokens": {
			``, map[string]string{"CIRCLECI_CLI_TOKEN": "personal-2", "CIRCLECI_RUNNER_API_AUTH_TOKEN": "launcher-1", "CIRCLECI_SESSION_COOKIE": "session--1"},
			"Circle-Token", "personal-2",
		},
		"CIRCLECI_RUNNER_API_AUTH_TOKEN": {
			``, map[string]string{"CIRCLECI_RUNNER_API_AUTH_TOKEN": "launcher-1"},
			"Authorization", "Bearer launcher-1",
		},
		"CIRCLECI_RUNNER_API_AUTH_TOKEN before LAUNCH_AGENT_API_AUTH_TOKEN": {
			``, map[string]string{"CIRCLECI_RUNNER_API_AUTH_TOKEN": "launcher-1", "LAUNCH_AGENT_API_AUTH_TOKEN": "launcher-2"},
			"Authorization", "Bearer launcher-1",
		},
		"LAUNCH_AGENT_API_AUTH_TOKEN before CIRCLECI_SESSION_COOKIE": {
			``, map[string]string{"CIRCLE_TOKEN": "", "LAUNCH_AGENT_API_AUTH_TOKEN": "launcher-2", "CIRCLECI_SESSION_COOKIE": "session--1"},
			"Authorization", "Bearer launcher-2",
		},
		"CIRCLECI_SESSION_COOKIE": {
			``, map[string]string{"CIRCLECI_SESSION_COOKIE": "session--1"},
			"Cookie", "ring-session=session--1",
		},
		"token in the configuration before everything in the environment": {
			`token = "personal-1"`, map[string]string{"CIRCLE_TOKEN": "bad token", "CIRCLECI_RUNNER_API_AUTH_TOKEN": "launcher-1", "CIRCLECI_SESSION_COOKIE": "a;b"},
			"Circle-Token", "personal-1",
		},
		"launch token in the configuration before a token in the environment": {
			`launch_token = "launcher-1"`, map[string]string{"CIRCLE_TOKEN": "personal-1"},
			"Authorization", "Bearer launcher-1",
		},
		"session cookie in the configuration before a token in the environment": {
			`session_cookie = "session--1"`, map[string]string{"CIRCLE_TOKEN": "personal-1"},
			"Cookie", "ring-session=session--1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.SetHandler(circlecitest.JSON(`{"unclaimed_task_count": 3}`))
			for variable, value := range row.environment {
				t.Setenv(variable, value)
			}
			w := newWorkspace(t, fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n  %s\n}\n", server.URL, row.configuration)+tasksBlock)
			if got := w.plan(); len(got) != 0 {
				t.Fatalf("plan reports %+v", got)
			}
			requests := server.Requests()
			if len(requests) != 1 {
				t.Fatalf("there were %d requests", len(requests))
			}
			expectCredential(t, requests[0], row.header, row.value)
		})
	}
}

// TestInvalidCredentials has invalid credentials: nothing is sent, and no message contains a value.
func TestInvalidCredentials(t *testing.T) {
	for name, row := range map[string]struct {
		configuration string
		environment   map[string]string
		want          wantDiagnostic
	}{
		"none": {
			want: wantDiagnostic{summary: "No CircleCI credential", detail: "Give one of: a personal API token (the attribute token or the environment variable CIRCLE_TOKEN), " +
				"which works everywhere and can be made at https://app.circleci.com/settings/user/tokens; a launch token " +
				"(launch_token or CIRCLECI_RUNNER_API_AUTH_TOKEN); a browser's session cookie (session_cookie or CIRCLECI_SESSION_COOKIE)."},
		},
		"none but a scheme": {
			configuration: `token_scheme = "basic"`,
			want:          wantDiagnostic{summary: "No CircleCI credential", detail: "Give one of: a personal API token"},
		},
		"token and launch token": {
			configuration: "token = var.good\n  launch_token = var.good",
			want:          wantDiagnostic{at: "launch_token = var.good", summary: "Two credentials", detail: "Both token and launch_token are set, and only one credential can be sent."},
		},
		"token and session cookie": {
			configuration: "token = var.good\n  session_cookie = var.good",
			want:          wantDiagnostic{at: "session_cookie = var.good", summary: "Two credentials", detail: "Both token and session_cookie are set"},
		},
		"launch token and session cookie": {
			configuration: "launch_token = var.good\n  session_cookie = var.good",
			want:          wantDiagnostic{at: "session_cookie = var.good", summary: "Two credentials", detail: "Both launch_token and session_cookie are set"},
		},
		"scheme with a launch token": {
			configuration: "launch_token = var.good\n  token_scheme = \"basic\"",
			want:          wantDiagnostic{at: `token_scheme = "basic"`, summary: "token_scheme without token", detail: "the credential that is used is the launch token from the provider's attribute launch_token."},
		},
		"scheme with a session cookie from the environment": {
			configuration: `token_scheme = "header"`, environment: map[string]string{"CIRCLECI_SESSION_COOKIE": "sesame-open"},
			want: wantDiagnostic{at: `token_scheme = "header"`, summary: "token_scheme without token", detail: "the credential that is used is the session cookie from the environment variable CIRCLECI_SESSION_COOKIE."},
		},
		"other scheme": {
			configuration: "token = var.good\n  token_scheme = \"Bearer\"",
			want:          wantDiagnostic{at: `token_scheme = "Bearer"`, summary: "Invalid Attribute Value Match", detail: `value must be one of: ["header" "basic" "bearer"], got: "Bearer"`},
		},
		"empty launch token": {
			configuration: `launch_token = ""`,
			want:          wantDiagnostic{at: `launch_token = ""`, summary: "Invalid launch token", detail: "The launch token from the provider's attribute launch_token is empty. Give the value alone"},
		},
		"launch token with a line break": {
			configuration: `launch_token = var.secret_line`,
			want:          wantDiagnostic{at: `launch_token = var.secret_line`, summary: "Invalid launch token", detail: "holds white space"},
		},
		"launch token of the environment with a control character": {
			environment: map[string]string{"LAUNCH_AGENT_API_AUTH_TOKEN": "sesame\x07open"},
			want:        wantDiagnostic{summary: "Invalid launch token", detail: "The launch token from the environment variable LAUNCH_AGENT_API_AUTH_TOKEN holds a control character"},
		},
		"empty session cookie": {
			configuration: `session_cookie = ""`,
			want:          wantDiagnostic{at: `session_cookie = ""`, summary: "Invalid session cookie", detail: "is empty"},
		},
		"session cookie with a space": {
			environment: map[string]string{"CIRCLECI_SESSION_COOKIE": "sesame open"},
			want:        wantDiagnostic{summary: "Invalid session cookie", detail: "The session cookie from the environment variable CIRCLECI_SESSION_COOKIE holds white space"},
		},
		"session cookie with its name": {
			environment: map[string]string{"CIRCLECI_SESSION_COOKIE": "ring-session=sesame-open"},
			want:        wantDiagnostic{summary: "Invalid session cookie", detail: "starts with ring-session=. Give the value of the cookie ring-session alone."},
		},
		"several cookies": {
			configuration: `session_cookie = var.cookies`,
			want:          wantDiagnostic{at: "session_cookie = var.cookies", summary: "Invalid session cookie", detail: "holds a semicolon, which separates cookies. Give the value of the cookie ring-session alone."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			for variable, value := range row.environment {
				t.Setenv(variable, value)
			}
			w := newWorkspace(t, secretVariables+`
variable "good" {
  type    = string
  default = "sesame-open"
}
variable "cookies" {
  type    = string
  default = "sesame;open=1"
}
`+fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n  %s\n}\n", server.URL, row.configuration)+tasksBlock)
			got := w.plan()
			assertDiagnostic(t, got, row.want)
			expectNoSecret(t, got)
			if requests := server.Requests(); len(requests) != 0 {
				t.Errorf("got requests %+v, want none", requests)
			}
		})
	}
}

// TestUnknownTokenScheme validates a module, whose variables are unknown.
func TestUnknownTokenScheme(t *testing.T) {
	t.Parallel()
	got := newWorkspace(t, `
variable "scheme" {
  type = string
}
provider "circleci" {
  launch_token = "sesame-open"
  token_scheme = var.scheme
}
`+tasksBlock).validate()
	if len(got) != 0 {
		t.Errorf("validate reports %+v", got)
	}
}

// TestShortCredential has what cannot be a credential: it is sent all the same, and nothing is redacted for it.
func TestShortCredential(t *testing.T) {
	for _, row := range []struct{ source, attribute, variable string }{
		{source: "the provider's attribute token", attribute: `token = "h"`},
		{source: "the environment variable CIRCLE_CLI_TOKEN", variable: "CIRCLE_CLI_TOKEN"},
	} {
		t.Run(row.source, func(t *testing.T) {
			server := newServer(t)
			if row.variable != "" {
				t.Setenv(row.variable, "h")
			}
			got := newWorkspace(t, fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n  %s\n}\n", server.URL, row.attribute)+tasksBlock).plan()
			if len(got) != 2 {
				t.Fatalf("plan reports %+v", got)
			}
			slices.SortFunc(got, func(a, b diagnostic) int { return strings.Compare(a.Severity, b.Severity) })
			warning := got[1]
			if warning.Severity != "warning" || warning.Summary != "Short personal API token" ||
				!strings.HasPrefix(warning.Detail, "The personal API token from "+row.source+" has fewer than 8 characters") ||
				row.attribute != "" && strings.TrimSpace(warning.Snippet.Code) != row.attribute {
				t.Errorf("the warning is %+v", warning)
			}
			assertDiagnostic(t, got[:1], wantDiagnostic{
				summary: "Error counting tasks of resource class acme/linux",
				detail:  "GET " + server.URL + "/api/v2/runner/tasks?resource-class=acme%2Flinux answered 401 Unauthorized: \"Invalid token provided.\"",
			})
		})
	}
}

// TestRejectedCredentialRemediation has a 401 and a 403 for each kind of credential.
func TestRejectedCredentialRemediation(t *testing.T) {
	const alone = "claiming tasks only: use a personal API token (token or CIRCLE_TOKEN), which always works."
	for _, row := range []struct {
		attribute, name, remediation string
	}{
		{"token", "personal API token", "."},
		{"launch_token", "launch token", ". CircleCI's reference of API v2 lists launch tokens for this, but later references say that they are for " + alone},
		{"session_cookie", "session cookie", ". A browser session expires: sign in again and copy the new cookie, or use a personal API token (token or CIRCLE_TOKEN)."},
	} {
		for status, what := range map[int]string{
			http.StatusUnauthorized: " was not accepted: check that it is complete and has not been revoked",
			http.StatusForbidden:    " is not allowed to read this: its owner must be a member of the organization that the namespace belongs to",
		} {
			t.Run(fmt.Sprint(row.attribute, " ", status), func(t *testing.T) {
				t.Parallel()
				server := newServer(t)
				server.SetHandler(circlecitest.Error(status, "no"))
				w := newWorkspace(t, fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n  %s = \"sesame-open\"\n}\n", server.URL, row.attribute)+tasksBlock)
				got := w.plan()
				assertDiagnostic(t, got, wantDiagnostic{
					summary: "Error counting tasks of resource class acme/linux",
					detail:  "The " + row.name + " from the provider's attribute " + row.attribute + what + row.remediation,
				})
				if !strings.HasSuffix(got[0].Detail, row.remediation) {
					t.Errorf("the detail does not end in %q: %s", row.remediation, got[0].Detail)
				}
			})
		}
	}
}

// TestDefaultURL gives no api_url: the cookie belongs to another origin than the tokens do. A proxy on loopback
// that rejects everything records which.
func TestDefaultURL(t *testing.T) {
	for attribute, host := range map[string]string{
		"token":          "runner.circleci.com",
		"launch_token":   "runner.circleci.com",
		"session_cookie": "circleci.com",
	} {
		t.Run(attribute, func(t *testing.T) {
			server := newServer(t)
			server.SetHandler(circlecitest.Raw(http.StatusBadGateway, "text/plain", "refused"))
			t.Setenv("HTTPS_PROXY", server.URL)
			w := newWorkspace(t, fmt.Sprintf("provider \"circleci\" {\n  %s = \"sesame-open\"\n}\n", attribute)+tasksBlock)
			assertDiagnostic(t, w.plan(), wantDiagnostic{
				summary: "Error counting tasks of resource class acme/linux",
				detail:  "GET https://" + host + "/api/v2/runner/tasks?resource-class=acme%2Flinux: the proxy answered 502 Bad Gateway (tried once in ",
			})
			for _, request := range server.Requests() {
				if request.Method != http.MethodConnect {
					t.Errorf("the proxy got %s %s", request.Method, request.Path)
				}
				expectCredential(t, request, "none", "")
			}
		})
	}
}
