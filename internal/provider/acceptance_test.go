package provider_test

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

func TestMain(m *testing.M) {
	err := cli.PrepareTests()
	if err == nil {
		buildDirectory, err = os.MkdirTemp("", "provider-")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(buildDirectory)
	os.Exit(code)
}

// newServer starts a Runner API that is closed when the test ends.
func newServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	return server
}

// providerBlock points the provider at a loopback server, with a token that it takes.
func providerBlock(server *circlecitest.Server) string {
	return fmt.Sprintf(`
provider "circleci" {
  api_url = %q
  token   = %q
}
`, server.URL, circlecitest.PersonalToken)
}

// runTest runs steps with the CLI and with the provider in the test's own process.
func runTest(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"circleci": func() (tfprotov6.ProviderServer, error) { return provider.NewServer("test")(), nil },
		},
		Steps: steps,
	})
}

// expectRequest asserts that a request is a GET of this URL, relative to the server.
func expectRequest(t *testing.T, request circlecitest.Request, url string) {
	t.Helper()
	got := request.Path
	if query := request.Query.Encode(); query != "" {
		got += "?" + query
	}
	if request.Method != http.MethodGet || got != url {
		t.Errorf("the server was asked %s %s, not GET %s", request.Method, got, url)
	}
}
