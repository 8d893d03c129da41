package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func newRunnerResourceClassesDataSource() datasource.DataSource {
	return &runnerResourceClassesDataSource{}
}

// runnerResourceClassesDataSource implements data "circleci_runner_resource_classes": the resource classes of a namespace.
type runnerResourceClassesDataSource struct{ apiDataSource }

type runnerResourceClassesModel struct {
	Namespace       types.String               `tfsdk:"namespace"`
	ResourceClasses []runnerResourceClassModel `tfsdk:"resource_classes"`
}

type runnerResourceClassModel struct {
	ID            types.String `tfsdk:"id"`
	ResourceClass types.String `tfsdk:"resource_class"`
	Description   types.String `tfsdk:"description"`
}

func (d *runnerResourceClassesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_runner_resource_classes"
}

func (d *runnerResourceClassesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the resource classes of a namespace, with and without runners. Needs a personal API token.",
		Attributes: map[string]schema.Attribute{
			"namespace": schema.StringAttribute{
				Required:            true,
				Validators:          []validator.String{namespaceValidator()},
				MarkdownDescription: "Namespace, the part of a resource class before the slash.",
			},
			"resource_classes": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The resource classes, sorted by `resource_class`. Empty when there is none, never null.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":             computedString("UUID of the resource class."),
					"resource_class": computedString("Resource class, `namespace/name`."),
					"description":    computedString("Description, which may be empty."),
				}},
			},
		},
	}
}

func (d *runnerResourceClassesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx = withThrottleLog(ctx)
	if resp.Diagnostics.Append(d.api.requirePersonalToken()...); resp.Diagnostics.HasError() {
		return
	}
	var model runnerResourceClassesModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	namespace := model.Namespace.ValueString()
	classes, err := d.api.client.ListResourceClasses(ctx, namespace)
	if err != nil {
		d.api.addClassesError(ctx, &resp.Diagnostics, namespace, err)
		return
	}
	model.ResourceClasses = make([]runnerResourceClassModel, len(classes))
	for i, class := range classes {
		model.ResourceClasses[i] = runnerResourceClassModel{
			types.StringValue(class.ID), types.StringValue(class.ResourceClass), types.StringValue(class.Description),
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
