package provider_test

import (
	"cmp"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestSettings has settings in the configuration and in the environment, with each credential and each precedence, and asserts
// the request. URL stands for the server's.
func TestSettings(t *testing.T) {
	const (
		token, launch = `token = "personal-1"`, `launch_token = "launcher-1"`
		v2, v3        = "/api/v2/runner", "/api/v3/runner"
		basic         = "Basic cGVyc29uYWwtMTo=" // This is the Base64 of "personal-1:".
		// The User-Agent names no CLI, because Terraform and OpenTofu cannot be distinguished.
		userAgent = "terraform-provider-circleci/test (+https://github.com/circleci-community/terraform-provider-circleci)"
	)
	for name, row := range map[string]struct {
		attributes    []string
		environment   variables
		path          string // The default is that of API v3.
		header, value string // The default is the Circle-Token personal-1.
		userAgent     string // The default is userAgent.
	}{
		"configuration":      {attributes: []string{token, `api_version = "v2"`}, path: v2},
		"auto":               {attributes: []string{token, `api_version = "auto"`}},
		"auto, launch token": {attributes: []string{launch, `api_version = "auto"`}, path: v2, header: "Authorization", value: "Bearer launcher-1"},
		"environment": {
			environment: variables{"CIRCLE_TOKEN": "personal-1", "CIRCLECI_RUNNER_API_URL": "URL", "CIRCLECI_RUNNER_API_VERSION": "v2"}, path: v2,
		},
		"configuration before environment": {
			attributes:  []string{token, `api_url = "URL"`, `api_version = "v2"`},
			environment: variables{"CIRCLECI_RUNNER_API_URL": "https://unused.example.com", "CIRCLECI_RUNNER_API_VERSION": "v3"}, path: v2,
		},
		"empty variables": {
			attributes: []string{`api_url = "URL"`},
			environment: variables{
				"CIRCLE_TOKEN": "", "CIRCLECI_CLI_TOKEN": "personal-1", "CIRCLECI_RUNNER_API_URL": "", "CIRCLECI_RUNNER_API_VERSION": "",
			},
		},
		"invalid variables that are not used": {
			attributes:  []string{token, `api_url = "URL"`, `api_version = "v2"`},
			environment: variables{"CIRCLE_TOKEN": "a b", "CIRCLECI_RUNNER_API_URL": "nonsense", "CIRCLECI_RUNNER_API_VERSION": "v9"}, path: v2,
		},
		"URL with the version": {attributes: []string{token, `api_url = "URL/api/v2/"`, `api_version = "v2"`}, path: v2},
		"URL with the version of a variable": {
			attributes: []string{token, `api_url = "URL/api/v2"`}, environment: variables{"CIRCLECI_RUNNER_API_VERSION": "v2"}, path: v2,
		},
		"URL with a path": {attributes: []string{token, `api_url = "URL/circle/ci/api/v2/"`}, path: "/circle/ci/api/v3/runner"},
		"User-Agent": {
			attributes: []string{token}, environment: variables{"TF_APPEND_USER_AGENT": " acme-ci/1\n(team) "},
			userAgent: userAgent + " acme-ci/1 (team)",
		},

		"token, header": {attributes: []string{token, `token_scheme = "header"`}},
		"token, basic":  {attributes: []string{token, `token_scheme = "basic"`}, header: "Authorization", value: basic},
		"token, bearer": {attributes: []string{token, `token_scheme = "bearer"`}, header: "Authorization", value: "Bearer personal-1"},
		"launch token":  {attributes: []string{launch}, path: v2, header: "Authorization", value: "Bearer launcher-1"},
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
			path:        v2, header: "Authorization", value: "Bearer launcher-1",
		},
		"LAUNCH_AGENT_API_AUTH_TOKEN before CIRCLECI_SESSION_COOKIE": {
			environment: variables{"CIRCLE_TOKEN": "", "LAUNCH_AGENT_API_AUTH_TOKEN": "launcher-2", "CIRCLECI_SESSION_COOKIE": "session--1"},
			path:        v2, header: "Authorization", value: "Bearer launcher-2",
		},
		"CIRCLECI_SESSION_COOKIE": {
			environment: variables{"CIRCLECI_SESSION_COOKIE": "session--1"}, header: "Cookie", value: "ring-session=session--1",
		},
		"token in the configuration before every variable": {attributes: []string{token}, environment: variables{
			"CIRCLE_TOKEN": "bad token", "CIRCLECI_RUNNER_API_AUTH_TOKEN": "launcher-1", "CIRCLECI_SESSION_COOKIE": "a;b",
		}},
		"launch token in the configuration before a variable": {
			attributes: []string{launch}, environment: variables{"CIRCLE_TOKEN": "personal-1"},
			path: v2, header: "Authorization", value: "Bearer launcher-1",
		},
		"session cookie in the configuration before a variable": {
			attributes: []string{`session_cookie = "session--1"`}, environment: variables{"CIRCLE_TOKEN": "personal-1"},
			header: "Cookie", value: "ring-session=session--1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.SetHandler(circlecitest.JSON(`{"items": [{"resource_class": "acme/linux", "name": "a"}]}`))
			t.Setenv("CIRCLECI_RUNNER_API_URL", server.URL)
			setenv(t, row.environment, server.URL)
			assertNoDiagnostics(t, newWorkspace(t, strings.ReplaceAll(providerWith(row.attributes...), "URL", server.URL)+runnersBlock).plan())
			expectRequests(t, server, cmp.Or(row.path, v3)+"?namespace=acme")
			request := server.Requests()[0]
			expectCredential(t, request, cmp.Or(row.header, "Circle-Token"), cmp.Or(row.value, "personal-1"))
			expectSame(t, "User-Agent", cmp.Or(row.userAgent, userAgent), request.Header.Get("User-Agent"))
		})
	}
}

