package provider

import (
	"context"
	"math"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func (p *circleciProvider) newWaitForQueueAction() action.Action {
	return &waitForQueueAction{apiAction{p.unconfigured()}}
}

// waitForQueueAction implements action "circleci_wait_for_queue".
type waitForQueueAction struct{ apiAction }

var (
	_ action.ActionWithConfigure      = (*waitForQueueAction)(nil)
	_ action.ActionWithValidateConfig = (*waitForQueueAction)(nil)
	_ action.ActionWithModifyPlan     = (*waitForQueueAction)(nil)
)

type waitForQueueModel struct {
	ResourceClass types.String `tfsdk:"resource_class"`
	MaxUnclaimed  types.Number `tfsdk:"max_unclaimed"`
	MaxRunning    types.Number `tfsdk:"max_running"`
	Timeout       types.String `tfsdk:"timeout"`
	PollInterval  types.String `tfsdk:"poll_interval"`
}

func (a *waitForQueueAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_wait_for_queue"
}

func (a *waitForQueueAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	limit := []validator.Number{integerBetween{0, math.MaxInt64}}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Waits until up to `max_unclaimed` tasks of a resource class wait and up to `max_running` run, such as before its " +
			"machines are changed. At least one of `max_unclaimed` and `max_running` is required.",
		Attributes: waitActionAttributes(map[string]schema.Attribute{
			"max_unclaimed": schema.NumberAttribute{
				Optional: true, Validators: limit, MarkdownDescription: "Maximum number of unclaimed tasks. Null sets no limit.",
			},
			"max_running": schema.NumberAttribute{
				Optional: true, Validators: limit,
				MarkdownDescription: "Maximum number of running tasks. Requires `api_version = \"v3\"`. Null sets no limit.",
			},
		}),
	}
}

// ValidateConfig rejects a wait without a limit, or with one that the API does not report.
func (a *waitForQueueAction) ValidateConfig(ctx context.Context, req action.ValidateConfigRequest, resp *action.ValidateConfigResponse) {
	model, diags := a.model(ctx, req.Config)
	if !diags.HasError() && model.MaxUnclaimed.IsNull() && model.MaxRunning.IsNull() {
		diags.AddAttributeError(path.Root("max_unclaimed"), missingLimitSummary, "To wait for the queue, set max_unclaimed, max_running or both.")
	}
	resp.Diagnostics.Append(diags...)
}

// model returns the configuration, and an error if the API does not report what it limits.
func (a *waitForQueueAction) model(ctx context.Context, config tfsdk.Config) (model waitForQueueModel, diags diag.Diagnostics) {
	if diags = config.Get(ctx, &model); !diags.HasError() {
		diags.Append(a.api.checkMaxRunning(path.Root("max_running"), model.MaxRunning)...)
	}
	return model, diags
}

// ModifyPlan rejects what would fail only when the action is invoked.
func (a *waitForQueueAction) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	_, diags := a.model(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
}

func (a *waitForQueueAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	ctx = withThrottleLog(ctx)
	model, diags := a.model(ctx, req.Config)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	queue := &queueCondition{
		client: a.api.client, class: model.ResourceClass.ValueString(), maxUnclaimed: model.MaxUnclaimed, maxRunning: model.MaxRunning,
	}
	if err := waitWithProgress(ctx, resp, newWait(model.Timeout, model.PollInterval, path.Empty()), queue); err != nil {
		a.api.addError(ctx, &resp.Diagnostics, path.Root("resource_class"), "Error counting tasks of resource class "+queue.class, err)
	}
}
