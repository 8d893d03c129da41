// Package live_test checks, with -live, the provider against a real Runner API, and which of the facts hold that public
// clients observed and CircleCI's reference does not promise. `make testlive` prints them, so that a user can see what
// their installation really returns.
//
// The facts are about the service, not about what the provider's client makes of it: their requests are sent without it.
package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

var (
	live   = flag.Bool("live", false, "check the Runner API of the environment")
	remote installation
)

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if *live {
		// PrepareTests keeps the user's variables away from the tests. These are the ones that are meant.
		remote, err = readEnvironment(os.Getenv)
		err = errors.Join(err, os.Setenv("TF_ACC", "1"))
	}
	if err == nil {
		err = cli.PrepareTests()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func readEnvironment(getenv func(string) string) (i installation, err error) {
	i = installation{
		token: getenv("CIRCLE_TOKEN"), resourceClass: getenv("CIRCLECI_TEST_RESOURCE_CLASS"),
		emptyClass: getenv("CIRCLECI_TEST_EMPTY_CLASS"), organizationID: getenv("CIRCLECI_TEST_ORGANIZATION_ID"),
		apiVersion: getenv("CIRCLECI_RUNNER_API_VERSION"), writes: getenv("CIRCLECI_TEST_WRITE") == "1",
	}
	if i.token == "" || i.resourceClass == "" {
		return i, errors.New("the live tests read from a real Runner API: set CIRCLE_TOKEN to a personal API token and " +
			"CIRCLECI_TEST_RESOURCE_CLASS to a resource class, namespace/name, that it may see")
	}
	if problem := circleci.ValidateSecret(i.token); problem != "" {
		return i, errors.New("the environment variable CIRCLE_TOKEN " + problem + ": give the value alone, as CircleCI showed it")
	}
	if _, _, err := circleci.ParseResourceClass(i.resourceClass); err != nil {
		return i, fmt.Errorf("the environment variable CIRCLECI_TEST_RESOURCE_CLASS %w: give namespace/name", err)
	}
	origin := getenv("CIRCLECI_RUNNER_API_URL")
	if origin == "" {
		origin = circleci.DefaultAPIURL
	}
	if i.apiURL, err = circleci.ParseAPIURL(origin, circleci.APIVersion(i.apiVersion)); err != nil {
		return i, fmt.Errorf("the environment variable CIRCLECI_RUNNER_API_URL %w: give the origin of the Runner API", err)
	}
	return i, nil
}

// TestLive fails where the provider does not work, and where it would report something wrong without an error. A fact that
// does not hold is no failure by itself: a response that the provider cannot use becomes an error.
func TestLive(t *testing.T) {
	if !*live {
		t.Skip("reads from a real Runner API: run make testlive")
	}
	t.Run("provider", func(t *testing.T) { remote.checkProvider(t) })
	t.Run("writes", func(t *testing.T) {
		if !remote.writes {
			t.Skip("creates a resource class and a token, and deletes them: set CIRCLECI_TEST_WRITE=1")
		}
		if err := remote.checkWrites(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("facts", func(t *testing.T) {
		facts := remote.facts(t.Context())
		table := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintf(t.Output(), "%s:\n\n", remote.apiURL)
		for _, f := range facts {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", f.outcome, f.claim, f.detail)
		}
		_ = table.Flush()
		for _, problem := range misleading(facts) {
			t.Error(problem)
		}
	})
}

// misleading are the facts that the provider would report wrongly.
func misleading(facts []fact) (problems []string) {
	for _, f := range facts {
		if f.misleads != "" {
			problems = append(problems, fmt.Sprintf("%q does not hold, so %s: please report this at "+
				"https://github.com/circleci-community/terraform-provider-circleci/issues", f.claim, f.misleads))
		}
	}
	return problems
}

const configuration = cli.RequiredProviders + `
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

// reporter is a test, or what collects what a test would report.
type reporter interface {
	Errorf(format string, arguments ...any)
	Logf(format string, arguments ...any)
	Context() context.Context
	TempDir() string
}

// checkProvider has the CLI plan with the built provider, as a user would: with the token, and with a wrong one.
func (i installation) checkProvider(t reporter) {
	dir := t.TempDir()
	provider := filepath.Join(dir, cli.Executable)
	w := &cli.Workspace{CLI: cli.CLI{Path: os.Getenv("TF_ACC_TERRAFORM_PATH")}, Dir: dir, Env: cli.Environment(
		"CIRCLE_TOKEN="+i.token, "CIRCLECI_RUNNER_API_URL="+i.apiURL.String(),
		"CIRCLECI_RUNNER_API_VERSION="+i.apiVersion, "TF_VAR_resource_class="+i.resourceClass)}
	w.Observe = func(arguments []string, stdout, stderr string) {
		for _, token := range []string{i.token, url.QueryEscape(i.token), badToken} {
			if strings.Contains(stdout+stderr, token) {
				t.Errorf("%s shows the token", arguments[0])
			}
		}
	}
	// Development overrides would not do: the CLI warns of them.
	err := errors.Join(cli.BuildProvider(t.Context(), provider), w.UseMirror(provider, cli.Unpacked("0.0.1")), w.Write(map[string]string{"main.tf": configuration}))
	if err == nil {
		_, _, err = w.Output(t.Context(), "init", "-no-color")
	}
	if err != nil {
		t.Errorf("init: %v", err)
		return
	}
	diagnostics, err := w.Diagnostics(t.Context(), "plan", "-json", "-out=plan")
	if err != nil || len(diagnostics) != 0 {
		t.Errorf("plan has the diagnostics %+v, %v", diagnostics, err)
	} else if plan, err := w.Show(t.Context(), "plan"); err != nil {
		t.Errorf("show: %v", err)
	} else {
		i.checkOutputs(t, plan.Planned.Outputs)
	}

	w.Env = append(w.Env, "CIRCLE_TOKEN="+badToken)
	diagnostics, err = w.Diagnostics(t.Context(), "plan", "-json")
	if err != nil || len(diagnostics) != 2 {
		t.Errorf("with a wrong token plan has %d diagnostics, want one for each data source: %+v, %v", len(diagnostics), diagnostics, err)
	}
	for _, d := range diagnostics {
		if d.Severity != "error" || !strings.Contains(d.Detail, " answered 401 Unauthorized") ||
			!strings.Contains(d.Detail, "\n\nThe personal API token from the environment variable CIRCLE_TOKEN was not accepted: "+
				"check that it is complete and has not been revoked.") {
			t.Errorf("with a wrong token plan has the diagnostic %+v", d)
		}
	}
}

// checkOutputs checks types and what must hold of every fleet.
func (i installation) checkOutputs(t reporter, outputs map[string]cli.Output) {
	count, isNumber := outputs["unclaimed_task_count"].Value.(float64)
	if got := string(outputs["unclaimed_task_count"].Type); !isNumber || count < 0 || count != float64(uint64(count)) || got != `"number"` {
		t.Errorf("unclaimed_task_count is %v of the type %s, not an integer", outputs["unclaimed_task_count"].Value, got)
	}
	// The type says what the attributes are even where no runner is listed.
	var list, object string
	types := map[string]any{}
	err := json.Unmarshal(outputs["runners"].Type, &[2]any{&list, &[2]any{&object, &types}})
	runners, isList := outputs["runners"].Value.([]any)
	if err != nil || list != "list" || object != "object" || !isList {
		t.Errorf("runners has the type %s, not a list of objects", outputs["runners"].Type)
	}
	for _, name := range []string{"resource_class", "name", "hostname", "first_connected", "last_connected", "last_used", "version"} {
		if types[name] != "string" {
			t.Errorf("%s has the type %v, want string", name, types[name])
		}
	}
	t.Logf("%s has %d runners and %.0f unclaimed tasks", i.resourceClass, len(runners), count)
	for n, value := range runners {
		runner, _ := value.(map[string]any)
		if class, _ := runner["resource_class"].(string); !strings.EqualFold(class, i.resourceClass) {
			t.Errorf("runners[%d] is of the resource class %q, not %q", n, class, i.resourceClass)
		}
		if name, _ := runner["name"].(string); name == "" {
			t.Errorf("runners[%d] has no name", n)
		}
		for _, name := range []string{"first_connected", "last_connected", "last_used"} {
			text, _ := runner[name].(string)
			if _, err := time.Parse(time.RFC3339, text); err != nil && runner[name] != nil {
				t.Errorf("runners[%d].%s is %v, neither null nor an RFC 3339 time", n, name, runner[name])
			}
		}
	}
}
