// Command demo plans and applies examples/demo with the real CLI, against a Runner API on loopback, as `make demo` does.
// `demo serve`, with settings such as LATE=30s in the environment, only serves that API until Ctrl-C, as `make api` does.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

func main() {
	d := demo{
		configuration: "examples/demo", stdout: os.Stdout, stderr: os.Stderr, port: 8642,
		color: isTerminal(os.Stdout) || os.Getenv("CLICOLOR_FORCE") == "1", // make picture sets it.
	}
	run := demo.run
	switch arguments := os.Args[1:]; {
	case slices.Equal(arguments, []string{"serve"}):
		run = demo.serve
		if err := d.configure(os.Getenv); err != nil {
			fail(err)
		}
	case len(arguments) > 0:
		fail(fmt.Errorf("unknown arguments %q: the only one is serve", arguments))
	}

	// A closed pipe (`make demo | head`) and a closed terminal interrupt the demo as Ctrl-C does, so that it cleans up.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	err := run(d, ctx)
	stop()
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "demo:", err)
	os.Exit(1)
}

func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// demoTime is when the demo takes place, so that its output never changes.
var demoTime = time.Date(2026, time.March, 2, 14, 31, 7, 0, time.UTC)

// demo is one run of the demo.
type demo struct {
	configuration string // the directory of the configuration
	stdout        io.Writer
	stderr        io.Writer
	color         bool
	port          int                 // the port for serve, 0 for any
	sample        circlecitest.Sample // what serve serves
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
	server.ServeSample(circlecitest.Sample{Now: func() time.Time { return demoTime }})
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
	results, err := d.checkResults(ctx, w)
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

// configure sets what serve serves, from the environment.
func (d *demo) configure(getenv func(string) string) error {
	for _, name := range []string{"PORT", "QUEUE", "LATE", "STATUS"} {
		value := getenv(name)
		if value == "" {
			continue
		}
		number, err := strconv.Atoi(value)
		var isValid bool
		var want string
		switch name {
		case "PORT":
			d.port, isValid, want = number, err == nil && 0 < number && number <= 65535, "a number from 1 to 65535"
		case "QUEUE":
			d.sample.StuckQueue, isValid, want = true, value == "stuck", "stuck"
		case "LATE":
			d.sample.Late, err = time.ParseDuration(value)
			isValid, want = err == nil && d.sample.Late > 0, "a positive duration, such as 30s"
		case "STATUS":
			d.sample.Status, isValid, want = number, number == 429 || number == 503, "429 or 503"
		}
		if !isValid {
			return fmt.Errorf("%s=%s is not valid: %s must be %s", name, value, name, want)
		}
	}
	return nil
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
	server.ServeSample(d.sample)
	queue, late := "drains in 16 of every 40 seconds", "at once"
	failures := "To see failures, stop it, and add QUEUE=stuck, LATE=30s, STATUS=429 or STATUS=503 to `make api`."
	if d.sample.StuckQueue {
		queue = "never drains"
	}
	if d.sample.Late > 0 {
		late = fmt.Sprintf("after %s", d.sample.Late)
	}
	if d.sample.Status != 0 {
		failures = fmt.Sprintf("Every third request fails with status %d.", d.sample.Status)
	}
	d.say(`Serving a Runner API on loopback until Ctrl-C. To use it, run in another terminal:

  export CIRCLECI_RUNNER_API_URL=%s CIRCLE_TOKEN=%s

Without init, for a configuration without modules and other providers, run from the top of the repository:

  export TF_CLI_CONFIG_FILE="$PWD/bin/dev.tfrc"

With init, for any configuration, install the provider where init finds it, once and after each change of the provider:

  make install
  unset TF_CLI_CONFIG_FILE

It has the resource classes of the examples, in the namespace acme, to which you can add others:

  acme/linux   1 busy and 1 idle runner, and 1 that was last seen 26 hours ago; its queue %s
  acme/macos   1 runner, last seen 90 minutes ago
  acme/gpu     no runner, and 2 waiting tasks

Each token that you create brings 2 idle runners, which connect %s.

The organization: %s

%s`,
		server.URL, circlecitest.PersonalToken, queue, late, circlecitest.SampleOrganizationID, failures)
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
