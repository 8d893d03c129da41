package provider_test

import (
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// TestValidateDataSources has each validator of each attribute. The client's tests have every invalid resource class and
// namespace.
func TestValidateDataSources(t *testing.T) {
	t.Parallel()
	const (
		class    = "Invalid resource class"
		duration = "Invalid duration"
		number   = "Invalid number"
		largest  = "9223372036854775807"

		linux     = `resource_class = "acme/linux"`
		connected = linux + "\n  connected_within = \"2m\""
	)
	waitFor := func(limits string) string { return "\n  wait_for = {\n    " + limits + "\n  }" }
	for name, row := range map[string]struct {
		dataSource string // Without its prefix circleci_.
		attributes string
		want       wantDiagnostic
	}{
		"no filter": {
			dataSource: "runners",
			want:       wantDiagnostic{summary: "Missing Attribute Configuration", detail: "At least one of these attributes must be configured: [resource_class,namespace]"},
		},
		"class without a slash": {
			dataSource: "runners", attributes: `resource_class = "linux"`,
			want: wantDiagnostic{
				at: `resource_class = "linux"`, summary: class,
				detail: `The value of resource_class has no slash between namespace and name. A resource class is namespace/name, such as "acme/linux".`,
			},
		},
		"class with a line break": {
			dataSource: "runners", attributes: `resource_class = "acme/linux\n"`, want: wantDiagnostic{at: `resource_class = "acme/linux\n"`, summary: class},
		},
		"namespace with a slash": {
			dataSource: "runners", attributes: `namespace = "acme/linux"`,
			want: wantDiagnostic{
				at: `namespace = "acme/linux"`, summary: "Invalid namespace",
				detail: `The value of namespace has a slash ... . A namespace is the part of a resource class before the slash, such as "acme".`,
			},
		},
		"class outside the namespace": {
			dataSource: "runners", attributes: linux + "\n  namespace = \"other\"",
			want: wantDiagnostic{
				at: linux, summary: "Resource class outside the namespace",
				detail: `The resource class "acme/linux" is not in the namespace "other". Specify a class that starts with "other/", or another namespace.`,
			},
		},
		"class of a namespace with the same prefix": {
			dataSource: "runners", attributes: "resource_class = \"acme-2/linux\"\n  namespace = \"acme\"",
			want: wantDiagnostic{at: `resource_class = "acme-2/linux"`, summary: "Resource class outside the namespace", detail: `"acme/"`},
		},
		"connected_within without a unit": {
			dataSource: "runners", attributes: linux + "\n  connected_within = \"10\"",
			want: wantDiagnostic{at: `connected_within = "10"`, summary: duration, detail: "The value of connected_within is not a duration."},
		},
		"negative connected_within": {
			dataSource: "runners", attributes: linux + "\n  connected_within = \"-10m\"",
			want: wantDiagnostic{at: `connected_within = "-10m"`, summary: duration, detail: "The value of connected_within must be greater than zero."},
		},
		"wait_for without connected_within": {
			dataSource: "runners", attributes: linux + waitFor("min_runners = 1"),
			want: wantDiagnostic{summary: "Invalid Attribute Combination", detail: `Attribute "connected_within" must be specified when "wait_for" is specified`},
		},
		"wait_for without min_runners": {
			dataSource: "runners", attributes: connected + waitFor(`timeout = "1m"`),
			want: wantDiagnostic{summary: "Incorrect attribute value type", detail: `attribute "min_runners" is required`},
		},
		"negative min_runners": {
			dataSource: "runners", attributes: connected + waitFor("min_runners = -1"),
			want: wantDiagnostic{summary: number, detail: "The value of wait_for.min_runners must be an integer from 0 to " + largest + ", got: -1."},
		},
		"fraction of min_runners": {
			dataSource: "runners", attributes: connected + waitFor("min_runners = 0.5"),
			want: wantDiagnostic{summary: number, detail: "The value of wait_for.min_runners must be an integer from 0 to " + largest + ", got: 0.5."},
		},
		"min_runners beyond 64 bits": {
			dataSource: "runners", attributes: connected + waitFor("min_runners = 1e400"),
			want: wantDiagnostic{summary: number, detail: "The value of wait_for.min_runners must be an integer from 0 to " + largest + ", got: 1e+400."},
		},
		"poll_interval of zero": {
			dataSource: "runners", attributes: connected + waitFor("min_runners = 1\n    poll_interval = \"0s\""),
			want: wantDiagnostic{summary: duration, detail: "The value of wait_for.poll_interval must be greater than zero."},
		},
		"poll_interval below the minimum": {
			dataSource: "runners", attributes: connected + waitFor("min_runners = 1\n    poll_interval = \"999ms\""),
			want: wantDiagnostic{summary: duration, detail: "The value of wait_for.poll_interval must be at least 1s."},
		},
		"tasks without a class": {
			dataSource: "runner_tasks", want: wantDiagnostic{summary: "Missing required argument", detail: `The argument "resource_class" is required`},
		},
		"tasks of a namespace": {
			dataSource: "runner_tasks", attributes: `resource_class = "acme"`,
			want: wantDiagnostic{at: `resource_class = "acme"`, summary: class, detail: "has no slash between namespace and name."},
		},
		"tasks with a typo": {
			dataSource: "runner_tasks", attributes: linux + "\n  resource_clas = \"acme/linux\"",
			want: wantDiagnostic{at: `resource_clas = "acme/linux"`, summary: "Unsupported argument", detail: `An argument named "resource_clas" is not expected here.`},
		},
		"tasks without a limit": {
			dataSource: "runner_tasks", attributes: linux + waitFor(`timeout = "1m"`),
			want: wantDiagnostic{
				summary: "Invalid Attribute Combination",
				detail:  "At least one attribute out of [wait_for.max_running,wait_for.max_unclaimed] must be specified",
			},
		},
		"negative max_unclaimed": {
			dataSource: "runner_tasks", attributes: linux + waitFor("max_unclaimed = -1"),
			want: wantDiagnostic{summary: number, detail: "The value of wait_for.max_unclaimed must be an integer from 0 to " + largest + ", got: -1."},
		},
		"negative max_running": {
			dataSource: "runner_tasks", attributes: linux + waitFor("max_running = -1"),
			want: wantDiagnostic{summary: number, detail: "The value of wait_for.max_running must be an integer from 0 to " + largest + ", got: -1."},
		},
		"invalid timeout": {
			dataSource: "runner_tasks", attributes: linux + waitFor("max_unclaimed = 1\n    timeout = \"soon\""),
			want: wantDiagnostic{summary: duration, detail: "The value of wait_for.timeout is not a duration."},
		},
		"fleet without a namespace": {
			dataSource: "runner_fleet", want: wantDiagnostic{summary: "Missing required argument", detail: `The argument "namespace" is required`},
		},
		"fleet with an invalid class": {
			dataSource: "runner_fleet", attributes: "namespace = \"acme\"\n  resource_classes = [\"linux\"]",
			want: wantDiagnostic{at: `resource_classes = ["linux"]`, summary: class, detail: "has no slash between namespace and name."},
		},
		"fleet with a class outside the namespace": {
			dataSource: "runner_fleet", attributes: "namespace = \"acme\"\n  resource_classes = [\"other/linux\"]",
			want: wantDiagnostic{
				at: `resource_classes = ["other/linux"]`, summary: "Resource class outside the namespace",
				detail: `The resource class "other/linux" is not in the namespace "acme".`,
			},
		},
		"fleet with a null class": {
			dataSource: "runner_fleet", attributes: "namespace = \"acme\"\n  resource_classes = [\"acme/linux\", null, terraform_data.unknown.id]",
			want: wantDiagnostic{
				at: `resource_classes = ["acme/linux", null, terraform_data.unknown.id]`, summary: class,
				detail: "An element of resource_classes is null. Remove it",
			},
		},
		"fleet with two names of a class": {
			dataSource: "runner_fleet", attributes: "namespace = \"acme\"\n  resource_classes = [\"acme/linux\", \"acme/Linux\", \"acme/mac\"]",
			want: wantDiagnostic{
				at: `resource_classes = ["acme/linux", "acme/Linux", "acme/mac"]`, summary: "Duplicate resource class",
				detail: `The elements "acme/Linux" and "acme/linux" of resource_classes name the same resource class. Specify each resource class once.`,
			},
		},
		"fleet with an invalid duration": {
			dataSource: "runner_fleet", attributes: "namespace = \"acme\"\n  connected_within = \"\"",
			want: wantDiagnostic{at: `connected_within = ""`, summary: duration, detail: "The value of connected_within is not a duration."},
		},
		"organization by name": {
			dataSource: "organization_runners", attributes: `organization_id = "acme"`,
			want: wantDiagnostic{
				at: `organization_id = "acme"`, summary: "Invalid Attribute Value Match",
				detail: "must be the organization's UUID, such as b9291e0d-a11e-41fb-8517-c545388b5953",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t, dataBlock("circleci_"+row.dataSource, row.attributes)+"resource \"terraform_data\" \"unknown\" {}\n")
			assertDiagnostic(t, w.validate(), row.want)
		})
	}
}

