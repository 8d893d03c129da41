// Package live_test checks, with -live, the provider against a real Runner API, and which of the facts hold that public
// clients observed and CircleCI's reference does not promise. `make testlive` prints them, so that a user can see what
// their installation returns.
package live_test

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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
	var err error
	if *live {
		// PrepareTests keeps the user's variables away from the tests. These are the ones that are meant.
		remote, err = readEnvironment()
		err = errors.Join(err, os.Setenv("TF_ACC", "1"))
	}
	if err := errors.Join(err, cli.PrepareTests()); err != nil {
		log.Fatal(err)
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

// readEnvironment leaves it to the provider, which is checked first, to validate the token and the resource class.
func readEnvironment() (i installation, err error) {
	i = installation{
		token: os.Getenv("CIRCLE_TOKEN"), resourceClass: os.Getenv("CIRCLECI_TEST_RESOURCE_CLASS"),
		emptyClass: os.Getenv("CIRCLECI_TEST_EMPTY_CLASS"), organizationID: os.Getenv("CIRCLECI_TEST_ORGANIZATION_ID"),
		apiVersion: os.Getenv("CIRCLECI_RUNNER_API_VERSION"), writes: os.Getenv("CIRCLECI_TEST_WRITE") == "1",
	}
	origin := cmp.Or(os.Getenv("CIRCLECI_RUNNER_API_URL"), circleci.DefaultAPIURL)
	if i.apiURL, err = circleci.ParseAPIURL(origin, circleci.APIVersion(i.apiVersion)); err != nil {
		err = fmt.Errorf("the environment variable CIRCLECI_RUNNER_API_URL %w", err)
	}
	return i, err
}

// TestLive fails where the provider does not work, and where it would report something wrong without an error. A fact that
// does not hold is no failure by itself: a response that the provider cannot use becomes an error.
func TestLive(t *testing.T) {
	if !*live {
		t.Skip("reads from a real Runner API: run make testlive")
	}
	outputs, err := remote.checkProvider(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s has %v runners and %v unclaimed tasks", remote.resourceClass, outputs["runners"].Value, outputs["unclaimed_task_count"].Value)
	if !remote.writes {
		t.Log("to create a resource class and a token, and delete them, set CIRCLECI_TEST_WRITE=1")
	} else if err := remote.checkWrites(t.Context()); err != nil {
		t.Error(err)
	}
	for _, f := range remote.survey(t.Context()) {
		t.Logf("%-14s %-75s %s", f.outcome, f.claim, f.detail)
		if f.misleads != "" {
			t.Errorf("%q does not hold, so %s: please report this at "+
				"https://github.com/circleci-community/terraform-provider-circleci/issues", f.claim, f.misleads)
		}
	}
}

//go:embed testdata/main.tf
var configuration string

// checkProvider has the CLI plan with the built provider, as a user would: with the token, and with a wrong one. It returns
// the outputs, whose preconditions hold of every fleet.
func (i installation) checkProvider(ctx context.Context, dir string) (map[string]cli.Output, error) {
	found, err := cli.Find(ctx)
	if err != nil {
		return nil, err
	}
	printed := ""
	w := &cli.Workspace{CLI: found, Dir: dir, Env: cli.Environment(
		"CIRCLE_TOKEN="+i.token, "CIRCLECI_RUNNER_API_URL="+i.apiURL.String(),
		"CIRCLECI_RUNNER_API_VERSION="+i.apiVersion, "TF_VAR_resource_class="+i.resourceClass)}
	w.Observe = func(_ []string, stdout, stderr string) { printed += stdout + stderr }
	// Development overrides would not do: the CLI warns of them.
	provider := filepath.Join(dir, cli.Executable)
	err = errors.Join(cli.BuildProvider(ctx, provider), w.UseMirror(provider, cli.Unpacked("0.0.1")),
		w.Write(map[string]string{"main.tf": cli.RequiredProviders + configuration}))
	if err != nil {
		return nil, err
	}
	if _, stderr, err := w.Output(ctx, "init", "-no-color"); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, stderr)
	}
	diagnostics, err := w.Diagnostics(ctx, "plan", "-json", "-out=plan")
	if err != nil || len(diagnostics) > 0 {
		return nil, errors.Join(err, fmt.Errorf("plan has the diagnostics %+v", diagnostics))
	}
	plan, err := w.Show(ctx, "plan")
	if err != nil {
		return nil, err
	}
	const remediation = "CIRCLE_TOKEN was not accepted: check that it is complete and has not been revoked."
	w.Env = append(w.Env, "CIRCLE_TOKEN="+badToken)
	diagnostics, err = w.Diagnostics(ctx, "plan", "-json")
	if len(diagnostics) != 2 { // one for each data source
		err = errors.Join(err, fmt.Errorf("plan with a wrong token has the diagnostics %+v", diagnostics))
	}
	for _, d := range diagnostics {
		if d.Severity != "error" || !strings.Contains(d.Detail, " 401 Unauthorized") || !strings.Contains(d.Detail, remediation) {
			err = errors.Join(err, fmt.Errorf("plan with a wrong token has the diagnostic %+v", d))
		}
	}
	for _, token := range []string{i.token, url.QueryEscape(i.token), badToken} {
		if strings.Contains(printed, token) {
			err = errors.Join(err, errors.New("the CLI prints a token"))
		}
	}
	return plan.Planned.Outputs, err
}

