package provider_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

const classAddress = "circleci_runner_resource_class.linux"

// classBlock is a resource class with further attributes.
func classBlock(attributes string) string {
	return "resource \"circleci_runner_resource_class\" \"linux\" {\n" +
		"  resource_class = \"acme/linux\"\n" + attributes + "\n}\n"
}

// TestAccRunnerResourceClassResource takes a class from nothing to destroy.
func TestAccRunnerResourceClassResource(t *testing.T) {
	t.Parallel()
	const path = "/api/v3/runner/resource"
	server := newServer(t)
	server.Intercept(func(r *http.Request) http.Handler {
		if strings.Contains(r.URL.String(), "Acme") {
			t.Errorf("the spelling of the configuration is sent: %s", r.URL)
		}
		return nil
	})
	id, forced := "", classBlock("  force_delete = true")
	attributes := func(description string, forceDelete any) statecheck.StateCheck {
		return expectAttributes(classAddress, func() map[string]any {
			id = server.ResourceClasses()[0].ID
			return map[string]any{
				"id": id, "resource_class": "acme/linux", "description": description, "force_delete": forceDelete,
			}
		})
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config:            providerConfig(server) + classBlock(""),
				ConfigStateChecks: []statecheck.StateCheck{attributes("", nil)},
				PostApplyFunc:     func() { expectMutations(t, server, "POST "+path) },
			},
			{ResourceName: classAddress, ImportState: true, ImportStateId: "acme/linux", ImportStateVerify: true},
			{ // Case alone is no change, and is never sent. Nor is force_delete anything that the API has to be told.
				Config:            providerConfig(server) + strings.Replace(forced, "acme/linux", "Acme/Linux", 1),
				ConfigPlanChecks:  expectAction(classAddress, plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{attributes("", true)},
				PostApplyFunc:     func() { expectMutations(t, server) },
			},
			{ // What is in state decides how the class is deleted, here at CircleCI Server.
				PreConfig:        server.OmitFleetAPI,
				Config:           providerConfig(server) + classBlock(`  description = "Linux"`),
				ConfigPlanChecks: expectAction(classAddress, plancheck.ResourceActionDestroyBeforeCreate),
				PostApplyFunc:    func() { expectMutations(t, server, "DELETE "+path+"/"+id+"/force", "POST "+path) },
			},
			{ // What is unset takes what exists.
				Config:            providerConfig(server) + classBlock(""),
				ConfigPlanChecks:  expectAction(classAddress, plancheck.ResourceActionNoop),
				ConfigStateChecks: []statecheck.StateCheck{attributes("Linux", nil)},
			},
		},
		CheckDestroy: func(*terraform.State) error {
			expectMutations(t, server, "DELETE "+path+"/"+id)
			return nil
		},
	})
}

// TestNewResourceClassName has names with which no class can be created. A class that exists may have one.
func TestNewResourceClassName(t *testing.T) {
	t.Parallel()
	p := newProvider(t, newServer(t), nil)
	for name, detail := range map[string]string{
		"Acme/linux":       "a namespace consists of lower-case letters, digits, _ and -.",
		"acme/linux.large": "the part after the slash consists of letters, digits, :, _, - and +.",
	} {
		config := providertest.Attributes{"resource_class": providertest.String(name)}
		_, _, got := p.plan("circleci_runner_resource_class", nil, config)
		assertDiagnostic(t, got, wantDiagnostic{
			at: "resource_class", summary: "Invalid resource class",
			detail: `The resource class "` + name + `" cannot be created: ... ` + detail,
		})
	}
}

// TestReplacementDeletesTokens warns of a replacement by the provider itself, if force_delete is true in state.
func TestReplacementDeletesTokens(t *testing.T) {
	t.Parallel()
	type attributes = providertest.Attributes
	text, isTrue := providertest.String, providertest.Bool(true)
	unknown := tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	for name, row := range map[string]struct {
		force   bool // It is in state.
		inPlace bool // The installation has the fleet API.
		config  attributes
		want    bool
	}{
		"another description":          {force: true, config: attributes{"description": text("new")}, want: true},
		"unknown description":          {force: true, config: attributes{"description": unknown}, want: true},
		"another description in place": {force: true, config: attributes{"description": text("new")}, inPlace: true},
		"another class":                {force: true, config: attributes{"resource_class": text("acme/new")}, want: true},
		"another case":                 {force: true, config: attributes{"resource_class": text("acme/LINUX")}},
		"force_delete is removed":      {force: true},
		"force_delete is set only now": {config: attributes{"description": text("new"), "force_delete": isTrue}},
	} {
		server := newMovedServer(t)
		if !row.inPlace {
			server.OmitFleetAPI()
		}
		state := maps.Clone(classState)
		state["force_delete"] = providertest.Bool(row.force)
		config := maps.Clone(linuxClass)
		maps.Copy(config, row.config)
		_, isReplaced, got := newProvider(t, server, nil).plan(resourceClass, state, config)
		got = slices.DeleteFunc(got, func(d diagnostic) bool { return d.Summary == "Description forces replacement" })
		if !row.want {
			assertNoDiagnostics(t, got)
			continue
		}
		if !isReplaced {
			t.Errorf("%s: the class is not replaced", name)
		}
		assertDiagnostic(t, got, wantDiagnostic{
			severity: "warning", at: "force_delete", summary: "Replacement deletes tokens",
			detail: "Replacing resource class acme/linux deletes all its tokens ... replace_triggered_by = " +
				"[circleci_runner_resource_class.NAME.id]",
		})
	}
}
