package provider_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

// TestNoObjectArguments asserts that nothing that a configuration sets is an object, of which the CLI drops the keys
// that it does not know: a typo would be ignored. It refuses them in a block.
func TestNoObjectArguments(t *testing.T) {
	t.Parallel()
	got, err := provider.NewServer("test")().GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	schemas := map[string]*tfprotov6.Schema{"provider": got.Provider}
	for kind, all := range map[string]map[string]*tfprotov6.Schema{
		"data ": got.DataSourceSchemas, "resource ": got.ResourceSchemas, "list ": got.ListResourceSchemas,
		"ephemeral ": got.EphemeralResourceSchemas,
	} {
		for name, schema := range all {
			schemas[kind+name] = schema
		}
	}
	for name, action := range got.ActionSchemas {
		schemas["action "+name] = action.Schema
	}
	arguments := 0
	for name, schema := range schemas {
		for path, argument := range argumentsOf(name, schema.Block) {
			arguments++
			if argument.NestedType != nil || hasObject(argument.Type) {
				t.Errorf("%s is an object: make it a block", path)
			}
		}
	}
	if arguments < 40 {
		t.Errorf("only %d arguments were found in %d schemas", arguments, len(schemas))
	}
	for name, function := range got.Functions {
		for _, parameter := range function.Parameters {
			if hasObject(parameter.Type) {
				t.Errorf("the parameter %s of function %s is an object", parameter.Name, name)
			}
		}
	}
}

// argumentsOf returns what a configuration sets in a block and in the blocks inside it, by path.
func argumentsOf(path string, block *tfprotov6.SchemaBlock) map[string]*tfprotov6.SchemaAttribute {
	arguments := map[string]*tfprotov6.SchemaAttribute{}
	for _, attribute := range block.Attributes {
		if attribute.Required || attribute.Optional {
			arguments[path+"."+attribute.Name] = attribute
		}
	}
	for _, nested := range block.BlockTypes {
		maps.Copy(arguments, argumentsOf(path+"."+nested.TypeName, nested.Block))
	}
	return arguments
}

// hasObject reports whether values of a type are objects or contain some.
func hasObject(kind tftypes.Type) bool { return strings.Contains(fmt.Sprint(kind), "tftypes.Object") }
