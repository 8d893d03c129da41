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

func newWaitForRunnersAction() action.Action { return &waitForRunnersAction{} }

// waitForRunnersAction implements action "circleci_wait_for_runners".
type waitForRunnersAction struct{ apiAction }

var _ action.ActionWithConfigure = (*waitForRunnersAction)(nil)

// defaultConnectedWithin tolerates that an agent, which polls every few seconds, misses some polls. A disconnected machine soon stops
// counting.
const defaultConnectedWithin = "2m"

type waitForRunnersModel struct {
	ResourceClass   types.String `tfsdk:"resource_class"`
	ConnectedWithin types.String `tfsdk:"connected_within"`
	MinRunners      types.Number `tfsdk:"min_runners"`
	Timeout         types.String `tfsdk:"timeout"`
	PollInterval    types.String `tfsdk:"poll_interval"`
}

func (a *waitForRunnersAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_wait_for_runners"
}

func (a *waitForRunnersAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Waits until at least `min_runners` runners of a resource class are connected, such as after their machines were created.",
		Attributes: waitActionAttributes(map[string]schema.Attribute{
			"connected_within": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{durationAtLeast(minConnectedWithin)},
				MarkdownDescription: connectedWithinDescription + " Default `" + defaultConnectedWithin + "`.",
			},
			"min_runners": schema.NumberAttribute{
				Required:            true,
				Validators:          []validator.Number{integerBetween{0, math.MaxInt64}},
				MarkdownDescription: "Minimum number of connected runners.",
			},
		}),
	}
}

func (a *waitForRunnersAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	ctx = withThrottleLog(ctx)
	var model waitForRunnersModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	if model.ConnectedWithin.IsNull() {
		model.ConnectedWithin = types.StringValue(defaultConnectedWithin)
	}
	runners := &runnersCondition{
		client: a.api.client, filter: circleci.RunnerFilter{ResourceClass: model.ResourceClass.ValueString()},
		within: model.ConnectedWithin, minimum: int64OrDefault(model.MinRunners, 0),
	}
	if err := waitWithProgress(ctx, resp, newWait(model.Timeout, model.PollInterval, path.Empty()), runners); err != nil {
		a.api.addError(ctx, &resp.Diagnostics, path.Root("resource_class"), "Error reading runners of "+runners.filter.String(), err)
	}
}

// waitActionAttributes adds the attributes that every wait of an action has to its own limits.
func waitActionAttributes(limits map[string]schema.Attribute) map[string]schema.Attribute {
	limits["resource_class"] = schema.StringAttribute{
		Required: true, Validators: []validator.String{resourceClassValidator()}, MarkdownDescription: "Resource class, `namespace/name`.",
	}
	limits["timeout"] = schema.StringAttribute{
		Optional: true, Validators: []validator.String{positiveDuration()}, MarkdownDescription: timeoutDescription,
	}
	limits["poll_interval"] = schema.StringAttribute{
		Optional: true, Validators: []validator.String{durationAtLeast(minPollInterval)}, MarkdownDescription: pollIntervalDescription,
	}
	return limits
}

// waitWithProgress waits, and shows the progress in the CLI.
func waitWithProgress(ctx context.Context, resp *action.InvokeResponse, w wait, c condition) error {
	w.report = func(progress string) { resp.SendProgress(action.InvokeProgressEvent{Message: progress}) }
	return w.pollUntil(ctx, c)
}
