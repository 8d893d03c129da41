package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// resourceClassIdentity identifies a resource class.
type resourceClassIdentity struct {
	ResourceClass types.String `tfsdk:"resource_class"`
}

func resourceClassIdentitySchema() identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"resource_class": identityschema.StringAttribute{RequiredForImport: true, Description: "Resource class, namespace/name."},
	}}
}

func (i resourceClassIdentity) isValid() bool {
	_, _, err := circleci.ParseResourceClass(i.ResourceClass.ValueString())
	return err == nil
}

// tokenIdentity identifies a runner token. The API lists tokens by class only, so the UUID is not enough.
type tokenIdentity struct {
	ResourceClass types.String `tfsdk:"resource_class"`
	ID            types.String `tfsdk:"id"`
}

func tokenIdentitySchema() identityschema.Schema {
	schema := resourceClassIdentitySchema()
	schema.Attributes["id"] = identityschema.StringAttribute{RequiredForImport: true, Description: "UUID of the token."}
	return schema
}

func (i tokenIdentity) isValid() bool {
	return resourceClassIdentity{i.ResourceClass}.isValid() && circleci.IsUUID(i.ID.ValueString())
}

// setIdentity sets the identity of a resource that has none, such as one in state of an older version of the provider. An identity
// never changes, although a configuration may change the case of a class.
func setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, value any) diag.Diagnostics {
	if identity == nil || !identity.Raw.IsFullyNull() {
		return nil
	}
	return identity.Set(ctx, value)
}
