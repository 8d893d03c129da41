// Command demo plans and applies examples/demo with the real CLI, against a Runner API on loopback. It is what
// `make demo` runs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

func main() {
	d := demo{stdout: os.Stdout, stderr: os.Stderr, color: isTerminal(os.Stdout)}
	flag.StringVar(&d.configuration, "configuration", "examples/demo", "the directory of the configuration")
	serve := flag.Bool("serve", false, "only serve a Runner API with the resource classes of the examples, until Ctrl-C")
	flag.IntVar(&d.port, "port", 8642, "the port for -serve")
	flag.Parse()

	// A closed pipe (`make demo | head`) and a closed terminal interrupt the demo as Ctrl-C does, so that it cleans up.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	run := d.run
	if *serve {
		run = d.serve
	}
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// demo is one run of the demo.
type demo struct {
	configuration string // the directory of the configuration
	stdout        io.Writer
	stderr        io.Writer
	color         bool
	port          int // the port for serve, 0 for any
}

// run runs the demo and removes its files. When ctx is canceled, the CLI is interrupted.
func (d demo) run(ctx context.Context) error {
	cli.Isolate()
	err := d.runAll(ctx)
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}

func (d demo) runAll(ctx context.Context) (err error) {
	found, err := cli.Find(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "circleci-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server := circlecitest.NewServer()
	defer server.Close()
	setFixtures(server)
	if err := found.InstallProvider(ctx, filepath.Join(dir, "mirror")); err != nil {
		return err
	}
	cli.Setenv("CIRCLE_TOKEN="+circlecitest.PersonalToken, "CIRCLECI_RUNNER_API_URL="+server.URL)
	if !d.color {
		cli.Setenv("TF_CLI_ARGS=-no-color")
	}

	d.say("This demo uses a Runner API on loopback (%s) in place of CircleCI.\n"+
		"It needs no account and no token.\n", server.URL)
	w, err := d.newWorkspace(ctx, found, filepath.Join(dir, "demo"), d.configuration)
	if err != nil {
		return err
	}
	d.say("The configuration in %s reads the runners of the namespace acme, the queue of the resource\n"+
		"class acme/linux, and the fleets of all resource classes. %s %s plans it:\n", d.configuration, product(found), found.Version)
	if err := d.show(ctx, w, "plan", "-out=demo.tfplan"); err != nil {
		return err
	}
	d.say("\nThe warning comes from a failed check block, which does not stop a plan. Applying the plan stores the\n" +
		"outputs:\n")
	if err := d.show(ctx, w, "apply", "demo.tfplan"); err != nil {
		return err
	}
	results, err := checkResults(ctx, w)
	if err != nil {
		return err
	}
	d.say("\nThe results of the check blocks:\n\n%s", results)
	if err := d.runPool(ctx, found, filepath.Join(dir, "pool")); err != nil {
		return err
	}
	d.say(`
To read from CircleCI with the same configuration, set CIRCLE_TOKEN to your personal API token and run,
from the top of the repository:

  TF_CLI_CONFIG_FILE="$PWD/bin/dev.tfrc" %s -chdir=%s plan \
    -var namespace=<yours> -var resource_class=<yours>/<class>`, asTyped(found), d.configuration)
	return nil
}

// runPool creates a resource class and a token, shows that there is nothing left to change, and destroys them.
func (d demo) runPool(ctx context.Context, found cli.CLI, dir string) error {
	configuration := filepath.Join(d.configuration, "pool")
	w, err := d.newWorkspace(ctx, found, dir, configuration)
	if err != nil {
		return err
	}
	d.say("\nThe configuration in %s creates a resource class and a token for its machines:\n", configuration)
	if err := d.show(ctx, w, "apply", "-auto-approve"); err != nil {
		return err
	}
	d.say("\nA second plan finds nothing to change, and destroy deletes both in order:\n")
	if err := d.show(ctx, w, "plan", "-detailed-exitcode"); err != nil {
		return err
	}
	return d.show(ctx, w, "destroy", "-auto-approve")
}

// serve serves the sample until ctx is canceled, and prints how to use it.
func (d demo) serve(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(d.port)))
	if err != nil {
		return fmt.Errorf("%w: choose another port with `make api PORT=...`", err)
	}
	server := circlecitest.NewServerOn(listener)
	defer server.Close()
	start := time.Now()
	server.ServeSample(func() time.Duration { return time.Since(start) })
	d.say(`Serving a Runner API on loopback until Ctrl-C. To use it, run in another terminal:

  export CIRCLECI_RUNNER_API_URL=%s CIRCLE_TOKEN=%s

Without init, for a configuration without modules and other providers, run from the top of the repository:

  export TF_CLI_CONFIG_FILE="$PWD/bin/dev.tfrc"

With init, for any configuration, install the provider, where init finds it, after each change:

  make install
  unset TF_CLI_CONFIG_FILE

It has the resource classes acme/linux, acme/mac and acme/gpu, which the examples name. Two runners of acme/linux are
connected, of which the fleet API counts one as active and one as idle, and its queue drains and fills again. Classes
and tokens of the namespace acme can be created and deleted: a new class gets two runners with its first token. It lists
the runners by organization too: %s`,
		server.URL, circlecitest.PersonalToken, circlecitest.SampleOrganizationID)
	<-ctx.Done()
	return nil
}

