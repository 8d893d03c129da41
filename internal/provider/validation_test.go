package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// lastLine is the last line of attributes, or that of a wait_for at their end.
func lastLine(attributes string) string {
	attributes = strings.TrimSuffix(attributes, "\n}")
	return strings.TrimSpace(attributes[strings.LastIndex(attributes, "\n")+1:])
}

// TestValidateDataSources has each validator of each attribute. The client's tests have every invalid resource class and
// namespace.
func TestValidateDataSources(t *testing.T) {
	t.Parallel()
	const (
		class    = "Invalid resource class"
		outside  = "Resource class outside the namespace"
		duration = "Invalid duration"
		number   = "Invalid number"
		missing  = "Missing required argument"
		noSlash  = "has no slash between namespace and name."
		natural  = " must be an integer from 0 to 9223372036854775807, got: "

		linux     = `resource_class = "acme/linux"` + "\n"
		acme      = `namespace = "acme"` + "\n"
		connected = linux + `connected_within = "2m"` + "\n"
	)
	waitFor := func(limits ...string) string { return "wait_for = {\n" + strings.Join(limits, "\n") + "\n}" }
	// A name starts with a data source, without its prefix circleci_.
	for name, row := range map[string]struct {
		attributes      string // The diagnostic is at the last line, or at that of a wait_for.
		summary, detail string
	}{
		"runners: no filter": {
			summary: "Missing Attribute Configuration",
			detail:  "At least one of these attributes must be configured: [resource_class,namespace]",
		},
		"runners: class without a slash": {
			attributes: `resource_class = "linux"`, summary: class,
			detail: `The value of resource_class ` + noSlash + ` A resource class is namespace/name, such as "acme/linux".`,
		},
		"runners: class with a line break": {attributes: `resource_class = "acme/linux\n"`, summary: class},
		"runners: namespace with a slash": {
			attributes: `namespace = "acme/linux"`, summary: "Invalid namespace",
			detail: `The value of namespace has a slash ... . A namespace is the part of a resource class before the slash, such as "acme".`,
		},
		"runners: class outside the namespace": {
			attributes: "namespace = \"other\"\n" + `resource_class = "acme/linux"`, summary: outside,
			detail: `The resource class "acme/linux" is not in the namespace "other". Specify a class that starts with "other/", or another namespace.`,
		},
		"runners: class of a namespace with the same prefix": {
			attributes: acme + `resource_class = "acme-2/linux"`, summary: outside, detail: `"acme/"`,
		},
		"runners: connected_within without a unit": {
			attributes: linux + `connected_within = "10"`, summary: duration, detail: "connected_within is not a duration.",
		},
		"runners: connected_within below a second": {
			attributes: linux + `connected_within = "1ns"`, summary: duration, detail: "connected_within must be at least 1s.",
		},
		"runners: connected_within beyond 64 bits": {
			attributes: linux + `connected_within = "300000w"`, summary: duration, detail: "connected_within is not a duration.",
		},
		"runners: connected_within with two points": {
			attributes: linux + `connected_within = "1.5.d"`, summary: duration, detail: "connected_within is not a duration.",
		},
		"runners: negative connected_within": {
			attributes: linux + `connected_within = "-10m"`, summary: duration, detail: "connected_within must be greater than zero.",
		},
		"runners: wait_for without connected_within": {
			attributes: linux + `wait_for = { min_runners = 1 }`, summary: "Missing connected_within",
			detail: "set connected_within too, such as connected_within = \"2m\": disconnected runners stay listed for a while",
		},
		"runners: wait_for without min_runners": {
			attributes: connected + `wait_for = { timeout = "1m" }`, summary: "Incorrect attribute value type",
			detail: `attribute "min_runners" is required`,
		},
		"runners: negative min_runners": {
			attributes: connected + waitFor(`min_runners = -1`), summary: number, detail: "wait_for.min_runners" + natural + "-1.",
		},
		"runners: fraction of min_runners": {
			attributes: connected + waitFor(`min_runners = 0.5`), summary: number, detail: "wait_for.min_runners" + natural + "0.5.",
		},
		"runners: min_runners beyond 64 bits": {
			attributes: connected + waitFor(`min_runners = 1e400`), summary: number, detail: "wait_for.min_runners" + natural + "1e+400.",
		},
		"runners: poll_interval of zero": {
			attributes: connected + waitFor(`min_runners = 1`, `poll_interval = "0s"`), summary: duration,
			detail: "wait_for.poll_interval must be greater than zero.",
		},
		"runners: poll_interval below the minimum": {
			attributes: connected + waitFor(`min_runners = 1`, `poll_interval = "999ms"`), summary: duration,
			detail: "wait_for.poll_interval must be at least 1s.",
		},
		"runner_tasks: without a class": {summary: missing, detail: `The argument "resource_class" is required`},
		"runner_tasks: of a namespace":  {attributes: `resource_class = "acme"`, summary: class, detail: noSlash},
		"runner_tasks: with a typo": {
			attributes: linux + `resource_clas = "acme/linux"`, summary: "Unsupported argument",
			detail: `An argument named "resource_clas" is not expected here.`,
		},
		"runner_tasks: without a limit": {
			attributes: linux + `wait_for = { timeout = "1m" }`, summary: "Missing limit",
			detail: "set max_unclaimed, max_running or both in wait_for.",
		},
		"runner_tasks: negative max_unclaimed": {
			attributes: linux + waitFor(`max_unclaimed = -1`), summary: number, detail: "wait_for.max_unclaimed" + natural + "-1.",
		},
		"runner_tasks: negative max_running": {
			attributes: linux + waitFor(`max_running = -1`), summary: number, detail: "wait_for.max_running" + natural + "-1.",
		},
		"runner_tasks: invalid timeout": {
			attributes: linux + waitFor(`max_unclaimed = 1`, `timeout = "soon"`), summary: duration,
			detail: "wait_for.timeout is not a duration.",
		},
		"runner_fleet: without a namespace": {summary: missing, detail: `The argument "namespace" is required`},
		"runner_fleet: with an invalid class": {
			attributes: acme + `resource_classes = ["linux"]`, summary: class, detail: `"linux" in resource_classes ` + noSlash,
		},
		"runner_fleet: only with a class outside the namespace": {
			attributes: acme + `only_resource_classes = ["other/linux"]`, summary: outside, detail: `"other/linux" is not in the namespace "acme".`,
		},
		"runner_fleet: only with an invalid class": {
			attributes: acme + `only_resource_classes = ["linux"]`, summary: class, detail: `"linux" in only_resource_classes ` + noSlash,
		},
		"runner_fleet: only with two names of a class": {
			attributes: acme + `only_resource_classes = ["acme/linux", "acme/Linux"]`, summary: "Duplicate resource class",
			detail: `The elements "acme/Linux" and "acme/linux" of only_resource_classes name the same resource class.`,
		},
		"runner_fleet: only with a null class": {
			attributes: acme + `only_resource_classes = [null]`, summary: class, detail: "An element of only_resource_classes is null. Remove it",
		},
		"runner_fleet: only some and others": {
			attributes: acme + `resource_classes = ["acme/mac"]` + "\n" + `only_resource_classes = ["acme/linux"]`,
			summary:    "Invalid Attribute Combination", detail: `Attribute "resource_classes" cannot be specified when "only_resource_classes" is specified`,
		},
		"runner_fleet: only some and all": {
			attributes: acme + "all_resource_classes = true\n" + `only_resource_classes = ["acme/linux"]`,
			summary:    "Invalid Attribute Combination", detail: `Attribute "all_resource_classes" cannot be specified when "only_resource_classes" is specified`,
		},
		"runner_fleet: with a class outside the namespace": {
			attributes: acme + `resource_classes = ["other/linux"]`, summary: outside,
			detail: `The resource class "other/linux" is not in the namespace "acme".`,
		},
		"runner_fleet: with a null class": {
			attributes: acme + `resource_classes = ["acme/linux", null, terraform_data.unknown.id]`,
			summary:    class, detail: "An element of resource_classes is null. Remove it",
		},
		"runner_fleet: with two names of a class": {
			attributes: acme + `resource_classes = ["acme/linux", "acme/Linux", "acme/mac"]`,
			summary:    "Duplicate resource class",
			detail:     `The elements "acme/Linux" and "acme/linux" of resource_classes name the same resource class. Specify each resource class once.`,
		},
		"runner_fleet: with an invalid duration": {
			attributes: acme + `connected_within = ""`, summary: duration, detail: "connected_within is not a duration.",
		},
		"organization_runners: organization by name": {
			attributes: `organization_id = "acme"`, summary: "Invalid Attribute Value Match",
			detail: "must be the organization's UUID, such as b9291e0d-a11e-41fb-8517-c545388b5953",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dataSource, _, _ := strings.Cut(name, ": ")
			w := newWorkspace(t, dataBlock("circleci_"+dataSource, row.attributes)+"resource \"terraform_data\" \"unknown\" {}\n")
			assertDiagnostic(t, w.validate(), wantDiagnostic{at: lastLine(row.attributes), summary: row.summary, detail: row.detail})
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
variable "scheme" {
  type = string
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
  wait_for       = { max_unclaimed = 9223372036854775807, poll_interval = "1s" }
}
data "circleci_runner_fleet" "unknown" {
  namespace        = "acme"
  resource_classes = ["acme/linux", terraform_data.unknown.id]
}
provider "circleci" {
  launch_token    = "sesame-open"
  token_scheme    = var.scheme
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

// TestInvalidProvider has each validator of each attribute and environment variable of the provider. No message shows a value,
// and nothing is sent. The client's tests have every invalid URL and token.
func TestInvalidProvider(t *testing.T) {
	ca := circlecitest.NewCA()
	certificate, key := ca.Issue("provider")
	_, otherKey := ca.Issue("other")
	const (
		unreadable = "-----BEGIN CERTIFICATE-----\nc2VzYW1l\n-----END CERTIFICATE-----\n"
		token      = `token = "sesame-open"` + "\n"

		noCredential, two, scheme    = "No CircleCI credential", "Two credentials", "token_scheme without token"
		noToken, noLaunch, noCookie  = "Invalid personal API token", "Invalid launch token", "Invalid session cookie"
		match, url, number, duration = "Invalid Attribute Value Match", "Invalid API URL", "Invalid number", "Invalid duration"
		noCA, noPair, noKey          = "Invalid CA certificates", "Incomplete mutual TLS configuration", "Invalid client key"

		giveURL      = ". Give the origin of the Runner API, such as https://runner.circleci.com or https://circleci.example.com."
		giveValue    = ". Give the value alone, as CircleCI showed it."
		giveOne      = "Give one of: a personal API token (the attribute token or the environment variable CIRCLE_TOKEN), "
		giveCookie   = ". Give the value of the cookie ring-session alone."
		giveBoth     = ". Give both, or neither."
		retries      = "The value of max_retries must be an integer from 0 to 10, got: "
		concurrent   = "The value of max_concurrent_requests must be an integer from 1 to 256, got: "
		variableName = "from the environment variable "
	)
	for name, row := range map[string]struct {
		attributes      string // The diagnostic is at the last line. The default of api_url is one without a listener.
		atNoLine        bool   // The diagnostic is at no line: no attribute is wrong by itself.
		environment     variables
		summary, detail string
		planOnly        bool // Validate does not find it, as with an environment or a variable, which it does not know.
	}{
		"no credential": {
			planOnly: true, summary: noCredential,
			detail: giveOne + "which works everywhere and can be made at https://app.circleci.com/settings/user/tokens; a launch token " +
				"(launch_token or CIRCLECI_RUNNER_API_AUTH_TOKEN); a browser's session cookie (session_cookie or CIRCLECI_SESSION_COOKIE).",
		},
		"none but a scheme":     {attributes: `token_scheme = "basic"`, atNoLine: true, summary: noCredential, detail: giveOne, planOnly: true},
		"empty token variables": {environment: variables{"CIRCLE_TOKEN": "", "CIRCLECI_CLI_TOKEN": ""}, summary: noCredential, detail: giveOne},
		"token and launch token": {
			attributes: "token = var.good\nlaunch_token = var.good", summary: two,
			detail: "Both token and launch_token are set, and only one credential can be sent.",
		},
		"token and session cookie": {
			attributes: "token = var.good\nsession_cookie = var.good", summary: two, detail: "Both token and session_cookie are set",
		},
		"launch token and session cookie": {
			attributes: "launch_token = var.good\nsession_cookie = var.good", summary: two, detail: "Both launch_token and session_cookie are set",
		},
		"scheme with a launch token": {
			attributes: "launch_token = var.good\ntoken_scheme = \"basic\"", summary: scheme,
			detail: "the credential that is used is the launch token from the provider's attribute launch_token.",
		},
		"scheme with a session cookie": {
			attributes: `token_scheme = "header"`, environment: variables{"CIRCLECI_SESSION_COOKIE": "sesame-open"}, summary: scheme,
			detail: "the credential that is used is the session cookie " + variableName + "CIRCLECI_SESSION_COOKIE.",
		},
		"other scheme": {
			attributes: token + `token_scheme = "Bearer"`, summary: match, detail: `value must be one of: ["header" "basic" "bearer"], got: "Bearer"`,
		},

		"empty token": {
			attributes: `token = ""`, summary: noToken, detail: "The personal API token from the provider's attribute token is empty" + giveValue,
		},
		"token with a line break":        {attributes: `token = var.line`, summary: noToken, detail: "holds white space ... " + giveValue},
		"token with a control character": {attributes: `token = var.control`, summary: noToken, detail: "holds a control character" + giveValue},
		"CIRCLE_TOKEN with a line break": {
			environment: variables{"CIRCLE_TOKEN": "sesame-open\n"}, summary: noToken,
			detail: "The personal API token " + variableName + "CIRCLE_TOKEN holds white space",
		},
		"CIRCLECI_CLI_TOKEN with a control character": {
			environment: variables{"CIRCLECI_CLI_TOKEN": "sesame\x1bopen"}, summary: noToken,
			detail: "The personal API token " + variableName + "CIRCLECI_CLI_TOKEN holds a control character",
		},
		"empty launch token": {
			attributes: `launch_token = ""`, summary: noLaunch,
			detail: "The launch token from the provider's attribute launch_token is empty. Give the value alone",
		},
		"launch token with a line break": {attributes: `launch_token = var.line`, summary: noLaunch, detail: "holds white space"},
		"LAUNCH_AGENT_API_AUTH_TOKEN with a control character": {
			environment: variables{"LAUNCH_AGENT_API_AUTH_TOKEN": "sesame\x07open"}, summary: noLaunch,
			detail: "The launch token " + variableName + "LAUNCH_AGENT_API_AUTH_TOKEN holds a control character",
		},
		"empty session cookie": {attributes: `session_cookie = ""`, summary: noCookie, detail: "is empty"},
		"CIRCLECI_SESSION_COOKIE with a space": {
			environment: variables{"CIRCLECI_SESSION_COOKIE": "sesame open"}, summary: noCookie,
			detail: "The session cookie " + variableName + "CIRCLECI_SESSION_COOKIE holds white space",
		},
		"session cookie with its name": {
			environment: variables{"CIRCLECI_SESSION_COOKIE": "ring-session=sesame-open"}, summary: noCookie,
			detail: "starts with ring-session=" + giveCookie,
		},
		"several cookies": {
			attributes: `session_cookie = var.cookies`, summary: noCookie,
			detail: "holds a semicolon, which separates cookies and their attributes. Give the value of the cookie ring-session alone, without " +
				"attributes such as Path.",
		},
		"launch token with its scheme": {
			attributes: `launch_token = var.header`, summary: noLaunch,
			detail: `starts with "Bearer ". Give the token alone, without the leading "Bearer".`,
		},
		"CIRCLE_TOKEN with its scheme": {
			environment: variables{"CIRCLE_TOKEN": "basic sesame-open"}, summary: noToken,
			detail: "The personal API token " + variableName + `CIRCLE_TOKEN starts with "Basic ". Give the token alone`,
		},

		"other version": {attributes: token + `api_version = "v4"`, summary: match, detail: `value must be one of: ["v2" "v3"], got: "v4"`},
		"empty version": {attributes: token + `api_version = ""`, summary: match, detail: `value must be one of: ["v2" "v3"], got: ""`},
		"CIRCLECI_RUNNER_API_VERSION": {
			attributes: token, environment: variables{"CIRCLECI_RUNNER_API_VERSION": "3"}, summary: "Invalid API version",
			detail: `The value "3" of the environment variable CIRCLECI_RUNNER_API_VERSION is not v2 or v3.`,
		},
		"empty URL": {
			attributes: token + `api_url = ""`, summary: url,
			detail: "The URL from the provider's attribute api_url is not an absolute http or https URL" + giveURL,
		},
		"URL with user info": {
			attributes: token + `api_url = "https://me@runner.example.com"`, summary: url, detail: "holds user info (the part before the @)" + giveURL,
		},
		"CIRCLECI_RUNNER_API_URL with user info": {
			attributes: token, environment: variables{"CIRCLECI_RUNNER_API_URL": "https://sesame:open@runner.example.com"}, summary: url,
			detail: "The URL " + variableName + "CIRCLECI_RUNNER_API_URL holds user info",
		},
		"URL with another version": {
			attributes: token + "api_version = \"v2\"\n" + `api_url = "https://runner.example.com/api/v3"`, summary: url,
			detail: "ends in /api/v3, but api_version is v2" + giveURL,
		},
		"URL with another version than the default": {
			attributes: token + `api_url = "https://runner.example.com/api/v3"`, summary: url,
			detail: "ends in /api/v3, but api_version is v2" + giveURL, planOnly: true,
		},
		"CIRCLECI_RUNNER_API_URL with another version": {
			attributes: token + `api_version = "v2"`, atNoLine: true, environment: variables{"CIRCLECI_RUNNER_API_URL": "https://runner.example.com/api/v3"},
			summary: url, detail: "The URL " + variableName + "CIRCLECI_RUNNER_API_URL ends in /api/v3, but api_version is v2",
		},
		"plain http that is not verified either": {
			attributes: token + "insecure_skip_verify = true\n" + `api_url = "http://runner.example.com"`, summary: url,
			detail: "is plain http, which would send the credential unencrypted",
		},

		"too many retries":    {attributes: token + `max_retries = 11`, summary: number, detail: retries + "11."},
		"negative retries":    {attributes: token + `max_retries = -1`, summary: number, detail: retries + "-1."},
		"fraction of a retry": {attributes: token + `max_retries = 1.5`, summary: number, detail: retries + "1.5."},
		"no requests":         {attributes: token + `max_concurrent_requests = 0`, summary: number, detail: concurrent + "0."},
		"too many requests":   {attributes: token + `max_concurrent_requests = 257`, summary: number, detail: concurrent + "257."},
		"request_timeout beyond that of a read": {
			attributes: token + `request_timeout = "10h"`, summary: duration, detail: "request_timeout must be at most 5m.",
		},
		"timeout without a unit": {
			attributes: token + `request_timeout = "30"`, summary: duration,
			detail: "The value of request_timeout is not a duration. A duration is a number with its unit",
		},
		"timeout of zero": {
			attributes: token + `request_timeout = "0s"`, summary: duration, detail: "The value of request_timeout must be greater than zero.",
		},
		"timeout below the minimum": {
			attributes: token + `request_timeout = "99ms"`, summary: duration, detail: "The value of request_timeout must be at least 100ms.",
		},
		"typo": {
			attributes: `tokn = "a"`, summary: "Unsupported argument", detail: `An argument named "tokn" is not expected here. Did you mean "token"?`,
		},

		"CA that is a file name": {
			attributes: token + `ca_cert_pem = "ca.pem"`, summary: noCA, detail: "The value of ca_cert_pem holds no certificate in PEM form.",
		},
		"empty CA": {attributes: token + `ca_cert_pem = ""`, summary: noCA, detail: "holds no certificate in PEM form."},
		"key among CAs": {
			attributes: token + line("ca_cert_pem", certificate+key), summary: noCA, detail: "holds a block that is not a certificate.",
		},
		"CA that is not DER": {
			attributes: token + line("ca_cert_pem", certificate+unreadable), summary: noCA, detail: "holds a certificate that cannot be read.",
		},
		"certificate without key": {
			attributes: token + line("client_cert_pem", certificate), summary: noPair, planOnly: true,
			detail: "client_cert_pem is set without client_key_pem or CIRCLECI_CLIENT_KEY_PEM" + giveBoth,
		},
		"key without certificate": {
			attributes: token + line("client_key_pem", key), summary: noPair, planOnly: true,
			detail: "client_key_pem is set without client_cert_pem or CIRCLECI_CLIENT_CERT_PEM" + giveBoth,
		},
		"key instead of a certificate": {
			attributes: token + line("client_key_pem", key) + "\n" + line("client_cert_pem", key), summary: "Invalid client certificate",
			detail: "The value of client_cert_pem holds no certificate in PEM form.",
		},
		"key of another certificate": {
			attributes: token + line("client_cert_pem", certificate) + "\n" + line("client_key_pem", otherKey), summary: noKey,
			detail: "is not the unencrypted private key, in PEM form, of the certificate in client_cert_pem.",
		},
		"key that is a file name": {
			attributes: token + line("client_cert_pem", certificate) + "\n" + `client_key_pem = "key.pem"`, summary: noKey,
			detail: "is not the unencrypted private key",
		},
		"CIRCLECI_CA_CERT_PEM": {
			attributes: token, environment: variables{"CIRCLECI_CA_CERT_PEM": "sesame.pem"}, summary: noCA,
			detail: "The value of CIRCLECI_CA_CERT_PEM holds no certificate in PEM form.",
		},
		"CIRCLECI_CLIENT_CERT_PEM without key": {
			attributes: token, environment: variables{"CIRCLECI_CLIENT_CERT_PEM": certificate, "CIRCLECI_CLIENT_KEY_PEM": ""}, summary: noPair,
			detail: "CIRCLECI_CLIENT_CERT_PEM is set without client_key_pem or CIRCLECI_CLIENT_KEY_PEM" + giveBoth,
		},
		"CIRCLECI_CLIENT_KEY_PEM without certificate": {
			attributes: token, environment: variables{"CIRCLECI_CLIENT_KEY_PEM": "sesame-open"}, summary: noPair,
			detail: "CIRCLECI_CLIENT_KEY_PEM is set without client_cert_pem or CIRCLECI_CLIENT_CERT_PEM" + giveBoth,
		},
		"CIRCLECI_CLIENT_CERT_PEM that is a file name": {
			attributes: token, environment: variables{"CIRCLECI_CLIENT_CERT_PEM": "sesame.pem", "CIRCLECI_CLIENT_KEY_PEM": key},
			summary: "Invalid client certificate", detail: "The value of CIRCLECI_CLIENT_CERT_PEM holds no certificate in PEM form.",
		},
		"CIRCLECI_CLIENT_KEY_PEM of another certificate": {
			attributes: token + line("client_cert_pem", certificate), atNoLine: true,
			environment: variables{"CIRCLECI_CLIENT_KEY_PEM": "sesame-open"}, summary: noKey,
			detail: "The value of CIRCLECI_CLIENT_KEY_PEM is not the unencrypted private key, in PEM form, of the certificate in client_cert_pem.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if row.environment == nil {
				t.Parallel()
			}
			setenv(t, row.environment, "")
			lines := []string{row.attributes}
			if !strings.Contains(row.attributes, "api_url") && row.environment["CIRCLECI_RUNNER_API_URL"] == "" {
				lines = []string{`api_url = "https://127.0.0.1:1"`, row.attributes}
			}
			w := newWorkspace(t, secretVariables+providerWith(lines...)+tasksBlock)
			want := wantDiagnostic{at: lastLine(row.attributes), summary: row.summary, detail: row.detail}
			if row.atNoLine {
				want.at = ""
			}
			got := w.plan()
			assertDiagnostic(t, got, want)
			expectNoSecret(t, got)
			if !row.planOnly && row.environment == nil && !strings.Contains(row.attributes, "var.") {
				assertDiagnostic(t, w.validate(), want)
			}
		})
	}
}

type variables = map[string]string

const secretVariables = `
variable "good" {
  default = "sesame-open"
}
variable "header" {
  default = "Bearer sesame-open"
}
variable "cookies" {
  default = "sesame-open; Path=/"
}
variable "line" {
  default = "sesame-open\n"
}
variable "control" {
  default = "sesame-open\u0007"
}
`

// TestProviderUnknown has an unknown value of each attribute.
func TestProviderUnknown(t *testing.T) {
	server := newServer(t)
	setenv(t, variables{"CIRCLE_TOKEN": circlecitest.PersonalToken, "CIRCLECI_RUNNER_API_URL": "URL"}, server.URL)
	for _, attribute := range []string{
		"token", "token_scheme", "launch_token", "session_cookie", "api_url", "api_version",
		"ca_cert_pem", "client_cert_pem", "client_key_pem", "insecure_skip_verify",
		"max_retries", "request_timeout", "max_concurrent_requests",
	} {
		t.Run(attribute, func(t *testing.T) {
			unknown := attribute + " = terraform_data.test.output"
			w := newWorkspace(t, "resource \"terraform_data\" \"test\" {\n  input = timestamp()\n}\n"+providerWith(unknown)+runnersBlock)
			assertDiagnostic(t, w.plan(), wantDiagnostic{
				at: unknown, summary: "Unknown value in provider configuration", detail: attribute + " must be known during plan",
			})
			expectRequests(t, server)
		})
	}
}

// TestProviderUnknownDeferred has a client that allows deferral, as no stable CLI does.
func TestProviderUnknownDeferred(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	p, err := providertest.NewServer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.DeferralAllowed = true
	diagnostics, err := p.Configure(t.Context(), providertest.Attributes{
		"api_url": providertest.String(server.URL), "token": tftypes.NewValue(tftypes.String, tftypes.UnknownValue),
	})
	if err != nil || len(diagnostics) != 0 {
		t.Fatalf("got %v, %s", err, formatDiagnostics(protocolDiagnostics(diagnostics)))
	}
	want := &tfprotov6.Deferred{Reason: tfprotov6.DeferredReasonProviderConfigUnknown}
	read, err := p.ReadEncoded(t.Context(), "circleci_runners", linuxClass)
	if err != nil || len(read.Diagnostics) != 0 {
		t.Fatalf("got %v, %s", err, formatDiagnostics(protocolDiagnostics(read.Diagnostics)))
	}
	expectSame(t, "data source", want, read.Deferred)
	plan, err := p.PlanCreate(t.Context(), "circleci_runner_resource_class", linuxClass)
	if err != nil || len(plan.Diagnostics) != 0 {
		t.Fatalf("got %v, %s", err, formatDiagnostics(protocolDiagnostics(plan.Diagnostics)))
	}
	expectSame(t, "resource", want, plan.Deferred)
	expectRequests(t, server)
}
