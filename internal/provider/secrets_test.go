package provider_test

import (
	"archive/zip"
	"cmp"
	"encoding/base64"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
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

// TestSecrets plans and applies at the level TRACE, with each credential from the environment, and with servers and proxies that
// send back what they received. Nothing that a run writes contains the credential. The client's tests have every encoding.
func TestSecrets(t *testing.T) {
	const token, counts = "CIRCLE_TOKEN", `{"unclaimed_task_count": 3, "running_runner_tasks": 2}`
	count := circlecitest.WithHeader(circlecitest.JSON(counts), "X-Request-Id", "request-1")
	for name, row := range map[string]struct {
		variable   string
		attributes []string
		succeeds   bool
		response   http.Handler // Without one, the API is behind the proxy.
		proxy      string       // The default is a URL with the secret, which loopback does not use.
	}{
		"token":                  {variable: token, response: count, succeeds: true},
		"token, basic":           {variable: token, attributes: []string{`token_scheme = "basic"`}, response: count, succeeds: true},
		"token, bearer":          {variable: token, attributes: []string{`token_scheme = "bearer"`}, response: count, succeeds: true},
		"launch token":           {variable: "CIRCLECI_RUNNER_API_AUTH_TOKEN", response: count, succeeds: true},
		"session cookie":         {variable: "CIRCLECI_SESSION_COOKIE", response: count, succeeds: true},
		"token, echoed":          {variable: token, response: echo(401)},
		"token, basic, echoed":   {variable: token, attributes: []string{`token_scheme = "basic"`}, response: echo(401)},
		"token, bearer, echoed":  {variable: token, attributes: []string{`token_scheme = "bearer"`}, response: echo(401)},
		"launch token, echoed":   {variable: "CIRCLECI_RUNNER_API_AUTH_TOKEN", response: echo(401)},
		"session cookie, echoed": {variable: "CIRCLECI_SESSION_COOKIE", response: echo(401)},
		"500":                    {variable: token, response: echo(500)},
		"HTML":                   {variable: token, response: circlecitest.Raw(200, "text/html", "<title>"+secret+"</title>")},
		"plain text":             {variable: token, response: circlecitest.Raw(200, "text/plain", "sent: "+secret)},
		"malformed":              {variable: token, response: circlecitest.JSON(`{"unclaimed_task_count": "` + secret)},
		"redirect":               {variable: token, response: circlecitest.Redirect("https://example.com/?token=" + url.QueryEscape(secret))},
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
			w := newBinaryWorkspace(t, providerWith(append(row.attributes, line("api_url", apiURL), "max_retries = 0")...)+tasksBlock+
				output("data.circleci_runner_tasks.test.unclaimed_task_count"))
			expectRedacted(t, w.runAtTrace(row.succeeds))
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
		for _, dataSource := range []string{"circleci_runners", "circleci_runner_fleet"} {
			state, got := p.read(t.Context(), dataSource, acmeNamespace)
			assertDiagnostic(t, got, wantDiagnostic{summary: acmeRunners.summary, detail: "namespace=acme ... contains the credential that was sent."})
			expectRedacted(t, map[string]string{"the diagnostic": formatDiagnostics(got), "the state": fmt.Sprint(state)})
		}
	}
}

// TestStandardLoggerIsSilent has what Go's own packages write to the standard logger: net/http a response that it did not
// expect, and each header when it is told to.
func TestStandardLoggerIsSilent(t *testing.T) {
	ca := circlecitest.NewCA()
	overHTTP2 := newTLSServer(t, ca, "127.0.0.1", func(s *circlecitest.Server) { s.EnableHTTP2 = true })
	const counts = `{"unclaimed_task_count": 3, "running_runner_tasks": 2}`
	overHTTP2.SetHandler(circlecitest.JSON(counts))
	surplus := newServer(t)
	surplus.SetHandler(circlecitest.Bytes(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s%s", len(counts), counts, secret)))
	for name, lines := range map[string][]string{
		"HTTP/2":           {line("api_url", overHTTP2.URL), line("ca_cert_pem", ca.CertificatePEM)},
		"surplus response": {line("api_url", surplus.URL)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CIRCLE_TOKEN", secret)
			t.Setenv("GODEBUG", "http2debug=2")
			w := newBinaryWorkspace(t, providerWith(lines...)+tasksBlock)
			w.Env = append(w.Env, "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(w.Dir, "trace.log"))
			if output, ok := w.run("plan"); !ok {
				t.Fatal(output)
			}
			expectRedacted(t, w.files())
		})
	}
}

// TestRequestLog has the fields of a request in the log, at DEBUG.
func TestRequestLog(t *testing.T) {
	server := newServer(t)
	server.Enqueue(circlecitest.WithHeader(circlecitest.JSON(`{"unclaimed_task_count": 3}`), "X-Request-Id", "request-1"))
	w := newBinaryWorkspace(t, providerBlock(server)+tasksBlock)
	w.Env = append(w.Env, "TF_LOG_PROVIDER=DEBUG", "TF_LOG_PATH="+filepath.Join(w.Dir, "debug.log"))
	w.run("plan")
	const prefix = "[DEBUG] provider.terraform-provider-circleci: Read from the Runner API:"
	_, logged, _ := strings.Cut(read(t, filepath.Join(w.Dir, "debug.log")), prefix)
	logged, _, _ = strings.Cut(logged, "\n")
	for _, field := range []string{
		" @module=circleci.runner_api ",
		" method=GET", " url=\"" + server.URL + "" + linuxTasksURL + "\"",
		" status=200", " attempt=1", " request_id=request-1", " duration_ms=",
	} {
		if !strings.Contains(logged, field) {
			t.Errorf("the log line lacks %q: %s", field, logged)
		}
	}
}

// runAtTrace runs plan, apply and show and returns all that they wrote: what was on the screen, and every file.
func (w *workspace) runAtTrace(succeeds bool) map[string]string {
	w.t.Helper()
	w.Env = append(w.Env, "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(w.Dir, "trace.log"))
	written := map[string]string{}
	for _, arguments := range [][]string{
		{"plan", "-out=plan.zip"}, {"apply", "-auto-approve"}, {"plan", "-json"}, {"show", "-json"}, {"show", "-json", "plan.zip"},
	} {
		stdout, stderr, ok := w.runBoth(arguments...)
		if ok != succeeds && arguments[0] != "show" {
			w.t.Fatalf("%q: success is %t\n%s%s", arguments, ok, stdout, stderr)
		}
		written[strings.Join(arguments, " ")] = stdout + stderr
	}
	maps.Copy(written, w.files())
	if succeeds {
		w.unzip("plan.zip", written)
		if !strings.Contains(written["terraform.tfstate"], "unclaimed_task_count") {
			w.t.Error("the state does not have the data source")
		}
	}
	return written
}

// files returns every file of the workspace, by its name.
func (w *workspace) files() map[string]string {
	w.t.Helper()
	files := map[string]string{}
	w.readFiles(os.DirFS(w.Dir), "", files)
	return files
}

// unzip adds the files in an archive, by its name and theirs.
func (w *workspace) unzip(name string, into map[string]string) {
	w.t.Helper()
	archive, err := zip.OpenReader(filepath.Join(w.Dir, name))
	w.check(err)
	defer archive.Close() //nolint:errcheck // It was only read.
	w.readFiles(archive, name+"/", into)
}

func (w *workspace) readFiles(fsys fs.FS, prefix string, into map[string]string) {
	w.t.Helper()
	w.check(fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := fs.ReadFile(fsys, path)
		into[prefix+path] = string(content)
		return err
	}))
}
