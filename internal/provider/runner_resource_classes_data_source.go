package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newRunnerResourceClassesDataSource() datasource.DataSource {
	return &resourceClassesDataSource{apiDataSource{name: "runner_resource_classes"}}
}

// resourceClassesDataSource implements data "circleci_runner_resource_classes": the resource classes of a namespace or
// of an organization.
type resourceClassesDataSource struct{ apiDataSource }

type resourceClassesModel struct {
	Namespace       types.String               `tfsdk:"namespace"`
	OrganizationID  types.String               `tfsdk:"organization_id"`
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
		MarkdownDescription: "Lists the resource classes of a namespace or of an organization, with and without runners. " +
			"Needs a personal API token.",
		Attributes: map[string]schema.Attribute{
			"namespace": optionalString("Namespace, the part of a resource class before the slash. Exactly one of `namespace` "+
				"and `organization_id` is required.", namespaceValidator()),
			"organization_id": optionalString("UUID of the organization. CircleCI does not document that the API lists classes "+
				"by organization.", organizationIDValidator),
			"resource_classes": computedList("The resource classes, sorted by `resource_class`. Empty if there are none, "+
				"never null.", map[string]schema.Attribute{
				"id":             computedString("UUID of the resource class."),
				"resource_class": computedString("Resource class, `namespace/name`."),
				"description":    computedString("Description, which may be empty."),
			}),
		},
	}
}

func (d *resourceClassesDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.ExactlyOneOf(path.MatchRoot("namespace"), path.MatchRoot("organization_id")),
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
	classes := d.list(ctx, model, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	model.ResourceClasses = make([]runnerResourceClassModel, len(classes))
	for i, class := range classes {
		model.ResourceClasses[i] = runnerResourceClassModel(class)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

func (d *resourceClassesDataSource) list(
	ctx context.Context, model resourceClassesModel, diags *diag.Diagnostics,
) []circleci.ResourceClass {
	if organization := model.OrganizationID.ValueString(); organization != "" {
		classes, err := d.api.client.ListOrganizationResourceClasses(ctx, organization)
		if err != nil {
			d.api.addError(ctx, diags, path.Root("organization_id"),
				"Error reading resource classes of organization "+organization, err)
		}
		return classes
	}
	namespace := model.Namespace.ValueString()
	classes, err := d.api.client.ListResourceClasses(ctx, namespace)
	if err != nil {
		d.api.addClassesError(ctx, diags, namespace, err)
	}
	return classes
}
