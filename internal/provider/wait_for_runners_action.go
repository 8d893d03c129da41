package provider

import (
	"context"
	"math"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newWaitForRunnersAction() action.Action {
	return &waitForRunnersAction{apiAction{name: "wait_for_runners"}}
}

// waitForRunnersAction implements action "circleci_wait_for_runners".
type waitForRunnersAction struct{ apiAction }

// defaultConnectedWithin tolerates that an agent, which polls every few seconds, misses some polls. A disconnected
// machine soon stops counting.
const defaultConnectedWithin = "2m"

type waitForRunnersModel struct {
	ResourceClass   types.String `tfsdk:"resource_class"`
	ConnectedWithin types.String `tfsdk:"connected_within"`
	MinRunners      types.Number `tfsdk:"min_runners"`
	waitModel
}

func (a *waitForRunnersAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Waits until at least `min_runners` runners of a resource class are connected, in total, for " +
			"example after machines were created.",
		Attributes: map[string]schema.Attribute{
			"resource_class":   resourceClassAttribute,
			"connected_within": connectedWithinAttribute("Default `" + defaultConnectedWithin + "`."),
			"min_runners": schema.NumberAttribute{
				Required: true, Validators: []validator.Number{integerBetween(0, math.MaxInt64)},
				MarkdownDescription: minRunnersDescription,
			},
			"timeout":       timeoutAttribute,
			"poll_interval": pollIntervalAttribute,
		},
	}
}

func (a *waitForRunnersAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var model waitForRunnersModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	if model.ConnectedWithin.IsNull() {
		model.ConnectedWithin = types.StringValue(defaultConnectedWithin)
	}
	filter := circleci.RunnerFilter{ResourceClass: model.ResourceClass.ValueString()}
	runners := &runnersCondition{
		client: a.api.client, filter: filter, within: model.ConnectedWithin, minimum: int64OrDefault(model.MinRunners, 0),
	}
	if err := newActionWait(model.waitModel, resp).pollUntil(ctx, runners); err != nil {
		a.api.addError(ctx, &resp.Diagnostics, path.Root("resource_class"), "Error reading runners of "+filter.String(), err)
	}
}
