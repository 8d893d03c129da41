package provider_test

import (
	"maps"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// fleet is a namespace of three runners in two classes, not sorted.
var fleet = []circlecitest.Runner{
	{
		ResourceClass: "acme/mac", Name: "mini", Hostname: "mini.local", Version: "3.1.2",
		FirstConnected: "2026-01-02T03:04:05Z", LastConnected: "2026-02-02T03:04:05.678Z", IP: "192.0.2.3",
	},
	{
		ResourceClass: "acme/linux", Name: "b", Hostname: "host-b", Version: "1.0.12345-abcdef0",
		FirstConnected: "2026-01-03T03:04:05Z", LastConnected: "2026-02-03T03:04:05+01:00",
		LastUsed: new("2026-02-03T03:00:00Z"), IP: "192.0.2.2",
	},
	{
		ResourceClass: "acme/linux", Name: "a", Hostname: "host-a", Version: "1.0.12345-abcdef0",
		FirstConnected: "2026-01-04T03:04:05Z", LastConnected: "2026-02-04T03:04:05Z",
		LastUsed: new("2026-02-04T03:00:00Z"), IP: "192.0.2.1",
	},
}

func TestAccRunnersDataSource(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetRunners(fleet...)
	server.SetTasks("acme/idle", 0, 0) // It exists.
	runners := func(name string, want ...circlecitest.Runner) statecheck.StateCheck {
		list := exactly{append([]circlecitest.Runner{}, want...)}
		return statecheck.ExpectKnownValue("data.circleci_runners."+name, tfjsonpath.New("runners"), list)
	}
	class := func(name string) config.Variables { return config.Variables{"class": config.StringVariable(name)} }
	const list = "/api/v3/runner?"
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: testdataConfig(t, server), ConfigVariables: class("other/linux"),
				ExpectError: cliError(`The resource class "other/linux" is not in the namespace "acme".`),
			},
			{
				PreConfig: server.ResetRecords,
				Config:    testdataConfig(t, server), ConfigVariables: class("acme/mac"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("data.circleci_runners.deferred", plancheck.ResourceActionRead),
				}},
				Check: checkRequests(t, server, list+"resource-class=acme%2Flinux", list+"namespace=acme",
					list+"resource-class=ACME%2FMac", list+"resource-class=acme%2Fidle", list+"resource-class=acme%2Fmac"),
				ConfigStateChecks: []statecheck.StateCheck{
					runners("class", fleet[2], fleet[1]), runners("namespace", fleet[2], fleet[1], fleet[0]),
					runners("both", fleet[0]), runners("idle"), runners("deferred", fleet[0]),
				},
			},
			{
				PreConfig: func() { server.SetRunners(fleet[1], fleet[2], fleet[0]) }, // The order does not matter.
				Config:    testdataConfig(t, server), ConfigVariables: class("acme/mac"), PlanOnly: true,
			},
		},
	})
}

// TestRunnersDataSourceEmptyNamespace has a namespace without a runner, whose name may be wrong if no class is listed.
func TestRunnersDataSourceEmptyNamespace(t *testing.T) {
	t.Parallel()
	const list, classes = "/api/v3/runner?", "/api/v3/runner/resource?namespace=acme"
	with := func(name, value string) providertest.Attributes {
		return providertest.Attributes{name: providertest.String(value), "token": tftypes.NewValue(tftypes.String, nil)}
	}
	for name, row := range map[string]struct {
		prepare       func(*circlecitest.Server)
		provider      providertest.Attributes
		class, within string
		waits, warns  bool
		requests      []string // The default lists the runners and the classes of the namespace.
	}{
		"no class":                        {warns: true},
		"a namespace that does not exist": {prepare: func(s *circlecitest.Server) { s.SetNamespaces("other") }, warns: true},
		"a class":                         {prepare: func(s *circlecitest.Server) { s.SetResourceClasses(movedClass) }},
		"classes that cannot be listed": {
			prepare: func(s *circlecitest.Server) { s.Enqueue(nil, circlecitest.Error(403, "no")) },
		},
		"a wait for no runner": {within: "2m", waits: true, warns: true},
		"a runner that is not connected": {
			prepare: func(s *circlecitest.Server) { s.SetRunners(fleet...) },
			within:  "2m", requests: []string{list + "namespace=acme"},
		},
		"a class of the namespace": {
			prepare: func(s *circlecitest.Server) { s.SetTasks("acme/linux", 0, 0) },
			class:   "acme/linux", requests: []string{list + "resource-class=acme%2Flinux"},
		},
		"a launch token": {
			provider: with("launch_token", circlecitest.LaunchToken), requests: []string{"/api/v2/runner?namespace=acme"},
		},
		"a session cookie": {
			provider: with("session_cookie", circlecitest.SessionCookie), requests: []string{list + "namespace=acme"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			if row.prepare != nil {
				row.prepare(server)
			}
			p := newProvider(t, server, row.provider)
			attributes := maps.Clone(acmeNamespace)
			if row.class != "" {
				attributes["resource_class"] = providertest.String(row.class)
			}
			if row.within != "" {
				attributes["connected_within"] = providertest.String(row.within)
			}
			if row.waits {
				none := providertest.Attributes{"min_runners": providertest.Number(0)}
				attributes["wait_for"] = p.Object("circleci_runners", "wait_for", none)
			}
			state, got := p.read(t.Context(), "circleci_runners", attributes)
			expectSame(t, "runners", 0, len(runnersOf(t, state)))
			if row.requests == nil {
				row.requests = []string{list + "namespace=acme", classes}
			}
			expectRequests(t, server, row.requests...)
			if !row.warns {
				assertNoDiagnostics(t, got)
				return
			}
			assertDiagnostic(t, got, wantDiagnostic{
				severity: "warning", at: "namespace", summary: "Empty namespace",
				detail: "The API lists no runner and no resource class of namespace acme. Check the name of the namespace.",
			})
		})
	}
}