// TestValidateAccepts has unusual values that are valid, and unknown ones.
func TestValidateAccepts(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, `
variable "unknown" {
  type    = string
  default = null
}
resource "terraform_data" "unknown" {}
data "circleci_runners" "unicode" {
  resource_class = "äcme-1_2.3/línux:€"
}
data "circleci_runners" "both" {
  resource_class = "Acme/linux"
  namespace      = "acme"
}
data "circleci_runners" "unknown" {
  resource_class = terraform_data.unknown.id
  namespace      = var.unknown
}
data "circleci_runner_tasks" "unknown" {
  resource_class = terraform_data.unknown.id
  wait_for = {
    max_unclaimed = 9223372036854775807
    poll_interval = "1s"
  }
}
data "circleci_runner_fleet" "unknown" {
  namespace        = "acme"
  resource_classes = ["acme/linux", terraform_data.unknown.id]
}
provider "circleci" {
  request_timeout = "100ms"
}
`)
	assertNoDiagnostics(t, w.validate())
}

// TestReadValidatesUnknownFilters has a filter that is invalid only once it is known: nothing is sent then.
func TestReadValidatesUnknownFilters(t *testing.T) {
	server := newServer(t)
	w := newWorkspace(t, providerBlock(server)+`
resource "terraform_data" "class" {
  input = "other/linux"
}
`+dataBlock("circleci_runners", "resource_class = terraform_data.class.output\n  namespace = \"acme\""))
	assertDiagnostic(t, w.apply(), wantDiagnostic{
		summary: "Resource class outside the namespace", detail: `The resource class "other/linux" is not in the namespace "acme".`,
	})
	expectRequests(t, server)
}