func (d demo) say(format string, arguments ...any) {
	// A closed pipe interrupts the demo by its signal, so the error is ignored.
	_, _ = fmt.Fprintf(d.stdout, format+"\n", arguments...)
}

// asTyped is how a user runs the CLI: by its name if it is on the PATH, else by its path.
func asTyped(found cli.CLI) string {
	if path, err := exec.LookPath(found.Name); err == nil && path == found.Path {
		return found.Name
	}
	return "'" + strings.ReplaceAll(found.Path, "'", `'\''`) + "'"
}

func product(found cli.CLI) string {
	if found.Name == cli.OpenTofu {
		return "OpenTofu"
	}
	return "Terraform"
}

// setFixtures adds runners, their agents and tasks. The times are fixed, so that the output never changes.
func setFixtures(server *circlecitest.Server) {
	runner := func(class, name, version, first, last, used string) circlecitest.Runner {
		r := circlecitest.Runner{
			ResourceClass: class, Hostname: name + ".acme.example", Name: name, Version: version,
			FirstConnected: first, LastConnected: last,
		}
		if used != "" {
			r.LastUsed = &used
		}
		return r
	}
	server.SetRunners(
		runner("acme/linux", "linux-1", "3.1.2", "2026-01-12T08:00:00Z", "2026-03-02T14:31:07Z", "2026-03-02T14:30:12Z"),
		runner("acme/linux", "linux-2", "3.1.2", "2026-01-12T08:00:04Z", "2026-03-02T14:31:05Z", "2026-03-02T14:29:48Z"),
		runner("acme/linux", "linux-3", "3.1.2", "2026-03-02T14:28:00Z", "2026-03-02T14:31:02Z", ""),
		runner("acme/macos", "macos-1", "3.1.2", "2026-02-03T10:15:00Z", "2026-03-02T14:31:06Z", "2026-03-01T17:02:33Z"),
		runner("acme/gpu", "gpu-1", "3.0.9", "2025-11-20T09:00:00Z", "2026-03-02T14:30:59Z", "2026-02-27T22:41:10Z"),
	)
	server.SetNamespaces("acme")
	server.SetResourceClasses(
		circlecitest.ResourceClass{ResourceClass: "acme/linux", Description: "Linux builds"},
		circlecitest.ResourceClass{ResourceClass: "acme/macos", Description: "macOS builds"},
		circlecitest.ResourceClass{ResourceClass: "acme/gpu"},
	)
	agent := func(name string, state circlecitest.AgentState) circlecitest.Agent {
		return circlecitest.Agent{Name: name, State: state}
	}
	server.SetAgents("acme/linux", agent("linux-1", circlecitest.ActiveAgent), agent("linux-2", circlecitest.ActiveAgent),
		agent("linux-3", circlecitest.IdleAgent))
	server.SetAgents("acme/macos", agent("macos-1", circlecitest.IdleAgent))
	server.SetAgents("acme/gpu", agent("gpu-1", circlecitest.DisconnectedAgent))
	server.SetTasks("acme/linux", 14, 2)
	server.SetTasks("acme/macos", 0, 0)
	server.SetTasks("acme/gpu", 1, 0)
}
