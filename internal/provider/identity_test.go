package provider_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestAccIdentity imports by identity. An identity stays, although the spelling of its class changes.
func TestAccIdentity(t *testing.T) {
	t.Parallel()
	requireVersion(t, "identity", "1.12", "1.12")
	server := newServer(t)
	checks := []statecheck.StateCheck{
		statecheck.ExpectIdentity(classAddress, map[string]knownvalue.Check{
			"resource_class": knownvalue.StringExact("acme/linux"),
		}),
		statecheck.ExpectIdentityValueMatchesState(tokenAddress, tfjsonpath.New("id")),
		statecheck.ExpectIdentity(tokenAddress, map[string]knownvalue.Check{
			"resource_class": knownvalue.StringExact("acme/linux"), "id": knownvalue.NotNull(),
		}),
	}
	respelled := strings.ReplaceAll(classBlock("  force_delete = true")+tokenBlock(""), "acme/linux", "acme/LINUX")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: providerConfig(server) + classBlock("") + tokenBlock(""), ConfigStateChecks: checks},
			{ResourceName: classAddress, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
			{ResourceName: tokenAddress, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
			{
				PreConfig: func() {
					classes, tokens := server.ResourceClasses(), server.Tokens()
					classes[0].ResourceClass, tokens[0].ResourceClass = "acme/Linux", "acme/Linux"
					server.SetResourceClasses(classes...)
					server.SetTokens(tokens...)
				},
				Config:            providerConfig(server) + respelled,
				ConfigStateChecks: checks,
			},
		},
	})
}

// TestImport imports by each form of an ID, and by identity.
func TestImport(t *testing.T) {
	t.Parallel()
	const (
		class, token    = "circleci_runner_resource_class", "circleci_runner_token"
		invalidID       = "Invalid import ID"
		invalidIdentity = "Invalid import identity"
		gone            = "gone" // The CLI reports that it does not exist.
		classForm       = " is not of the form namespace/name, such as acme/linux, or namespace/name,uuid."
		tokenForm       = " is not of the form namespace/name/uuid, such as acme/linux/ ... , or namespace/name,uuid."
	)
	identity := func(class string) providertest.Attributes {
		return providertest.Attributes{"resource_class": providertest.String(class)}
	}
	tokenIdentity := func(class, id string) providertest.Attributes {
		return providertest.Attributes{"resource_class": providertest.String(class), "id": providertest.String(id)}
	}
	for _, row := range []struct {
		resource, id string
		identity     providertest.Attributes
		// want is gone, or the error's summary. Without it, movedClass or movedToken is imported.
		want, detail string
	}{
		{resource: class, id: "acme/linux"},
		{resource: class, id: "acme/linux," + movedClass.ID},
		{resource: class, id: "acme/LINUX/" + strings.ToUpper(movedClass.ID)},
		{resource: class, identity: identity("acme/linux")},
		{resource: token, id: "acme/linux/" + movedToken.ID},
		{resource: token, id: "acme/LINUX," + strings.ToUpper(movedToken.ID)},
		{resource: token, identity: tokenIdentity("acme/linux", movedToken.ID)},
		{resource: token, identity: tokenIdentity("acme/LINUX", movedToken.ID)},

		{resource: class, id: "acme/macos", want: gone},
		{resource: class, id: "acme/linux," + movedToken.ID, want: gone},
		{resource: class, identity: identity("acme/macos"), want: gone},
		{resource: token, id: "acme/linux/" + movedClass.ID, want: gone},
		{resource: token, id: "acme/macos/" + movedToken.ID, want: gone},
		{
			resource: class, id: "acme/macos," + movedClass.ID, want: "Another resource class",
			detail: `The ID ` + movedClass.ID + ` is that of resource class "acme/linux", not of acme/macos.`,
		},
		{
			resource: class, id: "acme/Gpu", want: "Several resource classes",
			detail: "The API lists 2 resource classes of the name acme/Gpu, which differ in case. ... uuid: acme/GPU has",
		},

		{resource: class, id: "linux", want: invalidID, detail: classForm},
		{resource: class, id: " acme/linux", want: invalidID, detail: classForm},
		{resource: class, id: "acme/linux,", want: invalidID, detail: classForm},
		{resource: class, id: "acme/linux, " + movedClass.ID, want: invalidID, detail: classForm},
		{resource: class, id: "acme/linux/" + movedClass.ID + "/1", want: invalidID, detail: classForm},
		{resource: token, id: "acme/linux", want: invalidID, detail: tokenForm},
		{resource: token, id: "acme/linux/1", want: invalidID, detail: tokenForm},
		{resource: token, id: "acme/linux/" + movedToken.ID + "\n", want: invalidID, detail: tokenForm},
		{
			resource: class, identity: identity("acme/linux/1"), want: invalidIdentity,
			detail: `The resource_class "acme/linux/1" of the identity is not namespace/name, such as acme/linux.`,
		},
		{
			resource: token, identity: tokenIdentity("acme/linux", "ci"), want: invalidIdentity,
			detail: `The identity has the resource_class "acme/linux" and the id "ci". They must be namespace/name, such as ` +
				"acme/linux, and the token's UUID.",
		},
	} {
		runInBubble(t, row.resource+" "+row.id, func(t *testing.T) {
			server := newMemoryServer(t)
			server.SetResourceClasses(circlecitest.ResourceClass{ResourceClass: "acme/Linux"}, movedClass,
				circlecitest.ResourceClass{ResourceClass: "acme/gpu"}, circlecitest.ResourceClass{ResourceClass: "acme/GPU"})
			server.SetTokens(movedToken)
			state, diagnostics, err := newProvider(t, server, nil).Import(t.Context(), row.resource, row.id, row.identity)
			if err != nil {
				t.Fatal(err)
			}
			if row.want != "" && row.want != gone {
				assertDiagnostic(t, protocolDiagnostics(diagnostics), wantDiagnostic{summary: row.want, detail: row.detail})
				if row.want == invalidID || row.want == invalidIdentity {
					expectRequests(t, server)
				}
				return
			}
			assertNoDiagnostics(t, protocolDiagnostics(diagnostics))
			if row.want == gone {
				expectSame(t, "state", nil, state)
				return
			}
			for name, value := range map[string]providertest.Attributes{class: classState, token: tokenState}[row.resource] {
				expectSame(t, name, value, state[name])
			}
		})
	}
}

// TestMissingIdentity has state of an older version, which has none: a refresh and an update add it, or the framework
// would report that it is missing. No update changes a token.
func TestMissingIdentity(t *testing.T) {
	t.Parallel()
	p := newProvider(t, newMovedServer(t), nil)
	p.refreshAll(t.Context())
	forced := maps.Clone(classState)
	forced["force_delete"] = providertest.Bool(true)
	assertNoDiagnostics(t, p.change(t.Context(), "circleci_runner_resource_class", classState, forced))
}
