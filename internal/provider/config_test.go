package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

const urlVariable = "CIRCLECI_RUNNER_API_URL"

// variables are attributes or environment variables.
type variables = map[string]string

// texts returns attributes that are strings.
func texts(values variables) providertest.Attributes {
	attributes := providertest.Attributes{}
	for name, value := range values {
		attributes[name] = providertest.String(value)
	}
	return attributes
}

// setVariables sets environment variables, such as "CIRCLE_TOKEN=a CIRCLE_HOST=b".
func setVariables(t *testing.T, text string) {
	t.Helper()
	for variable := range strings.SplitSeq(text, " ") {
		if name, value, isSet := strings.Cut(variable, "="); isSet {
			t.Setenv(name, value)
		}
	}
}

// configureAlone configures the provider, which does not retry, with nothing but these attributes.
func configureAlone(t *testing.T, attributes providertest.Attributes) (testProvider, []diagnostic) {
	t.Helper()
	p, err := providertest.New(t.Context(), provider.NewServer("test", func(c *circleci.Config) { c.MaxRetries = 0 })())
	if err != nil {
		t.Fatal(err)
	}
	diagnostics, err := p.Configure(t.Context(), attributes)
	if err != nil {
		t.Fatal(err)
	}
	return testProvider{p, t}, protocolDiagnostics(diagnostics)
}

// TestSettings has settings in the configuration and in the environment. URL stands for the server's.
func TestSettings(t *testing.T) {
	const v2, v3 = "/api/v2/runner", "/api/v3/runner"
	// The User-Agent names no CLI, because Terraform and OpenTofu cannot be distinguished.
	const userAgent = "terraform-provider-circleci/test " +
		"(+https://github.com/circleci-community/terraform-provider-circleci)"
	for _, row := range []struct{ attributes, environment, path, appended string }{
		{"", "CIRCLECI_RUNNER_API_URL=URL CIRCLECI_RUNNER_API_VERSION=v2", v2, ""},
		{"api_url=URL api_version=v2", "CIRCLECI_RUNNER_API_URL=x CIRCLECI_RUNNER_API_VERSION=v9 CIRCLE_TOKEN=\a", v2, ""},
		{"api_url=URL", "CIRCLECI_RUNNER_API_URL= CIRCLECI_RUNNER_API_VERSION=", v3, ""},
		{"api_url=URL/api/v2/", "CIRCLECI_RUNNER_API_VERSION=v2", v2, ""},
		{"api_url=URL/circle/ci/api/v2/ api_version=auto", "", "/circle/ci" + v3, ""},
		{"api_url=URL", "TF_APPEND_USER_AGENT=\nacme-ci/1\n(team)\n", v3, " acme-ci/1 (team)"},
	} {
		t.Run(row.attributes+" "+row.environment, func(t *testing.T) {
			server := newServer(t)
			setVariables(t, strings.Replace(row.environment, "URL=URL", "URL="+server.URL, 1))
			attributes := "token=" + circlecitest.PersonalToken + " " + strings.Replace(row.attributes, "URL", server.URL, 1)
			request := readRunners(t, server, parseAttributes(attributes))
			expectSame(t, "path", row.path, request.Path)
			expectSame(t, "User-Agent", userAgent+row.appended, request.Header.Get("User-Agent"))
		})
	}
}

// readRunners configures the provider, reads the runners of namespace acme, and returns the request.
func readRunners(t *testing.T, server *circlecitest.Server, attributes providertest.Attributes) circlecitest.Request {
	t.Helper()
	server.SetHandler(circlecitest.JSON(`{"items": [{"resource_class": "acme/linux", "name": "a"}]}`))
	p, got := configureAlone(t, attributes)
	assertNoDiagnostics(t, got)
	_, got = p.read(t.Context(), acmeRunners.dataSource, acmeRunners.attributes)
	assertNoDiagnostics(t, got)
	requests := server.Requests()
	if len(requests) != 1 {
		t.Fatalf("got %d requests, want 1", len(requests))
	}
	return requests[0]
}

