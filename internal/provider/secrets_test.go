package provider_test

import (
	"archive/zip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// secret has characters that URLs and JSON write differently.
const secret = `sesame+"open"/1234567890`

// encodedForms returns the forms in which a secret could leak, by name.
func encodedForms(secret string) map[string]string {
	quoted, err := json.Marshal(secret)
	if err != nil {
		panic(err)
	}
	return map[string]string{
		"plain":         secret,
		"JSON":          strings.Trim(string(quoted), `"`),
		"query":         url.QueryEscape(secret),
		"path":          url.PathEscape(secret),
		"base64":        strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="),
		"base64, Basic": strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret+":")), "="),
		"base64, URL":   strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(secret)), "="),
	}
}

// fragments are parts that must not be left of a secret, each with its name.
func fragments(secret string) map[string]string {
	all := encodedForms(secret)
	all["a half"] = secret[:12]
	all["a half, base64"] = base64.StdEncoding.EncodeToString([]byte(secret))[:20]
	return all
}

// echo responds with everything that was sent, and with the secret in every encoding, in every part of the response.
func echo(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		message := fmt.Sprint(r.Header, encodedForms(secret))
		w.Header().Set("X-Request-Id", "request-1 "+secret)
		circlecitest.Error(status, message).ServeHTTP(w, r)
	})
}