// TestValidateProvider has each validator of each attribute. The client's tests have every invalid URL and token.
func TestValidateProvider(t *testing.T) {
	t.Parallel()
	const (
		wantURL   = ". Give the origin of the Runner API, such as https://runner.circleci.com or https://circleci.example.com."
		wantToken = ". Give the value alone, as CircleCI showed it."
	)
	for name, row := range map[string]struct {
		attributes string
		at         string // The default is attributes.
		summary    string
		detail     string
		planOnly   bool // It is not found by validate, which does not know variables and the environment.
	}{
		"empty token": {
			attributes: `token = ""`, summary: "Invalid personal API token",
			detail: "The personal API token from the provider's attribute token is empty" + wantToken,
		},
		"token with a line break": {
			attributes: `token = var.secret_line`, summary: "Invalid personal API token", detail: "holds white space ... " + wantToken, planOnly: true,
		},
		"token with a control character": {
			attributes: `token = var.secret_control`, summary: "Invalid personal API token", detail: "holds a control character" + wantToken, planOnly: true,
		},
		"other version": {attributes: `api_version = "v4"`, summary: "Invalid Attribute Value Match", detail: `value must be one of: ["v2" "v3"], got: "v4"`},
		"empty version": {attributes: `api_version = ""`, summary: "Invalid Attribute Value Match", detail: `value must be one of: ["v2" "v3"], got: ""`},
		"empty URL": {
			attributes: `api_url = ""`, summary: "Invalid API URL",
			detail: "The URL from the provider's attribute api_url is not an absolute http or https URL" + wantURL,
		},
		"URL with user info": {
			attributes: `api_url = "https://me@runner.example.com"`, summary: "Invalid API URL", detail: "holds user info (the part before the @)" + wantURL,
		},
		"version that differs from the URL's": {
			attributes: "api_url = \"https://runner.example.com/api/v3\"\n  api_version = \"v2\"", at: `api_url = "https://runner.example.com/api/v3"`,
			summary: "Invalid API URL", detail: "ends in /api/v3, but api_version is v2" + wantURL,
		},
		"default version that differs from the URL's": {
			attributes: `api_url = "https://runner.example.com/api/v3"`, summary: "Invalid API URL",
			detail: "ends in /api/v3, but api_version is v2" + wantURL, planOnly: true,
		},
		"too many retries": {attributes: `max_retries = 11`, summary: "Invalid number", detail: "The value of max_retries must be an integer from 0 to 10, got: 11."},
		"negative retries": {attributes: `max_retries = -1`, summary: "Invalid number", detail: "The value of max_retries must be an integer from 0 to 10, got: -1."},
		"fraction of a retry": {
			attributes: `max_retries = 1.5`, summary: "Invalid number", detail: "The value of max_retries must be an integer from 0 to 10, got: 1.5.",
		},
		"no requests": {
			attributes: `max_concurrent_requests = 0`, summary: "Invalid number",
			detail: "The value of max_concurrent_requests must be an integer from 1 to 256, got: 0.",
		},
		"too many requests": {
			attributes: `max_concurrent_requests = 257`, summary: "Invalid number",
			detail: "The value of max_concurrent_requests must be an integer from 1 to 256, got: 257.",
		},
		"timeout without a unit": {
			attributes: `request_timeout = "30"`, summary: "Invalid duration",
			detail: "The value of request_timeout is not a duration. A duration is a number with its unit",
		},
		"timeout of zero":           {attributes: `request_timeout = "0s"`, summary: "Invalid duration", detail: "The value of request_timeout must be greater than zero."},
		"timeout below the minimum": {attributes: `request_timeout = "99ms"`, summary: "Invalid duration", detail: "The value of request_timeout must be at least 100ms."},
		"typo": {
			attributes: `tokn = "a"`, summary: "Unsupported argument", detail: `An argument named "tokn" is not expected here. Did you mean "token"?`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := wantDiagnostic{at: row.at, summary: row.summary, detail: row.detail}
			if want.at == "" {
				want.at = row.attributes
			}
			w := newWorkspace(t, secretVariables+"provider \"circleci\" {\n  "+row.attributes+"\n}\n"+runnersBlock)
			got := w.plan()
			assertDiagnostic(t, got, want)
			expectNoSecret(t, got)
			if !row.planOnly {
				assertDiagnostic(t, w.validate(), want)
			}
		})
	}
}

