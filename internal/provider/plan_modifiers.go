package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// replaceUnlessSameClass replaces when the attribute names another resource class. Case does not distinguish classes.
func replaceUnlessSameClass() planmodifier.String {
	const description = "Another resource class forces replacement; case does not matter."
	return stringplanmodifier.RequiresReplaceIf(
		func(_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
			resp.RequiresReplace = req.PlanValue.IsUnknown() || !circleci.SameName(req.PlanValue.ValueString(), req.StateValue.ValueString())
		}, description, description)
}

// existingOrEmpty plans, for an attribute that is unset, what an existing object has, and "" for a new one.
type existingOrEmpty struct{}

func (existingOrEmpty) Description(context.Context) string {
	return `When unset, an existing object keeps its value, and a new one gets "".`
}

func (m existingOrEmpty) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

func (existingOrEmpty) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
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
type nullIsFalse struct{}

func (nullIsFalse) Description(context.Context) string { return "When unset, the value is false." }

func (m nullIsFalse) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

func (nullIsFalse) PlanModifyBool(_ context.Context, req planmodifier.BoolRequest, resp *planmodifier.BoolResponse) {
	if req.ConfigValue.IsNull() {
		resp.PlanValue = types.BoolNull()
		if !req.StateValue.IsNull() && !req.StateValue.ValueBool() {
			resp.PlanValue = req.StateValue
		}
	}
}
