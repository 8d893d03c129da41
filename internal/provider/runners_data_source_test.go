package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func lastUsed(at string) *string { return &at }

// fleet is a namespace of three runners in two classes, not sorted.
var fleet = []circlecitest.Runner{
	{
		ResourceClass: "acme/mac", Name: "mini", Hostname: "mini.local", Version: "3.1.2",
		FirstConnected: "2026-01-02T03:04:05Z", LastConnected: "2026-02-02T03:04:05.678Z",
	},
	{
		ResourceClass: "acme/linux", Name: "b", Hostname: "host-b", Version: "1.0.12345-abcdef0",
		FirstConnected: "2026-01-03T03:04:05Z", LastConnected: "2026-02-03T03:04:05+01:00",
		LastUsed: lastUsed("2026-02-03T03:00:00Z"),
	},
	{
		ResourceClass: "acme/linux", Name: "a", Hostname: "host-a", Version: "1.0.12345-abcdef0",
		FirstConnected: "2026-01-04T03:04:05Z", LastConnected: "2026-02-04T03:04:05Z",
		LastUsed: lastUsed("2026-02-04T03:00:00Z"),
	},
}

// knownRunner checks the attributes of a runner.
func knownRunner(r circlecitest.Runner) knownvalue.Check {
	var lastUsed knownvalue.Check = knownvalue.Null()
	if r.LastUsed != nil {
		lastUsed = knownvalue.StringExact(*r.LastUsed)
	}
	return knownvalue.ObjectExact(map[string]knownvalue.Check{
		"resource_class":  knownvalue.StringExact(r.ResourceClass),
		"name":            knownvalue.StringExact(r.Name),
		"hostname":        knownvalue.StringExact(r.Hostname),
		"first_connected": knownvalue.StringExact(r.FirstConnected),
		"last_connected":  knownvalue.StringExact(r.LastConnected),
		"last_used":       lastUsed,
		"version":         knownvalue.StringExact(r.Version),
	})
}

func knownRunners(runners ...knownvalue.Check) []statecheck.StateCheck {
	return []statecheck.StateCheck{
		statecheck.ExpectKnownValue("data.circleci_runners.test", tfjsonpath.New("runners"), knownvalue.ListExact(runners)),
	}
}

func TestRunnersFilters(t *testing.T) {
	for name, row := range map[string]struct {
		attributes string
		url        string
		want       []knownvalue.Check
	}{
		"resource class": {
			attributes: `resource_class = "acme/linux"`, url: "/api/v2/runner?resource-class=acme%2Flinux",
			want: []knownvalue.Check{knownRunner(fleet[2]), knownRunner(fleet[1])},
		},
		"namespace": {
			attributes: `namespace = "acme"`, url: "/api/v2/runner?namespace=acme",
			want: []knownvalue.Check{knownRunner(fleet[2]), knownRunner(fleet[1]), knownRunner(fleet[0])},
		},
		"both, of which only the class is sent": {
			attributes: "resource_class = \"acme/mac\"\n  namespace = \"acme\"", url: "/api/v2/runner?resource-class=acme%2Fmac",
			want: []knownvalue.Check{knownRunner(fleet[0])},
		},
		"both, in another case": {
			attributes: "resource_class = \"ACME/Mac\"\n  namespace = \"Acme\"", url: "/api/v2/runner?resource-class=ACME%2FMac",
			want: []knownvalue.Check{knownRunner(fleet[0])},
		},
		"namespace without runners": {
			attributes: `namespace = "empty"`, url: "/api/v2/runner?namespace=empty",
			want: []knownvalue.Check{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.SetRunners(fleet...)
			runTest(t, resource.TestStep{
				Config:            providerBlock(server) + dataBlock("circleci_runners", row.attributes),
				ConfigStateChecks: knownRunners(row.want...),
			})
			requests := server.Requests()
			if len(requests) == 0 {
				t.Fatal("got no request")
			}
			for _, request := range requests {
				expectRequest(t, request, row.url)
				if got := request.Header.Get("Circle-Token"); got != circlecitest.PersonalToken {
					t.Errorf("got Circle-Token %q", got)
				}
			}
		})
	}
}

// TestRunnersOrder reads the same runners in two orders: the second plan must be empty.
func TestRunnersOrder(t *testing.T) {
	server := newServer(t)
	server.SetRunners(fleet...)
	configuration := providerBlock(server) + runnersBlock + `
resource "terraform_data" "test" {
  input = data.circleci_runners.test.runners
}`
	runTest(t,
		resource.TestStep{Config: configuration},
		resource.TestStep{
			PreConfig: func() { server.SetRunners(fleet[1], fleet[2], fleet[0]) },
			Config:    configuration,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
		},
	)
}

// TestRunnersNull has fields that are missing or null, which are null in Terraform, and empty ones, of which only times are.
func TestRunnersNull(t *testing.T) {
	server := newServer(t)
	server.SetHandler(circlecitest.JSON(`{"items": [
		{"resource_class": "acme/linux", "name": "a", "hostname": null, "first_connected": null, "last_connected": null,
		 "last_used": null, "version": null},
		{"resource_class": "acme/linux", "name": "b", "ip": "192.0.2.1", "labels": {"a": [1, {}]}},
		{"resource_class": "acme/linux", "name": "", "hostname": "", "first_connected": "", "last_connected": "",
		 "last_used": "", "version": ""}
	], "next_page_token": null}`))
	null := knownvalue.Null()
	runner := func(name string, other knownvalue.Check) knownvalue.Check {
		return knownvalue.ObjectExact(map[string]knownvalue.Check{
			"resource_class": knownvalue.StringExact("acme/linux"), "name": knownvalue.StringExact(name), "hostname": other,
			"first_connected": null, "last_connected": null, "last_used": null, "version": other,
		})
	}
	runTest(t, resource.TestStep{
		Config: providerBlock(server) + runnersBlock,
		ConfigStateChecks: knownRunners(
			runner("", knownvalue.StringExact("")), runner("a", null), runner("b", null)),
	})
}

// TestRunnersUnknownFilter has a filter that is known only after apply: the read is deferred to the apply.
func TestRunnersUnknownFilter(t *testing.T) {
	server := newServer(t)
	server.SetRunners(fleet...)
	runTest(t, resource.TestStep{
		Config: providerBlock(server) + `
resource "terraform_data" "class" {
  input = "acme/mac"
}
data "circleci_runners" "test" {
  resource_class = terraform_data.class.output
  namespace      = "acme"
}`,
		ConfigPlanChecks: resource.ConfigPlanChecks{
			PreApply: []plancheck.PlanCheck{
				plancheck.ExpectUnknownValue("data.circleci_runners.test", tfjsonpath.New("runners")),
			},
		},
		ConfigStateChecks: knownRunners(knownRunner(fleet[0])),
	})
}
