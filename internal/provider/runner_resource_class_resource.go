package provider

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newRunnerResourceClassResource() resource.Resource {
	return &resourceClassResource{apiResource{name: "runner_resource_class"}}
}

// resourceClassResource implements resource "circleci_runner_resource_class".
type resourceClassResource struct{ apiResource }

type resourceClassResourceModel struct {
	ID            types.String `tfsdk:"id"`
	ResourceClass types.String `tfsdk:"resource_class"`
	Description   types.String `tfsdk:"description"`
	ForceDelete   types.Bool   `tfsdk:"force_delete"`
}

func (r *resourceClassResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages a resource class. Self-hosted runners serve it, and jobs name it. It needs a " +
			"personal API token of an administrator of the organization.",
		Attributes: map[string]schema.Attribute{
			"id": computedOnce("UUID of the resource class."),
			"resource_class": replacingClass("Resource class, `namespace/name`. The namespace must exist. A new name consists " +
				"of letters, digits, `:`, `_`, `-` and `+`."),
			"description": existingString("Description. When unset, an existing class keeps its description, and a new one " +
				"gets `\"\"`. CircleCI Cloud changes it in place, with its fleet API, a preview. At an installation without " +
				"that API, such as CircleCI Server, changing it forces replacement."),
			"force_delete": schema.BoolAttribute{
				Optional:      true,
				Computed:      true,
				PlanModifiers: []planmodifier.Bool{nullIsFalse{}},
				MarkdownDescription: "Whether destroying the class also deletes all its tokens, including those that Terraform " +
					"does not manage. Null, the default, means `false`: destroying a class that still has tokens fails.",
			},
		},
	}
}

func (r *resourceClassResource) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = resourceClassIdentitySchema()
}

// ModifyPlan validates the name of a class that is to be created more strictly than that of one that exists, and finds
// out how a description can be changed. The CLI plans a replacement twice: as a change, and then as a creation.
func (r *resourceClassResource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan, state resourceClassResourceModel
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...); resp.Diagnostics.HasError() {
		return
	}
	if req.State.Raw.IsNull() {
		name := plan.ResourceClass.ValueString()
		if err := checkNewResourceClass(name); err != nil && !plan.ResourceClass.IsUnknown() {
			resp.Diagnostics.AddAttributeError(path.Root("resource_class"), "Invalid resource class",
				fmt.Sprintf("The resource class %q cannot be created: %s.", name, err))
		}
		return
	}
	if resp.Diagnostics.Append(req.State.Get(ctx, &state)...); resp.Diagnostics.HasError() {
		return
	}
	isOtherClass := !plan.ResourceClass.Equal(state.ResourceClass)
	if !isOtherClass && plan.changesDescription(state) {
		r.planDescription(ctx, state, resp)
	}
	if (isOtherClass || len(resp.RequiresReplace) > 0) && state.ForceDelete.ValueBool() {
		resp.Diagnostics.Append(deletesTokens(state.ResourceClass.ValueString()))
	}
}

// changesDescription reports whether a plan has another description than a state. One that is not known yet may be.
func (m resourceClassResourceModel) changesDescription(state resourceClassResourceModel) bool {
	return m.Description.IsUnknown() || m.Description.ValueString() != state.Description.ValueString()
}

// planDescription plans another description of a class: a change in place, or a replacement where the installation
// responds that it does not have the fleet API. CircleCI Cloud responds to a token without rights in the same way.
func (r *resourceClassResource) planDescription(
	ctx context.Context, state resourceClassResourceModel, resp *resource.ModifyPlanResponse,
) {
	at, name := path.Root("description"), state.ResourceClass.ValueString()
	resp.Diagnostics.Append(r.api.requireFleetAPI(at)...)
	resp.Diagnostics.Append(checkIdentified(state.ResourceClass, state.ID)...)
	if resp.Diagnostics.HasError() {
		return
	}
	class, err := r.api.client.GetResourceClass(ctx, state.ID.ValueString())
	switch err := cmp.Or(err, r.checkName(class, name)); {
	case err == nil:
	case isUnsupported(statusOf(err)) && !r.api.isCloud():
		resp.RequiresReplace.Append(at)
		resp.Diagnostics.Append(replacesClass(name, err))
	default:
		r.api.addFleetAPIError(ctx, &resp.Diagnostics, at, "Error reading resource class "+name, err)
	}
}

// checkName rejects a class of the fleet API that has the requested ID, but another name.
func (r *resourceClassResource) checkName(class circleci.ResourceClass, name string) error {
	if circleci.SameName(class.ResourceClass, name) {
		return nil
	}
	message := fmt.Sprintf("the fleet API returned the resource class %q for the ID of %s",
		r.api.client.Sanitize(class.ResourceClass), name)
	return &advisedError{message: message, advice: changedFleetAPIAdvice}
}

