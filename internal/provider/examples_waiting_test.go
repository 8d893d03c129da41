package provider_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// connectMachines has two connected runners of acme/linux as soon as the machines have started, before which nothing may
// list them.
func (b binary) connectMachines(server *circlecitest.Server) {
	b.write("machines_override.tf", `
resource "terraform_data" "machines" {
  provisioner "local-exec" {
    command = "echo yes >started"
  }
}
`)
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
	t.Setenv("TF_VAR_pools", `{"acme/linux" = 2}`)
	b.connectMachines(server)
	if printed := b.succeed("apply", "-auto-approve", "-no-color"); strings.Contains(printed, "Warning: ") {
		t.Errorf("the apply warns:\n%s", printed)
	}
	secret := server.Tokens()[0].Secret
	expectLines(t, b.succeed("show", "-json"), `"triggers_replace":"`+secret+`"`)
	t.Setenv("TF_VAR_wait", "false")
	server.Intercept(nil)
	server.SetRunners(exampleRunner("linux-1", "", 0), exampleRunner("linux-2", "", time.Hour))
	for _, command := range []string{
		"show", "plan -destroy", `plan -replace=circleci_runner_token.pool["acme/linux"]`, "plan",
	} {
		printed := b.succeed(append(strings.Fields(command), "-no-color")...)
		if strings.Contains(printed, secret) {
			t.Errorf("%s prints the secret", command)
		}
		if command == "plan" {
			expectLines(t, printed, "Fewer runners are connected than there are machines: acme/linux (1).")
		}
	}
	b.succeed("destroy", "-auto-approve")
	expectNothingLeft(t, server)
}

// TestExampleTokenFile writes the token of a pool into a file for an installer.
func TestExampleTokenFile(t *testing.T) {
	cloud, server, files := serveFakes(t, "hashicorp/local"), newServer(t), exampleFiles(t, "fleet")
	maps.Copy(files, exampleFiles(t, "token-file"))
	setEnvironment(t, server, map[string]string{"TF_VAR_pools": `{"acme/linux" = 2}`, "TF_VAR_wait": "false"})
	b := newDirectory(t, files)
	b.check(b.Init(t.Context()))
	printed := b.succeed("apply", "-auto-approve", "-no-color")
	secret := server.Tokens()[0].Secret
	if strings.Contains(printed, secret) {
		t.Errorf("the apply prints the secret:\n%s", printed)
	}
	got := cloud.latest("local_sensitive_file")
	for name, want := range map[string]any{
		"filename": "./acme/linux/circleci-runner-config.yaml", "file_permission": "0600",
		"content": "\"api\":\n  \"auth_token\": \"" + secret + "\"\n",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
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
	b.replace("main.tf", `"15m"`, `"1s"`)
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

// TestExampleWaitingAction interrupts the wait for machines, and repeats it until the new ones are connected beside the
// old ones. Only what creates machines waits.
func TestExampleWaitingAction(t *testing.T) {
	requireVersion(t, "actions", "1.14", "")
	b, server := newExample(t, "waiting-action")
	b.replace("main.tf", `timeout        = "15m"`, `poll_interval  = "1s"`)
	server.SetResourceClasses(circlecitest.ResourceClass{ResourceClass: "acme/linux"})
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var listings atomic.Int64
	onListing := func(respond func(listing int64) http.Handler) {
		server.Intercept(func(r *http.Request) http.Handler {
			if r.URL.RequestURI() != linuxRunnersURL {
				return nil
			}
			return respond(listings.Add(1))
		})
	}
	expectListings := func(want int64) {
		t.Helper()
		if got := listings.Swap(0); got != want {
			t.Errorf("the runners were listed %d times, want %d", got, want)
		}
	}
	onListing(func(int64) http.Handler {
		interrupt()
		return circlecitest.Hang()
	})
	stdout, stderr, err := b.Output(ctx, "apply", "-auto-approve", "-no-color")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v", err)
	}
	expectLines(t, stdout+stderr, "The read was canceled before a response arrived.")
	expectListings(1)
	b.expectEmptyPlan() // The machines exist.
	expectListings(0)

	connected := []circlecitest.Runner{
		exampleRunner("old-1", "", 0), exampleRunner("old-2", "", 0), exampleRunner("new-1", "", 0), exampleRunner("new-2", "", 0),
	}
	onListing(func(listing int64) http.Handler { // At first, one of the new ones is not connected.
		server.SetRunners(connected[:2+listing]...)
		return nil
	})
	b.succeed("apply", "-auto-approve", "-invoke=action.circleci_wait_for_runners.pool")
	expectListings(2)
	b.succeed("destroy", "-auto-approve")
	expectListings(0)
}
