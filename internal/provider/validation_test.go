package provider_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// problemsOf returns the diagnostics that a configuration announces, by their lines: each has a comment above, with its summary
// and, after a colon, a part of its detail.
func problemsOf(configuration string) map[int]wantDiagnostic {
	problems, comment := map[int]wantDiagnostic{}, ""
	for i, line := range strings.Split(configuration, "\n") {
		if text, isComment := strings.CutPrefix(strings.TrimSpace(line), "# "); isComment {
			comment += text + " "
		} else if comment != "" {
			summary, detail, _ := strings.Cut(strings.TrimSpace(comment), ": ")
			problems[i+1], comment = wantDiagnostic{summary: summary, detail: detail}, ""
		}
	}
	return problems
}

// TestInvalid has each validator of each attribute, in configurations with one problem a block. No message shows a secret. The
// client's tests have every invalid resource class, namespace, URL and token.
func TestInvalid(t *testing.T) {
	ca := circlecitest.NewCA()
	certificate, key := ca.Issue("provider")
	_, otherKey := ca.Issue("other")
	t.Setenv("CIRCLECI_RUNNER_API_URL", "https://127.0.0.1:1") // No server listens there.
	for file, row := range map[string]struct {
		terraform string // The first Terraform with what the file is about, if OpenTofu has it not.
		planOnly  bool   // Validate does not find it, as with the value of a variable, which it does not know.
	}{
		"data_sources.tf": {}, "provider.tf": {}, "provider_plan.tf": {planOnly: true}, "actions.tf": {terraform: "1.14"},
	} {
		t.Run(file, func(t *testing.T) {
			if row.terraform != "" {
				requireVersion(t, file, row.terraform, "")
			}
			w, content := newWorkspace(t, ""), read(t, "testdata/invalid/"+file)
			for name, content := range map[string]string{
				file: content, "certificate.pem": certificate, "key.pem": key, "other-key.pem": otherKey,
				"unreadable.pem": "-----BEGIN CERTIFICATE-----\nc2VzYW1l\n-----END CERTIFICATE-----\n",
			} {
				w.write(name, content)
			}
			for _, alias := range providerAlias.FindAllStringSubmatch(content, -1) { // A provider that nothing uses is not configured.
				w.write(alias[1]+".tf", "data \"circleci_runner_tasks\" \""+alias[1]+"\" {\n  provider       = circleci."+alias[1]+
					"\n  resource_class = \"acme/linux\"\n}\n")
			}
			got := w.report("plan", "-json", "-parallelism=1") // One server serves all provider blocks, unlike for users.
			expectProblems(t, problemsOf(content), got)
			expectNoSecret(t, got)
			if !row.planOnly {
				expectProblems(t, problemsOf(content), w.validate())
			}
		})
	}
}

var providerAlias = regexp.MustCompile(`(?m)^  alias += "(.*)"$`)

func expectProblems(t *testing.T, want map[int]wantDiagnostic, got []diagnostic) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("got %d diagnostics, want %d", len(got), len(want))
	}
	for _, d := range got {
		line := -1
		if d.Range != nil {
			line = d.Range.Start.Line
		}
		d.Detail = strings.Join(strings.Fields(d.Detail), " ")
		assertDiagnostic(t, []diagnostic{d}, want[line])
	}
}

// TestValid has unusual values that are valid, and unknown ones.
func TestValid(t *testing.T) {
	t.Parallel()
	assertNoDiagnostics(t, newWorkspace(t, read(t, "testdata/valid.tf")).validate())
}

