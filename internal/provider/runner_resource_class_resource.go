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

func newRunnerResourceClassResource() resource.Resource { return &runnerResourceClassResource{} }

// runnerResourceClassResource implements resource "circleci_runner_resource_class".
type runnerResourceClassResource struct{ apiResource }

var (
	_ resource.ResourceWithConfigure   = (*runnerResourceClassResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*runnerResourceClassResource)(nil)
	_ resource.ResourceWithIdentity    = (*runnerResourceClassResource)(nil)
	_ resource.ResourceWithImportState = (*runnerResourceClassResource)(nil)
	_ resource.ResourceWithMoveState   = (*runnerResourceClassResource)(nil)
)

type runnerResourceClassResourceModel struct {
	ID            types.String `tfsdk:"id"`
	ResourceClass types.String `tfsdk:"resource_class"`
	Description   types.String `tfsdk:"description"`
	ForceDelete   types.Bool   `tfsdk:"force_delete"`
}

func (r *runnerResourceClassResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_runner_resource_class"
}

func (r *runnerResourceClassResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages a resource class, which self-hosted runners serve and jobs name. Needs a personal API token of an " +
			"administrator of the organization.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
				MarkdownDescription: "UUID of the resource class.",
			},
			"resource_class": schema.StringAttribute{
				Required:      true,
				Validators:    []validator.String{resourceClassValidator()},
				PlanModifiers: []planmodifier.String{replaceUnlessSameClass()},
				MarkdownDescription: "Resource class, `namespace/name`. The namespace must exist. A new name consists of letters, digits, `:`, " +
					"`_`, `-` and `+`. Changing it forces replacement. Names are case-insensitive.",
			},
			"description": schema.StringAttribute{
				Optional:      true,
				Computed:      true,
				PlanModifiers: []planmodifier.String{existingOrEmpty{}, stringplanmodifier.RequiresReplace()},
				MarkdownDescription: "Description. Changing it forces replacement, because the API cannot update it. When unset, an existing class " +
					"keeps its description, and a new one gets `\"\"`.",
			},
			"force_delete": schema.BoolAttribute{
				Optional:      true,
				Computed:      true,
				PlanModifiers: []planmodifier.Bool{nullIsFalse{}},
				MarkdownDescription: "Whether destroying the class also deletes all its tokens, including those that Terraform does not manage. Null, the " +
					"default, is `false`: destroying a class that still has tokens is an error then.",
			},
		},
	}
}

func (r *runnerResourceClassResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = resourceClassIdentitySchema()
}

// ModifyPlan validates the name of a class that is to be created more strictly than that of one that exists.
func (r *runnerResourceClassResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || !req.State.Raw.IsNull() && len(resp.RequiresReplace) == 0 {
		return
	}
	at := path.Root("resource_class")
	var class types.String
	if resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, at, &class)...); resp.Diagnostics.HasError() || class.IsUnknown() {
		return
	}
	if err := checkNewResourceClass(class.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(at, "Invalid resource class",
			fmt.Sprintf("The resource class %q cannot be created: %s.", class.ValueString(), err))
	}
}

func (r *runnerResourceClassResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx = withThrottleLog(ctx)
	var model runnerResourceClassResourceModel
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	name := model.ResourceClass.ValueString()
	r.api.forgetListings()
	created, err := r.api.client.CreateResourceClass(ctx, name, model.Description.ValueString())
	r.api.forgetListings()
	if err != nil {
		r.api.addResourceError(ctx, &resp.Diagnostics, resourceError{summary: "Error creating resource class " + name, err: err, hint: createClassHint(name, err)})
		return
	}
	model.ID = types.StringValue(created.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, resourceClassIdentity{types.StringValue(created.ResourceClass)})...)
	if created.Description != model.Description.ValueString() { // An error would taint the class, and have it replaced.
		resp.Diagnostics.AddAttributeWarning(path.Root("description"), "Unexpected description",
			fmt.Sprintf("Resource class %s was created with the ID %s, but its description is %q. Set description to that, or remove it: until "+
				"then, each apply replaces the class.",
				name, created.ID, r.api.client.Sanitize(created.Description)))
	}
}

func createClassHint(name string, err error) string {
	importBlock := fmt.Sprintf("\n\n  import {\n    to = circleci_runner_resource_class.NAME\n    id = %q\n  }\n\nNAME is the name of the resource block.", name)
	namespace, _, _ := strings.Cut(name, "/")
	uncertain := (*circleci.UncertainError)(nil)
	switch status := statusOf(err); {
	case isCanceledBefore(err):
		return canceledBeforeHint
	case errors.As(err, &uncertain):
		return "It is not known whether the resource class was created. Check whether CircleCI lists it, for example with `circleci runner " +
			"resource-class list " + namespace + "`. If not, apply again. If it does, and it is the one to be managed here, import it:" + importBlock
	case status == http.StatusConflict:
		return "The resource class exists already, and was not changed. To manage it here, import it:" + importBlock + "\n\nOtherwise give " +
			"it another name. If this apply was to replace it, remove create_before_destroy from it and from what depends on it."
	case status == http.StatusTooManyRequests:
		return "Nothing was created. " + rateLimitHint
	case status == http.StatusForbidden:
		return "Only an administrator of the organization may create resource classes, and a namespace has up to 650 of them."
	case status == http.StatusNotFound:
		return "Check that the namespace exists, that it is your organization's, and api_version. Namespaces are created in CircleCI."
	}
	return ""
}

