package provider_test

import (
	"archive/zip"
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// secret has characters that URLs encode.
const secret = "sesame+open/1234567890"

// encodedForms are the forms in which the secret could be exposed, each with its name.
func encodedForms() map[string]string {
	return map[string]string{
		"plain": secret, "query": url.QueryEscape(secret), "path": url.PathEscape(secret),
		"Basic": base64.RawStdEncoding.EncodeToString([]byte(secret + ":")),
	}
}

// expectRedacted asserts that nothing that was written has the secret, or a half of it.
func expectRedacted(t *testing.T, written map[string]string) {
	t.Helper()
	if log, isLogged := written["trace.log"]; isLogged && !strings.Contains(log, "circleci.runner_api") {
		t.Error("the log has no request")
	}
	forms := encodedForms()
	forms["a half"], forms["a half, Basic"] = secret[:12], forms["Basic"][:20]
	for name, content := range written {
		for encoding, form := range forms {
			if at := strings.Index(content, form); at >= 0 {
				t.Errorf("%s contains the secret (%s): …%s…", name, encoding, content[max(0, at-200):min(len(content), at+60)])
			}
		}
	}
}

// echo responds with all that was sent, and with the secret in each encoding.
func echo(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "request-1 "+secret)
		circlecitest.Error(status, fmt.Sprint(r.Header, encodedForms())).ServeHTTP(w, r)
	})
}

// TestSecrets plans and applies at the level TRACE, with each credential from the environment, and with servers and
// proxies that send back what they received. Nothing that a run writes contains the credential. The client's tests have
// every encoding.
func TestSecrets(t *testing.T) {
	const (
		counts = `{"unclaimed_task_count": 3, "running_runner_tasks": 2}`
		token  = "CIRCLE_TOKEN"
		launch = "CIRCLECI_RUNNER_API_AUTH_TOKEN"
		cookie = "CIRCLECI_SESSION_COOKIE"
		basic  = `token_scheme = "basic"`
		bearer = `token_scheme = "bearer"`
	)
	count := circlecitest.WithHeader(circlecitest.JSON(counts), "X-Request-Id", "request-1")
	echoedInURL := "https://example.com/?token=" + url.QueryEscape(secret)
	for name, row := range map[string]struct {
		variable, attributes string
		succeeds             bool
		response             http.Handler // Without one, the API is behind the proxy.
		proxy                string       // The default is a URL with the secret, which loopback does not use.
	}{
		"token":                  {variable: token, response: count, succeeds: true},
		"token, basic":           {variable: token, attributes: basic, response: count, succeeds: true},
		"token, bearer":          {variable: token, attributes: bearer, response: count, succeeds: true},
		"launch token":           {variable: launch, response: count, succeeds: true},
		"session cookie":         {variable: cookie, response: count, succeeds: true},
		"token, echoed":          {variable: token, response: echo(401)},
		"token, basic, echoed":   {variable: token, attributes: basic, response: echo(401)},
		"token, bearer, echoed":  {variable: token, attributes: bearer, response: echo(401)},
		"launch token, echoed":   {variable: launch, response: echo(401)},
		"session cookie, echoed": {variable: cookie, response: echo(401)},
		"500":                    {variable: token, response: echo(500)},
		"HTML":                   {variable: token, response: circlecitest.Raw(200, "text/html", "<p>"+secret)},
		"plain text":             {variable: token, response: circlecitest.Raw(200, "text/plain", "sent: "+secret)},
		"malformed":              {variable: token, response: circlecitest.JSON(`{"unclaimed_task_count": "` + secret)},
		"redirect":               {variable: token, response: circlecitest.Redirect(echoedInURL)},
		"proxy that is down":     {variable: token},
		"malformed proxy":        {variable: token, proxy: "http://user:" + secret + "@127.0.0.1:%zz"},
	} {
		t.Run(name, func(t *testing.T) {
			server, apiURL := newServer(t), "https://runner.example.com"
			if row.response != nil {
				apiURL = server.URL
				server.SetHandler(row.response)
			}
			t.Setenv(row.variable, secret)
			t.Setenv("HTTPS_PROXY", cmp.Or(row.proxy, "http://user:"+url.QueryEscape(secret)+"@127.0.0.1:1"))
			b := newBinary(t, fmt.Sprintf(`
provider "circleci" {
  api_url     = %q
  max_retries = 0
  %s
}

output "test" {
  value = data.circleci_runner_tasks.test.unclaimed_task_count
}
`, apiURL, row.attributes)+tasksConfig)
			expectRedacted(t, b.runAtTrace(row.succeeds))
		})
	}
}

// TestSecretsInResponse has a server that lists the credential as a runner, which must not get into the state.
func TestSecretsInResponse(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for _, runner := range []string{
		`"resource_class": "acme/` + secret + `", "name": "a"`, `"resource_class": "acme/linux", "name": "` + secret + `"`,
		`"resource_class": "acme/linux", "name": "a", "version": "` + encodedForms()["Basic"] + `"`,
	} {
		server.SetHandler(circlecitest.JSON(`{"items": [{` + runner + `}]}`))
		p := newProvider(t, server, providertest.Attributes{"token": providertest.String(secret)})
		for _, dataSource := range []string{"circleci_runners", "circleci_runner_fleets"} {
			state, got := p.read(t.Context(), dataSource, acmeNamespace)
			assertDiagnostic(t, got, wantDiagnostic{
				summary: acmeRunners.summary, detail: "namespace=acme ... contains the credential that was sent.",
			})
			expectRedacted(t, map[string]string{"the diagnostic": formatDiagnostics(got), "the state": fmt.Sprint(state)})
		}
	}
}

