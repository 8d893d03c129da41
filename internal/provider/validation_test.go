package provider_test

import (
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// finding is what a user is told: where, and with which words.
type finding struct {
	// code is the line of the configuration that the CLI shows, "" when the finding is not on an attribute.
	code string
	// summary and detail are parts of what the diagnostic says.
	summary, detail string
}

// expectFinding asserts that there is exactly one diagnostic and that it is this one.
func expectFinding(t *testing.T, got []diagnostic, want finding) {
	t.Helper()
	if len(got) != 1 {
		t.Fatalf("there are %d diagnostics, not one: %+v", len(got), got)
	}
	d := got[0]
	if d.Severity != "error" || d.Summary != want.summary {
		t.Errorf("the diagnostic is %s %q, not error %q", d.Severity, d.Summary, want.summary)
	}
	if !strings.Contains(d.Detail, want.detail) {
		t.Errorf("the detail is\n%s\nwithout\n%s", d.Detail, want.detail)
	}
	if want.code != "" && (d.Snippet == nil || strings.TrimSpace(d.Snippet.Code) != want.code) {
		t.Errorf("the diagnostic is on %+v, not on %s", d.Snippet, want.code)
	}
}

func TestValidateDataSources(t *testing.T) {
	const (
		wantClass     = `A resource class is namespace/name, such as "acme/linux".`
		wantNamespace = `A namespace is the part of a resource class before the slash, such as "acme".`
	)
	for name, row := range map[string]struct {
		dataSource string
		attributes string
		want       finding
	}{
		"no filter": {
			"circleci_runners", ``,
			finding{"", "Missing Attribute Configuration", "At least one of these attributes must be configured: [resource_class,namespace]"},
		},
		"class without a slash": {
			"circleci_runners", `resource_class = "linux"`,
			finding{`resource_class = "linux"`, "Invalid resource class", "The value of resource_class has no slash between namespace and name. " + wantClass},
		},
		"class with two slashes": {
			"circleci_runners", `resource_class = "acme/linux/large"`,
			finding{`resource_class = "acme/linux/large"`, "Invalid resource class", "has more than one slash. " + wantClass},
		},
		"class without a namespace": {
			"circleci_runners", `resource_class = "/linux"`,
			finding{`resource_class = "/linux"`, "Invalid resource class", "has nothing before the slash. " + wantClass},
		},
		"class without a name": {
			"circleci_runners", `resource_class = "acme/"`,
			finding{`resource_class = "acme/"`, "Invalid resource class", "has nothing after the slash. " + wantClass},
		},
		"empty class": {
			"circleci_runners", `resource_class = ""`,
			finding{`resource_class = ""`, "Invalid resource class", "has no slash"},
		},
		"class with a space": {
			"circleci_runners", `resource_class = "acme/linux large"`,
			finding{`resource_class = "acme/linux large"`, "Invalid resource class", "holds white space. " + wantClass},
		},
		"class with a line break": {
			"circleci_runners", `resource_class = "acme/linux\n"`,
			finding{`resource_class = "acme/linux\n"`, "Invalid resource class", "holds white space. " + wantClass},
		},
		"class with a no-break space": {
			"circleci_runners", `resource_class = "acme/\u00a0linux"`,
			finding{`resource_class = "acme/\u00a0linux"`, "Invalid resource class", "holds white space. " + wantClass},
		},
		"class with a control character": {
			"circleci_runners", `resource_class = "acme/li\u0007nux"`,
			finding{`resource_class = "acme/li\u0007nux"`, "Invalid resource class", "holds a control character. " + wantClass},
		},
		"empty namespace": {
			"circleci_runners", `namespace = ""`,
			finding{`namespace = ""`, "Invalid namespace", "The value of namespace is empty. " + wantNamespace},
		},
		"namespace with a slash": {
			"circleci_runners", `namespace = "acme/linux"`,
			finding{`namespace = "acme/linux"`, "Invalid namespace", "has a slash, as only a resource class has. " + wantNamespace},
		},
		"namespace with a tab": {
			"circleci_runners", `namespace = "ac\tme"`,
			finding{`namespace = "ac\tme"`, "Invalid namespace", "holds white space. " + wantNamespace},
		},
		"namespace with a control character": {
			"circleci_runners", `namespace = "ac\u007fme"`,
			finding{`namespace = "ac\u007fme"`, "Invalid namespace", "holds a control character. " + wantNamespace},
		},
		"class outside the namespace": {
			"circleci_runners", "resource_class = \"acme/linux\"\n  namespace = \"other\"",
			finding{`resource_class = "acme/linux"`, "Resource class outside the namespace", `The resource class "acme/linux" does not lie in the namespace "other".`},
		},
		"class of a namespace that only starts alike": {
			"circleci_runners", "resource_class = \"acme-2/linux\"\n  namespace = \"acme\"",
			finding{`resource_class = "acme-2/linux"`, "Resource class outside the namespace", `"acme/"`},
		},
		"tasks without a class": {
			"circleci_runner_tasks", ``,
			finding{"", "Missing required argument", `The argument "resource_class" is required`},
		},
		"tasks of a namespace": {
			"circleci_runner_tasks", `resource_class = "acme"`,
			finding{`resource_class = "acme"`, "Invalid resource class", "has no slash between namespace and name. " + wantClass},
		},
		"tasks with a typing error": {
			"circleci_runner_tasks", "resource_class = \"acme/linux\"\n  resource_clas = \"acme/linux\"",
			finding{`resource_clas = "acme/linux"`, "Unsupported argument", `An argument named "resource_clas" is not expected here.`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t, `data "`+row.dataSource+`" "test" {`+"\n  "+row.attributes+"\n}\n")
			expectFinding(t, w.validate(), row.want)
		})
	}
}

