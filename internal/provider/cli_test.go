package provider_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

// workspace is a directory in which a test runs the CLI. An error of the CLI's output or of its start ends the test.
type workspace struct {
	*cli.Workspace
	t      *testing.T
	served map[string]servedProvider // by address
}

// newWorkspace writes a configuration, with a required_providers block, to a new directory. The test's own process serves the
// provider, so that the race detector covers it. The provider does not retry.
func newWorkspace(t *testing.T, configuration string) *workspace {
	t.Helper()
	w := emptyWorkspace(t)
	w.serve(provider.NewServer("test", func(c *circleci.Config) { c.MaxRetries = 0 }), cli.Addresses...)
	w.write("main.tf", cli.RequiredProviders+configuration)
	return w
}

// emptyWorkspace is a workspace without a configuration and without a provider.
func emptyWorkspace(t *testing.T) *workspace {
	t.Helper()
	w := &cli.Workspace{CLI: requireCLI(t), Dir: t.TempDir(), Env: os.Environ()}
	return &workspace{t: t, served: map[string]servedProvider{}, Workspace: w}
}

// requireCLI returns the CLI. Unless TF_ACC is set, it skips the test, as acceptance tests of providers do.
func requireCLI(t *testing.T) cli.CLI {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run the CLI: set TF_ACC=1, or run make test")
	}
	found, err := findCLI()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// findCLI finds the CLI once, which runs it for its version.
var findCLI = sync.OnceValues(func() (cli.CLI, error) { return cli.Find(context.Background()) })

// requireVersion skips a test of a feature unless the CLI is of these versions or newer. Without a version, that CLI does not
// have the feature.
func requireVersion(t *testing.T, feature, terraform, openTofu string) {
	t.Helper()
	found := requireCLI(t)
	first := map[string]string{cli.Terraform: terraform, cli.OpenTofu: openTofu}[found.Name]
	minimum, err := circleci.ParseVersion(cmp.Or(first, "9999"))
	version, versionErr := circleci.ParseVersion(found.Version)
	if err != nil || versionErr != nil {
		t.Fatal(err, versionErr)
	}
	if version.Compare(minimum) < 0 {
		needed := "Terraform " + terraform
		if openTofu != "" {
			needed += " or OpenTofu " + openTofu
		}
		t.Skipf("%s: needs %s, this is %s %s", feature, needed, found.Name, found.Version)
	}
}

// serve makes the CLI take the provider with these addresses from the test's own process until the test ends.
func (w *workspace) serve(server func() tfprotov6.ProviderServer, addresses ...string) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reattach := make(chan *plugin.ReattachConfig)
	closed := make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- tf6server.Serve(addresses[0], server,
			tf6server.WithDebug(ctx, reattach, closed), tf6server.WithLoggingSink(w.t), tf6server.WithoutLogStderrOverride(),
			tf6server.WithGoPluginLogger(hclog.NewNullLogger()))
	}()
	w.t.Cleanup(func() {
		cancel()
		<-closed
	})
	var config *plugin.ReattachConfig
	select {
	case config = <-reattach:
	case err := <-ended:
		w.t.Fatalf("the provider is not served: %v", err)
	}
	for _, address := range addresses {
		w.served[address] = servedProvider{
			string(config.Protocol), config.ProtocolVersion, config.Pid, true, listener{config.Addr.Network(), config.Addr.String()},
		}
	}
	value, err := json.Marshal(w.served)
	w.check(err)
	w.Env = append(w.Env, "TF_REATTACH_PROVIDERS="+string(value)) // The last value counts.
}

// servedProvider is a provider in TF_REATTACH_PROVIDERS.
type servedProvider struct {
	Protocol        string
	ProtocolVersion int
	Pid             int
	Test            bool
	Addr            listener
}

type listener struct{ Network, String string }

func (w *workspace) write(name, content string) {
	w.t.Helper()
	w.check(w.Write(map[string]string{name: content}))
}

func (w *workspace) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// run runs the CLI and returns its standard output and whether it succeeded.
func (w *workspace) run(arguments ...string) (output string, ok bool) {
	w.t.Helper()
	stdout, _, ok := w.runBoth(arguments...)
	return stdout, ok
}

// runBoth is run with standard error, too.
func (w *workspace) runBoth(arguments ...string) (stdout, stderr string, ok bool) {
	w.t.Helper()
	stdout, stderr, err := w.Output(w.t.Context(), arguments...)
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	if stderr != "" {
		w.t.Logf("%s wrote to standard error:\n%s", strings.Join(arguments, " "), stderr)
	}
	return stdout, stderr, err == nil
}