func (i installation) newClient() *circleci.Client {
	return circleci.New(circleci.Config{
		APIURL: i.apiURL, APIVersion: circleci.APIVersion(i.apiVersion), Credential: circleci.PersonalToken(i.token), UserAgent: userAgent,
		MaxRetries: 1,
	})
}

// checkWrites creates, lists and deletes a resource class, <namespace>/terraform-test-<random>, and a token of it, with the
// provider's client. They are deleted when something fails, too.
func (i installation) checkWrites(ctx context.Context) error {
	client := i.newClient()
	defer client.Close()
	namespace, _, _ := strings.Cut(i.resourceClass, "/")
	name := namespace + "/terraform-test-" + strings.ToLower(rand.Text())
	class, err := client.CreateResourceClass(ctx, name, "Created by make testlive")
	if err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	var problems []error
	expect := func(step string, ok bool, err error) {
		if err != nil || !ok {
			problems = append(problems, errors.New(name+": failed to "+step), err)
		}
	}
	classes, err := client.ListResourceClasses(ctx, namespace)
	expect("list the class", slices.Contains(classes, class), err)
	token, secret, err := client.CreateToken(ctx, name, "testlive")
	expect("create a token", secret != "", err)
	tokens, err := client.ListTokens(ctx, name)
	expect("list the token", len(tokens) == 1 && tokens[0].ID == token.ID && tokens[0].Nickname == "testlive", err)
	status := (*circleci.StatusError)(nil)
	isRefused := errors.As(client.DeleteResourceClass(ctx, class, false), &status) && status.StatusCode == http.StatusConflict
	expect("get 409 for the class while it has a token", isRefused, nil)
	if token.ID != "" {
		expect("delete the token", true, client.DeleteToken(ctx, token))
	}
	expect("delete the class", true, client.DeleteResourceClass(ctx, class, false))
	classes, err = client.ListResourceClasses(ctx, namespace)
	expect("no longer list the class", !slices.Contains(classes, class), err)
	// Without the class, this does nothing.
	expect("clean up", true, client.DeleteResourceClass(context.WithoutCancel(ctx), class, true))
	return errors.Join(problems...)
}

// TestProvider has a service that works, and one that accepts every token, so that users would believe that theirs is
// right.
func TestProvider(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("runs the CLI: set TF_ACC=1, or run make test")
	}
	server, i := loopback(t)
	outputs, err := i.checkProvider(t.Context(), t.TempDir())
	if err != nil || outputs["runners"].Value != 3.0 || outputs["unclaimed_task_count"].Value != 6.0 {
		t.Errorf("checkProvider() = %v, %v", outputs, err)
	}
	server.SetHandler(circlecitest.JSON(`{"items": [], "unclaimed_task_count": 0}`))
	if _, err = i.checkProvider(t.Context(), t.TempDir()); err == nil || err.Error() != "plan with a wrong token has the diagnostics []" {
		t.Errorf("checkProvider() = %v", err)
	}
}

// TestWrites has a server that works, or fails at one of the requests. What was created is deleted in any case.
func TestWrites(t *testing.T) {
	for failing, want := range map[string]string{
		"none":                         "<nil>",
		"POST /api/v2/runner/token":    ": failed to create a token\n",
		"GET /api/v2/runner/token":     ": failed to create a token\n",
		"DELETE /api/v2/runner/token/": ": failed to delete the token\n",
	} {
		t.Run(failing, func(t *testing.T) {
			server, i := loopback(t)
			server.Intercept(func(r *http.Request) http.Handler {
				if strings.HasPrefix(r.Method+" "+r.URL.Path, failing) {
					return circlecitest.Error(http.StatusForbidden, "no")
				}
				return nil
			})
			if err := fmt.Sprint(i.checkWrites(t.Context())); !strings.Contains(err, want) {
				t.Errorf("checkWrites() = %s, want %q", err, want)
			}
			if classes, tokens := server.ResourceClasses(), server.Tokens(); len(classes) != 3 || len(tokens) != 1 { // the sample's
				t.Errorf("%v and %v are left", classes, tokens)
			}
		})
	}
}

// loopback is an installation with a server for which every fact holds.
func loopback(t *testing.T) (*circlecitest.Server, installation) {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	server.ServeSample(func() time.Duration { return 0 })
	apiURL := &url.URL{Scheme: "http", Host: server.Listener.Addr().String()}
	if _, err := send(t.Context(), apiURL, request{}); err != nil { // The sample appears with a request.
		t.Fatal(err)
	}
	return server, installation{
		apiURL: apiURL, apiVersion: "v2", token: circlecitest.PersonalToken, resourceClass: "acme/linux", emptyClass: "acme/gpu",
		organizationID: circlecitest.SampleOrganizationID,
	}
}
