package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func newRunnerResourceClassesDataSource() datasource.DataSource {
	return &resourceClassesDataSource{apiDataSource{name: "runner_resource_classes"}}
}

// resourceClassesDataSource implements data "circleci_runner_resource_classes": the resource classes of a namespace.
type resourceClassesDataSource struct{ apiDataSource }

type resourceClassesModel struct {
	Namespace       types.String               `tfsdk:"namespace"`
	ResourceClasses []runnerResourceClassModel `tfsdk:"resource_classes"`
}

type runnerResourceClassModel struct {
	ID            string `tfsdk:"id"`
	ResourceClass string `tfsdk:"resource_class"`
	Description   string `tfsdk:"description"`
}

func (d *resourceClassesDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the resource classes of a namespace, with and without runners. Needs a personal API " +
			"token.",
		Attributes: map[string]schema.Attribute{
			"namespace": namespaceAttribute,
			"resource_classes": computedList("The resource classes, sorted by `resource_class`. Empty when there is none, "+
				"never null.", map[string]schema.Attribute{
				"id":             computedString("UUID of the resource class."),
				"resource_class": computedString("Resource class, `namespace/name`."),
				"description":    computedString("Description, which may be empty."),
			}),
		},
	}
}

func (d *resourceClassesDataSource) Read(
	ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse,
) {
	if resp.Diagnostics.Append(d.api.requirePersonalToken()...); resp.Diagnostics.HasError() {
		return
	}
	var model resourceClassesModel
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
		model.ResourceClasses[i] = runnerResourceClassModel(class)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
