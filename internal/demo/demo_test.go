package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

const realToken = "real-token-of-a-user"

// newDemo is the demo of a user who has set everything that could disturb it. Temporary files go to a directory
// of the test's own, which is returned.
func newDemo(t *testing.T) (d demo, temporary string) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("the demo runs the CLI: set TF_ACC=1, or run make test")
	}
	for name, value := range map[string]string{
		"CIRCLE_TOKEN":                   realToken,
		"CIRCLECI_CLI_TOKEN":             realToken,
		"CIRCLECI_RUNNER_API_AUTH_TOKEN": realToken,
		"CIRCLECI_RUNNER_API_URL":        "http://127.0.0.1:1",
		"CIRCLECI_RUNNER_API_VERSION":    "v9",
		"TF_CLI_CONFIG_FILE":             filepath.Join(t.TempDir(), "missing.tfrc"),
		"TF_CLI_ARGS_plan":               "-destroy",
		"TF_LOG":                         "TRACE",
		"TF_WORKSPACE":                   "production",
		"TF_VAR_max_queue":               "1000",
		"TF_REATTACH_PROVIDERS":          "not even JSON",
	} {
		t.Setenv(name, value)
	}
	temporary = t.TempDir()
	t.Setenv("TMPDIR", temporary)
	return demo{configuration: "../../examples/demo"}, temporary
}

func expectText(t *testing.T, what, shown string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(shown, text) {
			t.Errorf("%s does not show %q:\n%s", what, text, shown)
		}
	}
}

func TestDemo(t *testing.T) {
	d, temporary := newDemo(t)
	var stdout, stderr bytes.Buffer
	d.stdout, d.stderr = &stdout, &stderr
	if err := d.run(t.Context()); err != nil || stderr.Len() > 0 {
		t.Fatalf("the demo fails: %v\n%s%s", err, &stdout, &stderr)
	}
	output := stdout.String()
	// Each step is a command line, what the CLI prints, and what the demo says about it.
	steps := regexp.MustCompile(`(?m)^\$ (?:terraform|tofu) `).Split(output, -1)
	if len(steps) != 6 {
		t.Fatalf("the demo shows %d command lines, want 5:\n%s", len(steps)-1, output)
	}
	for i, step := range steps[1:3] {
		expectText(t, "the plan or the apply", step, []string{"plan -out=demo.tfplan\n", "apply demo.tfplan\n"}[i],
			`"acme/linux: linux-1, agent 3.1.2, last used 2026-03-02T14:31:06Z"`,
			`"acme/linux: linux-2, agent 3.1.2, last used 2026-03-02T14:30:07Z"`,
			`"acme/linux: linux-3, agent 3.1.2, last used 2026-02-27T14:31:07Z"`,
			`"acme/macos: macos-1, agent 3.0.9, last used never"`,
			` = "runners: 0, busy agents: 0, idle agents: 0, versions: none, waiting tasks: 2"`,
			`"acme/linux" = "runners: 3, busy agents: 1, idle agents: 1, versions: 3.1.2, waiting tasks: 6"`,
			`"acme/macos" = "runners: 1, busy agents: 0, idle agents: 0, versions: 3.0.9, waiting tasks: 0"`,
			"unclaimed_tasks = 6\n",
			"Warning: Check block assertion failed\n", "\nacme/linux has 6 waiting tasks, more than 5: add runners.\n")
		if got := strings.Count(step, "Warning: "); got != 1 {
			t.Errorf("%d warnings are shown, want 1:\n%s", got, step)
		}
	}
	expectText(t, "the apply", steps[2], "Apply complete! Resources: 0 added, 0 changed, 0 destroyed.\n", `
  check.has_runners         pass
  check.one_agent_version   pass
  check.queue_is_short      fail: acme/linux has 6 waiting tasks, more than 5: add runners.
`)
	expectText(t, "the second apply", steps[3], "Apply complete! Resources: 2 added, 0 changed, 0 destroyed.")
	expectText(t, "the second plan", steps[4], "No changes.")
	expectText(t, "destroy", steps[5], "Destroy complete! Resources: 2 destroyed.")
	if strings.Contains(output, realToken) || strings.Contains(output, "\x1b") {
		t.Errorf("the demo shows the token of the user who runs it, or colours where there is no terminal:\n%q", output)
	}
	assertEmpty(t, temporary)

	expectPictures(t, output)
}

