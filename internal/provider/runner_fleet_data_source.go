package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newRunnerFleetDataSource() datasource.DataSource { return &runnerFleetDataSource{} }

// runnerFleetDataSource implements data "circleci_runner_fleet": the runners and tasks of a namespace, by resource class.
type runnerFleetDataSource struct{ apiDataSource }

var _ datasource.DataSourceWithValidateConfig = (*runnerFleetDataSource)(nil)

type runnerFleetModel struct {
	Namespace       types.String `tfsdk:"namespace"`
	ResourceClasses types.Set    `tfsdk:"resource_classes"`
	ConnectedWithin types.String `tfsdk:"connected_within"`

	AllResourceClasses  types.Bool `tfsdk:"all_resource_classes"`
	OnlyResourceClasses types.Set  `tfsdk:"only_resource_classes"`

	ByResourceClass      map[string]fleetClassModel `tfsdk:"by_resource_class"`
	RunnerCount          types.Int64                `tfsdk:"runner_count"`
	ConnectedRunnerCount types.Int64                `tfsdk:"connected_runner_count"`
	UnclaimedTaskCount   types.Int64                `tfsdk:"unclaimed_task_count"`
	RunningTaskCount     types.Int64                `tfsdk:"running_task_count"`
}

type fleetClassModel struct {
	RunnerCount          types.Int64    `tfsdk:"runner_count"`
	ConnectedRunnerCount types.Int64    `tfsdk:"connected_runner_count"`
	UnclaimedTaskCount   types.Int64    `tfsdk:"unclaimed_task_count"`
	RunningTaskCount     types.Int64    `tfsdk:"running_task_count"`
	LastConnected        types.String   `tfsdk:"last_connected"`
	Versions             []types.String `tfsdk:"versions"`
}

func (d *runnerFleetDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_runner_fleet"
}

func (d *runnerFleetDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	count := func(description string) schema.Int64Attribute {
		return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads all runners and task counts of a namespace: which runners exist, how many tasks are unclaimed and, with " +
			"API v3, how many are running. If one count cannot be read, the data source fails and names the resource class, so " +
			"that a total is never a partial sum.",
		Attributes: map[string]schema.Attribute{
			"namespace": schema.StringAttribute{
				Required:            true,
				Validators:          []validator.String{namespaceValidator()},
				MarkdownDescription: "Namespace, the part of a resource class before the slash.",
			},
			"resource_classes": schema.SetAttribute{
				Optional:    true,
				ElementType: types.StringType,
				Validators:  []validator.Set{setvalidator.ValueStringsAre(resourceClassValidator()), distinctResourceClasses{}},
				MarkdownDescription: "Resource classes of the namespace, `namespace/name`, to include even if they have no runners: " +
					"a pool scaled to zero still has a queue. Null, the default, includes the classes of the listed runners only.",
			},
			"all_resource_classes": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether to report on all resource classes of the namespace that the API lists, those without runners " +
					"included. Needs a personal API token, and one more request. A class of `resource_classes` that is not listed is an error " +
					"then. Null, the default, is `false`.",
			},
			"only_resource_classes": schema.SetAttribute{
				Optional:    true,
				ElementType: types.StringType,
				Validators: []validator.Set{
					setvalidator.ValueStringsAre(resourceClassValidator()), distinctResourceClasses{},
					setvalidator.ConflictsWith(path.MatchRoot("resource_classes"), path.MatchRoot("all_resource_classes")),
				},
				MarkdownDescription: "The only resource classes of the namespace, `namespace/name`, to report on, with or without " +
					"runners. The tasks of other classes are not counted. Conflicts with `resource_classes` and `all_resource_classes`. " +
					"Null, the default, reports on all classes with runners.",
			},
			"connected_within": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{durationAtLeast(minConnectedWithin)},
				MarkdownDescription: connectedWithinDescription + " Null, the default, counts every listed runner as connected.",
			},
			"by_resource_class": schema.MapNestedAttribute{
				Computed: true,
				MarkdownDescription: "Runners and tasks of each resource class, by `namespace/name`, as written in `resource_classes` or " +
					"`only_resource_classes`, or else as the API returns it. Names are case-insensitive.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"runner_count":           count("Number of listed runners."),
					"connected_runner_count": count("Number of runners that count as connected."),
					"unclaimed_task_count":   count("Number of tasks that no runner has claimed yet."),
					"running_task_count":     count("Number of running tasks. Null with `api_version = \"v2\"`."),
					"last_connected": computedString("When a runner of the class last connected, RFC 3339, as the API returns it. " +
						"Null without runners, or if the API does not send it."),
					"versions": schema.ListAttribute{
						Computed:            true,
						ElementType:         types.StringType,
						MarkdownDescription: "Versions of the listed runners' agents, each once, the oldest first.",
					},
				}},
			},
			"runner_count":           count("Number of listed runners of all classes."),
			"connected_runner_count": count("Number of runners of all classes that count as connected."),
			"unclaimed_task_count":   count("Number of tasks of all classes that no runner has claimed yet."),
			"running_task_count":     count("Number of running tasks of all classes. Null with `api_version = \"v2\"`."),
		},
	}
}