// TestStandardLoggerIsSilent has what Go's own packages write to the standard logger: net/http a response that it did
// not expect, and each header when it is told to.
func TestStandardLoggerIsSilent(t *testing.T) {
	ca := circlecitest.NewCA()
	overHTTP2 := newTLSServer(t, ca, "127.0.0.1", func(s *circlecitest.Server) { s.EnableHTTP2 = true })
	const counts = `{"unclaimed_task_count": 3, "running_runner_tasks": 2}`
	overHTTP2.SetHandler(circlecitest.JSON(counts))
	surplus := newServer(t)
	const header = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
	surplus.SetHandler(circlecitest.Bytes(fmt.Sprintf(header, len(counts)) + counts + secret))
	for name, config := range map[string]string{
		"HTTP/2":           fmt.Sprintf("api_url = %q\nca_cert_pem = %q", overHTTP2.URL, ca.CertificatePEM),
		"surplus response": fmt.Sprintf("api_url = %q", surplus.URL),
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CIRCLE_TOKEN", secret)
			t.Setenv("GODEBUG", "http2debug=2")
			b := newBinary(t, "provider \"circleci\" {\n"+config+"\n}\n"+tasksConfig)
			b.logTo("TF_LOG", "TRACE")
			b.succeed("plan")
			expectRedacted(t, b.files())
		})
	}
}

// TestRequestLog has the fields of a request in the log, at DEBUG.
func TestRequestLog(t *testing.T) {
	server := newServer(t)
	server.Enqueue(circlecitest.WithHeader(circlecitest.JSON(`{"unclaimed_task_count": 3}`), "X-Request-Id", "request-1"))
	b := newBinary(t, providerConfig(server)+tasksConfig)
	b.logTo("TF_LOG_PROVIDER", "DEBUG")
	b.run("plan")
	const prefix = "[DEBUG] provider.terraform-provider-circleci_v0.1.0: Read from the Runner API:"
	_, logged, _ := strings.Cut(b.files()["trace.log"], prefix)
	logged, _, _ = strings.Cut(logged, "\n")
	expectLines(t, logged, " @module=circleci.runner_api ", " method=GET",
		" url=\""+server.URL+linuxTasksURL+"\"",
		" status=200", " attempt=1", " request_id=request-1", " duration_ms=")
}

// TestTokenSecret creates a token at the most talkative log level: its secret is in the state and nowhere else.
func TestTokenSecret(t *testing.T) {
	server := newServer(t)
	b := newBinary(t, providerConfig(server)+`
resource "circleci_runner_resource_class" "linux" {
  resource_class = "acme/linux"
}

resource "circleci_runner_token" "linux" {
  resource_class = circleci_runner_resource_class.linux.resource_class
}

output "token" {
  value     = circleci_runner_token.linux.token
  sensitive = true
}
`)
	b.logTo("TF_LOG", "TRACE")
	written := map[string]string{}
	for _, command := range []string{
		"apply -auto-approve", "plan", "plan -json", "show", "output", "plan -replace=circleci_runner_token.linux",
	} {
		written[command] = b.succeed(strings.Fields(command)...)
	}
	maps.Copy(written, b.files())
	created := server.Tokens()[0].Secret
	expectLines(t, written["terraform.tfstate"], created)
	expectLines(t, written["trace.log"], "circleci.runner_api")
	delete(written, "terraform.tfstate")
	for name, content := range written {
		if strings.Contains(content, created) {
			t.Errorf("%s shows the secret", name)
		}
	}
}

// logTo sets the level of a log, which is written to trace.log.
func (b binary) logTo(variable, level string) {
	b.t.Setenv(variable, level)
	b.t.Setenv("TF_LOG_PATH", b.path("trace.log"))
}

// runAtTrace runs plan, apply and show and returns all that they wrote: what was on the screen, and every file.
func (b binary) runAtTrace(succeeds bool) map[string]string {
	b.t.Helper()
	b.logTo("TF_LOG", "TRACE")
	written := map[string]string{}
	for _, command := range []string{
		"plan -out=plan.zip", "apply -auto-approve", "plan -json", "show -json", "show -json plan.zip",
	} {
		printed, ok := b.run(strings.Fields(command)...)
		if ok != succeeds && !strings.HasPrefix(command, "show") {
			b.t.Fatalf("%s: success is %t\n%s", command, ok, printed)
		}
		written[command] = printed
	}
	maps.Copy(written, b.files())
	if succeeds {
		b.unzip("plan.zip", written)
		if !strings.Contains(written["terraform.tfstate"], "unclaimed_task_count") {
			b.t.Error("the state does not have the data source")
		}
	}
	return written
}

// unzip adds the files in an archive, by its name and theirs.
func (b binary) unzip(name string, into map[string]string) {
	b.t.Helper()
	archive, err := zip.OpenReader(b.path(name))
	b.check(err)
	defer archive.Close() //nolint:errcheck // It was only read.
	b.check(readFiles(archive, name+"/", into))
}