// serve serves, lets read send requests to the address, with the token and for the organization that are printed, and
// returns what is printed.
func serve(t *testing.T, d demo, read func(url, token, organization string)) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stdout := &watcher{text: "organization: "}
	stdout.found = func() {
		defer stop()
		printed := regexp.MustCompile(`(?s)CIRCLECI_RUNNER_API_URL=(\S+) CIRCLE_TOKEN=(\S+).*organization: (\S+)\n`).
			FindStringSubmatch(stdout.buffer.String())
		read(printed[1], printed[2], printed[3])
	}
	d.stdout, d.port = stdout, 0
	if err := d.serve(ctx); err != nil {
		t.Error(err)
	}
	return stdout.buffer.String()
}

// TestServe reads what is served.
func TestServe(t *testing.T) {
	var tasks, runners, fleets string
	serve(t, demo{}, func(url, token, organization string) {
		tasks = get(t, url+"/api/v2/runner/tasks?resource-class=acme/linux", token)
		runners = get(t, url+"/api/v3/runner?org-id="+organization, token)
		fleets = get(t, url+"/api/v3/runner/fleets?filter[resource_class]=acme/linux", token)
	})
	if want := `{"unclaimed_task_count":6}`; tasks != want {
		t.Errorf("the API responds with %q, want %q", tasks, want)
	}
	expectText(t, "the list", runners, `"name":"linux-1"`, `"name":"linux-2"`, `"name":"linux-3"`, `"name":"macos-1"`)
	expectText(t, "the fleet", fleets, `"active_agents":1`, `"agent_count":3`, `"idle_agents":1`)
}

// TestServeFailures serves with all failures: what is printed says so, and the third request fails.
func TestServeFailures(t *testing.T) {
	d := demo{}
	settings := map[string]string{"PORT": "8643", "QUEUE": "stuck", "LATE": "1m30s", "STATUS": "503"}
	if err := d.configure(func(name string) string { return settings[name] }); err != nil || d.port != 8643 {
		t.Fatalf("configure sets the port %d: %v", d.port, err)
	}
	var responses []string
	printed := serve(t, d, func(url, token, _ string) {
		for range 4 {
			responses = append(responses, get(t, url+"/api/v2/runner/tasks?resource-class=acme/gpu", token))
		}
	})
	const usual = `{"unclaimed_task_count":2}`
	if want := []string{usual, usual, `{"message":"Service Unavailable"}`, usual}; !slices.Equal(responses, want) {
		t.Errorf("the API responds with %q, want %q", responses, want)
	}
	expectText(t, "what is printed", printed, "its queue never drains\n", "which connect after 1m30s.\n",
		"\nEvery third request fails with status 503.\n")
}

func TestConfigure(t *testing.T) {
	for setting, want := range map[string]string{
		"PORT=8643":   "",
		"PORT=0":      "PORT=0 is not valid: PORT must be a number from 1 to 65535",
		"PORT=65536":  "PORT=65536 is not valid: PORT must be a number from 1 to 65535",
		"PORT=http":   "PORT=http is not valid: PORT must be a number from 1 to 65535",
		"QUEUE=stuck": "",
		"QUEUE=long":  "QUEUE=long is not valid: QUEUE must be stuck",
		"LATE=30s":    "",
		"LATE=30":     "LATE=30 is not valid: LATE must be a positive duration, such as 30s",
		"LATE=0s":     "LATE=0s is not valid: LATE must be a positive duration, such as 30s",
		"LATE=-30s":   "LATE=-30s is not valid: LATE must be a positive duration, such as 30s",
		"STATUS=429":  "",
		"STATUS=503":  "",
		"STATUS=500":  "STATUS=500 is not valid: STATUS must be 429 or 503",
		"STATUS=":     "",
	} {
		got, d := "", demo{}
		name, value, _ := strings.Cut(setting, "=")
		settings := map[string]string{name: value}
		if err := d.configure(func(name string) string { return settings[name] }); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("configure(%s) = %q, want %q", setting, got, want)
		}
	}
}

