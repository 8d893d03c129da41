package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// resourceClassIdentity identifies a resource class.
type resourceClassIdentity struct {
	ResourceClass types.String `tfsdk:"resource_class"`
}

// tokenIdentity identifies a runner token. The API lists tokens by class only, so the UUID is not enough.
type tokenIdentity struct {
	ResourceClass types.String `tfsdk:"resource_class"`
	ID            types.String `tfsdk:"id"`
}

func resourceClassIdentitySchema() identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"resource_class": identityschema.StringAttribute{
			RequiredForImport: true, Description: "Resource class, namespace/name.",
		},
	}}
}

func tokenIdentitySchema() identityschema.Schema {
	schema := resourceClassIdentitySchema()
	schema.Attributes["id"] = identityschema.StringAttribute{RequiredForImport: true, Description: "UUID of the token."}
	return schema
}

func isResourceClass(name string) bool {
	_, _, err := circleci.ParseResourceClass(name)
	return err == nil
}

// parseImportID splits namespace/name, namespace/name/uuid or namespace/name,uuid. It reports whether the ID has one of
// these forms. The uuid is "" in the first.
func parseImportID(importID string) (class, id string, ok bool) {
	class, id, hasID := strings.Cut(importID, ",")
	if parts := strings.Split(importID, "/"); !hasID && len(parts) == 3 {
		class, id, hasID = parts[0]+"/"+parts[1], parts[2], true
	}
	return class, id, isResourceClass(class) && (!hasID || circleci.IsUUID(id))
}

// importState sets the attributes that identify a class or token. The ID of a class may be "".
func importState(ctx context.Context, resp *resource.ImportStateResponse, class, id string) {
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("resource_class"), class)...)
	if id != "" {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
	}
}

// setIdentity sets the identity of a resource that has none, such as one in state of an older version of the provider.
// An identity never changes, although a read may change the case of a class in state.
func setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, value any) diag.Diagnostics {
	if identity == nil || !identity.Raw.IsFullyNull() {
		return nil
	}
	return identity.Set(ctx, value)
}
