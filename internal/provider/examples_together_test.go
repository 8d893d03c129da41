package provider_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

const publicAddress = "registry.terraform.io/circleci-public/circleci"

// bothProviders requires this provider as runners, beside CircleCI's own.
const bothProviders = `
terraform {
  required_providers {
    circleci = {
      source = "CircleCI-Public/circleci"
    }
    runners = {
      source = "circleci-community/circleci"
    }
  }
}
provider "circleci" {}
`

// TestTogetherInModules plans modules that require the provider by the calling module's local name or by another.
func TestTogetherInModules(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ local, providers, fails string }{
		"another name":             {local: "circleci"},
		"the same name":            {local: "runners"},
		"the same name, an alias":  {local: "runners", providers: "runners = runners.other"},
		"another name, and passed": {local: "circleci", providers: "circleci = runners", fails: "Provider type mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.SetTasks("acme/linux", 1, 0)
			configured := strings.Replace(providerBlock(server), "circleci", "runners", 1)
			module := "module \"pool\" {\n  source = \"./pool\"\n"
			if row.providers != "" {
				module += "  providers = { " + row.providers + " }\n"
			}
			if strings.HasSuffix(row.providers, ".other") { // The default would fail.
				configured = strings.Replace(configured, "{\n", "{\n  alias = \"other\"\n", 1)
			}
			w := newWorkspace(t, "")
			w.servePublic()
			w.write("main.tf", bothProviders+configured+module+"}\n")
			w.write("pool/main.tf", strings.Replace(cli.RequiredProviders, "circleci =", row.local+" =", 1)+
				strings.Replace(tasksBlock, "{\n", "{\n  provider = "+row.local+"\n", 1))
			stdout, stderr, ok := w.runBoth("init", "-no-color")
			if ok != (row.fails == "") || !strings.Contains(stderr, row.fails) {
				t.Fatalf("init succeeds: %t\n%s%s", ok, stdout, stderr)
			}
			if ok {
				assertNoDiagnostics(t, w.plan())
			}
		})
	}
}

// servePublic serves a fake of CircleCI's own provider.
func (w *workspace) servePublic() {
	w.t.Helper()
	public := func() tfprotov6.ProviderServer { return publicProvider{provider.NewServer("test")()} }
	w.serve(public, publicAddress, strings.Replace(publicAddress, "registry.terraform.io", "registry.opentofu.org", 1))
}

// publicProvider is a fake of CircleCI-Public/circleci, with the names that the example uses.
type publicProvider struct{ tfprotov6.ProviderServer }

func (publicProvider) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	schema := func(names ...string) *tfprotov6.Schema {
		block := &tfprotov6.SchemaBlock{}
		for _, name := range names {
			block.Attributes = append(block.Attributes, &tfprotov6.SchemaAttribute{Name: name, Type: tftypes.String, Optional: true})
		}
		return &tfprotov6.Schema{Block: block}
	}
	return &tfprotov6.GetProviderSchemaResponse{
		Provider: schema("host", "key", "runner_host"),
		ResourceSchemas: map[string]*tfprotov6.Schema{
			"circleci_context":                      schema("id", "organization_id", "name"),
			"circleci_context_environment_variable": schema("context_id", "name", "value"),
		},
	}, nil
}

func (publicProvider) ValidateProviderConfig(
	context.Context, *tfprotov6.ValidateProviderConfigRequest,
) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{}, nil
}

func (publicProvider) ValidateResourceConfig(
	context.Context, *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}
