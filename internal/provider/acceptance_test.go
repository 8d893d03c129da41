package provider_test

import (
	"fmt"
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

// newServer starts a Runner API, which is closed when the test ends.
func newServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	return server
}

// providerBlock configures the provider for a server, with a valid token.
func providerBlock(server *circlecitest.Server) string {
	return fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n  token = %q\n}\n", server.URL, circlecitest.PersonalToken)
}

// v3Block is providerBlock with API v3.
func v3Block(server *circlecitest.Server) string {
	return fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n  token = %q\n  api_version = \"v3\"\n}\n", server.URL, circlecitest.PersonalToken)
}

// dataBlock is a data source that is called test.
func dataBlock(dataSource, attributes string) string {
	return fmt.Sprintf("data %q \"test\" {\n  %s\n}\n", dataSource, attributes)
}

const (
	tasksBlock   = "data \"circleci_runner_tasks\" \"test\" {\n  resource_class = \"acme/linux\"\n}\n"
	runnersBlock = "data \"circleci_runners\" \"test\" {\n  namespace = \"acme\"\n}\n"
)

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
