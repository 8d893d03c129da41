package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newRunnerTokenResource() resource.Resource {
	return &tokenResource{apiResource{name: "runner_token"}}
}

// tokenResource implements resource "circleci_runner_token".
type tokenResource struct{ apiResource }

type tokenResourceModel struct {
	ID            types.String `tfsdk:"id"`
	ResourceClass types.String `tfsdk:"resource_class"`
	Nickname      types.String `tfsdk:"nickname"`
	CreatedAt     types.String `tfsdk:"created_at"`
	Token         types.String `tfsdk:"token"`
}

func (r *tokenResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	secret := computedOnce("The secret, which the API returns once, on creation. Null after an import.")
	secret.Sensitive = true
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages a runner token. Machines authenticate with it as runners of a resource class. Its secret " +
			"is stored in state. It needs a personal API token of an administrator of the organization.",
		Attributes: map[string]schema.Attribute{
			"id":             computedOnce("UUID of the token."),
			"resource_class": replacingClass("Resource class of the token, `namespace/name`. A class has at most ten tokens."),
			"nickname": existingString("Nickname, which tokens may share. Changing it forces replacement, because the API "+
				"cannot update it. When unset, an existing token keeps its nickname, and a new one gets `\"\"`.",
				stringplanmodifier.RequiresReplace()),
			"created_at": computedOnce("When the token was created, RFC 3339."),
			"token":      secret,
		},
	}
}

func (r *tokenResource) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = tokenIdentitySchema()
}

func (r *tokenResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var model tokenResourceModel
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	class, nickname := model.ResourceClass.ValueString(), model.Nickname.ValueString()
	created, secret, err := r.api.client.CreateToken(ctx, class, nickname)
	if err != nil {
		advice := r.api.createTokenAdvice(ctx, class, err)
		r.api.addResourceError(ctx, &resp.Diagnostics, "Error creating token of resource class "+class, err, advice)
		return
	}
	model.ID = types.StringValue(created.ID)
	model.CreatedAt = types.StringValue(created.CreatedAt)
	model.Token = types.StringValue(secret)
	identity := tokenIdentity{types.StringValue(created.ResourceClass), model.ID}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, identity)...)
	if created.Nickname != nickname { // An error would taint the token, and have it replaced.
		resp.Diagnostics.AddAttributeWarning(path.Root("nickname"), "Unexpected nickname",
			fmt.Sprintf("The token was created with the ID %s, but its nickname is %q. Set the nickname attribute to "+
				"that, or remove it: until then, each apply replaces the token.", created.ID, r.api.client.Sanitize(created.Nickname)))
	}
}

func (r *tokenResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var model tokenResourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &model)...)
	resp.Diagnostics.Append(checkIdentified(model.ResourceClass, model.ID)...)
	if resp.Diagnostics.HasError() {
		return
	}
	class := model.ResourceClass.ValueString()
	tokens, err := r.api.client.CachedTokens(ctx, class)
	if err != nil && !r.api.isClassGone(ctx, class, err) {
		r.api.addRefreshError(ctx, &resp.Diagnostics, class, err)
		return
	}
	found := slices.IndexFunc(tokens, func(token circleci.RunnerToken) bool {
		return strings.EqualFold(token.ID, model.ID.ValueString())
	})
	if found >= 0 {
		model.update(tokens[found])
	}
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, tokenIdentity{model.ResourceClass, model.ID})...)
	if found < 0 {
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// update takes over what the API lists. Another provider may have written the same time to state with fewer decimals.
func (m *tokenResourceModel) update(token circleci.RunnerToken) {
	m.ID = types.StringValue(token.ID)
	m.ResourceClass = types.StringValue(token.ResourceClass)
	m.Nickname = types.StringValue(token.Nickname)
	if !sameTime(m.CreatedAt.ValueString(), token.CreatedAt) {
		m.CreatedAt = types.StringValue(token.CreatedAt)
	}
}

func sameTime(a, b string) bool {
	timeA, errA := circleci.ParseTime(a)
	timeB, errB := circleci.ParseTime(b)
	return a == b || errA == nil && errB == nil && timeA.Equal(timeB)
}

// Update is never called: whatever changes a token replaces it, and the case of its class alone is no change.
func (r *tokenResource) Update(_ context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (r *tokenResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var model tokenResourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &model)...)
	resp.Diagnostics.Append(checkIdentified(model.ResourceClass, model.ID)...)
	if resp.Diagnostics.HasError() {
		return
	}
	token := circleci.RunnerToken{ID: model.ID.ValueString(), ResourceClass: model.ResourceClass.ValueString()}
	if err := r.api.client.DeleteToken(ctx, token); err != nil {
		summary := fmt.Sprintf("Error deleting token %s of resource class %s", token.ID, token.ResourceClass)
		r.api.addResourceError(ctx, &resp.Diagnostics, summary, err, deletionAdvice(err, "tokens"))
	}
}

func (r *tokenResource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	class, id, ok := parseImportID(req.ID)
	switch {
	case req.ID == "" && req.Identity != nil:
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("resource_class"), &class)...)
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("id"), &id)...)
		if !isResourceClass(class) || !circleci.IsUUID(id) {
			resp.Diagnostics.AddError("Invalid import identity",
				fmt.Sprintf("The identity has the resource_class %q and the id %q. They must be namespace/name, such as "+
					"acme/linux, and the token's UUID.", class, id))
		}
	case !ok || id == "":
		resp.Diagnostics.AddError("Invalid import ID",
			fmt.Sprintf("The ID %q is not of the form namespace/name/uuid, such as "+
				"acme/linux/9e12ad09-527d-482c-b7ce-1a2fd20d1b9b, or namespace/name,uuid.", req.ID))
	}
	importState(ctx, resp, class, id)
}

func (r *tokenResource) MoveState(ctx context.Context) []resource.StateMover {
	return moveFromAnyProvider(ctx, r)
}
