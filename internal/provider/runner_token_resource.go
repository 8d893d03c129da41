package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newRunnerTokenResource() resource.Resource { return &runnerTokenResource{} }

// runnerTokenResource implements resource "circleci_runner_token".
type runnerTokenResource struct{ apiResource }

var (
	_ resource.ResourceWithConfigure   = (*runnerTokenResource)(nil)
	_ resource.ResourceWithIdentity    = (*runnerTokenResource)(nil)
	_ resource.ResourceWithImportState = (*runnerTokenResource)(nil)
	_ resource.ResourceWithMoveState   = (*runnerTokenResource)(nil)
)

type runnerTokenResourceModel struct {
	ID            types.String `tfsdk:"id"`
	ResourceClass types.String `tfsdk:"resource_class"`
	Nickname      types.String `tfsdk:"nickname"`
	CreatedAt     types.String `tfsdk:"created_at"`
	Token         types.String `tfsdk:"token"`
}

func (r *runnerTokenResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_runner_token"
}

func (r *runnerTokenResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	unchanged := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages a runner token, with which machines authenticate as runners of a resource class. Its secret is stored in " +
			"state. Needs a personal API token of an administrator of the organization.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, PlanModifiers: unchanged, MarkdownDescription: "UUID of the token.",
			},
			"resource_class": schema.StringAttribute{
				Required:      true,
				Validators:    []validator.String{resourceClassValidator()},
				PlanModifiers: []planmodifier.String{replaceUnlessSameClass()},
				MarkdownDescription: "Resource class that the token belongs to, `namespace/name`. A class has up to ten tokens. Changing it " +
					"forces replacement. Names are case-insensitive.",
			},
			"nickname": schema.StringAttribute{
				Optional:      true,
				Computed:      true,
				PlanModifiers: []planmodifier.String{existingOrEmpty{}, stringplanmodifier.RequiresReplace()},
				MarkdownDescription: "Nickname; tokens may share one. Changing it forces replacement, because the API cannot update it. When unset, " +
					"an existing token keeps its nickname, and a new one gets `\"\"`.",
			},
			"created_at": schema.StringAttribute{
				Computed: true, PlanModifiers: unchanged, MarkdownDescription: "When the token was created, RFC 3339.",
			},
			"token": schema.StringAttribute{
				Computed:            true,
				Sensitive:           true,
				PlanModifiers:       unchanged,
				MarkdownDescription: "The secret, which the API returns once, on creation. Null after an import.",
			},
		},
	}
}

func (r *runnerTokenResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = tokenIdentitySchema()
}

func (r *runnerTokenResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx = withThrottleLog(ctx)
	var model runnerTokenResourceModel
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	class := model.ResourceClass.ValueString()
	r.api.forgetListings()
	created, secret, err := r.api.client.CreateToken(ctx, class, model.Nickname.ValueString())
	r.api.forgetListings()
	if err != nil {
		r.api.addResourceError(ctx, &resp.Diagnostics, resourceError{
			summary: "Error creating token of resource class " + class, err: err, hint: createTokenHint(class, err),
		})
		return
	}
	model.ID = types.StringValue(created.ID)
	model.CreatedAt = types.StringValue(created.CreatedAt)
	model.Token = types.StringValue(secret)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, tokenIdentity{types.StringValue(created.ResourceClass), model.ID})...)
	if created.Nickname != model.Nickname.ValueString() { // An error would taint the token, and have it replaced.
		resp.Diagnostics.AddAttributeWarning(path.Root("nickname"), "Unexpected nickname",
			fmt.Sprintf("The token was created with the ID %s, but its nickname is %q. Set nickname to that, or remove it: until then, each "+
				"apply replaces the token.",
				created.ID, r.api.client.Sanitize(created.Nickname)))
	}
}

