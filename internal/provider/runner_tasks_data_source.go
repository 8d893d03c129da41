package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newRunnerTasksDataSource() datasource.DataSource {
	return &runnerTasksDataSource{apiDataSource{name: "runner_tasks"}}
}

// runnerTasksDataSource implements data "circleci_runner_tasks": the task counts of a resource class.
type runnerTasksDataSource struct{ apiDataSource }

type runnerTasksModel struct {
	ResourceClass      types.String       `tfsdk:"resource_class"`
	UnclaimedTaskCount types.Int64        `tfsdk:"unclaimed_task_count"`
	RunningTaskCount   types.Int64        `tfsdk:"running_task_count"`
	WaitFor            *tasksWaitForModel `tfsdk:"wait_for"`
}

type tasksWaitForModel struct {
	queueLimits
	waitModel
}

func (d *runnerTasksDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Counts the tasks of a resource class: unclaimed ones and, with API v3, running ones. Can " +
			"wait until the queue has drained.",
		Attributes: map[string]schema.Attribute{
			"resource_class":       resourceClassAttribute,
			"unclaimed_task_count": computedCount("Number of tasks that no runner has claimed yet. Never null."),
			"running_task_count":   computedCount("Number of running tasks. " + runningCountDescription),
		},
		Blocks: map[string]schema.Block{
			"wait_for": schema.SingleNestedBlock{
				MarkdownDescription: "Waits until at most `max_unclaimed` tasks wait and at most `max_running` run. At least one of " +
					"the two is required. " + everyPlanWaits,
				Attributes: map[string]schema.Attribute{
					"max_unclaimed": maxUnclaimedAttribute,
					"max_running":   maxRunningAttribute,
					"timeout":       timeoutAttribute,
					"poll_interval": pollIntervalAttribute,
				},
			},
		},
	}
}

// ValidateConfig rejects a wait without a limit.
func (d *runnerTasksDataSource) ValidateConfig(
	ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse,
) {
	var waitFor types.Object // Not the model: a dynamic wait_for that depends on a variable is unknown here.
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("wait_for"), &waitFor)...)
	if limits := waitFor.Attributes(); len(limits) > 0 {
		diags := requireLimit(path.Root("wait_for"), limits["max_unclaimed"], limits["max_running"])
		resp.Diagnostics.Append(diags...)
	}
}

func (d *runnerTasksDataSource) Read(
	ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse,
) {
	var model runnerTasksModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	at := path.Root("wait_for")
	if model.WaitFor != nil {
		diags := d.api.checkVersion3(at.AtName("max_running"), model.WaitFor.MaxRunning)
		if resp.Diagnostics.Append(diags...); diags.HasError() {
			return
		}
	}
	queue := &queueCondition{client: d.api.client, class: model.ResourceClass.ValueString()}
	if err := model.read(ctx, queue); err != nil {
		d.api.addTasksError(ctx, &resp.Diagnostics, queue.class, at, err)
		return
	}
	model.UnclaimedTaskCount = types.Int64Value(queue.count.Unclaimed)
	model.RunningTaskCount = types.Int64PointerValue(queue.count.Running)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// read counts the tasks once, or with wait_for until they are within its limits.
func (m *runnerTasksModel) read(ctx context.Context, queue *queueCondition) error {
	if m.WaitFor == nil {
		_, err := pollWithin(ctx, circleci.ReadTimeout, queue)
		return err
	}
	queue.queueLimits = m.WaitFor.queueLimits
	return newWait(m.WaitFor.waitModel, path.Root("wait_for")).pollUntil(ctx, queue)
}
