package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

// workspace is a directory in which the real CLI runs. The provider that it talks to is served by the test's own
// process, so that the race detector watches it.
type workspace struct {
	t   *testing.T
	dir string
	env []string
}

// newWorkspace writes a configuration to a directory of its own. A required_providers block is added to it. The
// provider does not retry, and may be adjusted further.
func newWorkspace(t *testing.T, configuration string, adjust ...func(*circleci.Config)) *workspace {
	t.Helper()
	requireCLI(t)
	adjust = append([]func(*circleci.Config){func(c *circleci.Config) { c.MaxRetries = 0 }}, adjust...)
	w := &workspace{t: t, dir: t.TempDir(), env: append(os.Environ(), "TF_REATTACH_PROVIDERS="+serveProvider(t, adjust...))}
	w.write("main.tf", requiredProviders+configuration)
	return w
}

// requireCLI leaves out, as every provider's acceptance tests do, what needs the CLI when TF_ACC is not set.
func requireCLI(t *testing.T) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run the CLI: set TF_ACC=1, or run make test")
	}
}

const requiredProviders = `
terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}
`

// serveProvider serves the provider until the test ends and returns what TF_REATTACH_PROVIDERS takes.
func serveProvider(t *testing.T, adjust ...func(*circleci.Config)) string {
	t.Helper()
	return serve(t, "circleci-community/circleci", provider.NewServer("test", adjust...))
}

// serve is serveProvider for a provider with this source address.
func serve(t *testing.T, address string, server func() tfprotov6.ProviderServer) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reattach := make(chan *plugin.ReattachConfig)
	closed := make(chan struct{})
	served := make(chan error, 1)
	go func() {
		served <- tf6server.Serve("registry.terraform.io/"+address, server,
			tf6server.WithDebug(ctx, reattach, closed), tf6server.WithLoggingSink(t), tf6server.WithoutLogStderrOverride(),
			tf6server.WithGoPluginLogger(hclog.NewNullLogger()))
	}()
	t.Cleanup(func() {
		cancel()
		<-closed
	})
	var config *plugin.ReattachConfig
	select {
	case config = <-reattach:
	case err := <-served:
		t.Fatalf("the provider is not served: %v", err)
	}
	type listener struct{ Network, String string }
	type process struct {
		Protocol        string
		ProtocolVersion int
		Pid             int
		Test            bool
		Addr            listener
	}
	here := process{string(config.Protocol), config.ProtocolVersion, config.Pid, true, listener{config.Addr.Network(), config.Addr.String()}}
	text, err := json.Marshal(map[string]process{"registry.terraform.io/" + address: here, "registry.opentofu.org/" + address: here})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (w *workspace) write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// run runs the CLI and returns what it printed on standard output, and whether it succeeded.
func (w *workspace) run(arguments ...string) (output string, ok bool) {
	w.t.Helper()
	stdout, stderr, ok := w.runBoth(arguments...)
	if stderr != "" {
		w.t.Logf("%s wrote to standard error:\n%s", strings.Join(arguments, " "), stderr)
	}
	return stdout, ok
}

// runBoth is run with both outputs.
func (w *workspace) runBoth(arguments ...string) (stdout, stderr string, ok bool) {
	w.t.Helper()
	command := exec.CommandContext(w.t.Context(), os.Getenv("TF_ACC_TERRAFORM_PATH"), arguments...)
	command.Dir = w.dir
	command.Env = w.env
	var output, problems bytes.Buffer
	command.Stdout, command.Stderr = &output, &problems
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	return output.String(), problems.String(), err == nil
}

// diagnostic is what the CLI reports, in its own JSON.
type diagnostic struct {
	Severity, Summary, Detail, Address string
	Snippet                            *struct{ Context, Code string }
}

// validate runs validate and returns what it reports.
func (w *workspace) validate() []diagnostic {
	w.t.Helper()
	output, _ := w.run("validate", "-json")
	var result struct{ Diagnostics []diagnostic }
	if err := json.Unmarshal([]byte(output), &result); err != nil {
		w.t.Fatalf("validate printed %q: %v", output, err)
	}
	return result.Diagnostics
}

// plan runs plan and returns what it reports.
func (w *workspace) plan() []diagnostic {
	w.t.Helper()
	return w.report("plan", "-json")
}

// apply runs apply and returns what it reports.
func (w *workspace) apply() []diagnostic {
	w.t.Helper()
	return w.report("apply", "-json", "-auto-approve")
}

func (w *workspace) report(arguments ...string) []diagnostic {
	w.t.Helper()
	output, ok := w.run(arguments...)
	var all []diagnostic
	for line := range strings.Lines(output) {
		var message struct{ Diagnostic *diagnostic }
		if err := json.Unmarshal([]byte(line), &message); err != nil {
			w.t.Fatalf("%s printed %q: %v", arguments[0], line, err)
		}
		if message.Diagnostic != nil {
			all = append(all, *message.Diagnostic)
		}
	}
	if !ok && len(all) == 0 {
		w.t.Fatalf("%s failed without a diagnostic:\n%s", arguments[0], output)
	}
	return all
}
