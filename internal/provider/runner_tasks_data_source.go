package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func newRunnerTasksDataSource() datasource.DataSource { return &runnerTasksDataSource{} }

// runnerTasksDataSource is data "circleci_runner_tasks": how many tasks wait for a resource class.
type runnerTasksDataSource struct{ api runnerAPI }

type runnerTasksModel struct {
	ResourceClass      types.String `tfsdk:"resource_class"`
	UnclaimedTaskCount types.Int64  `tfsdk:"unclaimed_task_count"`
}

func (d *runnerTasksDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_runner_tasks"
}

func (d *runnerTasksDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Counts the tasks that wait for a runner of a resource class.",
		Attributes: map[string]schema.Attribute{
			"resource_class": schema.StringAttribute{
				Required:            true,
				Validators:          []validator.String{isResourceClass()},
				MarkdownDescription: "Resource class, `namespace/name`.",
			},
			"unclaimed_task_count": schema.Int64Attribute{
				Computed:            true,
				MarkdownDescription: "Number of tasks that no runner has claimed yet. Never null.",
			},
		},
	}
}

func (d *runnerTasksDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.api.configure(req, resp)
}

func (d *runnerTasksDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model runnerTasksModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	class := model.ResourceClass.ValueString()
	count, err := d.api.client.UnclaimedTaskCount(ctx, class)
	if err != nil {
		d.api.addError(&resp.Diagnostics, "Cannot count the tasks of resource class "+class, err)
		return
	}
	model.UnclaimedTaskCount = types.Int64Value(count)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
