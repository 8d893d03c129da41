package provider_test

import (
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

const tasksBlock = `
data "circleci_runner_tasks" "test" {
  resource_class = "acme/linux"
}
`

const runnersBlock = `
data "circleci_runners" "test" {
  namespace = "acme"
}
`

// TestSettings gives settings in the configuration and in the environment and looks at the request that comes out.
func TestSettings(t *testing.T) {
	const token = circlecitest.PersonalToken
	for name, row := range map[string]struct {
		// configuration and environment have the server's URL in the place of URL.
		configuration string
		environment   map[string]string
		path          string
	}{
		"configuration": {
			`token = "` + token + "\"\n  api_url = \"URL\"\n  api_version = \"v3\"",
			nil, "/api/v3/runner",
		},
		"environment": {
			``,
			map[string]string{"CIRCLE_TOKEN": token, "CIRCLECI_RUNNER_API_URL": "URL", "CIRCLECI_RUNNER_API_VERSION": "v3"},
			"/api/v3/runner",
		},
		"configuration before environment": {
			`token = "` + token + "\"\n  api_url = \"URL\"\n  api_version = \"v2\"",
			map[string]string{"CIRCLE_TOKEN": "other", "CIRCLECI_RUNNER_API_URL": "https://unused.example.com", "CIRCLECI_RUNNER_API_VERSION": "v3"},
			"/api/v2/runner",
		},
		"CIRCLE_TOKEN before CIRCLECI_CLI_TOKEN": {
			`api_url = "URL"`,
			map[string]string{"CIRCLE_TOKEN": token, "CIRCLECI_CLI_TOKEN": "other"},
			"/api/v2/runner",
		},
		"CIRCLECI_CLI_TOKEN alone": {
			`api_url = "URL"`,
			map[string]string{"CIRCLECI_CLI_TOKEN": token},
			"/api/v2/runner",
		},
		"empty variables count as unset": {
			`api_url = "URL"`,
			map[string]string{"CIRCLE_TOKEN": "", "CIRCLECI_CLI_TOKEN": token, "CIRCLECI_RUNNER_API_URL": "", "CIRCLECI_RUNNER_API_VERSION": ""},
			"/api/v2/runner",
		},
		"bad variables that the configuration makes needless": {
			`token = "` + token + "\"\n  api_url = \"URL\"\n  api_version = \"v2\"",
			map[string]string{"CIRCLE_TOKEN": "a b", "CIRCLECI_RUNNER_API_URL": "nonsense", "CIRCLECI_RUNNER_API_VERSION": "v9"},
			"/api/v2/runner",
		},
		"trailing slash": {
			`token = "` + token + "\"\n  api_url = \"URL/\"",
			nil, "/api/v2/runner",
		},
		"version at the end that agrees": {
			`token = "` + token + "\"\n  api_url = \"URL/api/v3/\"\n  api_version = \"v3\"",
			nil, "/api/v3/runner",
		},
		"version at the end that agrees with the default": {
			`token = "` + token + "\"\n  api_url = \"URL/api/v2\"",
			nil, "/api/v2/runner",
		},
		"version at the end that agrees with a variable": {
			`token = "` + token + "\"\n  api_url = \"URL/api/v3\"",
			map[string]string{"CIRCLECI_RUNNER_API_VERSION": "v3"}, "/api/v3/runner",
		},
		"path prefix": {
			`token = "` + token + "\"\n  api_url = \"URL/circle/ci/\"",
			nil, "/circle/ci/api/v2/runner",
		},
		"addition to the User-Agent": {
			`token = "` + token + "\"\n  api_url = \"URL\"",
			map[string]string{"TF_APPEND_USER_AGENT": " acme-ci/1\n(team) "}, "/api/v2/runner",
		},
		"path prefix and version": {
			`token = "` + token + "\"\n  api_url = \"URL/circle/ci/api/v2/\"",
			nil, "/circle/ci/api/v2/runner",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.SetHandler(circlecitest.JSON(`{"items": []}`))
			for variable, value := range row.environment {
				t.Setenv(variable, strings.ReplaceAll(value, "URL", server.URL))
			}
			w := newWorkspace(t, "provider \"circleci\" {\n  "+strings.ReplaceAll(row.configuration, "URL", server.URL)+"\n}\n"+runnersBlock)
			if got := w.plan(); len(got) != 0 {
				t.Fatalf("plan reports %+v", got)
			}
			requests := server.Requests()
			if len(requests) != 1 {
				t.Fatalf("there were %d requests", len(requests))
			}
			expectRequest(t, requests[0], row.path+"?namespace=acme")
			if got := requests[0].Header.Values("Circle-Token"); len(got) != 1 || got[0] != token {
				t.Errorf("Circle-Token was %q", got)
			}
			// Nothing tells Terraform and OpenTofu apart, so neither is named.
			userAgent := "terraform-provider-circleci/test (+https://github.com/circleci-community/terraform-provider-circleci)"
			if row.environment["TF_APPEND_USER_AGENT"] != "" {
				userAgent += " acme-ci/1 (team)"
			}
			if got := requests[0].Header.Get("User-Agent"); got != userAgent {
				t.Errorf("User-Agent was %q", got)
			}
		})
	}
}