func (r *resourceClassResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var model resourceClassResourceModel
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	name, description := model.ResourceClass.ValueString(), model.Description.ValueString()
	created, err := r.api.client.CreateResourceClass(ctx, name, description)
	if err != nil {
		advice := r.api.createClassAdvice(ctx, name, err)
		r.api.addResourceError(ctx, &resp.Diagnostics, "Error creating resource class "+name, err, advice)
		return
	}
	model.ID = types.StringValue(created.ID)
	identity := resourceClassIdentity{types.StringValue(created.ResourceClass)}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, identity)...)
	if created.Description != description { // An error would taint the class, and have it replaced.
		resp.Diagnostics.AddAttributeWarning(path.Root("description"), "Unexpected description",
			fmt.Sprintf("Resource class %s was created with the ID %s, but its description is %q. Set the description "+
				"attribute to that, or remove it: until then, each plan changes the description.",
				name, created.ID, r.api.client.Sanitize(created.Description)))
	}
}

func (r *resourceClassResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var model resourceClassResourceModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	name := model.ResourceClass.ValueString()
	namespace, _, err := circleci.ParseResourceClass(name)
	hasID := !model.ID.IsNull() // An import by name has none.
	if err != nil || hasID && !circleci.IsUUID(model.ID.ValueString()) {
		resp.Diagnostics.Append(incompleteState)
		return
	}
	classes, err := r.api.client.CachedResourceClasses(ctx, namespace)
	if err != nil {
		advice := r.api.advice(ctx, path.Root("namespace"), err)
		r.api.addResourceError(ctx, &resp.Diagnostics, "Error reading resource classes of namespace "+namespace, err, advice)
		return
	}
	found := model.find(classes)
	switch {
	case len(found) == 0:
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, resourceClassIdentity{model.ResourceClass})...)
		resp.State.RemoveResource(ctx)
	case len(found) > 1:
		resp.Diagnostics.AddError("Several resource classes",
			fmt.Sprintf("The API lists %d resource classes of the name %s, which differ in case. Import one of them as "+
				"namespace/name,uuid: %s has the ID %s.",
				len(found), name, r.api.client.Sanitize(found[0].ResourceClass), found[0].ID))
	case !circleci.SameName(found[0].ResourceClass, name):
		resp.Diagnostics.AddError("Another resource class",
			fmt.Sprintf("The ID %s is that of resource class %q, not of %s. Correct the ID, or import %s without one.",
				found[0].ID, r.api.client.Sanitize(found[0].ResourceClass), name, name))
	default:
		model.ID, model.Description = types.StringValue(found[0].ID), types.StringValue(found[0].Description)
		model.ResourceClass = types.StringValue(found[0].ResourceClass)
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, resourceClassIdentity{model.ResourceClass})...)
		resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	}
}

// find returns the classes that the state is of: those with its ID, or by name while an import does not know the ID.
// The case decides if there are several of that name.
func (m resourceClassResourceModel) find(classes []circleci.ResourceClass) (found []circleci.ResourceClass) {
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

// Update changes the description, and force_delete, which is in state only.
func (r *resourceClassResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var model, state resourceClassResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &model)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(checkIdentified(model.ResourceClass, model.ID)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if model.changesDescription(state) {
		name := model.ResourceClass.ValueString()
		class, err := r.api.client.UpdateResourceClass(ctx, model.ID.ValueString(), model.Description.ValueString())
		if err := cmp.Or(err, r.checkName(class, name)); err != nil {
			advice := r.api.updateClassAdvice(ctx, err)
			r.api.addResourceError(ctx, &resp.Diagnostics, "Error updating resource class "+name, err, advice)
			return
		}
	}
	resp.State.Raw = req.Plan.Raw
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, resourceClassIdentity{model.ResourceClass})...)
}

func (r *resourceClassResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var model resourceClassResourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &model)...)
	resp.Diagnostics.Append(checkIdentified(model.ResourceClass, model.ID)...)
	if resp.Diagnostics.HasError() {
		return
	}
	class := circleci.ResourceClass{ID: model.ID.ValueString(), ResourceClass: model.ResourceClass.ValueString()}
	if err := r.api.client.DeleteResourceClass(ctx, class, model.ForceDelete.ValueBool()); err != nil {
		advice := r.api.deleteClassAdvice(ctx, class.ResourceClass, err)
		r.api.addResourceError(ctx, &resp.Diagnostics, "Error deleting resource class "+class.ResourceClass, err, advice)
	}
}

func (r *resourceClassResource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	class, id, ok := parseImportID(req.ID)
	switch {
	case req.ID == "" && req.Identity != nil:
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("resource_class"), &class)...)
		if !isResourceClass(class) {
			resp.Diagnostics.AddError("Invalid import identity",
				fmt.Sprintf("The resource_class %q of the identity is not namespace/name, such as acme/linux.", class))
		}
	case !ok:
		resp.Diagnostics.AddError("Invalid import ID",
			fmt.Sprintf("The ID %q is not of the form namespace/name, such as acme/linux, or namespace/name,uuid.", req.ID))
	}
	importState(ctx, resp, class, id)
}

func (r *resourceClassResource) MoveState(ctx context.Context) []resource.StateMover {
	return moveFromAnyProvider(ctx, r)
}

// updateClassAdvice says what to do about a class whose description was not changed.
func (api *providerData) updateClassAdvice(ctx context.Context, err error) string {
	advice := api.fleetAPIAdvice(err)
	switch {
	case apiStatusOf(err) == http.StatusForbidden:
		advice = "Only an administrator of the organization may change resource classes."
	case advice == "":
		advice = api.writeAdvice(ctx, path.Root("resource_class"), err)
	}
	return advice + "\n\nThe state is unchanged. The next plan reads the description again."
}