// ValidateConfig rejects classes outside the namespace, whose runners the list would not have.
func (d *runnerFleetDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var model runnerFleetModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	at, named := model.namedClasses()
	for _, element := range named.Elements() {
		if class, isString := element.(types.String); isString {
			resp.Diagnostics.Append(checkInNamespace(at.AtSetValue(class), class, model.Namespace)...)
		}
	}
}

func (d *runnerFleetDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx = withThrottleLog(ctx)
	var (
		model   runnerFleetModel
		classes []string
	)
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	_, named := model.namedClasses()
	if resp.Diagnostics.Append(named.ElementsAs(ctx, &classes, false)...); resp.Diagnostics.HasError() {
		return
	}
	namespace := model.Namespace.ValueString()
	ctx, cancel := context.WithTimeout(ctx, circleci.ReadTimeout)
	defer cancel()

	runners, err := d.api.client.ListRunners(ctx, circleci.RunnerFilter{Namespace: namespace})
	if err != nil {
		d.api.addError(ctx, &resp.Diagnostics, path.Root("namespace"), "Error reading runners of namespace "+namespace, err)
		return
	}
	if model.AllResourceClasses.ValueBool() {
		if classes = d.listClasses(ctx, namespace, classes, &resp.Diagnostics); resp.Diagnostics.HasError() {
			return
		}
	}
	only := !model.OnlyResourceClasses.IsNull()
	f, err := newFleet(classes, only, runners, newConnectedFilter(model.ConnectedWithin, d.api.client))
	if err != nil {
		d.api.addError(ctx, &resp.Diagnostics, path.Root("namespace"), "Error reading fleet of namespace "+namespace, err)
		return
	}
	if len(f) == 0 {
		resp.Diagnostics.Append(model.warnEmpty())
	}
	if err := f.countTasks(ctx, d.api.client); err != nil {
		d.api.addError(ctx, &resp.Diagnostics, model.attributeOf(err), "Error counting tasks of namespace "+namespace, err)
		return
	}
	if err := f.setModel(&model, d.api.settings.apiVersion); err != nil {
		d.api.addError(ctx, &resp.Diagnostics, path.Root("namespace"), "Error counting tasks of namespace "+namespace, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// listClasses returns the classes of the namespace that the API lists: those of configured as they are written there. Each
// of these must be listed.
func (d *runnerFleetDataSource) listClasses(ctx context.Context, namespace string, configured []string, diags *diag.Diagnostics) []string {
	if diags.Append(d.api.requirePersonalToken()...); diags.HasError() {
		return nil
	}
	listed, err := d.api.client.ListResourceClasses(ctx, namespace)
	if err != nil {
		d.api.addClassesError(ctx, diags, namespace, err)
		return nil
	}
	missing := slices.Clone(configured)
	all := slices.Clone(configured)
	for _, class := range listed {
		isClass := func(name string) bool { return circleci.SameName(name, class.ResourceClass) }
		if !slices.ContainsFunc(configured, isClass) {
			all = append(all, class.ResourceClass)
		}
		missing = slices.DeleteFunc(missing, isClass)
	}
	for _, name := range missing {
		diags.AddAttributeError(path.Root("resource_classes").AtSetValue(types.StringValue(name)), "Resource class not found",
			fmt.Sprintf("The API does not list the resource class %q in namespace %s. Check its name, or remove it from resource_classes.", name, namespace))
	}
	return all
}

// warnEmpty returns the warning about a fleet without a runner and a class, whose counts would pass any check of a limit.
func (m *runnerFleetModel) warnEmpty() diag.Diagnostic {
	namespace := m.Namespace.ValueString()
	at, reason := path.Root("namespace"), fmt.Sprintf("No runner of namespace %s is listed, and no resource class is named", namespace)
	remediation := "Check the name of the namespace. If its classes are scaled to zero, name them in resource_classes, or set all_resource_classes."
	switch {
	case !m.OnlyResourceClasses.IsNull():
		at, reason, remediation = path.Root("only_resource_classes"), "No resource class is named in only_resource_classes", "Name at least one."
	case m.AllResourceClasses.ValueBool():
		reason = "The API lists no runner and no resource class of namespace " + namespace
		remediation = "Check the name of the namespace."
	}
	return diag.NewAttributeWarningDiagnostic(at, "Empty fleet", reason+", so every count is 0. "+remediation)
}

// namedClasses returns the attribute that names resource classes, and its value.
func (m *runnerFleetModel) namedClasses() (path.Path, types.Set) {
	if !m.OnlyResourceClasses.IsNull() {
		return path.Root("only_resource_classes"), m.OnlyResourceClasses
	}
	return path.Root("resource_classes"), m.ResourceClasses
}

// attributeOf returns the attribute that selects the first class whose tasks could not be counted.
func (m *runnerFleetModel) attributeOf(err error) path.Path {
	if failed := (*countTasksError)(nil); errors.As(err, &failed) {
		class := types.StringValue(failed.classes[0])
		if at, named := m.namedClasses(); slices.ContainsFunc(named.Elements(), class.Equal) {
			return at.AtSetValue(class)
		}
	}
	return path.Root("namespace")
}
