package provider_test

import (
	"context"
	"errors"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

const otherAddress = "registry.terraform.io/circleci-public/circleci"

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

// installOther adds a fake of CircleCI's own provider to the mirror: the executable of the tests, whose TestMain serves
// it.
func installOther(t *testing.T) {
	t.Helper()
	requireCLI(t)
	executable, err := os.Executable()
	err = errors.Join(err, installProvider())
	for _, address := range []string{otherAddress, strings.Replace(otherAddress, "terraform.io", "opentofu.org", 1)} {
		directory := filepath.Join(mirror, address, "1.0.0", runtime.GOOS+"_"+runtime.GOARCH)
		if os.MkdirAll(directory, 0o700) == nil {
			_ = os.Symlink(executable, filepath.Join(directory, "terraform-provider-circleci_v1.0.0")) // It may exist.
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// serveOther serves the fake to the CLI that started the process.
func serveOther() {
	other := func() tfprotov6.ProviderServer { return otherProvider{provider.NewServer("test")()} }
	if err := tf6server.Serve(otherAddress, other); err != nil {
		log.Fatal(err)
	}
}

// otherProvider is a fake of CircleCI-Public/circleci, with the names that the example uses.
type otherProvider struct{ tfprotov6.ProviderServer }

func (otherProvider) GetProviderSchema(
	context.Context, *tfprotov6.GetProviderSchemaRequest,
) (*tfprotov6.GetProviderSchemaResponse, error) {
	schema := func(names ...string) *tfprotov6.Schema {
		block := &tfprotov6.SchemaBlock{}
		for _, name := range names {
			attribute := &tfprotov6.SchemaAttribute{Name: name, Type: tftypes.String, Optional: true}
			block.Attributes = append(block.Attributes, attribute)
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

func (otherProvider) ValidateProviderConfig(
	context.Context, *tfprotov6.ValidateProviderConfigRequest,
) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{}, nil
}

func (otherProvider) ValidateResourceConfig(
	context.Context, *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (otherProvider) ConfigureProvider(
	context.Context, *tfprotov6.ConfigureProviderRequest,
) (*tfprotov6.ConfigureProviderResponse, error) {
	return &tfprotov6.ConfigureProviderResponse{}, nil
}

// TestExampleTogether validates the example.
func TestExampleTogether(t *testing.T) {
	installOther(t)
	b := newDirectory(t, exampleFiles(t, "together"))
	b.check(b.Init(t.Context()))
	result, err := b.Validate(t.Context())
	if err != nil || len(result.Diagnostics) > 0 {
		t.Errorf("validate reports %v, %+v", err, result)
	}
}

// TestTogetherInModules plans modules that require the provider by the calling module's local name or by another.
func TestTogetherInModules(t *testing.T) {
	installOther(t)
	for name, row := range map[string]struct{ local, alias, providers, fails string }{
		"another name":             {local: "circleci"},
		"the same name":            {local: "runners"},
		"the same name, an alias":  {local: "runners", alias: `alias = "other"`, providers: "{ runners = runners.other }"},
		"another name, and passed": {local: "circleci", providers: "{ circleci = runners }", fails: "Provider type mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.SetTasks("acme/linux", 1, 0)
			module := "module \"pool\" {\n  source = \"./pool\"\n"
			if row.providers != "" {
				module += "  providers = " + row.providers + "\n"
			}
			configured := strings.Replace(providerConfig(server), "circleci\" {", "runners\" {\n"+row.alias, 1)
			b := newDirectory(t, fstest.MapFS{
				"main.tf": {Data: []byte(bothProviders + configured + module + "}\n")},
				"pool/main.tf": {Data: []byte(strings.Replace(requiredProviders, "circleci =", row.local+" =", 1) +
					strings.Replace(tasksConfig, "{\n", "{\n  provider = "+row.local+"\n", 1))},
			})
			printed, ok := b.run("init", "-no-color")
			if ok != (row.fails == "") || !strings.Contains(printed, row.fails) {
				t.Fatalf("init succeeds: %t\n%s", ok, printed)
			}
			if ok {
				b.succeed("plan")
			}
		})
	}
}

// movedConfig has the blocks of what CircleCI's own provider wrote to state, as they were.
const movedConfig = `
resource "circleci_runner_resource_class" "old" {
  resource_class = "acme/linux"
  description    = "Linux"
}

resource "circleci_runner_token" "old" {
  resource_class = circleci_runner_resource_class.old.resource_class
  nickname       = "ci"
}
`

// TestMoveAtTheSameAddress changes the provider of these blocks, and nothing else.
func TestMoveAtTheSameAddress(t *testing.T) {
	installOther(t)
	commands := [][]string{{"show", "-no-color"}, {"state", "show", "-no-color", "circleci_runner_token.old"}}
	for name, prepare := range map[string]func(binary, *circlecitest.Server){
		"by its source": func(binary, *circlecitest.Server) {},
		"by its local name": func(b binary, _ *circlecitest.Server) {
			b.replace("main.tf", requiredProviders+"\nprovider \"circleci\"", bothProviders+"\nprovider \"runners\"")
			b.replace("main.tf", movedConfig, strings.ReplaceAll(movedConfig, "{\n", "{\n  provider = runners\n"))
			b.check(b.Init(b.t.Context()))
		},
		// Until the next apply, the state has attributes that this provider does not have.
		"with state replace-provider": func(b binary, _ *circlecitest.Server) {
			b.succeed("state", "replace-provider", "-auto-approve", otherAddress, b.CLI.ProviderAddress())
			for _, command := range commands { // state show exits with 0.
				printed, _ := b.run(command...)
				expectLines(b.t, strings.Join(strings.Fields(printed), " "), `unsupported attribute "organization_id"`)
			}
		},
		// CircleCI's own provider changed the description in its state, but not at the API. The first apply does.
		"with a changed description": func(b binary, server *circlecitest.Server) {
			b.replace("terraform.tfstate", `"Linux"`, `"Changed"`)
			b.replace("main.tf", `"Linux"`, `"Changed"`)
			expectLines(b.t, b.succeed("apply", "-auto-approve", "-no-color"), `"Linux" -> "Changed"`,
				"0 added, 1 changed, 0 destroyed")
			expectMutations(b.t, server, "POST "+fleetClassURL+"/update")
		},
		// Where that is not possible, the plan says that the class would be replaced.
		"with a changed description at CircleCI Server": func(b binary, server *circlecitest.Server) {
			server.OmitFleetAPI()
			b.replace("terraform.tfstate", `"Linux"`, `"Changed"`)
			b.replace("main.tf", `"Linux"`, `"Changed"`)
			expectLines(b.t, b.succeed("plan", "-no-color"), "circleci_runner_resource_class.old must be replaced",
				"Warning: Description forces replacement")
			b.replace("main.tf", `description    = "Changed"`, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.SetResourceClasses(movedClass)
			server.SetTokens(movedToken)
			b := newBinary(t, "\n"+strings.TrimSpace(providerConfig(server))+movedConfig)
			b.write("terraform.tfstate", read(t, "testdata/state-circleci-public.json"))
			b.check(b.Init(t.Context())) // The state needs the other provider.
			prepare(b, server)
			b.expectEmptyPlan()
			b.succeed("apply", "-auto-approve")
			expectMutations(t, server)
			state := read(t, b.path("terraform.tfstate"))
			if strings.Contains(state, "circleci-public") || strings.Contains(state, "organization_id") {
				t.Errorf("the state is still that of the other provider:\n%s", state)
			}
			expectLines(t, state, `"token": "circlecitest-runner-token-moved"`)
			for _, command := range commands {
				b.succeed(command...)
			}
		})
	}
}