// TestSettingsFromBadVariables has variables that no attribute can be blamed for: the error names them.
func TestSettingsFromBadVariables(t *testing.T) {
	for name, row := range map[string]struct {
		configuration string
		environment   map[string]string
		want          finding
	}{
		"no token": {
			``, nil,
			finding{"", "No CircleCI credential", "Give one of: a personal API token"},
		},
		"empty token variables": {
			``, map[string]string{"CIRCLE_TOKEN": "", "CIRCLECI_CLI_TOKEN": ""},
			finding{"", "No CircleCI credential", "Give one of: a personal API token"},
		},
		"token with a line break": {
			``, map[string]string{"CIRCLE_TOKEN": "sesame-open\n"},
			finding{"", "Invalid personal API token", "The personal API token from the environment variable CIRCLE_TOKEN holds white space"},
		},
		"second token variable with a control character": {
			``, map[string]string{"CIRCLECI_CLI_TOKEN": "sesame\x1bopen"},
			finding{"", "Invalid personal API token", "The personal API token from the environment variable CIRCLECI_CLI_TOKEN holds a control character"},
		},
		"URL": {
			`token = "a"`, map[string]string{"CIRCLECI_RUNNER_API_URL": "https://sesame:open@runner.example.com"},
			finding{"", "Invalid API URL", "The URL from the environment variable CIRCLECI_RUNNER_API_URL holds user info"},
		},
		"version": {
			`token = "a"`, map[string]string{"CIRCLECI_RUNNER_API_VERSION": "3"},
			finding{"", "Invalid API version", "The environment variable CIRCLECI_RUNNER_API_VERSION must be v2 or v3."},
		},
		"version that disagrees with the URL": {
			"token = \"a\"\n  api_url = \"https://runner.example.com/api/v2\"\n  api_version = \"v3\"", nil,
			finding{`api_url = "https://runner.example.com/api/v2"`, "Invalid API URL", "ends in /api/v2, but api_version is v3"},
		},
		"variable that disagrees with the version": {
			"token = \"a\"\n  api_version = \"v2\"", map[string]string{"CIRCLECI_RUNNER_API_URL": "https://runner.example.com/api/v3"},
			finding{"", "Invalid API URL", "The URL from the environment variable CIRCLECI_RUNNER_API_URL ends in /api/v3, but api_version is v2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range row.environment {
				t.Setenv(variable, value)
			}
			w := newWorkspace(t, "provider \"circleci\" {\n  "+row.configuration+"\n}\n"+tasksBlock)
			got := w.plan()
			expectFinding(t, got, row.want)
			expectNoSecret(t, got)
		})
	}
}
