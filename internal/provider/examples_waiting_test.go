package provider_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// connectMachines has two connected runners of acme/linux as soon as the start command has written a file, before which
// nothing may list them.
func (b binary) connectMachines(server *circlecitest.Server) {
	b.t.Setenv("TF_VAR_start_command", "echo yes >started")
	server.Intercept(func(r *http.Request) http.Handler {
		_, err := os.Stat(b.path("started"))
		switch {
		case err == nil:
			server.SetRunners(exampleRunner("linux-1", "", 0), exampleRunner("linux-2", "", 0))
		case r.URL.Path == "/api/v3/runner":
			b.t.Errorf("the runners are listed before their machines start: %v", err)
		}
		return nil
	})
}

// TestExampleFleet creates a fleet, whose secret is in the secret store and not printed, disconnects a machine, and
// destroys it.
func TestExampleFleet(t *testing.T) {
	b, server := newExample(t, "fleet")
	t.Setenv("TF_VAR_resource_class", "acme/linux")
	b.connectMachines(server)
	b.succeed("apply", "-auto-approve")
	b.expect(exampleTest{server: server, outputs: `{"runners":["linux-1","linux-2"]}`})
	secret := server.Tokens()[0].Secret
	expectLines(t, b.succeed("show", "-json"), `"triggers_replace":"`+secret+`"`)
	t.Setenv("TF_VAR_wait", "false")
	server.Intercept(nil)
	server.SetRunners(exampleRunner("linux-1", "", 0), exampleRunner("linux-2", "", time.Hour))
	for _, command := range []string{"show", "plan -destroy", "plan -replace=circleci_runner_token.fleet", "plan"} {
		printed := b.succeed(append(strings.Fields(command), "-no-color")...)
		if strings.Contains(printed, secret) {
			t.Errorf("%s prints the secret", command)
		}
		if command == "plan" {
			expectLines(t, printed, "Connected runners of acme/linux: 1, expected 2.")
		}
	}
	b.succeed("destroy", "-auto-approve")
	if classes, tokens := server.ResourceClasses(), server.Tokens(); len(classes)+len(tokens) > 0 {
		t.Errorf("the API lists %+v and %+v", classes, tokens)
	}
}

// TestExampleWaiting starts machines, disconnects them, and plans and destroys: with a wait, which times out, and
// without.
func TestExampleWaiting(t *testing.T) {
	b, server := newExample(t, "waiting")
	b.connectMachines(server)
	b.succeed("apply", "-auto-approve")
	b.expect(exampleTest{
		server: server, outputs: `{"runners":["linux-1","linux-2"]}`, requests: []string{linuxRunnersURL},
	})
	server.Intercept(nil)
	server.ResetRecords()
	b.expectEmptyPlan() // It does not wait while the runners are connected.
	expectRequests(t, server, linuxRunnersURL)

	server.SetRunners(exampleRunner("linux-1", "", time.Hour), exampleRunner("linux-2", "", time.Hour))
	t.Setenv("TF_VAR_timeout", "1s")
	for _, command := range [][]string{{"plan", "-no-color"}, {"destroy", "-auto-approve", "-no-color"}} {
		printed, ok := b.run(command...)
		if ok {
			t.Errorf("%q does not wait", command)
		}
		expectLines(t, strings.Join(strings.Fields(printed), " "), "Error reading runners of resource class acme/linux",
			"waiting for at least 2 runners connected within 2m; last observed: 0 connected, 2 listed, the last seen at ",
			"Check that the machines have started, and that their agents run with a token of resource class acme/linux, or "+
				"increase wait_for.timeout.")
	}
	t.Setenv("TF_VAR_wait", "false")
	server.ResetRecords()
	b.succeed("plan")
	expectRequests(t, server, linuxRunnersURL)
	if resources := b.succeed("state", "list"); !strings.Contains(resources, "terraform_data.machines") {
		t.Errorf("destroy destroyed something before it read: %s", resources)
	}
	b.succeed("destroy", "-auto-approve")
}

// TestExampleWaitingAction interrupts the wait for machines. Only what creates machines waits, although no runner is
// connected.
func TestExampleWaitingAction(t *testing.T) {
	requireVersion(t, "actions", "1.14", "")
	b, server := newExample(t, "waiting-action")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	server.Intercept(func(*http.Request) http.Handler {
		interrupt()
		return circlecitest.Hang()
	})
	stdout, stderr, err := b.Output(ctx, "apply", "-auto-approve", "-no-color")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v", err)
	}
	expectLines(t, stdout+stderr, "The read was canceled before a response arrived.")
	expectRequests(t, server, linuxRunnersURL)
	server.ResetRecords()
	b.expectEmptyPlan() // The machines exist.
	expectRequests(t, server)

	server.Intercept(nil)
	server.SetRunners(exampleRunner("linux-1", "", 0), exampleRunner("linux-2", "", 0))
	b.succeed("apply", "-auto-approve", "-invoke=action.circleci_wait_for_runners.pool")
	expectRequests(t, server, linuxRunnersURL)
	b.succeed("destroy", "-auto-approve")
	expectRequests(t, server, linuxRunnersURL)
}