// TestInvalidEnvironment has each environment variable of the provider. No message shows a value, and nothing is sent.
func TestInvalidEnvironment(t *testing.T) {
	ca := circlecitest.NewCA()
	certificate, key := ca.Issue("provider")
	const (
		token, v2                   = `token = "sesame-open"`, `api_version = "v2"`
		url, noPair, noKey          = "Invalid API URL", "Incomplete mutual TLS configuration", "Invalid client key"
		noToken, noLaunch, noCookie = "Invalid personal API token", "Invalid launch token", "Invalid session cookie"
	)
	for detail, row := range map[string]struct {
		environment variables
		attributes  []string
		at          string // It is the line of the diagnostic, if an attribute is wrong by itself.
		summary     string
	}{
		"Give one of: a personal API token": {environment: variables{"CIRCLE_TOKEN": "", "CIRCLECI_CLI_TOKEN": ""}, summary: "No CircleCI credential"},
		"the credential that is used is the session cookie from the environment variable CIRCLECI_SESSION_COOKIE.": {
			environment: variables{"CIRCLECI_SESSION_COOKIE": "sesame-open"},
			attributes:  []string{`token_scheme = "header"`}, at: `token_scheme = "header"`, summary: "token_scheme without token",
		},
		"CIRCLE_TOKEN starts or ends with white space, such as the line break at the end of a file. Remove it, which a shell does in \"$(cat FILE)\".": {
			environment: variables{"CIRCLE_TOKEN": "sesame-open\n"}, summary: noToken,
		},
		`The personal API token from the environment variable CIRCLE_TOKEN starts with "Basic ". Give the token alone`: {
			environment: variables{"CIRCLE_TOKEN": "basic sesame-open"}, summary: noToken,
		},
		"The personal API token from the environment variable CIRCLECI_CLI_TOKEN contains a control character": {
			environment: variables{"CIRCLECI_CLI_TOKEN": "sesame\x1bopen"}, summary: noToken,
		},
		"The launch token from the environment variable LAUNCH_AGENT_API_AUTH_TOKEN contains a control character": {
			environment: variables{"LAUNCH_AGENT_API_AUTH_TOKEN": "sesame\x07open"}, summary: noLaunch,
		},
		"The session cookie from the environment variable CIRCLECI_SESSION_COOKIE contains white space": {
			environment: variables{"CIRCLECI_SESSION_COOKIE": "sesame open"}, summary: noCookie,
		},
		"starts with ring-session=. Give the value of the cookie ring-session alone.": {
			environment: variables{"CIRCLECI_SESSION_COOKIE": "ring-session=sesame-open"}, summary: noCookie,
		},
		`The environment variable CIRCLECI_RUNNER_API_VERSION must be "auto", "v2" or "v3", got: "3". Did you mean "v3"?`: {
			environment: variables{"CIRCLECI_RUNNER_API_VERSION": "3"}, attributes: []string{token}, summary: "Invalid API version",
		},
		"The URL from the environment variable CIRCLECI_RUNNER_API_URL contains user info": {
			environment: variables{"CIRCLECI_RUNNER_API_URL": "https://sesame:open@runner.example.com"}, attributes: []string{token}, summary: url,
		},
		"The URL from the environment variable CIRCLECI_RUNNER_API_URL ends in /api/v3, but api_version is v2": {
			environment: variables{"CIRCLECI_RUNNER_API_URL": "https://runner.example.com/api/v3"}, attributes: []string{token, v2}, summary: url,
		},
		"CIRCLECI_CA_CERT_PEM contains no certificate in PEM form. Set the variable to one or more certificates in PEM form, not to the name of a": {
			environment: variables{"CIRCLECI_CA_CERT_PEM": "sesame.pem"}, attributes: []string{token}, summary: "Invalid CA certificates",
		},
		"CIRCLECI_CLIENT_CERT_PEM is set without client_key_pem or CIRCLECI_CLIENT_KEY_PEM. Give both, or neither.": {
			environment: variables{"CIRCLECI_CLIENT_CERT_PEM": certificate, "CIRCLECI_CLIENT_KEY_PEM": ""}, attributes: []string{token}, summary: noPair,
		},
		"CIRCLECI_CLIENT_KEY_PEM is set without client_cert_pem or CIRCLECI_CLIENT_CERT_PEM. Give both, or neither.": {
			environment: variables{"CIRCLECI_CLIENT_KEY_PEM": "sesame-open"}, attributes: []string{token}, summary: noPair,
		},
		"The value of CIRCLECI_CLIENT_CERT_PEM contains no certificate in PEM form.": {
			environment: variables{"CIRCLECI_CLIENT_CERT_PEM": "sesame.pem", "CIRCLECI_CLIENT_KEY_PEM": key},
			attributes:  []string{token}, summary: "Invalid client certificate",
		},
		"The value of CIRCLECI_CLIENT_KEY_PEM is not the unencrypted private key, in PEM form, of the certificate in client_cert_pem.": {
			environment: variables{"CIRCLECI_CLIENT_KEY_PEM": "sesame-open"},
			attributes:  []string{token, line("client_cert_pem", certificate)}, summary: noKey,
		},
	} {
		t.Run(detail, func(t *testing.T) {
			t.Setenv("CIRCLECI_RUNNER_API_URL", "https://127.0.0.1:1") // No server listens there.
			setenv(t, row.environment, "")
			got := newWorkspace(t, providerWith(row.attributes...)+tasksBlock).plan()
			assertDiagnostic(t, got, wantDiagnostic{at: row.at, summary: row.summary, detail: detail})
			expectNoSecret(t, got)
		})
	}
}

type variables = map[string]string

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
	p, err := providertest.New(t.Context(), provider.NewServer("test")())
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
	for resource, config := range map[string]providertest.Attributes{
		"circleci_runner_resource_class": acmeNamespace, "circleci_runner_token": linuxClass,
	} {
		got, err := p.List(t.Context(), resource, config)
		if err != nil {
			t.Fatal(err)
		}
		assertDiagnostic(t, protocolDiagnostics(got), wantDiagnostic{summary: "Unknown value in provider configuration"})
	}
	expectRequests(t, server)
}
