package provider_test

import (
	"cmp"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// TestSettings has settings in the configuration and in the environment, with each credential and each precedence, and asserts
// the request. URL stands for the server's.
func TestSettings(t *testing.T) {
	const (
		token, launch = `token = "personal-1"`, `launch_token = "launcher-1"`
		v3            = "/api/v3/runner"
		basic         = "Basic cGVyc29uYWwtMTo=" // This is the Base64 of "personal-1:".
		// The User-Agent names no CLI, because Terraform and OpenTofu cannot be distinguished.
		userAgent = "terraform-provider-circleci/test (+https://github.com/circleci-community/terraform-provider-circleci)"
	)
	for name, row := range map[string]struct {
		attributes    []string
		environment   variables
		path          string // The default is that of API v2.
		header, value string // The default is the Circle-Token personal-1.
		userAgent     string // The default is userAgent.
	}{
		"configuration": {attributes: []string{token, `api_version = "v3"`}, path: v3},
		"environment": {
			environment: variables{"CIRCLE_TOKEN": "personal-1", "CIRCLECI_RUNNER_API_URL": "URL", "CIRCLECI_RUNNER_API_VERSION": "v3"}, path: v3,
		},
		"configuration before environment": {
			attributes:  []string{token, `api_url = "URL"`, `api_version = "v2"`},
			environment: variables{"CIRCLECI_RUNNER_API_URL": "https://unused.example.com", "CIRCLECI_RUNNER_API_VERSION": "v3"},
		},
		"empty variables": {
			attributes: []string{`api_url = "URL"`},
			environment: variables{
				"CIRCLE_TOKEN": "", "CIRCLECI_CLI_TOKEN": "personal-1", "CIRCLECI_RUNNER_API_URL": "", "CIRCLECI_RUNNER_API_VERSION": "",
			},
		},
		"invalid variables that are not used": {
			attributes:  []string{token, `api_url = "URL"`, `api_version = "v2"`},
			environment: variables{"CIRCLE_TOKEN": "a b", "CIRCLECI_RUNNER_API_URL": "nonsense", "CIRCLECI_RUNNER_API_VERSION": "v9"},
		},
		"URL with the version": {attributes: []string{token, `api_url = "URL/api/v3/"`, `api_version = "v3"`}, path: v3},
		"URL with the version of a variable": {
			attributes: []string{token, `api_url = "URL/api/v3"`}, environment: variables{"CIRCLECI_RUNNER_API_VERSION": "v3"}, path: v3,
		},
		"URL with a path": {attributes: []string{token, `api_url = "URL/circle/ci/api/v2/"`}, path: "/circle/ci/api/v2/runner"},
		"User-Agent": {
			attributes: []string{token}, environment: variables{"TF_APPEND_USER_AGENT": " acme-ci/1\n(team) "},
			userAgent: userAgent + " acme-ci/1 (team)",
		},

		"token, header": {attributes: []string{token, `token_scheme = "header"`}},
		"token, basic":  {attributes: []string{token, `token_scheme = "basic"`}, header: "Authorization", value: basic},
		"token, bearer": {attributes: []string{token, `token_scheme = "bearer"`}, header: "Authorization", value: "Bearer personal-1"},
		"launch token":  {attributes: []string{launch}, header: "Authorization", value: "Bearer launcher-1"},
		"session cookie": {
			attributes: []string{`session_cookie = "session--1%2B\"=/"`}, header: "Cookie", value: `ring-session=session--1%2B"=/`,
		},
		"token from the environment, basic": {
			attributes: []string{`token_scheme = "basic"`}, environment: variables{"CIRCLE_TOKEN": "personal-1"},
			header: "Authorization", value: basic,
		},
		"CIRCLE_TOKEN before CIRCLE_CLI_TOKEN":       {environment: variables{"CIRCLE_TOKEN": "personal-1", "CIRCLE_CLI_TOKEN": "personal-2"}},
		"CIRCLE_TOKEN before CIRCLECI_CLI_TOKEN":     {environment: variables{"CIRCLE_TOKEN": "personal-1", "CIRCLECI_CLI_TOKEN": "personal-2"}},
		"CIRCLE_CLI_TOKEN before CIRCLECI_CLI_TOKEN": {environment: variables{"CIRCLE_CLI_TOKEN": "personal-1", "CIRCLECI_CLI_TOKEN": "personal-2"}},
		"CIRCLECI_CLI_TOKEN before other credentials": {environment: variables{
			"CIRCLECI_CLI_TOKEN": "personal-1", "CIRCLECI_RUNNER_API_AUTH_TOKEN": "launcher-1", "CIRCLECI_SESSION_COOKIE": "session--1",
		}},
		"CIRCLECI_RUNNER_API_AUTH_TOKEN before LAUNCH_AGENT_API_AUTH_TOKEN": {
			environment: variables{"CIRCLECI_RUNNER_API_AUTH_TOKEN": "launcher-1", "LAUNCH_AGENT_API_AUTH_TOKEN": "launcher-2"},
			header:      "Authorization", value: "Bearer launcher-1",
		},
		"LAUNCH_AGENT_API_AUTH_TOKEN before CIRCLECI_SESSION_COOKIE": {
			environment: variables{"CIRCLE_TOKEN": "", "LAUNCH_AGENT_API_AUTH_TOKEN": "launcher-2", "CIRCLECI_SESSION_COOKIE": "session--1"},
			header:      "Authorization", value: "Bearer launcher-2",
		},
		"CIRCLECI_SESSION_COOKIE": {
			environment: variables{"CIRCLECI_SESSION_COOKIE": "session--1"}, header: "Cookie", value: "ring-session=session--1",
		},
		"token in the configuration before every variable": {attributes: []string{token}, environment: variables{
			"CIRCLE_TOKEN": "bad token", "CIRCLECI_RUNNER_API_AUTH_TOKEN": "launcher-1", "CIRCLECI_SESSION_COOKIE": "a;b",
		}},
		"launch token in the configuration before a variable": {
			attributes: []string{launch}, environment: variables{"CIRCLE_TOKEN": "personal-1"}, header: "Authorization", value: "Bearer launcher-1",
		},
		"session cookie in the configuration before a variable": {
			attributes: []string{`session_cookie = "session--1"`}, environment: variables{"CIRCLE_TOKEN": "personal-1"},
			header: "Cookie", value: "ring-session=session--1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.SetHandler(circlecitest.JSON(`{"items": []}`))
			t.Setenv("CIRCLECI_RUNNER_API_URL", server.URL)
			setenv(t, row.environment, server.URL)
			assertNoDiagnostics(t, newWorkspace(t, strings.ReplaceAll(providerWith(row.attributes...), "URL", server.URL)+runnersBlock).plan())
			expectRequests(t, server, cmp.Or(row.path, "/api/v2/runner")+"?namespace=acme")
			request := server.Requests()[0]
			expectCredential(t, request, cmp.Or(row.header, "Circle-Token"), cmp.Or(row.value, "personal-1"))
			expectSame(t, "User-Agent", cmp.Or(row.userAgent, userAgent), request.Header.Get("User-Agent"))
		})
	}
}