// TestSecrets plans and applies with each method, from the environment, at TF_LOG=TRACE: with valid
// responses, and with a server that echoes requests. Nothing that a run writes may contain the credential.
func TestSecrets(t *testing.T) {
	for name, row := range map[string]struct{ attributes, variable string }{
		"token":          {``, "CIRCLE_TOKEN"},
		"token, basic":   {`token_scheme = "basic"`, "CIRCLE_TOKEN"},
		"token, bearer":  {`token_scheme = "bearer"`, "CIRCLE_TOKEN"},
		"launch token":   {``, "CIRCLECI_RUNNER_API_AUTH_TOKEN"},
		"session cookie": {``, "CIRCLECI_SESSION_COOKIE"},
	} {
		for kind, response := range map[string]http.Handler{
			"right":     circlecitest.WithHeader(circlecitest.JSON(`{"unclaimed_task_count": 3}`), "X-Request-Id", "request-1"),
			"401":       echo(401),
			"500":       echo(500),
			"HTML":      circlecitest.Raw(200, "text/html", "<title>"+secret+"</title>"),
			"text":      circlecitest.Raw(200, "text/plain", "sent: "+secret),
			"malformed": circlecitest.JSON(`{"unclaimed_task_count": "` + secret),
			"redirect":  circlecitest.Redirect("https://example.com/?token=" + url.QueryEscape(secret)),
		} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				server := newServer(t)
				server.SetHandler(response)
				t.Setenv(row.variable, secret)
				t.Setenv("HTTPS_PROXY", "http://user:"+url.QueryEscape(secret)+"@127.0.0.1:1")
				w := newBinaryWorkspace(t, fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n  max_retries = 0\n  %s\n}\n", server.URL, row.attributes)+tasksBlock+`
output "count" {
  value = data.circleci_runner_tasks.test.unclaimed_task_count
}
`)
				written := w.runAtTrace(kind == "right")
				if !strings.Contains(written["trace.log"], "circleci.runner_api") {
					t.Error("the log does not show that there was a request")
				}
				expectNowhere(t, written)
			})
		}
	}
}

// TestSecretsInResponse has a server that lists the credential as a runner, which must not get into the state.
func TestSecretsInResponse(t *testing.T) {
	t.Parallel()
	quoted := encodedForms(secret)["JSON"]
	server := newServer(t)
	for _, runner := range []string{
		`"resource_class": "acme/` + quoted + `", "name": "a"`, `"resource_class": "acme/linux", "name": "` + quoted + `"`,
		`"resource_class": "acme/linux", "name": "a", "version": "` + encodedForms(secret)["base64"] + `"`,
	} {
		server.SetHandler(circlecitest.JSON(`{"items": [{` + runner + `}]}`))
		for _, block := range []string{"circleci_runners", "circleci_runner_fleet"} {
			got := newWorkspace(t, fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n  token = %q\n}\n", server.URL, secret)+
				fmt.Sprintf("data %q \"test\" {\n  namespace = \"acme\"\n}\n", block)).plan()
			assertDiagnostic(t, got, wantDiagnostic{summary: "Error reading runners of namespace acme", detail: "/api/v2/runner?namespace=acme: the answer contains the credential that was sent."})
			expectNowhere(t, map[string]string{"the diagnostic": fmt.Sprintf("%+v", got)})
		}
	}
}

// TestStandardLoggerIsSilent has what Go's own packages write to the standard logger: net/http a response that it did not
// expect, and each header when it is told to.
func TestStandardLoggerIsSilent(t *testing.T) {
	ca := circlecitest.NewAuthority()
	overHTTP2 := newTLSServer(t, ca, "127.0.0.1", nil, func(s *circlecitest.Server) { s.EnableHTTP2 = true })
	overHTTP2.SetHandler(circlecitest.JSON(`{"unclaimed_task_count": 3}`))
	surplus := newServer(t)
	surplus.SetHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{\"unclaimed_task_count\": 3}"+r.Header.Get("Circle-Token"))
		_, _ = io.Copy(io.Discard, connection) // Until the client has seen it.
		_ = connection.Close()
	}))
	for name, row := range map[string]struct{ url, attributes string }{
		"HTTP/2":           {overHTTP2.URL, line("ca_cert_pem", ca.CertificatePEM) + "\n"},
		"surplus response": {surplus.URL, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CIRCLE_TOKEN", secret)
			t.Setenv("GODEBUG", "http2debug=2")
			w := newBinaryWorkspace(t, fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n%s}\n", row.url, row.attributes)+tasksBlock)
			w.Env = append(w.Env, "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(w.Dir, "trace.log"))
			if output, ok := w.run("plan"); !ok {
				t.Fatal(output)
			}
			written := w.files()
			if !strings.Contains(written["trace.log"], "circleci.runner_api") {
				t.Error("the log does not show that there was a request")
			}
			expectNowhere(t, written)
		})
	}
}

// TestSecretsOfProxy has a proxy that rejects requests, and whose URL has a password.
func TestSecretsOfProxy(t *testing.T) {
	for name, proxy := range map[string]string{
		"down":      "http://user:" + url.QueryEscape(secret) + "@127.0.0.1:1",
		"malformed": "http://user:" + secret + "@127.0.0.1:%zz",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CIRCLE_TOKEN", secret)
			t.Setenv("HTTPS_PROXY", proxy)
			w := newBinaryWorkspace(t, "provider \"circleci\" {\n  api_url = \"https://runner.example.com\"\n  max_retries = 0\n}\n"+tasksBlock)
			expectNowhere(t, w.runAtTrace(false))
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
	log, err := os.ReadFile(filepath.Join(w.Dir, "debug.log"))
	if err != nil {
		t.Fatal(err)
	}
	var line string
	for l := range strings.Lines(string(log)) {
		if strings.Contains(l, "Read from the Runner API") {
			line = l
		}
	}
	for _, field := range []string{
		"[DEBUG] provider.terraform-provider-circleci: Read from the Runner API:", " @module=circleci.runner_api ",
		" method=GET", " url=\"" + server.URL + "/api/v2/runner/tasks?resource-class=acme%2Flinux\"", " status=200", " attempt=1", " request_id=request-1",
		" duration_ms=",
	} {
		if !strings.Contains(line, field) {
			t.Errorf("the log line lacks %q: %s", field, line)
		}
	}
}

// runAtTrace runs plan, apply and show and returns all that they wrote: what was on the screen, and every file.
func (w *workspace) runAtTrace(succeeds bool) map[string]string {
	w.t.Helper()
	w.Env = append(w.Env, "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(w.Dir, "trace.log"))
	written := map[string]string{}
	for _, arguments := range [][]string{{"plan", "-out=plan.zip"}, {"apply", "-auto-approve"}, {"plan", "-json"}, {"show", "-json"}, {"show", "-json", "plan.zip"}} {
		if !succeeds && arguments[len(arguments)-1] == "plan.zip" {
			continue
		}
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
	err := filepath.WalkDir(w.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		files[entry.Name()] = string(content)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return files
}

func (w *workspace) unzip(name string, into map[string]string) {
	w.t.Helper()
	archive, err := zip.OpenReader(filepath.Join(w.Dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	defer archive.Close() //nolint:errcheck // It was only read.
	for _, file := range archive.File {
		reader, err := file.Open()
		if err != nil {
			w.t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			w.t.Fatal(err)
		}
		into[name+"/"+file.Name] = string(content)
	}
}

func expectNowhere(t *testing.T, written map[string]string) {
	t.Helper()
	for name, content := range written {
		for encoding, form := range fragments(secret) {
			if at := strings.Index(content, form); at >= 0 {
				t.Errorf("%s contains the secret (%s): …%s…", name, encoding, content[max(0, at-200):min(len(content), at+60)])
			}
		}
	}
}
