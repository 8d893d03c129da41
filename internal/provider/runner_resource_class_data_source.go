package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newRunnerResourceClassDataSource() datasource.DataSource {
	return &resourceClassDataSource{apiDataSource{name: "runner_resource_class"}}
}

// resourceClassDataSource implements data "circleci_runner_resource_class": one resource class, by its name.
type resourceClassDataSource struct{ apiDataSource }

func (d *resourceClassDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads a resource class that is managed elsewhere, and fails if it does not exist. Needs a " +
			"personal API token.",
		Attributes: map[string]schema.Attribute{
			"resource_class": requiredString("Resource class, `namespace/name`. Case does not matter.",
				resourceClassValidator()),
			"id":          computedString("UUID of the resource class."),
			"description": computedString("Description, which may be empty."),
		},
	}
}

func (d *resourceClassDataSource) Read(
	ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse,
) {
	if resp.Diagnostics.Append(d.api.requirePersonalToken()...); resp.Diagnostics.HasError() {
		return
	}
	at, name := path.Root("resource_class"), ""
	if resp.Diagnostics.Append(req.Config.GetAttribute(ctx, at, &name)...); resp.Diagnostics.HasError() {
		return
	}
	class := d.find(ctx, at, name, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	class.ResourceClass = name // As it is configured.
	resp.Diagnostics.Append(resp.State.Set(ctx, runnerResourceClassModel(class))...)
}

// find returns the class of a name, or reports why there is none. One listing serves all data sources of a namespace.
// If it lacks the class, which may be newer, the classes are listed again.
func (d *resourceClassDataSource) find(
	ctx context.Context, at path.Path, name string, diags *diag.Diagnostics,
) (class circleci.ResourceClass) {
	namespace, _, _ := strings.Cut(name, "/")
	wanted := resourceClassResourceModel{ResourceClass: types.StringValue(name)}
	classes, err := d.api.client.CachedResourceClasses(ctx, namespace)
	found := wanted.find(classes)
	if err == nil && len(found) == 0 {
		classes, err = d.api.client.ListResourceClasses(ctx, namespace)
		found = wanted.find(classes)
	}
	if err != nil {
		d.api.addError(ctx, diags, at, "Error reading resource classes of namespace "+namespace, err)
		return class
	}
	switch len(found) {
	case 0:
		diags.AddAttributeError(at, "Resource class not found", d.api.unlistedClassAdvice(name, classes))
	case 1:
		return found[0]
	default:
		diags.AddAttributeError(at, "Several resource classes", fmt.Sprintf("The API lists %d resource classes of the name "+
			"%s, which differ in case. Write the name exactly as one of them, such as %s.",
			len(found), name, d.api.client.Sanitize(found[0].ResourceClass)))
	}
	return class
}
