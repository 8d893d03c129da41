package provider_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// readSchemas reads the extract of a provider's schemas, such as hashicorp/helm, from testdata/schemas, whose README.md
// says where it came from.
func readSchemas(t *testing.T, name string) *tfprotov6.GetProviderSchemaResponse {
	t.Helper()
	var extract tfjson.ProviderSchemas
	file := "testdata/schemas/" + strings.ReplaceAll(name, "/", "-") + ".json"
	if err := json.Unmarshal([]byte(read(t, file)), &extract); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	schemas := extract.Schemas["registry.terraform.io/"+name]
	if schemas == nil {
		t.Fatalf("%s has no schemas of %s", file, name)
	}
	return &tfprotov6.GetProviderSchemaResponse{
		Provider:          newSchema(t, schemas.ConfigSchema),
		ResourceSchemas:   newSchemas(t, schemas.ResourceSchemas),
		DataSourceSchemas: newSchemas(t, schemas.DataSourceSchemas),
	}
}

func newSchemas(t *testing.T, extract map[string]*tfjson.Schema) map[string]*tfprotov6.Schema {
	t.Helper()
	schemas := map[string]*tfprotov6.Schema{}
	for name, schema := range extract {
		schemas[name] = newSchema(t, schema)
	}
	return schemas
}

func newSchema(t *testing.T, extract *tfjson.Schema) *tfprotov6.Schema {
	t.Helper()
	if extract == nil {
		return &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{}}
	}
	return &tfprotov6.Schema{Version: int64(extract.Version), Block: newBlock(t, extract.Block)}
}

func newBlock(t *testing.T, extract *tfjson.SchemaBlock) *tfprotov6.SchemaBlock {
	t.Helper()
	block := &tfprotov6.SchemaBlock{Attributes: newAttributes(t, extract.Attributes)}
	modes := map[tfjson.SchemaNestingMode]tfprotov6.SchemaNestedBlockNestingMode{
		tfjson.SchemaNestingModeSingle: tfprotov6.SchemaNestedBlockNestingModeSingle,
		tfjson.SchemaNestingModeList:   tfprotov6.SchemaNestedBlockNestingModeList,
		tfjson.SchemaNestingModeSet:    tfprotov6.SchemaNestedBlockNestingModeSet,
	}
	for _, name := range slices.Sorted(maps.Keys(extract.NestedBlocks)) {
		nested := extract.NestedBlocks[name]
		mode, known := modes[nested.NestingMode]
		if !known {
			t.Fatalf("block %s has the nesting mode %q", name, nested.NestingMode)
		}
		block.BlockTypes = append(block.BlockTypes, &tfprotov6.SchemaNestedBlock{
			TypeName: name, Nesting: mode, Block: newBlock(t, nested.Block),
			MinItems: int64(nested.MinItems), MaxItems: int64(nested.MaxItems),
		})
	}
	return block
}

func newAttributes(t *testing.T, extract map[string]*tfjson.SchemaAttribute) (attributes []*tfprotov6.SchemaAttribute) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(extract)) {
		described := extract[name]
		attribute := &tfprotov6.SchemaAttribute{
			Name: name, Required: described.Required, Optional: described.Optional, Computed: described.Computed,
			Sensitive: described.Sensitive, WriteOnly: described.WriteOnly,
		}
		if nested := described.AttributeNestedType; nested != nil {
			attribute.NestedType = newNestedType(t, name, nested)
		} else {
			attribute.Type = newType(t, described)
		}
		attributes = append(attributes, attribute)
	}
	return attributes
}

func newNestedType(t *testing.T, name string, extract *tfjson.SchemaNestedAttributeType) *tfprotov6.SchemaObject {
	t.Helper()
	modes := map[tfjson.SchemaNestingMode]tfprotov6.SchemaObjectNestingMode{
		tfjson.SchemaNestingModeSingle: tfprotov6.SchemaObjectNestingModeSingle,
		tfjson.SchemaNestingModeList:   tfprotov6.SchemaObjectNestingModeList,
		tfjson.SchemaNestingModeSet:    tfprotov6.SchemaObjectNestingModeSet,
		tfjson.SchemaNestingModeMap:    tfprotov6.SchemaObjectNestingModeMap,
	}
	mode, known := modes[extract.NestingMode]
	if !known {
		t.Fatalf("attribute %s has the nesting mode %q", name, extract.NestingMode)
	}
	return &tfprotov6.SchemaObject{Nesting: mode, Attributes: newAttributes(t, extract.Attributes)}
}

func newType(t *testing.T, attribute *tfjson.SchemaAttribute) tftypes.Type {
	t.Helper()
	encoded, err := json.Marshal(attribute.AttributeType)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := tftypes.ParseJSONType(encoded) //nolint:staticcheck // It reads what the CLI writes, as here.
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}
