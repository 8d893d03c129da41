package provider_test

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

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
