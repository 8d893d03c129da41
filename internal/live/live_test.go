// Package live_test checks, with -live, the provider against a real Runner API, and prints what only a real
// installation knows. `make testlive` runs it.
package live_test

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

var (
	live   = flag.Bool("live", false, "check the Runner API of the environment")
	remote installation
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *live {
		// Isolate removes the user's variables. These are the ones that are meant.
		remote = installation{
			apiURL:     cmp.Or(os.Getenv("CIRCLECI_RUNNER_API_URL"), circleci.DefaultAPIURL),
			apiVersion: os.Getenv("CIRCLECI_RUNNER_API_VERSION"), token: os.Getenv("CIRCLE_TOKEN"),
			resourceClass:  os.Getenv("CIRCLECI_TEST_RESOURCE_CLASS"),
			emptyNamespace: os.Getenv("CIRCLECI_TEST_EMPTY_NAMESPACE"),
		}
		remote.namespace, _, _ = strings.Cut(remote.resourceClass, "/")
		if os.Getenv("CIRCLECI_TEST_WRITE") == "1" {
			remote.created = remote.namespace + "/terraform-test-" + strings.ToLower(rand.Text())
		}
		_ = os.Setenv("TF_ACC", "1")
	}
	cli.Isolate()
	os.Exit(m.Run())
}

// installation is a Runner API and what may be requested from it.
type installation struct {
	apiURL         string
	apiVersion     string // of the provider, if it is configured
	token          string // a personal API token, which goes to CircleCI only
	namespace      string
	resourceClass  string // namespace/name, that the token may see
	emptyNamespace string // a namespace without resource classes, if there is one
	// created is the name of a resource class that does not exist, if classes and a token may be created and deleted.
	created string
}

// TestLive fails where the provider does not work, and where it would report something wrong without an error.
func TestLive(t *testing.T) {
	if !*live {
		t.Skip("sends requests to a real Runner API: run make testlive")
	}
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt) // Ctrl-C deletes what was created.
	defer stop()
	if err := remote.check(ctx, t.TempDir(), func(line string) { t.Log(line) }); err != nil {
		t.Error(err)
	}
}

// badToken is a token that CircleCI never issued. It belongs to no user.
const badToken = "a-token-that-circleci-never-issued"

//go:embed testdata/main.tf
var configuration string

// check has the CLI apply and destroy a configuration with the built provider, as a user would, and surveys the API in
// between. What it finds is reported line by line.
func (i installation) check(ctx context.Context, dir string, report func(string)) (err error) {
	w, err := newWorkspace(ctx, dir)
	if err != nil {
		return err
	}
	cli.Setenv("CIRCLECI_RUNNER_API_URL="+i.apiURL, "CIRCLECI_RUNNER_API_VERSION="+i.apiVersion,
		"TF_VAR_resource_class="+i.resourceClass, "TF_VAR_created="+i.created)
	run := func(ctx context.Context, arguments ...string) (string, error) {
		stdout, stderr, err := w.Output(ctx, arguments...)
		if err != nil || strings.Contains(stdout+stderr, i.token) {
			diagnostics := regexp.MustCompile(`.*"type":"diagnostic".*`).FindAllString(stdout, -1)
			err = fmt.Errorf("%s fails, or prints the token: %w\n%s%s", arguments[0], err, diagnostics, stderr)
		}
		return stdout, err
	}
	cli.Setenv("CIRCLE_TOKEN=" + badToken)
	if _, err := run(ctx, "plan", "-json", "-var=created="); strings.Count(fmt.Sprint(err), "401 Unauthorized") < 2 {
		return fmt.Errorf("a wrong token does not get an error for each data source: %w", err)
	}
	cli.Setenv("CIRCLE_TOKEN=" + i.token)
	defer func() { // Also after an apply that failed halfway, or was interrupted.
		_, destroyErr := run(context.WithoutCancel(ctx), "destroy", "-json", "-auto-approve")
		err = errors.Join(err, destroyErr)
	}()
	if _, err := run(ctx, "apply", "-json", "-auto-approve"); err != nil {
		return err
	}
	outputs, err := run(ctx, "output", "-no-color")
	report(i.resourceClass + " has\n" + outputs)
	planned, planErr := run(ctx, "plan", "-json")
	if strings.Contains(planned, `"type":"planned_change"`) {
		planErr = fmt.Errorf("a plan after apply has changes:\n%s", planned)
	}
	return errors.Join(err, planErr, i.survey(ctx, report), i.surveyFleetAPI(ctx, report))
}

// newWorkspace returns a workspace that is initialized with the configuration and the built provider.
func newWorkspace(ctx context.Context, dir string) (*cli.Workspace, error) {
	found, err := cli.Find(ctx)
	if err != nil {
		return nil, err
	}
	w, err := found.NewWorkspace(dir)
	err = errors.Join(err, found.InstallProvider(ctx, filepath.Join(dir, "mirror")),
		os.WriteFile(filepath.Join(dir, "main.tf"), []byte(configuration), 0o600))
	if err != nil {
		return nil, err
	}
	return w, w.Init(ctx)
}

// TestCheck has an API that works, one that accepts every token, and one that creates only half.
func TestCheck(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("runs the CLI: set TF_ACC=1, or run make test")
	}
	for want, responses := range map[string]map[string]http.Handler{ // by method
		"<nil>":            nil,
		"a wrong token ":   {http.MethodGet: circlecitest.JSON(`{"items": [], "unclaimed_task_count": 0}`)},
		" 403 Forbidden: ": {http.MethodPost: circlecitest.Error(http.StatusForbidden, "no")},
	} {
		server, i := loopback(t)
		server.Intercept(func(r *http.Request) http.Handler {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/resource") {
				return nil
			}
			return responses[r.Method]
		})
		report := ""
		err := fmt.Sprint(i.check(t.Context(), t.TempDir(), func(line string) { report += line }))
		isReported := strings.Contains(report, "runners = 3\nunclaimed_task_count = 6\n") &&
			strings.Contains(report, ": the known shape, 3 agents")
		if !strings.Contains(err, want) || isReported != (responses == nil) {
			t.Errorf("check() = %s, want %q, and reports\n%s", err, want, report)
		}
		if classes, tokens := server.ResourceClasses(), server.Tokens(); len(classes)+len(tokens) != 3+1 { // the sample's
			t.Errorf("%v and %v are left", classes, tokens)
		}
	}
}

// loopback is an installation with the sample.
func loopback(t *testing.T) (*circlecitest.Server, installation) {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	server.ServeSample(circlecitest.Sample{StuckQueue: true})
	i := installation{
		apiURL: server.URL, token: circlecitest.PersonalToken, namespace: "acme", resourceClass: "acme/linux",
		emptyNamespace: "empty", created: "acme/terraform-test",
	}
	get(t.Context(), server.URL, "") // The sample appears with a request.
	server.SetNamespaces("acme", "empty")
	return server, i
}