func (r *runnerResourceClassResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	ctx = withThrottleLog(ctx)
	var model runnerResourceClassResourceModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	name := model.ResourceClass.ValueString()
	if name == "" {
		resp.Diagnostics.Append(incompleteState())
		return
	}
	namespace, _, _ := strings.Cut(name, "/")
	classes, err := r.api.classes.get(ctx, namespace)
	if err != nil {
		r.api.addResourceError(ctx, &resp.Diagnostics, resourceError{
			summary: "Error reading resource classes of namespace " + namespace, err: err, hint: r.api.remediation(ctx, path.Root("namespace"), err),
		})
		return
	}
	found := model.find(classes)
	switch {
	case len(found) == 0:
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, resourceClassIdentity{model.ResourceClass})...)
		resp.State.RemoveResource(ctx)
	case len(found) > 1:
		resp.Diagnostics.AddError("Several resource classes", fmt.Sprintf("The API lists %d resource classes of the name %s, which differ in case. "+
			"Import one of them as namespace/name,uuid: %s has the ID %s.", len(found), name, r.api.client.Sanitize(found[0].ResourceClass), found[0].ID))
	case !circleci.SameName(found[0].ResourceClass, name):
		resp.Diagnostics.AddError("Another resource class", fmt.Sprintf("The ID %s is that of resource class %q, not of %s. Correct the ID, or "+
			"import %s without one.", found[0].ID, r.api.client.Sanitize(found[0].ResourceClass), name, name))
	default:
		model.ID, model.Description = types.StringValue(found[0].ID), types.StringValue(found[0].Description)
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, resourceClassIdentity{types.StringValue(found[0].ResourceClass)})...)
		resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	}
}

// find returns the classes that the state is of: those with its ID, or by name while an import does not know the ID. The case
// decides if there are several of that name.
func (m runnerResourceClassResourceModel) find(classes []circleci.ResourceClass) (found []circleci.ResourceClass) {
	name := m.ResourceClass.ValueString()
	for _, class := range classes {
		switch {
		case !m.ID.IsNull():
			if strings.EqualFold(class.ID, m.ID.ValueString()) {
				found = append(found, class)
			}
		case class.ResourceClass == name:
			return []circleci.ResourceClass{class}
		case circleci.SameName(class.ResourceClass, name):
			found = append(found, class)
		}
	}
	return found
}

// Update changes what is in state only, force_delete and the case of the class: the API cannot change a class.
func (r *runnerResourceClassResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var model runnerResourceClassResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &model)...)
	resp.State.Raw = req.Plan.Raw
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, resourceClassIdentity{model.ResourceClass})...)
}

func (r *runnerResourceClassResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	ctx = withThrottleLog(ctx)
	var model runnerResourceClassResourceModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	name := model.ResourceClass.ValueString()
	r.api.forgetListings()
	class := circleci.ResourceClass{ID: model.ID.ValueString(), ResourceClass: name}
	err := r.api.client.DeleteResourceClass(ctx, class, model.ForceDelete.ValueBool())
	r.api.forgetListings()
	if err != nil {
		r.api.addResourceError(ctx, &resp.Diagnostics, resourceError{
			summary: "Error deleting resource class " + name, err: err, hint: r.deleteHint(ctx, name, err),
		})
	}
}

func (r *runnerResourceClassResource) deleteHint(ctx context.Context, name string, err error) string {
	switch statusOf(err) {
	case http.StatusConflict:
		return r.remainingTokensHint(ctx, name)
	case http.StatusForbidden:
		return "Only an administrator of the organization may delete resource classes."
	case http.StatusNotFound:
		return deleteNotFoundHint
	}
	return ""
}

// remainingTokensHint says which tokens a class has that cannot be deleted because of them, and what to do.
func (r *runnerResourceClassResource) remainingTokensHint(ctx context.Context, class string) string {
	const remedy = "Delete them first. Or set force_delete = true, apply that without a change that replaces the class, and try again: it " +
		"deletes all of them, and machines that use one claim no more jobs.\n\nTo replace the class together with a token of this " +
		"configuration, set replace_triggered_by = [circleci_runner_resource_class.NAME.id] in the lifecycle block of the token."
	tokens, err := r.api.client.ListTokens(ctx, class)
	if err != nil {
		return "The tokens of the class could not be listed: " + err.Error() + ".\n\n" + remedy
	}
	if len(tokens) == 0 {
		return "Its tokens have been deleted since: destroy again. When they are of the same configuration, refer to the class in them, with " +
			"resource_class = circleci_runner_resource_class.NAME.resource_class: then they are deleted before it."
	}
	lines := make([]string, len(tokens))
	for i, token := range tokens {
		lines[i] = fmt.Sprintf("  - %q (%s)\n", r.api.client.Sanitize(token.Nickname), token.ID)
	}
	return "The resource class has these tokens, by nickname and ID:\n" + strings.Join(lines, "") + "\n" + remedy
}

func (r *runnerResourceClassResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if req.ID == "" && req.Identity != nil {
		r.importIdentity(ctx, req, resp)
		return
	}
	class, id, ok := parseImportID(req.ID)
	if !ok {
		resp.Diagnostics.AddError("Invalid import ID", fmt.Sprintf("The ID %q is not of the form namespace/name, such as "+
			"acme/linux, or namespace/name,uuid.", req.ID))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("resource_class"), class)...)
	if id != "" {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
	}
}

func (r *runnerResourceClassResource) importIdentity(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var identity resourceClassIdentity
	if resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...); resp.Diagnostics.HasError() {
		return
	}
	if !identity.isValid() {
		resp.Diagnostics.AddError("Invalid import identity", fmt.Sprintf("The resource_class %q of the identity is not namespace/name, such as "+
			"acme/linux.", identity.ResourceClass.ValueString()))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("resource_class"), identity.ResourceClass)...)
}

func (r *runnerResourceClassResource) MoveState(ctx context.Context) []resource.StateMover {
	return moveFromOtherProviders(ctx, r)
}