// TestValidateAccepts has what is odd but not the provider's to judge.
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
	if got := w.validate(); len(got) != 0 {
		t.Errorf("validate reports %+v", got)
	}
}

// TestReadValidatesWhatWasUnknown has filters that turn out to be bad only after apply: nothing is sent then.
func TestReadValidatesWhatWasUnknown(t *testing.T) {
	server := newServer(t)
	w := newWorkspace(t, providerBlock(server)+`
resource "terraform_data" "class" {
  input = "other/linux"
}
data "circleci_runners" "test" {
  resource_class = terraform_data.class.output
  namespace      = "acme"
}
`)
	expectFinding(t, w.apply(), finding{"", "Resource class outside the namespace", `The resource class "other/linux" does not lie in the namespace "acme".`})
	if requests := server.Requests(); len(requests) != 0 {
		t.Errorf("the server was asked %+v", requests)
	}
}

func TestValidateProvider(t *testing.T) {
	const (
		wantURL   = ". Give the origin of the Runner API, such as https://runner.circleci.com or https://circleci.example.com."
		wantToken = ". Give the value alone, as CircleCI showed it."
	)
	for name, row := range map[string]struct {
		attributes string
		want       finding
		// planOnly is for what validate cannot know: values of variables, and what the environment may say.
		planOnly bool
	}{
		"empty token": {
			`token = ""`,
			finding{`token = ""`, "Invalid personal API token", "The personal API token from the provider's attribute token is empty" + wantToken}, false,
		},
		"token with a line break": {
			`token = var.secret_line`,
			finding{`token = var.secret_line`, "Invalid personal API token", "holds white space, such as a line break that was pasted along" + wantToken}, true,
		},
		"token with a control character": {
			`token = var.secret_control`,
			finding{`token = var.secret_control`, "Invalid personal API token", "holds a control character" + wantToken}, true,
		},
		"other version": {
			`api_version = "v4"`,
			finding{`api_version = "v4"`, "Invalid Attribute Value Match", `value must be one of: ["v2" "v3"], got: "v4"`}, false,
		},
		"empty version": {
			`api_version = ""`,
			finding{`api_version = ""`, "Invalid Attribute Value Match", `value must be one of: ["v2" "v3"], got: ""`}, false,
		},
		"empty URL":          {`api_url = ""`, finding{`api_url = ""`, "Invalid API URL", "The URL from the provider's attribute api_url is not an absolute http or https URL" + wantURL}, false},
		"URL without scheme": {`api_url = "runner.example.com"`, finding{`api_url = "runner.example.com"`, "Invalid API URL", "is not an absolute http or https URL" + wantURL}, false},
		"other scheme":       {`api_url = "ftp://runner.example.com"`, finding{`api_url = "ftp://runner.example.com"`, "Invalid API URL", "is not an absolute http or https URL" + wantURL}, false},
		"user info":          {`api_url = "https://me@runner.example.com"`, finding{`api_url = "https://me@runner.example.com"`, "Invalid API URL", "holds user info (the part before the @)" + wantURL}, false},
		"query":              {`api_url = "https://runner.example.com/?a=b"`, finding{`api_url = "https://runner.example.com/?a=b"`, "Invalid API URL", "has a query (the part from the ?)" + wantURL}, false},
		"fragment":           {`api_url = "https://runner.example.com/#a"`, finding{`api_url = "https://runner.example.com/#a"`, "Invalid API URL", "has a fragment (the part from the #)" + wantURL}, false},
		"no host":            {`api_url = "https:///api/v2"`, finding{`api_url = "https:///api/v2"`, "Invalid API URL", "has no host" + wantURL}, false},
		"white space":        {`api_url = "https://runner.example.com "`, finding{`api_url = "https://runner.example.com "`, "Invalid API URL", "holds white space or a control character" + wantURL}, false},
		"port out of range":  {`api_url = "https://runner.example.com:70000"`, finding{`api_url = "https://runner.example.com:70000"`, "Invalid API URL", "has a port that is not between 1 and 65535" + wantURL}, false},
		"plain http":         {`api_url = "http://runner.example.com"`, finding{`api_url = "http://runner.example.com"`, "Invalid API URL", "is plain http, which would send the credential unencrypted"}, false},
		"version that disagrees": {
			"api_url = \"https://runner.example.com/api/v3\"\n  api_version = \"v2\"",
			finding{`api_url = "https://runner.example.com/api/v3"`, "Invalid API URL", "ends in /api/v3, but api_version is v2" + wantURL}, false,
		},
		"version that disagrees with the default": {
			`api_url = "https://runner.example.com/api/v3"`,
			finding{`api_url = "https://runner.example.com/api/v3"`, "Invalid API URL", "ends in /api/v3, but api_version is v2" + wantURL}, true,
		},
		"too many retries": {
			`max_retries = 11`,
			finding{`max_retries = 11`, "Invalid number", "The value of max_retries is 11. Give a whole number from 0 to 10."},
			false,
		},
		"less than no retries": {
			`max_retries = -1`,
			finding{`max_retries = -1`, "Invalid number", "The value of max_retries is -1. Give a whole number from 0 to 10."},
			false,
		},
		"half a retry": {
			`max_retries = 1.5`,
			finding{`max_retries = 1.5`, "Invalid number", "The value of max_retries is 1.5. Give a whole number from 0 to 10."},
			false,
		},
		"no requests": {
			`max_concurrent_requests = 0`,
			finding{`max_concurrent_requests = 0`, "Invalid number", "The value of max_concurrent_requests is 0. Give a whole number from 1 to 256."},
			false,
		},
		"too many requests": {
			`max_concurrent_requests = 257`,
			finding{`max_concurrent_requests = 257`, "Invalid number", "The value of max_concurrent_requests is 257. Give a whole number from 1 to 256."},
			false,
		},
		"timeout without a unit": {
			`request_timeout = "30"`,
			finding{`request_timeout = "30"`, "Invalid duration", `The value of request_timeout is not a duration. A duration is a number with its unit`},
			false,
		},
		"empty timeout": {
			`request_timeout = ""`,
			finding{`request_timeout = ""`, "Invalid duration", `The value of request_timeout is not a duration.`},
			false,
		},
		"timeout of nothing": {
			`request_timeout = "0s"`,
			finding{`request_timeout = "0s"`, "Invalid duration", `The value of request_timeout must be greater than zero.`},
			false,
		},
		"timeout below the minimum": {
			`request_timeout = "99ms"`,
			finding{`request_timeout = "99ms"`, "Invalid duration", `The value of request_timeout must be at least 100ms.`},
			false,
		},
		"negative timeout": {
			`request_timeout = "-30s"`,
			finding{`request_timeout = "-30s"`, "Invalid duration", `The value of request_timeout must be greater than zero.`},
			false,
		},
		"typing error": {
			`tokn = "a"`,
			finding{`tokn = "a"`, "Unsupported argument", `An argument named "tokn" is not expected here. Did you mean "token"?`}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t, secretVariables+"provider \"circleci\" {\n  "+row.attributes+"\n}\ndata \"circleci_runners\" \"test\" {\n  namespace = \"acme\"\n}\n")
			got := w.plan()
			expectFinding(t, got, row.want)
			expectNoSecret(t, got)
			if !row.planOnly {
				expectFinding(t, w.validate(), row.want)
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

func expectNoSecret(t *testing.T, diagnostics []diagnostic) {
	t.Helper()
	for _, d := range diagnostics {
		if strings.Contains(d.Summary+d.Detail, "sesame") || d.Snippet != nil && strings.Contains(d.Snippet.Code, "sesame") {
			t.Errorf("the diagnostic shows the secret: %+v", d)
		}
	}
}

func TestProviderUnknown(t *testing.T) {
	server := newServer(t)
	for _, attribute := range []string{
		"token", "token_scheme", "launch_token", "session_cookie", "api_url", "api_version",
		"ca_cert_pem", "client_cert_pem", "client_key_pem", "insecure_skip_verify",
		"max_retries", "request_timeout", "max_concurrent_requests",
	} {
		t.Run(attribute, func(t *testing.T) {
			t.Setenv("CIRCLE_TOKEN", circlecitest.PersonalToken)
			t.Setenv("CIRCLECI_RUNNER_API_URL", server.URL)
			line := attribute + " = terraform_data.test.output"
			w := newWorkspace(t, `
resource "terraform_data" "test" {
  input = timestamp()
}
provider "circleci" {
  `+line+`
}
data "circleci_runners" "test" {
  namespace = "acme"
}
`)
			expectFinding(t, w.plan(), finding{line, "Value known only after apply", "The provider needs " + attribute + " while it plans"})
			if requests := server.Requests(); len(requests) != 0 {
				t.Errorf("the server was asked %+v", requests)
			}
		})
	}
}