func createTokenHint(class string, err error) string {
	uncertain := (*circleci.UncertainError)(nil)
	switch status := statusOf(err); {
	case isCanceledBefore(err):
		return canceledBeforeHint
	case errors.As(err, &uncertain) && len(uncertain.Appeared) > 0:
		return "A token may have been created, but its secret is lost. If nobody else created the new one, delete it, for example with " +
			"`circleci runner token delete " + uncertain.Appeared[0] + "`, and apply again."
	case errors.As(err, &uncertain):
		return "It is not known whether a token was created. Check the tokens of the class, for example with `circleci runner token list " + class +
			"`, delete one that nobody uses, and apply again."
	case status == http.StatusTooManyRequests:
		return "Nothing was created. " + rateLimitHint
	case status == http.StatusForbidden:
		return "Only an administrator of the organization may create tokens, and a resource class has up to ten of them: delete one that is not in " +
			"use any more."
	case status == http.StatusBadRequest, status == http.StatusNotFound:
		return "Check that the resource class exists. A token refers to a class of the same configuration with " +
			"resource_class = circleci_runner_resource_class.NAME.resource_class."
	}
	return ""
}

func (r *runnerTokenResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	ctx = withThrottleLog(ctx)
	var model runnerTokenResourceModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	class := model.ResourceClass.ValueString()
	if class == "" || model.ID.ValueString() == "" {
		resp.Diagnostics.Append(incompleteState())
		return
	}
	tokens, err := r.api.tokens.get(ctx, class)
	if err != nil && !r.api.isClassGone(ctx, class, err) {
		r.api.addTokensError(ctx, &resp.Diagnostics, class, err)
		return
	}
	for _, token := range tokens {
		if strings.EqualFold(token.ID, model.ID.ValueString()) {
			model.ID = types.StringValue(token.ID)
			model.Nickname = types.StringValue(token.Nickname)
			if !sameTime(model.CreatedAt.ValueString(), token.CreatedAt) {
				model.CreatedAt = types.StringValue(token.CreatedAt)
			}
			identity := tokenIdentity{types.StringValue(token.ResourceClass), model.ID}
			resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, identity)...)
			resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
			return
		}
	}
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, tokenIdentity{model.ResourceClass, model.ID})...)
	resp.State.RemoveResource(ctx)
}

// sameTime reports whether two strings are the same time: another provider may have written it to state with fewer
// decimals.
func sameTime(a, b string) bool {
	timeA, errA := circleci.ParseTime(a)
	timeB, errB := circleci.ParseTime(b)
	return a == b || errA == nil && errB == nil && timeA.Equal(timeB)
}

// Update changes the case of the class in state only: the API cannot change a token.
func (r *runnerTokenResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var model runnerTokenResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &model)...)
	resp.State.Raw = req.Plan.Raw
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, tokenIdentity{model.ResourceClass, model.ID})...)
}

func (r *runnerTokenResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	ctx = withThrottleLog(ctx)
	var model runnerTokenResourceModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	id, class := model.ID.ValueString(), model.ResourceClass.ValueString()
	r.api.forgetListings()
	err := r.api.client.DeleteToken(ctx, circleci.Token{ID: id, ResourceClass: class})
	r.api.forgetListings()
	if err != nil {
		failed := resourceError{summary: fmt.Sprintf("Error deleting token %s of resource class %s", id, class), err: err}
		switch statusOf(err) {
		case http.StatusForbidden:
			failed.hint = "Only an administrator of the organization may delete tokens."
		case http.StatusNotFound:
			failed.hint = deleteNotFoundHint
		}
		r.api.addResourceError(ctx, &resp.Diagnostics, failed)
	}
}

func (r *runnerTokenResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if req.ID == "" && req.Identity != nil {
		r.importIdentity(ctx, req, resp)
		return
	}
	class, id, ok := parseImportID(req.ID)
	if !ok || id == "" {
		resp.Diagnostics.AddError("Invalid import ID", fmt.Sprintf("The ID %q is not of the form namespace/name/uuid, such as "+
			"acme/linux/9e12ad09-527d-482c-b7ce-1a2fd20d1b9b, or namespace/name,uuid.", req.ID))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("resource_class"), class)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
}

func (r *runnerTokenResource) importIdentity(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var identity tokenIdentity
	if resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...); resp.Diagnostics.HasError() {
		return
	}
	if !identity.isValid() {
		resp.Diagnostics.AddError("Invalid import identity", fmt.Sprintf("The identity has the resource_class %q and the id %q. They must be "+
			"namespace/name, such as acme/linux, and the token's UUID.", identity.ResourceClass.ValueString(), identity.ID.ValueString()))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("resource_class"), identity.ResourceClass)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), identity.ID)...)
}

func (r *runnerTokenResource) MoveState(ctx context.Context) []resource.StateMover {
	return moveFromOtherProviders(ctx, r)
}