const secretVariables = `
variable "secret_line" {
  type    = string
  default = "sesame-open\n"
}
variable "secret_control" {
  type    = string
  default = "sesame-open\u0007"
}
`

// TestProviderUnknown has an unknown value of each attribute.
func TestProviderUnknown(t *testing.T) {
	server := newServer(t)
	t.Setenv("CIRCLE_TOKEN", circlecitest.PersonalToken)
	t.Setenv("CIRCLECI_RUNNER_API_URL", server.URL)
	for _, attribute := range []string{
		"token", "token_scheme", "launch_token", "session_cookie", "api_url", "api_version",
		"ca_cert_pem", "client_cert_pem", "client_key_pem", "insecure_skip_verify",
		"max_retries", "request_timeout", "max_concurrent_requests",
	} {
		t.Run(attribute, func(t *testing.T) {
			line := attribute + " = terraform_data.test.output"
			w := newWorkspace(t, "resource \"terraform_data\" \"test\" {\n  input = timestamp()\n}\nprovider \"circleci\" {\n  "+line+"\n}\n"+runnersBlock)
			assertDiagnostic(t, w.plan(), wantDiagnostic{
				at: line, summary: "Unknown value in provider configuration", detail: attribute + " must be known during plan",
			})
			expectRequests(t, server)
		})
	}
}
