// Command provider-schema prints the provider's schema as `terraform providers schema -json` does, for `make generate`. A CLI
// leaves out what it does not know, such as actions before Terraform 1.14, so docs/ would depend on which one is installed.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

// address is the one under which tfplugindocs searches for the provider.
const address = "registry.terraform.io/hashicorp/circleci"

func main() {
	schema, err := readSchema(context.Background())
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(map[string]any{
			"format_version": "1.0", "provider_schemas": map[string]any{address: schema},
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Cannot print the provider's schema:", err)
		os.Exit(1)
	}
}

// providerSchema and the types below have the fields of the CLI's JSON that the provider uses.
type providerSchema struct {
	Provider      schema                    `json:"provider"`
	Resources     map[string]schema         `json:"resource_schemas,omitempty"`
	DataSources   map[string]schema         `json:"data_source_schemas,omitempty"`
	Actions       map[string]actionSchema   `json:"action_schemas,omitempty"`
	Functions     map[string]function       `json:"functions,omitempty"`
	Identities    map[string]identitySchema `json:"resource_identity_schemas,omitempty"`
	ListResources map[string]schema         `json:"list_resource_schemas,omitempty"`
}

type schema struct {
	Version int64 `json:"version"`
	Block   block `json:"block"`
}

// actionSchema has no version, because an action has no state.
type actionSchema struct {
	Block block `json:"block"`
}

type block struct {
	Attributes      map[string]attribute `json:"attributes,omitempty"`
	Description     string               `json:"description,omitempty"`
	DescriptionKind string               `json:"description_kind,omitempty"`
	Deprecated      bool                 `json:"deprecated,omitempty"`
}

type attribute struct {
	Type            tftypes.Type `json:"type,omitempty"`
	NestedType      *nestedType  `json:"nested_type,omitempty"`
	Description     string       `json:"description,omitempty"`
	DescriptionKind string       `json:"description_kind,omitempty"`
	Deprecated      bool         `json:"deprecated,omitempty"`
	Required        bool         `json:"required,omitempty"`
	Optional        bool         `json:"optional,omitempty"`
	Computed        bool         `json:"computed,omitempty"`
	Sensitive       bool         `json:"sensitive,omitempty"`
	WriteOnly       bool         `json:"write_only,omitempty"`
}

type nestedType struct {
	Attributes  map[string]attribute `json:"attributes"`
	NestingMode string               `json:"nesting_mode"`
}

type function struct {
	Description string       `json:"description,omitempty"`
	Summary     string       `json:"summary,omitempty"`
	ReturnType  tftypes.Type `json:"return_type"`
	Parameters  []parameter  `json:"parameters,omitempty"`
}

type parameter struct {
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	IsNullable  bool         `json:"is_nullable,omitempty"`
	Type        tftypes.Type `json:"type"`
}

type identitySchema struct {
	Version    int64                        `json:"version"`
	Attributes map[string]identityAttribute `json:"attributes"`
}

type identityAttribute struct {
	Type              tftypes.Type `json:"type"`
	Description       string       `json:"description,omitempty"`
	RequiredForImport bool         `json:"required_for_import,omitempty"`
	OptionalForImport bool         `json:"optional_for_import,omitempty"`
}

func readSchema(ctx context.Context) (providerSchema, error) {
	server := provider.NewServer("docs")()
	response, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return providerSchema{}, err
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return providerSchema{}, err
	}
	return providerSchema{
		Provider:      convertSchema(response.Provider),
		Resources:     convertMap(response.ResourceSchemas, convertSchema),
		DataSources:   convertMap(response.DataSourceSchemas, convertSchema),
		Actions:       convertMap(response.ActionSchemas, convertAction),
		Functions:     convertMap(response.Functions, convertFunction),
		Identities:    convertMap(identities.IdentitySchemas, convertIdentity),
		ListResources: convertMap(response.ListResourceSchemas, convertSchema),
	}, nil
}

func convertMap[From, To any](from map[string]From, convert func(From) To) map[string]To {
	to := make(map[string]To, len(from))
	for name, value := range from {
		to[name] = convert(value)
	}
	return to
}

func convertSchema(s *tfprotov6.Schema) schema {
	return schema{Version: s.Version, Block: block{
		Attributes:      convertAttributes(s.Block.Attributes),
		Description:     s.Block.Description,
		DescriptionKind: strings.ToLower(s.Block.DescriptionKind.String()),
		Deprecated:      s.Block.Deprecated,
	}}
}

func convertAction(a *tfprotov6.ActionSchema) actionSchema {
	return actionSchema{convertSchema(a.Schema).Block}
}

func convertAttributes(attributes []*tfprotov6.SchemaAttribute) map[string]attribute {
	to := make(map[string]attribute, len(attributes))
	for _, a := range attributes {
		converted := attribute{
			Type:            a.Type,
			Description:     a.Description,
			DescriptionKind: strings.ToLower(a.DescriptionKind.String()),
			Deprecated:      a.Deprecated,
			Required:        a.Required,
			Optional:        a.Optional,
			Computed:        a.Computed,
			Sensitive:       a.Sensitive,
			WriteOnly:       a.WriteOnly,
		}
		if a.NestedType != nil {
			converted.NestedType = &nestedType{
				Attributes:  convertAttributes(a.NestedType.Attributes),
				NestingMode: strings.ToLower(a.NestedType.Nesting.String()),
			}
		}
		to[a.Name] = converted
	}
	return to
}

func convertFunction(f *tfprotov6.Function) function {
	converted := function{Description: f.Description, Summary: f.Summary, ReturnType: f.Return.Type}
	for _, p := range f.Parameters {
		converted.Parameters = append(converted.Parameters, parameter{
			Name: p.Name, Description: p.Description, IsNullable: p.AllowNullValue, Type: p.Type,
		})
	}
	return converted
}

func convertIdentity(s *tfprotov6.ResourceIdentitySchema) identitySchema {
	converted := identitySchema{Version: s.Version, Attributes: map[string]identityAttribute{}}
	for _, a := range s.IdentityAttributes {
		converted.Attributes[a.Name] = identityAttribute{
			Type: a.Type, Description: a.Description, RequiredForImport: a.RequiredForImport, OptionalForImport: a.OptionalForImport,
		}
	}
	return converted
}
