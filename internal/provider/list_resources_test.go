package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/querycheck"
	"github.com/hashicorp/terraform-plugin-testing/querycheck/queryfilter"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

func TestAccListResources(t *testing.T) {
	t.Parallel()
	requireVersion(t, "a query", "1.14", "")
	const (
		classes   = "circleci_runner_resource_class.all"
		limited   = "circleci_runner_resource_class.limited"
		tokens    = "circleci_runner_token.all"
		namespace = "Invalid namespace Detail:The value of namespace has a slash"
		class     = "Invalid resource class Detail:The value of resource_class has no slash"
	)
	server := newServer(t)
	server.SetResourceClasses(movedClass, circlecitest.ResourceClass{ResourceClass: "acme/\x1b[31mred"})
	server.SetTokens(movedToken, circlecitest.Token{ID: movedClass.ID, ResourceClass: "acme/linux"})
	text := func(name, value string) querycheck.KnownValueCheck {
		return querycheck.KnownValueCheck{Path: tfjsonpath.New(name), KnownValue: knownvalue.StringExact(value)}
	}
	null := func(name string) querycheck.KnownValueCheck {
		return querycheck.KnownValueCheck{Path: tfjsonpath.New(name), KnownValue: knownvalue.Null()}
	}
	byName := func(name string) queryfilter.QueryFilter {
		return queryfilter.ByDisplayName(knownvalue.StringExact(name))
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: providerConfig(server)},
			{
				Query:  true,
				Config: read(t, "testdata/TestAccListResources/valid.tfquery.hcl"),
				QueryResultChecks: []querycheck.QueryResultCheck{
					querycheck.ExpectLength(classes, 2),
					querycheck.ExpectIdentity(classes, map[string]knownvalue.Check{
						"resource_class": knownvalue.StringExact("acme/linux"),
					}),
					querycheck.ExpectResourceKnownValues(classes, byName("acme/linux"), []querycheck.KnownValueCheck{
						text("id", movedClass.ID), text("resource_class", "acme/linux"), text("description", "Linux"),
						null("force_delete"),
					}),
					querycheck.ExpectResourceDisplayName(limited, nil, knownvalue.StringExact("acme/[31mred")),
					querycheck.ExpectLength(tokens, 2),
					querycheck.ExpectIdentity(tokens, map[string]knownvalue.Check{
						"resource_class": knownvalue.StringExact("acme/linux"), "id": knownvalue.StringExact(movedToken.ID),
					}),
					querycheck.ExpectResourceKnownValues(tokens, byName("acme/linux: ci"), []querycheck.KnownValueCheck{
						text("id", movedToken.ID), text("resource_class", "acme/linux"), text("nickname", "ci"),
						text("created_at", movedToken.CreatedAt), null("token"),
					}),
					querycheck.ExpectResourceDisplayName(tokens, byName("acme/linux: "+movedClass.ID),
						knownvalue.StringExact("acme/linux: "+movedClass.ID)),
				},
			},
			{
				Query:       true,
				Config:      read(t, "testdata/TestAccListResources/invalid.tfquery.hcl"),
				ExpectError: regexp.MustCompile(namespace + ".*" + class + "|" + class + ".*" + namespace),
			},
		},
	})
}

// list lists resources and returns the diagnostics.
func (p testProvider) list(resource string, config providertest.Attributes) []diagnostic {
	p.t.Helper()
	diagnostics, err := p.List(p.t.Context(), resource, config)
	if err != nil {
		p.t.Fatal(err)
	}
	return protocolDiagnostics(diagnostics)
}

// TestListLimit warns of results that a limit keeps back.
func TestListLimit(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetResourceClasses(movedClass, circlecitest.ResourceClass{ResourceClass: "acme/macos"})
	p := newProvider(t, server, nil)
	for _, p.ListLimit = range []int64{0, 2, 3} {
		assertNoDiagnostics(t, p.list("circleci_runner_resource_class", acmeNamespace))
	}
	p.ListLimit = 1
	assertDiagnostic(t, p.list("circleci_runner_resource_class", acmeNamespace), wantDiagnostic{
		severity: "warning", summary: "Limit reached",
		detail: "Only 1 of 2 results are listed. Increase limit in the list block.",
	})
}

func TestListErrors(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetNamespaces("acme")
	p := newProvider(t, server, nil)
	other := providertest.Attributes{"namespace": providertest.String("other")}
	assertDiagnostic(t, p.list("circleci_runner_resource_class", other), wantDiagnostic{
		at: "namespace", summary: "Error reading resource classes of namespace other", detail: "404 Not Found",
	})
	other = providertest.Attributes{"resource_class": providertest.String("other/linux")}
	assertDiagnostic(t, p.list("circleci_runner_token", other), wantDiagnostic{
		at: "resource_class", summary: "Error reading tokens of resource class other/linux", detail: "404 Not Found",
	})
}
