package provider

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// otherProviders are the providers, in any registry, whose state of the resources of the same type can be moved here.
var otherProviders = []string{"circleci-public/circleci", "circleci-labs/circleci", "kelvintaywl/circleci"}

// moveFromOtherProviders takes over what a resource of another provider has in state under the same attributes. What it
// lacks is null, and the next read fills it in.
func moveFromOtherProviders(ctx context.Context, target resource.Resource) []resource.StateMover {
	var metadata resource.MetadataResponse
	target.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "circleci"}, &metadata)
	var schema resource.SchemaResponse
	target.Schema(ctx, resource.SchemaRequest{}, &schema)

	return []resource.StateMover{{
		SourceSchema: &schema.Schema,
		StateMover: func(_ context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
			_, source, _ := strings.Cut(strings.ToLower(req.SourceProviderAddress), "/")
			if req.SourceTypeName != metadata.TypeName || req.SourceSchemaVersion != 0 || req.SourceState == nil ||
				!slices.Contains(otherProviders, source) {
				return // Terraform then says that it cannot be moved.
			}
			resp.TargetState.Raw = req.SourceState.Raw
		},
	}}
}
