package provider_test

import (
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// TestSettings has settings in the configuration and in the environment, and asserts the request.
func TestSettings(t *testing.T) {
	const (
		token   = circlecitest.PersonalToken
		v2, v3  = "/api/v2/runner", "/api/v3/runner"
		withURL = "token = \"" + token + "\"\n  api_url = \"URL\""
	)
	for name, row := range map[string]struct {
		// configuration and environment have URL for the server's URL.
		configuration string
		environment   map[string]string
		path          string
	}{
		"configuration": {configuration: withURL + "\n  api_version = \"v3\"", path: v3},
		"environment": {
			environment: map[string]string{"CIRCLE_TOKEN": token, "CIRCLECI_RUNNER_API_URL": "URL", "CIRCLECI_RUNNER_API_VERSION": "v3"}, path: v3,
		},
		"configuration before environment": {
			configuration: withURL + "\n  api_version = \"v2\"", path: v2,
			environment: map[string]string{"CIRCLE_TOKEN": "other", "CIRCLECI_RUNNER_API_URL": "https://unused.example.com", "CIRCLECI_RUNNER_API_VERSION": "v3"},
		},
		"CIRCLE_TOKEN before CIRCLECI_CLI_TOKEN": {
			configuration: `api_url = "URL"`, environment: map[string]string{"CIRCLE_TOKEN": token, "CIRCLECI_CLI_TOKEN": "other"}, path: v2,
		},
		"CIRCLECI_CLI_TOKEN alone": {configuration: `api_url = "URL"`, environment: map[string]string{"CIRCLECI_CLI_TOKEN": token}, path: v2},
		"empty variables": {
			configuration: `api_url = "URL"`, path: v2,
			environment: map[string]string{"CIRCLE_TOKEN": "", "CIRCLECI_CLI_TOKEN": token, "CIRCLECI_RUNNER_API_URL": "", "CIRCLECI_RUNNER_API_VERSION": ""},
		},
		"invalid variables that are not used": {
			configuration: withURL + "\n  api_version = \"v2\"", path: v2,
			environment: map[string]string{"CIRCLE_TOKEN": "a b", "CIRCLECI_RUNNER_API_URL": "nonsense", "CIRCLECI_RUNNER_API_VERSION": "v9"},
		},
		"URL with the version": {configuration: "token = \"" + token + "\"\n  api_url = \"URL/api/v3/\"\n  api_version = \"v3\"", path: v3},
		"URL with the version of a variable": {
			configuration: "token = \"" + token + "\"\n  api_url = \"URL/api/v3\"", environment: map[string]string{"CIRCLECI_RUNNER_API_VERSION": "v3"}, path: v3,
		},
		"URL with a path and the default version": {configuration: "token = \"" + token + "\"\n  api_url = \"URL/circle/ci/api/v2/\"", path: "/circle/ci/api/v2/runner"},
		"User-Agent": {configuration: withURL, environment: map[string]string{"TF_APPEND_USER_AGENT": " acme-ci/1\n(team) "}, path: v2},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.SetHandler(circlecitest.JSON(`{"items": []}`))
			for variable, value := range row.environment {
				t.Setenv(variable, strings.ReplaceAll(value, "URL", server.URL))
			}
			w := newWorkspace(t, "provider \"circleci\" {\n  "+strings.ReplaceAll(row.configuration, "URL", server.URL)+"\n}\n"+runnersBlock)
			assertNoDiagnostics(t, w.plan())
			expectRequests(t, server, row.path+"?namespace=acme")
			requests := server.Requests()
			if got := requests[0].Header.Values("Circle-Token"); len(got) != 1 || got[0] != token {
				t.Errorf("got Circle-Token %q", got)
			}
			// It names no CLI, because Terraform and OpenTofu cannot be distinguished.
			userAgent := "terraform-provider-circleci/test (+https://github.com/circleci-community/terraform-provider-circleci)"
			if row.environment["TF_APPEND_USER_AGENT"] != "" {
				userAgent += " acme-ci/1 (team)"
			}
			if got := requests[0].Header.Get("User-Agent"); got != userAgent {
				t.Errorf("got User-Agent %q", got)
			}
		})
	}
}

// TestInvalidVariables has invalid environment variables, which the error names.
func TestInvalidVariables(t *testing.T) {
	for name, row := range map[string]struct {
		configuration string
		environment   map[string]string
		want          wantDiagnostic
	}{
		"no token": {
			want: wantDiagnostic{summary: "No CircleCI credential", detail: "Give one of: a personal API token"},
		},
		"empty token variables": {
			environment: map[string]string{"CIRCLE_TOKEN": "", "CIRCLECI_CLI_TOKEN": ""},
			want:        wantDiagnostic{summary: "No CircleCI credential", detail: "Give one of: a personal API token"},
		},
		"token with a line break": {
			environment: map[string]string{"CIRCLE_TOKEN": "sesame-open\n"},
			want:        wantDiagnostic{summary: "Invalid personal API token", detail: "The personal API token from the environment variable CIRCLE_TOKEN holds white space"},
		},
		"second token variable with a control character": {
			environment: map[string]string{"CIRCLECI_CLI_TOKEN": "sesame\x1bopen"},
			want:        wantDiagnostic{summary: "Invalid personal API token", detail: "The personal API token from the environment variable CIRCLECI_CLI_TOKEN holds a control character"},
		},
		"URL": {
			configuration: `token = "a"`, environment: map[string]string{"CIRCLECI_RUNNER_API_URL": "https://sesame:open@runner.example.com"},
			want: wantDiagnostic{summary: "Invalid API URL", detail: "The URL from the environment variable CIRCLECI_RUNNER_API_URL holds user info"},
		},
		"version": {
			configuration: `token = "a"`, environment: map[string]string{"CIRCLECI_RUNNER_API_VERSION": "3"},
			want: wantDiagnostic{summary: "Invalid API version", detail: "The environment variable CIRCLECI_RUNNER_API_VERSION must be v2 or v3."},
		},
		"version that disagrees with the URL": {
			configuration: "token = \"a\"\n  api_url = \"https://runner.example.com/api/v2\"\n  api_version = \"v3\"",
			want:          wantDiagnostic{at: `api_url = "https://runner.example.com/api/v2"`, summary: "Invalid API URL", detail: "ends in /api/v2, but api_version is v3"},
		},
		"variable that disagrees with the version": {
			configuration: "token = \"a\"\n  api_version = \"v2\"", environment: map[string]string{"CIRCLECI_RUNNER_API_URL": "https://runner.example.com/api/v3"},
			want: wantDiagnostic{summary: "Invalid API URL", detail: "The URL from the environment variable CIRCLECI_RUNNER_API_URL ends in /api/v3, but api_version is v2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range row.environment {
				t.Setenv(variable, value)
			}
			w := newWorkspace(t, "provider \"circleci\" {\n  "+row.configuration+"\n}\n"+tasksBlock)
			got := w.plan()
			assertDiagnostic(t, got, row.want)
			expectNoSecret(t, got)
		})
	}
}
