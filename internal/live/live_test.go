//go:build live

package live_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
	"github.com/circleci-community/terraform-provider-circleci/internal/live"
)

// asked is the service that the tests ask, as the environment says.
var (
	asked      live.Installation
	apiVersion string
)

func TestMain(m *testing.M) {
	// PrepareTests keeps the variables of a person away from the tests. These are the ones that are meant.
	err := readEnvironment()
	if err == nil {
		err = errors.Join(os.Setenv("TF_ACC", "1"), cli.PrepareTests())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func readEnvironment() error {
	asked = live.Installation{
		Token:          os.Getenv("CIRCLE_TOKEN"),
		ResourceClass:  os.Getenv("CIRCLECI_TEST_RESOURCE_CLASS"),
		EmptyClass:     os.Getenv("CIRCLECI_TEST_EMPTY_CLASS"),
		OrganizationID: os.Getenv("CIRCLECI_TEST_ORGANIZATION_ID"),
	}
	apiVersion = os.Getenv("CIRCLECI_RUNNER_API_VERSION")
	if asked.Token == "" || asked.ResourceClass == "" {
		return errors.New("the live tests ask a real Runner API: set CIRCLE_TOKEN to a personal API token and " +
			"CIRCLECI_TEST_RESOURCE_CLASS to a resource class, namespace/name, that it may see")
	}
	if fault := circleci.ValidateSecret(asked.Token); fault != "" {
		return errors.New("the environment variable CIRCLE_TOKEN " + fault + ": give the value alone, as CircleCI showed it")
	}
	if _, _, err := circleci.ParseResourceClass(asked.ResourceClass); err != nil {
		return fmt.Errorf("the environment variable CIRCLECI_TEST_RESOURCE_CLASS %w: give namespace/name", err)
	}
	text := os.Getenv("CIRCLECI_RUNNER_API_URL")
	if text == "" {
		text = circleci.DefaultAPIURL
	}
	var err error
	if asked.APIURL, err = circleci.ParseAPIURL(text, circleci.APIVersion(apiVersion)); err != nil {
		return fmt.Errorf("the environment variable CIRCLECI_RUNNER_API_URL %w: give the origin of the Runner API", err)
	}
	return nil
}

// TestLiveProvider has the CLI plan with the built provider, as a user would.
func TestLiveProvider(t *testing.T) {
	w := newWorkspace(t)
	t.Run("plan", func(t *testing.T) {
		if got := w.plan(t, asked.Token); len(got) != 0 {
			t.Fatalf("plan reports %+v", got)
		}
		expectOutputs(t, w.plannedOutputs(t))
	})
	t.Run("wrong token", func(t *testing.T) {
		const wrongToken = "a-token-that-circleci-never-issued"
		got := w.plan(t, wrongToken)
		if len(got) != 2 {
			t.Errorf("plan reports %d diagnostics, want one for each data source: %+v", len(got), got)
		}
		for _, diagnostic := range got {
			if diagnostic.Severity != "error" ||
				!strings.Contains(diagnostic.Detail, " answered 401 Unauthorized") ||
				!strings.Contains(diagnostic.Detail, "\n\nThe personal API token from the environment variable CIRCLE_TOKEN was not accepted: "+
					"check that it is complete and was not revoked.") {
				t.Errorf("plan reports %+v, not that the token was not accepted", diagnostic)
			}
			if strings.Contains(fmt.Sprint(diagnostic), wrongToken) {
				t.Error("a diagnostic shows the token")
			}
		}
	})
}

// TestLiveFacts prints what the service does. A fact that does not hold is no failure by itself: what the provider cannot
// take for an answer, it reports as an error. It fails where the provider would tell something wrong and not notice.
func TestLiveFacts(t *testing.T) {
	facts := asked.Facts(t.Context())
	_, _ = fmt.Fprintf(t.Output(), "%s answers:\n\n", asked.APIURL)
	if err := live.Print(t.Output(), facts); err != nil {
		t.Fatal(err)
	}
	for _, fact := range facts {
		if strings.Contains(fact.Detail, asked.Token) {
			t.Fatalf("%q shows the token", fact.Claim)
		}
		if fact.Misleads != "" {
			t.Errorf("%q does not hold, so %s: please report this at "+
				"https://github.com/circleci-community/terraform-provider-circleci/issues", fact.Claim, fact.Misleads)
		}
	}
}

// expectOutputs asserts types and what must hold of every fleet.
func expectOutputs(t *testing.T, got outputs) {
	t.Helper()
	if want := `"number"`; string(got.Count.Type) != want {
		t.Errorf("unclaimed_task_count has the type %s, want %s", got.Count.Type, want)
	}
	var count uint64
	if err := json.Unmarshal(got.Count.Value, &count); err != nil {
		t.Errorf("unclaimed_task_count is %s, not a whole number", got.Count.Value)
	}

	// The type says what the attributes are even where no runner is listed.
	var list []json.RawMessage
	if err := json.Unmarshal(got.Runners.Type, &list); err != nil || len(list) != 2 || string(list[0]) != `"list"` {
		t.Fatalf("runners has the type %s, not a list", got.Runners.Type)
	}
	var object []json.RawMessage
	if err := json.Unmarshal(list[1], &object); err != nil || len(object) != 2 || string(object[0]) != `"object"` {
		t.Fatalf("runners has the type %s, not a list of objects", got.Runners.Type)
	}
	var types map[string]any
	if err := json.Unmarshal(object[1], &types); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"resource_class", "name", "hostname", "first_connected", "last_connected", "last_used", "version"} {
		if types[name] != "string" {
			t.Errorf("%s has the type %v, want string", name, types[name])
		}
	}

	var runners []map[string]any
	if err := json.Unmarshal(got.Runners.Value, &runners); err != nil || runners == nil {
		t.Fatalf("runners is not a list of objects: %v", err)
	}
	t.Logf("%s has %d runners and %d waiting tasks", asked.ResourceClass, len(runners), count)
	for i, runner := range runners {
		if class, _ := runner["resource_class"].(string); !strings.EqualFold(class, asked.ResourceClass) {
			t.Errorf("runners[%d] is of the resource class %q, not %q", i, class, asked.ResourceClass)
		}
		if name, _ := runner["name"].(string); name == "" {
			t.Errorf("runners[%d] has no name", i)
		}
		for _, name := range []string{"first_connected", "last_connected", "last_used"} {
			text, isText := runner[name].(string)
			if !isText && runner[name] == nil {
				continue
			}
			if _, err := time.Parse(time.RFC3339, text); err != nil {
				t.Errorf("runners[%d].%s is %v, neither null nor an RFC 3339 date-time", i, name, runner[name])
			}
		}
	}
}

// workspace is a directory with a configuration, initialized with the built provider.
type workspace struct{ dir string }

const configuration = `
terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}

variable "resource_class" {
  type = string
}

data "circleci_runners" "live" {
  resource_class = var.resource_class
}

data "circleci_runner_tasks" "live" {
  resource_class = var.resource_class
}

output "runners" {
  value = data.circleci_runners.live.runners
}

output "unclaimed_task_count" {
  value = data.circleci_runner_tasks.live.unclaimed_task_count
}
`

// newWorkspace builds the provider into a directory of plugins. Development overrides would not do: the CLI warns of them.
func newWorkspace(t *testing.T) workspace {
	t.Helper()
	plugins := t.TempDir()
	executable := filepath.Join(plugins, os.Getenv("TF_ACC_PROVIDER_HOST"), "circleci-community", "circleci", "0.0.1",
		runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-circleci_v0.0.1")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", executable, "../..").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	w := workspace{t.TempDir()}
	if err := os.WriteFile(filepath.Join(w.dir, "main.tf"), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, ok := w.run(t, asked.Token, "init", "-input=false", "-no-color", "-plugin-dir="+plugins); !ok {
		t.Fatalf("init fails:\n%s", output)
	}
	return w
}

// run runs the CLI and returns what it printed on standard output, and whether it succeeded. The token must not be in it.
func (w workspace) run(t *testing.T, token string, arguments ...string) (output string, ok bool) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Getenv("TF_ACC_TERRAFORM_PATH"), arguments...)
	command.Dir = w.dir
	command.Env = append(os.Environ(), "CIRCLE_TOKEN="+token, "CIRCLECI_RUNNER_API_URL="+asked.APIURL.String(),
		"CIRCLECI_RUNNER_API_VERSION="+apiVersion, "TF_VAR_resource_class="+asked.ResourceClass)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	for _, printed := range []string{stdout.String(), stderr.String()} {
		if strings.Contains(printed, token) || strings.Contains(printed, url.QueryEscape(token)) {
			t.Fatalf("%s shows the token", arguments[0])
		}
	}
	if stderr.Len() > 0 {
		t.Logf("%s wrote to standard error:\n%s", arguments[0], &stderr)
	}
	return stdout.String(), err == nil
}

