package provider_test

import (
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// movedClass and movedToken exist at the API, and are what the state files in testdata are about.
var (
	movedClass = circlecitest.ResourceClass{ID: "2bc0df8e-d258-4ae8-9c2b-3793f004725f", ResourceClass: "acme/linux", Description: "Linux"}
	movedToken = circlecitest.Token{
		ID: "9e12ad09-527d-482c-b7ce-1a2fd20d1b9b", ResourceClass: "acme/linux", Nickname: "ci", CreatedAt: "2020-10-01T09:55:00.000000Z",
	}
)

// movedConfiguration describes them under a name, and leaves unset what may be unset.
func movedConfiguration(name string) string {
	return strings.NewReplacer("\"linux\"", "\""+name+"\"", "class.linux", "class."+name).Replace(
		classBlock(`  description = "Linux"`) + tokenBlock(`  nickname = "ci"`))
}

const movedBlocks = `
moved {
  from = circleci_runner_resource_class.old
  to   = circleci_runner_resource_class.new
}
moved {
  from = circleci_runner_token.old
  to   = circleci_runner_token.new
}
`

// TestMovingIn takes over state that the other providers wrote, or this one under another hostname, without changing anything.
func TestMovingIn(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		source, createdAt string
		forceDelete       any
	}{
		"circleci-public": {source: "registry.terraform.io/circleci-public/circleci", createdAt: movedToken.CreatedAt, forceDelete: false},
		"circleci-labs":   {source: "registry.example.com/circleci-labs/circleci", createdAt: movedToken.CreatedAt},
		"kelvintaywl":     {source: "registry.terraform.io/kelvintaywl/circleci", createdAt: "2020-10-01T09:55:00.000Z"},
		"mirror":          {source: "registry.example.com/circleci-community/circleci", createdAt: movedToken.CreatedAt},
	} {
		state, err := os.ReadFile("testdata/state-" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		newMove := func(t *testing.T) (*circlecitest.Server, *workspace) {
			t.Helper()
			server := newServer(t)
			server.SetResourceClasses(movedClass)
			server.SetTokens(movedToken)
			w := newWorkspace(t, providerBlock(server))
			w.write("terraform.tfstate", string(state))
			return server, w
		}
		expectMoved := func(t *testing.T, server *circlecitest.Server, w *workspace, resource string) {
			t.Helper()
			w.expectChanges(nil)
			assertNoDiagnostics(t, w.apply())
			w.expectAttributes("circleci_runner_resource_class."+resource, map[string]any{
				"id": movedClass.ID, "resource_class": "acme/linux", "description": "Linux", "force_delete": row.forceDelete,
			})
			w.expectAttributes("circleci_runner_token."+resource, map[string]any{
				"id": movedToken.ID, "resource_class": "acme/linux", "nickname": "ci", "created_at": row.createdAt, "token": "circlecitest-runner-token-moved",
			})
			w.expectChanges(nil)
			expectMutations(t, server)
		}
		t.Run(name+"/replace-provider", func(t *testing.T) {
			t.Parallel()
			server, w := newMove(t)
			w.write("fleet.tf", movedConfiguration("old"))
			w.succeed("state", "replace-provider", "-auto-approve", row.source, w.ProviderAddress())
			expectMoved(t, server, w, "old")
		})
		t.Run(name+"/moved", func(t *testing.T) {
			t.Parallel()
			server, w := newMove(t)
			// OpenTofu has the providers of Terraform's registry in its own.
			w.serve(provider.NewServer("test"), row.source, strings.Replace(row.source, "registry.terraform.io", "registry.opentofu.org", 1))
			w.write("fleet.tf", movedConfiguration("new")+movedBlocks)
			expectMoved(t, server, w, "new")
		})
		if name != "mirror" {
			continue
		}
		t.Run(name+"/count", func(t *testing.T) {
			t.Parallel()
			requireVersion(t, "a move to another provider without a moved block", "1.8", "")
			server, w := newMove(t)
			w.serve(provider.NewServer("test"), row.source)
			w.write("fleet.tf", strings.NewReplacer("\" {\n", "\" {\n  count = 1\n", ".old.", ".old[0].").Replace(movedConfiguration("old")))
			expectMoved(t, server, w, "old[0]")
		})
	}
}

// TestMoveRefused has state that is of no provider that is known here.
func TestMoveRefused(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := provider.NewServer("test")()
	for name, request := range map[string]tfprotov6.MoveResourceStateRequest{
		"another provider": {SourceProviderAddress: "registry.terraform.io/someone/circleci", SourceTypeName: "circleci_runner_token"},
		"another type":     {SourceProviderAddress: "registry.terraform.io/circleci-public/circleci", SourceTypeName: "circleci_context"},
		"another version": {
			SourceProviderAddress: "registry.terraform.io/circleci-public/circleci", SourceTypeName: "circleci_runner_token", SourceSchemaVersion: 1,
		},
	} {
		request.TargetTypeName = "circleci_runner_token"
		request.SourceState = &tfprotov6.RawState{JSON: []byte(`{"id": "9e12ad09-527d-482c-b7ce-1a2fd20d1b9b", "resource_class": "acme/linux"}`)}
		response, err := server.MoveResourceState(ctx, &request)
		if err != nil {
			t.Fatal(err)
		}
		if len(response.Diagnostics) != 1 || response.Diagnostics[0].Summary != "Unable to Move Resource State" {
			t.Errorf("%s: the provider reports %+v", name, response.Diagnostics)
		}
	}
}

// TestIncompleteState has state in which nothing identifies a resource: no request is sent, and the state stays.
func TestIncompleteState(t *testing.T) {
	t.Parallel()
	const class, token = "circleci_runner_resource_class", "circleci_runner_token"
	server := newServer(t)
	p := newProvider(t, server, nil)
	want := wantDiagnostic{at: "resource_class", summary: "Incomplete state", detail: "state rm, and import it"}
	text := providertest.String
	for _, state := range []providertest.Attributes{
		{"id": text(movedClass.ID)},
		{"id": text(movedClass.ID), "resource_class": text("linux")},
		{"id": text("junk"), "resource_class": text("acme/linux")},
		{"id": text(""), "resource_class": text("acme/linux")},
		linuxClass,
	} {
		for _, resource := range []string{class, token} {
			assertDiagnostic(t, p.change(t.Context(), resource, state, nil), want)
			if _, hasID := state["id"]; resource == class && !hasID {
				continue // As after an import by name.
			}
			kept, got, err := p.ReadResource(t.Context(), resource, state)
			if err != nil || kept == nil {
				t.Fatalf("got error %v and the state %v", err, kept)
			}
			assertDiagnostic(t, protocolDiagnostics(got), want)
		}
	}
	planned := maps.Clone(linuxClass)
	planned["force_delete"] = providertest.Bool(true)
	assertDiagnostic(t, p.change(t.Context(), class, linuxClass, planned), want)
	expectRequests(t, server)
}
