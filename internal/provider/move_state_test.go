package provider_test

import (
	"maps"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// movedClass and movedToken exist at the API, and are what the state files in testdata are about.
var (
	movedClass = circlecitest.ResourceClass{
		ID: "2bc0df8e-d258-4ae8-9c2b-3793f004725f", ResourceClass: "acme/linux", Description: "Linux",
	}
	movedToken = circlecitest.Token{
		ID: "9e12ad09-527d-482c-b7ce-1a2fd20d1b9b", ResourceClass: "acme/linux", Nickname: "ci",
		CreatedAt: "2020-10-01T09:55:00.000000Z",
	}
)

// newMovedServer starts a Runner API with them.
func newMovedServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := newServer(t)
	server.SetResourceClasses(movedClass)
	server.SetTokens(movedToken)
	return server
}

// TestAccMoveState moves what another provider wrote to state, without changing anything. The test serves both
// providers, so they share a host and a namespace: those of the other one.
func TestAccMoveState(t *testing.T) {
	t.Setenv("TF_ACC_PROVIDER_HOST", "registry.example.com")
	t.Setenv("TF_ACC_PROVIDER_NAMESPACE", "circleci-labs")
	server := newMovedServer(t)
	resource.Test(t, resource.TestCase{Steps: []resource.TestStep{{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"circleci": factories["circleci"], "new": factories["circleci"],
		},
		ConfigDirectory:  config.TestNameDirectory(),
		ConfigVariables:  config.Variables{"api_url": config.StringVariable(server.URL)},
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		ConfigStateChecks: []statecheck.StateCheck{expectAttributes("circleci_runner_token.new", func() map[string]any {
			return map[string]any{
				"id": movedToken.ID, "resource_class": "acme/linux", "nickname": "ci", "created_at": movedToken.CreatedAt,
				"token": "circlecitest-runner-token-moved",
			}
		})},
		PostApplyFunc: func() { expectMutations(t, server) },
	}}})
}

// TestMoveState takes over state that other providers wrote, or this one under another hostname, by a moved block and
// by the command state replace-provider. A refresh and a plan change nothing.
func TestMoveState(t *testing.T) {
	t.Parallel()
	const organization = `, "organization_id": "b9291e0d-a11e-41fb-8517-c545388b5953"`
	text := providertest.String
	for source, row := range map[string]struct {
		createdAt, ofClass, ofToken string // The last two are further attributes.
		forceDelete                 any
	}{
		"registry.terraform.io/circleci-public/circleci": {
			createdAt: movedToken.CreatedAt, ofClass: organization + `, "force_delete": false`, ofToken: organization,
			forceDelete: false,
		},
		"registry.example.com/circleci-labs/circleci": {
			createdAt: movedToken.CreatedAt, ofClass: organization + `, "org_id": "1", "force_delete": null`,
			ofToken: organization + `, "org_id": "1"`,
		},
		"registry.terraform.io/kelvintaywl/circleci":       {createdAt: "2020-10-01T09:55:00.000Z"},
		"registry.example.com/circleci-community/circleci": {createdAt: movedToken.CreatedAt},
	} {
		server := newMovedServer(t)
		made := provider.NewServer("test")()
		p := configure(t, made, server, nil)
		class := maps.Clone(classState)
		class["force_delete"] = tftypes.NewValue(tftypes.Bool, row.forceDelete)
		expectTakenOver(t, p, made, source, "circleci_runner_resource_class", class,
			`{"id": "`+movedClass.ID+`", "resource_class": "acme/linux", "description": "Linux"`+row.ofClass+`}`)
		expectTakenOver(t, p, made, source, "circleci_runner_token", providertest.Attributes{
			"id": text(movedToken.ID), "resource_class": text("acme/linux"), "nickname": text("ci"),
			"created_at": text(row.createdAt), "token": text("secret"),
		}, `{"id": "`+movedToken.ID+`", "resource_class": "acme/linux", "nickname": "ci", "created_at": "`+row.createdAt+
			`", "token": "secret"`+row.ofToken+`}`)
		expectMutations(t, server)
	}
}

// expectTakenOver asserts what a refresh makes of the state that a provider wrote, and that a plan changes nothing.
func expectTakenOver(
	t *testing.T, p testProvider, made tfprotov6.ProviderServer, source, resource string, want providertest.Attributes,
	state string,
) {
	t.Helper()
	raw := &tfprotov6.RawState{JSON: []byte(state)}
	moved, err := made.MoveResourceState(t.Context(), &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: source, SourceTypeName: resource, SourceState: raw, TargetTypeName: resource,
	})
	upgraded, upgradeErr := made.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: resource, RawState: raw,
	})
	if err != nil || upgradeErr != nil {
		t.Fatal(err, upgradeErr)
	}
	kind := tftypes.Object{AttributeTypes: map[string]tftypes.Type{}}
	for name, value := range want {
		kind.AttributeTypes[name] = value.Type()
	}
	for _, encoded := range []*tfprotov6.DynamicValue{moved.TargetState, upgraded.UpgradedState} {
		var taken map[string]tftypes.Value
		value, err := encoded.Unmarshal(kind)
		if err == nil {
			err = value.As(&taken)
		}
		if err != nil {
			t.Fatal(err)
		}
		refreshed, diagnostics, err := p.ReadResource(t.Context(), resource, taken)
		if err != nil || len(diagnostics) > 0 {
			t.Fatal(err, formatDiagnostics(protocolDiagnostics(diagnostics)))
		}
		expectSame(t, "refreshed state of "+source, want, refreshed)
		planned, isReplaced, got := p.plan(resource, refreshed, linuxClass)
		assertNoDiagnostics(t, got)
		expectSame(t, "planned state of "+source, want, planned)
		expectSame(t, "whether it is replaced", false, isReplaced)
	}
}

// TestMoveRefused has state that is of no provider that is known here.
func TestMoveRefused(t *testing.T) {
	t.Parallel()
	server := provider.NewServer("test")()
	const token, public = "circleci_runner_token", "registry.terraform.io/circleci-public/circleci"
	state := []byte(`{"id": "` + movedToken.ID + `", "resource_class": "acme/linux"}`)
	for name, request := range map[string]tfprotov6.MoveResourceStateRequest{
		"another provider": {SourceProviderAddress: "registry.terraform.io/someone/circleci", SourceTypeName: token},
		"another type":     {SourceProviderAddress: public, SourceTypeName: "circleci_context"},
		"another version":  {SourceProviderAddress: public, SourceTypeName: token, SourceSchemaVersion: 1},
	} {
		request.TargetTypeName, request.SourceState = token, &tfprotov6.RawState{JSON: state}
		response, err := server.MoveResourceState(t.Context(), &request)
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
