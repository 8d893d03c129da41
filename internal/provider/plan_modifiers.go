package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// computedOnce is an attribute that the API sets when it creates the object.
func computedOnce(description string) schema.StringAttribute {
	return schema.StringAttribute{
		Computed:            true,
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		MarkdownDescription: description,
	}
}

// existingString is an optional attribute that keeps what exists while it is unset.
func existingString(description string, modifiers ...planmodifier.String) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, MarkdownDescription: description,
		PlanModifiers: append([]planmodifier.String{existingOrEmpty{}}, modifiers...),
	}
}

// replacingClass is the resource class of an object.
func replacingClass(description string) schema.StringAttribute {
	return schema.StringAttribute{
		Required: true,
		MarkdownDescription: description + " Changing it forces replacement. Names are case-insensitive: another case changes " +
			"nothing, and a refresh stores that of the API.",
		Validators: []validator.String{resourceClassValidator()}, PlanModifiers: []planmodifier.String{keepSameClass{}},
	}
}

// The descriptions of the plan modifiers are empty, because nothing shows them.

// keepSameClass keeps the state of an attribute that names the same resource class in another case, and replaces the
// resource when it names another class. A read has stored the API's spelling. The protocol lets a provider plan the
// prior value of a required attribute, too.
type keepSameClass struct{ description }

func (keepSameClass) PlanModifyString(
	_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse,
) {
	switch {
	case req.State.Raw.IsNull():
	case !req.PlanValue.IsUnknown() && circleci.SameName(req.PlanValue.ValueString(), req.StateValue.ValueString()):
		resp.PlanValue = req.StateValue
	default:
		resp.RequiresReplace = true
	}
}

// existingOrEmpty plans, for an attribute that is unset, what an existing object has, and "" for a new one.
type existingOrEmpty struct{ description }

func (existingOrEmpty) PlanModifyString(
	_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse,
) {
	switch {
	case !req.ConfigValue.IsNull():
	case req.State.Raw.IsNull():
		resp.PlanValue = types.StringValue("")
	default:
		resp.PlanValue = req.StateValue
	}
}

// nullIsFalse plans no change between false in state, as other providers write it, and an attribute that is unset. The
// attribute is computed for that reason alone.
type nullIsFalse struct{ description }

func (nullIsFalse) PlanModifyBool(_ context.Context, req planmodifier.BoolRequest, resp *planmodifier.BoolResponse) {
	if !req.ConfigValue.IsNull() {
		return
	}
	resp.PlanValue = types.BoolNull()
	if !req.StateValue.IsNull() && !req.StateValue.ValueBool() {
		resp.PlanValue = req.StateValue
	}
}
