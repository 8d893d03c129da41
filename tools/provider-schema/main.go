// Command provider-schema prints the provider's schema as `terraform providers schema -json` does, for `make generate`.
// A CLI leaves out what it does not know, such as actions before Terraform 1.14, so docs/ would depend on which one is
// installed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"maps"
	"os"
	"reflect"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

// address is the one under which tfplugindocs searches for the provider.
const address = "registry.terraform.io/hashicorp/circleci"

func main() {
	schema, err := readSchema(context.Background())
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(object{"format_version": "1.0", "provider_schemas": object{address: schema}})
	}
	if err != nil {
		log.Fatal("cannot print the provider's schema: ", err)
	}
}

type object map[string]any

func readSchema(ctx context.Context) (object, error) {
	server := provider.NewServer("docs")()
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	identities, identitiesErr := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err := errors.Join(err, identitiesErr); err != nil {
		return nil, err
	}
	return object{
		"provider":                  convertSchema(schemas.Provider),
		"resource_schemas":          convertMap(schemas.ResourceSchemas, convertSchema),
		"data_source_schemas":       convertMap(schemas.DataSourceSchemas, convertSchema),
		"list_resource_schemas":     convertMap(schemas.ListResourceSchemas, convertSchema),
		"resource_identity_schemas": convertMap(identities.IdentitySchemas, convertIdentity),
		"functions":                 convertMap(schemas.Functions, convertFunction),
		"action_schemas": convertMap(schemas.ActionSchemas, func(a *tfprotov6.ActionSchema) object {
			return object{"block": convertBlock(a.Schema.Block)} // An action has no state, so no version.
		}),
	}, nil
}

func convertMap[From any](from map[string]From, convert func(From) object) object {
	to := object{}
	for name, value := range from {
		to[name] = convert(value)
	}
	return to
}

func convertSchema(s *tfprotov6.Schema) object {
	return object{"version": s.Version, "block": convertBlock(s.Block)}
}

func convertBlock(b *tfprotov6.SchemaBlock) object {
	blocks := object{}
	for _, nested := range b.BlockTypes {
		mode := strings.ToLower(nested.Nesting.String())
		blocks[nested.TypeName] = object{"nesting_mode": mode, "block": convertBlock(nested.Block)}
	}
	return withoutZeros(object{
		"attributes": convertAttributes(b.Attributes), "block_types": blocks, "deprecated": b.Deprecated,
		"description": b.Description, "description_kind": strings.ToLower(b.DescriptionKind.String()),
	})
}

func convertAttributes(attributes []*tfprotov6.SchemaAttribute) object {
	to := object{}
	for _, a := range attributes {
		converted := withoutZeros(object{
			"type": a.Type, "required": a.Required, "optional": a.Optional, "computed": a.Computed,
			"sensitive": a.Sensitive, "write_only": a.WriteOnly, "deprecated": a.Deprecated,
			"description": a.Description, "description_kind": strings.ToLower(a.DescriptionKind.String()),
		})
		if nested := a.NestedType; nested != nil {
			mode := strings.ToLower(nested.Nesting.String())
			converted["nested_type"] = object{"attributes": convertAttributes(nested.Attributes), "nesting_mode": mode}
		}
		to[a.Name] = converted
	}
	return to
}

func convertFunction(f *tfprotov6.Function) object {
	var parameters []object
	for _, p := range f.Parameters {
		parameters = append(parameters, withoutZeros(object{
			"name": p.Name, "description": p.Description, "is_nullable": p.AllowNullValue, "type": p.Type,
		}))
	}
	return withoutZeros(object{
		"description": f.Description, "summary": f.Summary, "return_type": f.Return.Type, "parameters": parameters,
	})
}

func convertIdentity(s *tfprotov6.ResourceIdentitySchema) object {
	attributes := object{}
	for _, a := range s.IdentityAttributes {
		attributes[a.Name] = withoutZeros(object{
			"type": a.Type, "description": a.Description,
			"required_for_import": a.RequiredForImport, "optional_for_import": a.OptionalForImport,
		})
	}
	return object{"version": s.Version, "attributes": attributes}
}

// withoutZeros deletes the members that are zero or empty, which the CLI leaves out.
func withoutZeros(o object) object {
	maps.DeleteFunc(o, func(_ string, value any) bool {
		v := reflect.ValueOf(value)
		return !v.IsValid() || v.IsZero() || v.Kind() == reflect.Map && v.Len() == 0
	})
	return o
}