func get(t *testing.T, target, token string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Circle-Token", token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Error(err)
	}
	return string(body)
}

func TestServePortInUse(t *testing.T) {
	server := circlecitest.NewServer()
	defer server.Close()
	address := server.Listener.Addr().(*net.TCPAddr)
	err := (demo{stdout: io.Discard, port: address.Port}).serve(t.Context())
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v", err)
	}
	expectText(t, "the error", fmt.Sprint(err), ": choose another port with `make api PORT=...`")
}

// TestInterrupt ends the demo as soon as the CLI's plan reads.
func TestInterrupt(t *testing.T) {
	d, temporary := newDemo(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	stdout := &watcher{text: "Reading...", found: interrupt}
	d.stdout, d.stderr = stdout, stdout
	err := d.run(ctx)
	if err == nil || err.Error() != "interrupted" {
		t.Errorf("the demo ends with %v, want that it was interrupted", err)
	}
	// The CLI itself may speak of apply, when the interrupt comes late.
	if output := stdout.buffer.String(); ctx.Err() == nil || regexp.MustCompile(`(?m)^\$ \w+ apply`).MatchString(output) {
		t.Errorf("the demo is not interrupted while it plans:\n%s", output)
	}
	assertEmpty(t, temporary)
}

// watcher calls found when text is written to it. The CLI's standard output and standard error write at the same time.
type watcher struct {
	text  string
	found func()

	mu     sync.Mutex
	buffer bytes.Buffer
}

func (w *watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buffer.Write(p)
	if strings.Contains(w.buffer.String(), w.text) {
		w.found()
	}
	return len(p), nil
}

// TestErrors ends the demo early: it says why, and leaves nothing behind.
func TestErrors(t *testing.T) {
	for name, test := range map[string]struct {
		configuration string
		// want is the error, in which CLI stands for the name of the CLI, and CONFIGURATION for the directory.
		want string
		// stderr matches what is written to standard error.
		stderr string
	}{
		"no configuration": {
			want: "CONFIGURATION holds no configuration: run the demo from the top of the repository, as `make demo` does",
		},
		"a plan that fails": {
			configuration: `output "o" { value = file("missing") }`, want: "`CLI plan -out=demo.tfplan` failed: exit status 1",
			stderr: `Invalid value for "path" parameter|Invalid function argument`,
		},
		"an init that fails": {
			configuration: `provider "nosuch" {}`, want: "`CLI init` failed: exit status 1", stderr: "hashicorp/nosuch",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, temporary := newDemo(t)
			d.configuration = t.TempDir()
			if test.configuration != "" {
				file := filepath.Join(d.configuration, "main.tf")
				if err := os.WriteFile(file, []byte(test.configuration), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var stderr bytes.Buffer
			d.stdout, d.stderr = io.Discard, &stderr
			err := d.run(t.Context())
			got := regexp.MustCompile("`(terraform|tofu) ").ReplaceAllString(fmt.Sprint(err), "`CLI ")
			got = strings.ReplaceAll(got, d.configuration, "CONFIGURATION")
			if got != test.want || !regexp.MustCompile(test.stderr).MatchString(stderr.String()) {
				t.Errorf("the demo ends with %q, want %q, and writes to standard error:\n%s", got, test.want, &stderr)
			}
			assertEmpty(t, temporary)
		})
	}
}

func assertEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Errorf("the demo leaves %s behind", entry.Name())
	}
}