// TestOtherHost has a variable with the host of an installation, to which the provider does not send the credential.
func TestOtherHost(t *testing.T) {
	const cloud = "https://runner.circleci.com"
	for name, row := range map[string]struct {
		environment variables
		attributes  providertest.Attributes
		variable    string // Without one, there is no warning.
		apiURL      string // The default is cloud.
	}{
		"CIRCLE_RUNNER_HOST":   {environment: variables{"CIRCLE_RUNNER_HOST": "https://runner.example.com"}, variable: "CIRCLE_RUNNER_HOST"},
		"CIRCLE_HOST":          {environment: variables{"CIRCLE_HOST": "circleci.example.com"}, variable: "CIRCLE_HOST"},
		"CIRCLE_HOSTNAME":      {environment: variables{"CIRCLE_HOSTNAME": "https://circleci.com.example.com/"}, variable: "CIRCLE_HOSTNAME"},
		"CIRCLECI_CLI_HOST":    {environment: variables{"CIRCLECI_CLI_HOST": "https://me:sesame@example.com"}, variable: "CIRCLECI_CLI_HOST"},
		"user info like Cloud": {environment: variables{"CIRCLE_HOST": "https://circleci.com:sesame@example.com"}, variable: "CIRCLE_HOST"},
		"not a URL":            {environment: variables{"CIRCLE_HOST": "https://%zz"}, variable: "CIRCLE_HOST"},
		"second of two": {
			environment: variables{"CIRCLE_RUNNER_HOST": "https://runner.circleci.com", "CIRCLE_HOST": "example.com"}, variable: "CIRCLE_HOST",
		},
		"session cookie": {
			environment: variables{"CIRCLE_HOST": "example.com"}, variable: "CIRCLE_HOST", apiURL: "https://circleci.com",
			attributes: providertest.Attributes{"token": tftypes.NewValue(tftypes.String, nil), "session_cookie": providertest.String("sesame-open")},
		},
		"hosts of Cloud": {environment: variables{
			"CIRCLE_RUNNER_HOST": "runner.circleci.com", "CIRCLE_HOST": "https://circleci.com/", "CIRCLE_HOSTNAME": "https://App.CircleCI.com:443",
			"CIRCLECI_CLI_HOST": "",
		}},
		"api_url": {
			environment: variables{"CIRCLE_HOST": "example.com"},
			attributes:  providertest.Attributes{"api_url": providertest.String("https://runner.circleci.com")},
		},
		"variable of api_url": {environment: variables{"CIRCLE_HOST": "example.com", "CIRCLECI_RUNNER_API_URL": "https://circleci.example.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			setenv(t, row.environment, "")
			p, err := providertest.New(t.Context(), provider.NewServer("test")())
			if err != nil {
				t.Fatal(err)
			}
			attributes := providertest.Attributes{"token": providertest.String("sesame-open")}
			maps.Copy(attributes, row.attributes)
			diagnostics, err := p.Configure(t.Context(), attributes)
			if err != nil {
				t.Fatal(err)
			}
			got := protocolDiagnostics(diagnostics)
			if row.variable == "" {
				assertNoDiagnostics(t, got)
				return
			}
			assertDiagnostic(t, got, wantDiagnostic{
				severity: "warning", summary: "Host of another installation", detail: "The environment variable " + row.variable + " ... " +
					"so the credential is sent to " + cmp.Or(row.apiURL, cloud) + ". Set api_url, or CIRCLECI_RUNNER_API_URL, to the origin",
			})
			expectNoSecret(t, got)
		})
	}
}
