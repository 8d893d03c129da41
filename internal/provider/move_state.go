package provider

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// movableProviders are the providers, in any registry, whose state of the resources of the same type can be moved here.
// This provider under another hostname, such as a mirror's, is another one to Terraform.
var movableProviders = []string{
	"circleci-community/circleci", "circleci-public/circleci", "circleci-labs/circleci", "kelvintaywl/circleci",
}

// moveFromAnyProvider takes over what a resource of one of movableProviders has in state under the same attributes.
// What it lacks is null, and the next read fills it in.
func moveFromAnyProvider(ctx context.Context, target resource.Resource) []resource.StateMover {
	var metadata resource.MetadataResponse
	target.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "circleci"}, &metadata)
	var schema resource.SchemaResponse
	target.Schema(ctx, resource.SchemaRequest{}, &schema)

	return []resource.StateMover{{
		SourceSchema: &schema.Schema,
		StateMover: func(_ context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
			_, source, _ := strings.Cut(strings.ToLower(req.SourceProviderAddress), "/")
			if req.SourceTypeName != metadata.TypeName || req.SourceSchemaVersion != 0 || req.SourceState == nil ||
				!slices.Contains(movableProviders, source) {
				return // Terraform then says that it cannot be moved.
			}
			resp.TargetState.Raw = req.SourceState.Raw
		},
	}}
}
