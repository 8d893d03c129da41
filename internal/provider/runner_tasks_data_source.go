package provider

import (
	"context"
	"math"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func (p *circleciProvider) newRunnerTasksDataSource() datasource.DataSource {
	return &runnerTasksDataSource{apiDataSource{p.unconfigured()}}
}

// runnerTasksDataSource implements data "circleci_runner_tasks": the task counts of a resource class.
type runnerTasksDataSource struct{ apiDataSource }

var _ datasource.DataSourceWithValidateConfig = (*runnerTasksDataSource)(nil)

type runnerTasksModel struct {
	ResourceClass      types.String       `tfsdk:"resource_class"`
	UnclaimedTaskCount types.Int64        `tfsdk:"unclaimed_task_count"`
	RunningTaskCount   types.Int64        `tfsdk:"running_task_count"`
	WaitFor            *tasksWaitForModel `tfsdk:"wait_for"`
}

type tasksWaitForModel struct {
	MaxUnclaimed types.Number `tfsdk:"max_unclaimed"`
	MaxRunning   types.Number `tfsdk:"max_running"`
	Timeout      types.String `tfsdk:"timeout"`
	PollInterval types.String `tfsdk:"poll_interval"`
}

func (d *runnerTasksDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_runner_tasks"
}

func (d *runnerTasksDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Counts the tasks of a resource class: unclaimed ones and, with API v3, running ones. " +
			"It can wait until the queue has drained.",
		Attributes: map[string]schema.Attribute{
			"resource_class": schema.StringAttribute{
				Required:            true,
				Validators:          []validator.String{resourceClassValidator()},
				MarkdownDescription: "Resource class, `namespace/name`.",
			},
			"unclaimed_task_count": schema.Int64Attribute{
				Computed:            true,
				MarkdownDescription: "Number of tasks that no runner has claimed yet. Never null.",
			},
			"running_task_count": schema.Int64Attribute{
				Computed:            true,
				MarkdownDescription: "Number of running tasks. Null with `api_version = \"v2\"`, which does not report it.",
			},
			"wait_for": schema.SingleNestedAttribute{
				Optional: true,
				MarkdownDescription: "Waits until the counts are within `max_unclaimed` and `max_running`. At least one of `max_unclaimed` and " +
					"`max_running` is required. Null, the default, reads once. Every later plan waits again, and so does a destroy, unless it has `-refresh=false`.",
				Attributes: waitAttributes(map[string]schema.Attribute{
					"max_unclaimed": schema.NumberAttribute{
						Optional:            true,
						Validators:          []validator.Number{integerBetween{0, math.MaxInt64}},
						MarkdownDescription: "Maximum number of unclaimed tasks. Null sets no limit.",
					},
					"max_running": schema.NumberAttribute{
						Optional:            true,
						Validators:          []validator.Number{integerBetween{0, math.MaxInt64}},
						MarkdownDescription: "Maximum number of running tasks. Requires `api_version = \"v3\"`. Null sets no limit.",
					},
				}),
			},
		},
	}
}

// ValidateConfig rejects a wait without a limit, or with one that the API does not report.
func (d *runnerTasksDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	at := path.Root("wait_for")
	var waitFor types.Object
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, at, &waitFor)...)
	limits := waitFor.Attributes()
	if len(limits) == 0 {
		return
	}
	if limits["max_unclaimed"].IsNull() && limits["max_running"].IsNull() {
		resp.Diagnostics.AddAttributeError(at, missingLimitSummary, "To wait for the queue, set max_unclaimed, max_running or both in wait_for.")
	}
	resp.Diagnostics.Append(d.api.checkMaxRunning(at.AtName("max_running"), limits["max_running"])...)
}

func (d *runnerTasksDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx = withThrottleLog(ctx)
	var model runnerTasksModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	if model.WaitFor != nil {
		resp.Diagnostics.Append(d.api.checkMaxRunning(path.Root("wait_for").AtName("max_running"), model.WaitFor.MaxRunning)...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	class := model.ResourceClass.ValueString()
	count, err := d.count(ctx, class, model.WaitFor)
	if err != nil {
		d.api.addError(ctx, &resp.Diagnostics, path.Root("resource_class"), "Error counting tasks of resource class "+class, err)
		return
	}
	model.UnclaimedTaskCount = types.Int64Value(count.Unclaimed)
	model.RunningTaskCount = types.Int64PointerValue(count.Running)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// count reads the counts once, or with waitFor until they are within its limits.
func (d *runnerTasksDataSource) count(ctx context.Context, class string, waitFor *tasksWaitForModel) (circleci.TaskCount, error) {
	if waitFor == nil {
		return d.api.client.CountTasks(ctx, class)
	}
	queue := &queueCondition{client: d.api.client, class: class, maxUnclaimed: waitFor.MaxUnclaimed, maxRunning: waitFor.MaxRunning}
	err := newWait(waitFor.Timeout, waitFor.PollInterval, path.Root("wait_for")).pollUntil(ctx, queue)
	return queue.count, err
}
