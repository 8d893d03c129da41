package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newRunnersDataSource() datasource.DataSource { return &runnersDataSource{} }

// runnersDataSource is data "circleci_runners": the runners of a resource class or of a namespace.
type runnersDataSource struct{ api runnerAPI }

var (
	_ datasource.DataSourceWithConfigValidators = (*runnersDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig   = (*runnersDataSource)(nil)
)

type runnersModel struct {
	ResourceClass types.String  `tfsdk:"resource_class"`
	Namespace     types.String  `tfsdk:"namespace"`
	Runners       []runnerModel `tfsdk:"runners"`
}

type runnerModel struct {
	ResourceClass  types.String `tfsdk:"resource_class"`
	Hostname       types.String `tfsdk:"hostname"`
	Name           types.String `tfsdk:"name"`
	FirstConnected types.String `tfsdk:"first_connected"`
	LastConnected  types.String `tfsdk:"last_connected"`
	LastUsed       types.String `tfsdk:"last_used"`
	Version        types.String `tfsdk:"version"`
}

func (d *runnersDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_runners"
}

func (d *runnersDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	computed := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the self-hosted runners of a resource class or of a namespace. Runners that went " +
			"away stay listed for a while: `last_connected` is the only sign of life.",
		Attributes: map[string]schema.Attribute{
			"resource_class": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{isResourceClass()},
				MarkdownDescription: "Resource class, `namespace/name`. At least one of `resource_class` and `namespace` is needed.",
			},
			"namespace": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{isNamespace()},
				MarkdownDescription: "Namespace, the part of a resource class before the slash. With `resource_class` too, " +
					"the class must lie in it.",
			},
			"runners": schema.ListNestedAttribute{
				Computed: true,
				MarkdownDescription: "The runners, sorted by resource class, name and hostname. Empty when there is none, " +
					"never null.",
				NestedObject: schema.NestedAttributeObject{
					Attributes: map[string]schema.Attribute{
						"resource_class":  computed("Resource class that the runner serves, `namespace/name`. Never null."),
						"hostname":        computed("Name of the machine. Null when the API does not send it."),
						"name":            computed("Name that the runner was registered under. Never null."),
						"first_connected": computed("When the runner was first seen, RFC 3339, as the API wrote it. Null when the API does not send it."),
						"last_connected":  computed("When the runner was last seen, RFC 3339, as the API wrote it. Null when the API does not send it."),
						"last_used":       computed("When the runner last claimed a task, RFC 3339, as the API wrote it. Null when it never did."),
						"version":         computed("Version of the runner's agent. Null when the API does not send it."),
					},
				},
			},
		},
	}
}

func (d *runnersDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.AtLeastOneOf(path.MatchRoot("resource_class"), path.MatchRoot("namespace")),
	}
}

// ValidateConfig refuses a class outside the namespace, for which no list could be right.
func (d *runnersDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var model runnersModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	class, namespace := model.ResourceClass.ValueString(), model.Namespace.ValueString()
	if class != "" && namespace != "" && !circleci.InNamespace(class, namespace) {
		resp.Diagnostics.AddAttributeError(path.Root("resource_class"), "Resource class outside the namespace",
			fmt.Sprintf("The resource class %q does not lie in the namespace %q. Give one of the two, or a class that starts with %q.",
				class, namespace, namespace+"/"))
	}
}

func (d *runnersDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.api.configure(req, resp)
}

func (d *runnersDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model runnersModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	filter := circleci.RunnerFilter{ResourceClass: model.ResourceClass.ValueString(), Namespace: model.Namespace.ValueString()}
	runners, err := d.api.client.ListRunners(ctx, filter)
	if err != nil {
		d.api.addError(&resp.Diagnostics, "Cannot list the runners of "+filter.String(), err)
		return
	}
	model.Runners = newRunnerModels(runners)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

func newRunnerModels(runners []circleci.Runner) []runnerModel {
	models := make([]runnerModel, len(runners))
	for i, r := range runners {
		models[i] = runnerModel{
			ResourceClass:  types.StringValue(r.ResourceClass),
			Hostname:       types.StringPointerValue(r.Hostname),
			Name:           types.StringValue(r.Name),
			FirstConnected: types.StringPointerValue(r.FirstConnected),
			LastConnected:  types.StringPointerValue(r.LastConnected),
			LastUsed:       types.StringPointerValue(r.LastUsed),
			Version:        types.StringPointerValue(r.Version),
		}
	}
	return models
}
