package provider_test

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestAccRunnerTokensDataSource(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetResourceClasses(movedClass, circlecitest.ResourceClass{ResourceClass: "acme/macos"})
	// Tokens are sorted by the times, not the strings, and those of one time by ID.
	want := []map[string]string{
		{"id": "9e12ad09-527d-482c-b7ce-1a2fd20d1b9b", "nickname": "ci", "created_at": "2020-10-01T09:55:00.000000Z"},
		{"id": "33333333-3333-4333-8333-333333333333", "nickname": "b", "created_at": "2026-01-01T01:00:00+01:00"},
		{"id": "22222222-2222-4222-8222-222222222222", "nickname": "", "created_at": "2026-01-01T00:00:00.500000Z"},
		{"id": "44444444-4444-4444-8444-444444444444", "nickname": "a", "created_at": "2026-01-01T00:00:00.5Z"},
	}
	var tokens []circlecitest.Token
	for _, token := range slices.Backward(want) {
		tokens = append(tokens, circlecitest.Token{
			ID: token["id"], ResourceClass: "acme/linux", Nickname: token["nickname"], CreatedAt: token["created_at"],
		})
	}
	server.SetTokens(tokens...)
	const address, list = "data.circleci_runner_tokens.", "/api/v3/runner/token?resource-class=acme%2F"
	at := tfjsonpath.New("tokens")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config: providerConfig(server) + `
data "circleci_runner_tokens" "linux" {
  resource_class = "acme/Linux"
}

data "circleci_runner_tokens" "macos" {
  resource_class = "acme/macos"
}
`,
			Check: checkRequests(t, server, list+"Linux", list+"macos"),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(address+"linux", at, exactly{want}),
				statecheck.ExpectKnownValue(address+"macos", at, knownvalue.ListExact(nil)),
			},
		}},
	})
}
