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

// fleet is a namespace of three runners in two classes, in an order that is not the sorted one.
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

// knownRunner is a runner as Terraform must show it.
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
		"a resource class": {
			`resource_class = "acme/linux"`,
			"/api/v2/runner?resource-class=acme%2Flinux",
			[]knownvalue.Check{knownRunner(fleet[2]), knownRunner(fleet[1])},
		},
		"a namespace": {
			`namespace = "acme"`,
			"/api/v2/runner?namespace=acme",
			[]knownvalue.Check{knownRunner(fleet[2]), knownRunner(fleet[1]), knownRunner(fleet[0])},
		},
		"both, of which only the class is sent": {
			`
  resource_class = "acme/mac"
  namespace      = "acme"`,
			"/api/v2/runner?resource-class=acme%2Fmac",
			[]knownvalue.Check{knownRunner(fleet[0])},
		},
		"both, in other case": {
			`
  resource_class = "ACME/Mac"
  namespace      = "Acme"`,
			"/api/v2/runner?resource-class=ACME%2FMac",
			[]knownvalue.Check{knownRunner(fleet[0])},
		},
		"a namespace without runners": {
			`namespace = "empty"`,
			"/api/v2/runner?namespace=empty",
			[]knownvalue.Check{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.SetRunners(fleet...)
			runTest(t, resource.TestStep{
				Config:            providerBlock(server) + "data \"circleci_runners\" \"test\" {\n" + row.attributes + "\n}",
				ConfigStateChecks: knownRunners(row.want...),
			})
			requests := server.Requests()
			if len(requests) == 0 {
				t.Fatal("the server was asked nothing")
			}
			for _, request := range requests {
				expectRequest(t, request, row.url)
				if got := request.Header.Get("Circle-Token"); got != circlecitest.PersonalToken {
					t.Errorf("Circle-Token was %q", got)
				}
			}
		})
	}
}

// TestRunnersOrder reads the same runners in two orders: the second plan must be empty.
func TestRunnersOrder(t *testing.T) {
	server := newServer(t)
	server.SetRunners(fleet...)
	configuration := providerBlock(server) + `
data "circleci_runners" "test" {
  namespace = "acme"
}
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

// TestRunnersNull gives fields that the API leaves out or sets to null, which are null in Terraform, and empty ones,
// which are not, but for times.
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
		Config: providerBlock(server) + `data "circleci_runners" "test" { namespace = "acme" }`,
		ConfigStateChecks: knownRunners(
			runner("", knownvalue.StringExact("")), runner("a", null), runner("b", null)),
	})
}

// TestRunnersUnknownFilter has a filter that is known only after apply: it passes validation and is read then.
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