// TestDefaultURL gives no api_url: the cookie belongs to another origin than the tokens do. A proxy that refuses
// everything shows which.
func TestDefaultURL(t *testing.T) {
	for attribute, api := range map[string]string{
		"token": "runner.circleci.com/api/v3", "launch_token": "runner.circleci.com/api/v2",
		"session_cookie": "circleci.com/api/v3",
	} {
		t.Run(attribute, func(t *testing.T) {
			server := newServer(t)
			server.SetHandler(circlecitest.Raw(http.StatusBadGateway, "text/plain", "refused"))
			t.Setenv("HTTPS_PROXY", server.URL)
			p, got := configureAlone(t, texts(variables{attribute: "sesame-open"}))
			assertNoDiagnostics(t, got)
			_, got = p.read(t.Context(), linuxTasks.dataSource, linuxTasks.attributes)
			assertDiagnostic(t, got, wantDiagnostic{
				summary: countingTasks,
				detail: "GET https://" + api + "/runner/tasks?resource-class=acme%2Flinux: the proxy returned 502 Bad " +
					"Gateway (attempts: 1, in  ... , and check https://status.circleci.com.",
			})
			for _, request := range server.Requests() {
				expectSame(t, "method", http.MethodConnect, request.Method)
				expectCredential(t, request, "none", "")
			}
		})
	}
}

// TestInvalidSettings has what is invalid only together with the environment, of which no message shows a value.
func TestInvalidSettings(t *testing.T) {
	const token, noCredential = "token=sesame-open", "No CircleCI credential"
	const noPair = "Incomplete mutual TLS configuration"
	for _, row := range []struct{ attributes, environment, at, summary, detail string }{
		{"", "CIRCLE_TOKEN= CIRCLECI_CLI_TOKEN=", "", noCredential, "Set a personal API token, in the token " +
			"attribute or the environment variable CIRCLE_TOKEN: it works everywhere, and you create one at " +
			"https://app.circleci.com/settings/user/tokens. Or set a launch token (launch_token or " +
			"CIRCLECI_RUNNER_API_AUTH_TOKEN) or a browser's session cookie (session_cookie or CIRCLECI_SESSION_COOKIE)."},
		{"token_scheme=basic", "", "", noCredential, "Set a personal API token, "},
		{"token_scheme=header", "CIRCLECI_SESSION_COOKIE=sesame-open", "token_scheme", "token_scheme without token",
			"the credential in use is the session cookie from the environment variable CIRCLECI_SESSION_COOKIE."},
		{"", "CIRCLE_TOKEN=sesame-open\n", "", "Invalid personal API token", "CIRCLE_TOKEN starts or ends with white " +
			"space, such as the line break at the end of a file. Remove it, as a shell does in \"$(cat FILE)\"."},
		{"", "LAUNCH_AGENT_API_AUTH_TOKEN=sesame\aopen", "", "Invalid launch token", "The launch token from the " +
			"environment variable LAUNCH_AGENT_API_AUTH_TOKEN contains a control character"},
		{token, "CIRCLECI_RUNNER_API_VERSION=3", "", "Invalid API version", "The environment variable " +
			`CIRCLECI_RUNNER_API_VERSION must be "auto", "v2" or "v3", got: "3". Did you mean "v3"?`},
		{token, "CIRCLECI_RUNNER_API_URL=https://sesame:open@runner.example.com", "", "Invalid API URL",
			"The URL from the environment variable CIRCLECI_RUNNER_API_URL contains user info"},
		{token, "CIRCLECI_CA_CERT_PEM=sesame.pem", "", "Invalid CA certificates", "CIRCLECI_CA_CERT_PEM contains no " +
			"certificate in PEM form. Set the variable to one or more certificates in PEM form, not to the name of a file."},
		{token + " client_cert_pem=sesame", "CIRCLECI_CLIENT_KEY_PEM=", "client_cert_pem", noPair,
			"client_cert_pem is set without client_key_pem or CIRCLECI_CLIENT_KEY_PEM. Give both, or neither."},
		{token, "CIRCLECI_CLIENT_KEY_PEM=sesame-open", "", noPair,
			"CIRCLECI_CLIENT_KEY_PEM is set without client_cert_pem or CIRCLECI_CLIENT_CERT_PEM. Give both, or neither."},
		{token, "CIRCLECI_CLIENT_CERT_PEM=sesame.pem CIRCLECI_CLIENT_KEY_PEM=sesame", "", "Invalid client certificate",
			"The value of CIRCLECI_CLIENT_CERT_PEM contains no certificate in PEM form."},
	} {
		t.Run(row.attributes+" "+row.environment, func(t *testing.T) {
			setVariables(t, row.environment)
			_, got := configureAlone(t, parseAttributes(row.attributes))
			assertDiagnostic(t, got, wantDiagnostic{at: row.at, summary: row.summary, detail: row.detail})
			expectNoSecret(t, got)
		})
	}
}

