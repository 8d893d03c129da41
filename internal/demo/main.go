// Command demo plans and applies examples/demo with the real CLI, against a Runner API on loopback. It is what
// `make demo` runs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

func main() {
	d := demo{stdout: os.Stdout, stderr: os.Stderr, color: isTerminal(os.Stdout)}
	flag.StringVar(&d.provider, "provider", "bin/terraform-provider-circleci", "the provider's executable")
	flag.StringVar(&d.configuration, "configuration", "examples/demo", "the directory of the configuration")
	serve := flag.Bool("serve", false, "only serve the demo's Runner API, for a configuration of your own, until Ctrl-C")
	flag.Parse()

	// A closed pipe (`make demo | head`) and a closed terminal end the demo like Ctrl-C does, so that they leave nothing
	// behind either.
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
	provider      string // the provider's executable
	configuration string // the directory of the configuration
	stdout        io.Writer
	stderr        io.Writer
	color         bool
}

var errInterrupted = errors.New("interrupted")

// run shows the demo and cleans up behind it. When ctx ends, the CLI is interrupted.
func (d demo) run(ctx context.Context) (err error) {
	found, err := cli.Find(ctx)
	if ctx.Err() != nil {
		return errInterrupted
	}
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
	fill(server)

	d.say("This demo stays on this machine: a Runner API on loopback (%s)\nstands in for CircleCI. No account and no token is needed, and none is used.\n", server.URL)
	w, err := d.newWorkspace(dir, found, server.URL)
	if err != nil {
		return err
	}
	if err := w.initialize(ctx); err != nil {
		return err
	}
	d.say("The configuration in %s asks for the runners of the namespace acme, for the queue of\nthe resource class acme/linux, and for the whole fleet in one block. %s %s plans it:\n", d.configuration, product(found), found.Version)
	if err := w.show(ctx, "plan", "-out=demo.tfplan"); err != nil {
		return err
	}
	d.say("\nThe warning is one of the configuration's check blocks, which fails on this data; a check never\nstops a plan. Applying what was planned stores the outputs:\n")
	if err := w.show(ctx, "apply", "demo.tfplan"); err != nil {
		return err
	}
	outcomes, err := w.checks(ctx)
	if err != nil {
		return err
	}
	d.say("\nThe check blocks, as the state has them:\n")
	for _, c := range outcomes {
		d.say("  %s", c)
	}
	d.say(`
To read CircleCI itself with the same configuration, give your personal API token in CIRCLE_TOKEN
and run, from the top of the repository:

  TF_CLI_CONFIG_FILE="$PWD/bin/dev.tfrc" %s -chdir=%s plan \
    -var namespace=<yours> -var resource_class=<yours>/<class>`, asTyped(found), d.configuration)
	return nil
}

// serve serves the demo's Runner API until ctx ends, and says how to read it.
func (d demo) serve(ctx context.Context) error {
	server := circlecitest.NewServer()
	defer server.Close()
	fill(server)
	d.say(`A Runner API on loopback, with the demo's runners and tasks, serves until Ctrl-C. In another terminal,
from the top of the repository, make your configuration read it:

  export TF_CLI_CONFIG_FILE="$PWD/bin/dev.tfrc"
  export CIRCLECI_RUNNER_API_URL=%s CIRCLE_TOKEN=%s

It has the resource classes acme/linux, acme/macos and acme/gpu. With CIRCLECI_RUNNER_API_VERSION=v3 it lists their
runners by organization too: %s`, server.URL, circlecitest.PersonalToken, organizationID)
	<-ctx.Done()
	return nil
}

func (d demo) say(format string, arguments ...any) {
	// What cannot be shown shows: a closed pipe ends the demo by its signal.
	_, _ = fmt.Fprintf(d.stdout, format+"\n", arguments...)
}

// asTyped is what a person types to run the CLI: its name when the PATH has it, else its path.
func asTyped(found cli.CLI) string {
	if path, err := exec.LookPath(found.Name); err == nil && path == found.Path {
		return found.Name
	}
	return found.Path
}

func product(found cli.CLI) string {
	if found.Name == cli.OpenTofu {
		return "OpenTofu"
	}
	return "Terraform"
}

// organizationID is the organization of the demo's runners.
const organizationID = "5d1c1e5c-3f0b-4c1a-9d57-2f6f8f0f7a10"

// fill gives the API what it lists. The times are fixed, so that every run shows the same.
func fill(server *circlecitest.Server) {
	runners := []circlecitest.Runner{
		{
			ResourceClass: "acme/linux", Hostname: "build-1.acme.example", Name: "linux-1", Version: "3.1.2", Status: "busy",
			FirstConnected: "2026-01-12T08:00:00Z", LastConnected: "2026-03-02T14:31:07Z", LastUsed: new("2026-03-02T14:30:12Z"),
		},
		{
			ResourceClass: "acme/linux", Hostname: "build-2.acme.example", Name: "linux-2", Version: "3.1.2", Status: "busy",
			FirstConnected: "2026-01-12T08:00:04Z", LastConnected: "2026-03-02T14:31:05Z", LastUsed: new("2026-03-02T14:29:48Z"),
		},
		{
			ResourceClass: "acme/linux", Hostname: "build-3.acme.example", Name: "linux-3", Version: "3.1.2", Status: "idle",
			FirstConnected: "2026-03-02T14:28:00Z", LastConnected: "2026-03-02T14:31:02Z",
		},
		{
			ResourceClass: "acme/macos", Hostname: "mini-1.acme.example", Name: "macos-1", Version: "3.1.2", Status: "idle",
			FirstConnected: "2026-02-03T10:15:00Z", LastConnected: "2026-03-02T14:31:06Z", LastUsed: new("2026-03-01T17:02:33Z"),
		},
		{
			ResourceClass: "acme/gpu", Hostname: "gpu-1.acme.example", Name: "gpu-1", Version: "3.0.9", Status: "idle",
			FirstConnected: "2025-11-20T09:00:00Z", LastConnected: "2026-03-02T14:30:59Z", LastUsed: new("2026-02-27T22:41:10Z"),
		},
	}
	for i := range runners {
		runners[i].OrganizationID = organizationID
	}
	server.SetRunners(runners...)
	server.SetTasks("acme/linux", 14, 2)
	server.SetTasks("acme/macos", 0, 0)
	server.SetTasks("acme/gpu", 1, 0)
}
