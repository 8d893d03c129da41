package provider_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// newMovingWorkspace has what CircleCI's own provider wrote to state.
func newMovingWorkspace(t *testing.T) (*circlecitest.Server, *workspace) {
	t.Helper()
	server := newServer(t)
	server.SetResourceClasses(movedClass)
	server.SetTokens(movedToken)
	w := newWorkspace(t, providerBlock(server))
	w.servePublic()
	w.write("terraform.tfstate", read(t, "testdata/state-circleci-public.json"))
	w.write("fleet.tf", movedConfiguration("old"))
	return server, w
}

// expectMovedIn asserts that a plan and an apply change nothing but the provider and the attributes in state.
func (w *workspace) expectMovedIn(server *circlecitest.Server) {
	w.t.Helper()
	w.expectChanges(nil)
	assertNoDiagnostics(w.t, w.apply())
	expectMutations(w.t, server)
	if got := w.attributes("circleci_runner_token.old")["token"]; got != "circlecitest-runner-token-moved" {
		w.t.Errorf("the state has the secret %v", got)
	}
	state := read(w.t, filepath.Join(w.Dir, "terraform.tfstate"))
	if strings.Contains(state, "circleci-public") || strings.Contains(state, "organization_id") {
		w.t.Errorf("the state is still that of the other provider:\n%s", state)
	}
}

// TestMoveAtTheSameAddress changes the provider of the blocks, by its source or by its local name, and nothing else.
func TestMoveAtTheSameAddress(t *testing.T) {
	t.Parallel()
	t.Run("source", func(t *testing.T) {
		t.Parallel()
		server, w := newMovingWorkspace(t)
		w.expectMovedIn(server)
	})
	t.Run("local name", func(t *testing.T) {
		t.Parallel()
		server, w := newMovingWorkspace(t)
		w.write("main.tf", bothProviders+strings.Replace(providerBlock(server), "circleci", "runners", 1))
		w.write("fleet.tf", strings.ReplaceAll(movedConfiguration("old"), "{\n", "{\n  provider = runners\n"))
		w.expectMovedIn(server)
	})
}

// TestShowAfterReplaceProvider has state with attributes that this provider does not have, until the next apply.
func TestShowAfterReplaceProvider(t *testing.T) {
	t.Parallel()
	server, w := newMovingWorkspace(t)
	w.succeed("state", "replace-provider", "-auto-approve", publicAddress, w.ProviderAddress())
	commands := [][]string{{"show"}, {"state", "show", "circleci_runner_token.old"}}
	for _, command := range commands { // state show exits with 0.
		if _, stderr, _ := w.runBoth(command...); !strings.Contains(stderr, `unsupported attribute "organization_id"`) {
			t.Errorf("%q prints %q", command, stderr)
		}
	}
	w.expectMovedIn(server)
	for _, command := range commands {
		w.succeed(command...)
	}
}

// TestMoveChangedDescription has a description that CircleCI's own provider changed in its state, but not at the API.
func TestMoveChangedDescription(t *testing.T) {
	t.Parallel()
	server, w := newMovingWorkspace(t)
	for _, name := range []string{"terraform.tfstate", "fleet.tf"} {
		w.write(name, strings.Replace(read(t, filepath.Join(w.Dir, name)), `"Linux"`, `"Changed"`, 1))
	}
	w.expectChanges(map[string]string{"circleci_runner_resource_class.old": "delete/create"})
	w.write("fleet.tf", strings.Replace(movedConfiguration("old"), `description = "Linux"`, "", 1))
	w.expectMovedIn(server)
}
