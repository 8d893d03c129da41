// Package live_test checks, with -live, the provider against a real Runner API, and which of the facts hold that public
// clients observed and CircleCI's reference does not promise. `make testlive` prints them, so that a user can see what
// their installation returns.
package live_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

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

// installation is a Runner API and what may be requested from it.
type installation struct {
	apiURL        *url.URL
	token         string // a personal API token, never empty, which is sent nowhere else
	resourceClass string // namespace/name, that the token may see
	// emptyClass is a class that exists and has no runner, organizationID the UUID of the organization that resourceClass
	// belongs to. Both are optional.
	emptyClass, organizationID string
	apiVersion                 string // of the provider
	writes                     bool   // whether a class and a token may be created and deleted
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
	t.Run("provider", func(t *testing.T) {
		outputs, err := remote.checkProvider(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s has %v runners and %v unclaimed tasks", remote.resourceClass, outputs["runners"].Value, outputs["unclaimed_task_count"].Value)
	})
	t.Run("writes", func(t *testing.T) {
		if !remote.writes {
			t.Skip("creates a resource class and a token, and deletes them: set CIRCLECI_TEST_WRITE=1")
		}
		if err := remote.checkWrites(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("facts", func(t *testing.T) {
		table := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintf(t.Output(), "%s:\n\n", remote.apiURL)
		for _, f := range remote.facts(t.Context()) {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", f.outcome, f.claim, f.detail)
			if f.misleads != "" {
				t.Errorf("%q does not hold, so %s: please report this at "+
					"https://github.com/circleci-community/terraform-provider-circleci/issues", f.claim, f.misleads)
			}
		}
		_ = table.Flush()
	})
}

// configuration has what must hold of every fleet as preconditions.
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
  value = length(data.circleci_runners.live.runners)
  precondition {
    condition = alltrue([for runner in data.circleci_runners.live.runners :
      lower(runner.resource_class) == lower(var.resource_class) && length(runner.name) > 0 && alltrue([
        for at in [runner.first_connected, runner.last_connected, runner.last_used] : at == null || can(timeadd(at, "0s"))
      ])
    ])
    error_message = "A runner is of another resource class, has no name, or has a time that is not in the format of RFC 3339."
  }
}

output "unclaimed_task_count" {
  value = data.circleci_runner_tasks.live.unclaimed_task_count
  precondition {
    condition     = abs(floor(data.circleci_runner_tasks.live.unclaimed_task_count)) == data.circleci_runner_tasks.live.unclaimed_task_count
    error_message = "unclaimed_task_count is not an integer of at least zero."
  }
}
`

// checkProvider has the CLI plan with the built provider, as a user would: with the token, and with a wrong one. It returns
// the outputs.
func (i installation) checkProvider(ctx context.Context, dir string) (outputs map[string]cli.Output, err error) {
	var problems []error
	provider := filepath.Join(dir, cli.Executable)
	w := &cli.Workspace{CLI: cli.CLI{Path: os.Getenv("TF_ACC_TERRAFORM_PATH")}, Dir: dir, Env: cli.Environment(
		"CIRCLE_TOKEN="+i.token, "CIRCLECI_RUNNER_API_URL="+i.apiURL.String(),
		"CIRCLECI_RUNNER_API_VERSION="+i.apiVersion, "TF_VAR_resource_class="+i.resourceClass)}
	w.Observe = func(arguments []string, stdout, stderr string) {
		for _, token := range []string{i.token, url.QueryEscape(i.token), badToken} {
			if strings.Contains(stdout+stderr, token) {
				problems = append(problems, errors.New(arguments[0]+" prints the token"))
			}
		}
	}
	// Development overrides would not do: the CLI warns of them.
	err = errors.Join(cli.BuildProvider(ctx, provider), w.UseMirror(provider, cli.Unpacked("0.0.1")), w.Write(map[string]string{"main.tf": configuration}))
	if err == nil {
		_, _, err = w.Output(ctx, "init", "-no-color")
	}
	if err != nil {
		return nil, fmt.Errorf("init: %w", err)
	}
	for _, row := range []struct {
		token       string
		diagnostics int
	}{{i.token, 0}, {badToken, 2}} { // one for each data source
		w.Env = append(w.Env, "CIRCLE_TOKEN="+row.token)
		diagnostics, err := w.Diagnostics(ctx, "plan", "-json", "-out=plan")
		if err == nil && len(diagnostics) != row.diagnostics {
			err = fmt.Errorf("plan has %d diagnostics, not %d: %+v", len(diagnostics), row.diagnostics, diagnostics)
		}
		for _, d := range diagnostics {
			if d.Severity != "error" || !strings.Contains(d.Detail, " 401 Unauthorized") || !strings.Contains(d.Detail, rejected) {
				err = errors.Join(err, fmt.Errorf("plan has the diagnostic %+v", d))
			}
		}
		if err == nil && len(diagnostics) == 0 {
			var plan cli.Plan
			plan, err = w.Show(ctx, "plan")
			outputs = plan.Planned.Outputs
		}
		problems = append(problems, err)
	}
	return outputs, errors.Join(problems...)
}

// rejected is the remediation for a token that the service does not accept.
const rejected = "\n\nThe personal API token from the environment variable CIRCLE_TOKEN was not accepted: " +
	"check that it is complete and has not been revoked."