// TestUnknownSettings has an unknown value of each attribute.
func TestUnknownSettings(t *testing.T) {
	t.Setenv("CIRCLE_TOKEN", circlecitest.PersonalToken)
	unknown := providertest.Attributes{
		"insecure_skip_verify":    tftypes.NewValue(tftypes.Bool, tftypes.UnknownValue),
		"max_retries":             tftypes.NewValue(tftypes.Number, tftypes.UnknownValue),
		"max_concurrent_requests": tftypes.NewValue(tftypes.Number, tftypes.UnknownValue),
	}
	const names = "token token_scheme launch_token session_cookie api_url api_version ca_cert_pem client_cert_pem " +
		"client_key_pem request_timeout"
	for _, name := range strings.Fields(names) {
		unknown[name] = tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	}
	for name, value := range unknown {
		_, got := configureAlone(t, providertest.Attributes{name: value})
		assertDiagnostic(t, got, wantDiagnostic{
			at: name, summary: "Unknown value in provider configuration", detail: name + " must be known during plan",
		})
	}
}

// TestUnknownSettingsDeferred has a client that allows deferral, as no stable CLI does.
func TestUnknownSettingsDeferred(t *testing.T) {
	t.Parallel()
	p, err := providertest.New(t.Context(), provider.NewServer("test")())
	if err != nil {
		t.Fatal(err)
	}
	p.DeferralAllowed = true
	unknown := providertest.Attributes{"token": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)}
	if got, err := p.Configure(t.Context(), unknown); err != nil || len(got) != 0 {
		t.Fatalf("got %v, %s", err, formatDiagnostics(protocolDiagnostics(got)))
	}
	want := &tfprotov6.Deferred{Reason: tfprotov6.DeferredReasonProviderConfigUnknown}
	read, err := p.ReadEncoded(t.Context(), "circleci_runners", linuxClass)
	if err != nil || len(read.Diagnostics) != 0 {
		t.Fatal(err, read)
	}
	expectSame(t, "data source", want, read.Deferred)
	plan, err := p.PlanCreate(t.Context(), "circleci_runner_resource_class", linuxClass)
	if err != nil || len(plan.Diagnostics) != 0 {
		t.Fatal(err, plan)
	}
	expectSame(t, "resource", want, plan.Deferred)
	for resource, config := range map[string]providertest.Attributes{
		"circleci_runner_resource_class": acmeNamespace, "circleci_runner_token": linuxClass,
	} {
		got, err := p.List(t.Context(), resource, config)
		if err != nil {
			t.Fatal(err)
		}
		assertDiagnostic(t, protocolDiagnostics(got), wantDiagnostic{summary: "Unknown value in provider configuration"})
	}
}

// TestOtherHost has a variable with the host of an installation, to which the provider does not send the credential.
func TestOtherHost(t *testing.T) {
	const cloud = " ... sent to https://runner.circleci.com."
	for environment, warning := range map[string]string{
		"CIRCLE_RUNNER_HOST=https://runner.example.com":                       "CIRCLE_RUNNER_HOST" + cloud,
		"CIRCLE_HOST=circleci.example.com":                                    "CIRCLE_HOST" + cloud,
		"CIRCLE_HOSTNAME=https://circleci.com.example.com/":                   "CIRCLE_HOSTNAME" + cloud,
		"CIRCLECI_CLI_HOST=https://me:sesame@example.com":                     "CIRCLECI_CLI_HOST" + cloud,
		"CIRCLE_HOST=https://circleci.com:sesame@example.com":                 "CIRCLE_HOST" + cloud,
		"CIRCLE_HOST=https://%zz":                                             "CIRCLE_HOST" + cloud,
		"CIRCLE_RUNNER_HOST=runner.circleci.com CIRCLE_HOST=example.com":      "CIRCLE_HOST" + cloud,
		"CIRCLE_TOKEN= CIRCLECI_SESSION_COOKIE=a-cookie CIRCLE_HOST=a.b":      "CIRCLE_HOST ... to https://circleci.com.",
		"CIRCLE_HOST=https://circleci.com/":                                   "",
		"CIRCLE_HOST=https://App.CircleCI.com:443 CIRCLECI_CLI_HOST=":         "",
		"CIRCLE_HOST=example.com CIRCLECI_RUNNER_API_URL=https://example.com": "",
	} {
		t.Run(environment, func(t *testing.T) {
			t.Setenv("CIRCLE_TOKEN", "sesame-open")
			setVariables(t, environment)
			_, got := configureAlone(t, texts(nil))
			if warning == "" {
				assertNoDiagnostics(t, got)
				return
			}
			assertDiagnostic(t, got, wantDiagnostic{
				severity: "warning", summary: "Host of another installation",
				detail: "The environment variable " + warning + " Set api_url, or CIRCLECI_RUNNER_API_URL, to the origin",
			})
			expectNoSecret(t, got)
		})
	}
}
