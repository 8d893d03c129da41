package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

// factories serve the provider from the test's own process. It does not retry.
var factories = map[string]func() (tfprotov6.ProviderServer, error){
	"circleci": func() (tfprotov6.ProviderServer, error) {
		return provider.NewServer("test", func(config *circleci.Config) { config.MaxRetries = 0 })(), nil
	},
}

// providerConfig configures the provider for a server, with a valid token.
func providerConfig(server *circlecitest.Server) string {
	return fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n  token   = %q\n}\n", server.URL, circlecitest.PersonalToken)
}

// checkRequests checks the URLs of the requests that a server received, relative to it and in any order, and forgets them.
func checkRequests(t *testing.T, server *circlecitest.Server, want ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		expectRequests(t, server, want...)
		server.ResetRecords()
		return nil
	}
}