type diagnostic struct{ Severity, Summary, Detail string }

// plan runs plan and returns what it reports.
func (w workspace) plan(t *testing.T, token string) []diagnostic {
	t.Helper()
	output, ok := w.run(t, token, "plan", "-input=false", "-json", "-out=plan")
	var all []diagnostic
	for line := range strings.Lines(output) {
		var message struct{ Diagnostic *diagnostic }
		if err := json.Unmarshal([]byte(line), &message); err != nil {
			t.Fatalf("plan printed %q: %v", line, err)
		}
		if message.Diagnostic != nil {
			all = append(all, *message.Diagnostic)
		}
	}
	if !ok && len(all) == 0 {
		t.Fatalf("plan failed without a diagnostic:\n%s", output)
	}
	return all
}

type output struct{ Type, Value json.RawMessage }

type outputs struct {
	Runners output
	Count   output `json:"unclaimed_task_count"`
}

func (w workspace) plannedOutputs(t *testing.T) outputs {
	t.Helper()
	printed, ok := w.run(t, asked.Token, "show", "-json", "plan")
	var plan struct {
		Planned struct{ Outputs outputs } `json:"planned_values"`
	}
	if err := json.Unmarshal([]byte(printed), &plan); err != nil || !ok {
		t.Fatalf("show printed %d bytes that are not a plan: %v", len(printed), err)
	}
	return plan.Planned.Outputs
}
