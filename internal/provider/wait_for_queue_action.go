package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func newWaitForQueueAction() action.Action {
	return &waitForQueueAction{apiAction{name: "wait_for_queue"}}
}

// waitForQueueAction implements action "circleci_wait_for_queue".
type waitForQueueAction struct{ apiAction }

type waitForQueueModel struct {
	ResourceClass types.String `tfsdk:"resource_class"`
	queueLimits
	waitModel
}

func (a *waitForQueueAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Waits until at most `max_unclaimed` tasks of a resource class are unclaimed and at most " +
			"`max_running` are running, for example before its machines change. At least one of the two is required.",
		Attributes: map[string]schema.Attribute{
			"resource_class": resourceClassAttribute,
			"max_unclaimed":  maxUnclaimedAttribute,
			"max_running":    maxRunningAttribute,
			"timeout":        timeoutAttribute,
			"poll_interval":  pollIntervalAttribute,
		},
	}
}

// ValidateConfig rejects a wait without a limit.
func (a *waitForQueueAction) ValidateConfig(
	ctx context.Context, req action.ValidateConfigRequest, resp *action.ValidateConfigResponse,
) {
	var model waitForQueueModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(requireLimit(path.Empty(), model.MaxUnclaimed, model.MaxRunning)...)
}

// ModifyPlan rejects a limit that the API does not report.
func (a *waitForQueueAction) ModifyPlan(
	ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse,
) {
	var model waitForQueueModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(a.api.checkVersion3(path.Root("max_running"), model.MaxRunning)...)
}

func (a *waitForQueueAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var model waitForQueueModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(a.api.checkVersion3(path.Root("max_running"), model.MaxRunning)...)
	if resp.Diagnostics.HasError() {
		return
	}
	class := model.ResourceClass.ValueString()
	queue := &queueCondition{client: a.api.client, class: class, queueLimits: model.queueLimits}
	if err := newActionWait(model.waitModel, resp).pollUntil(ctx, queue); err != nil {
		a.api.addTasksError(ctx, &resp.Diagnostics, class, path.Empty(), err)
	}
}
