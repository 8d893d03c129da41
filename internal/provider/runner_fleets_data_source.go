package provider

import (
	"context"
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

func newRunnerFleetsDataSource() datasource.DataSource {
	return &runnerFleetsDataSource{apiDataSource{name: "runner_fleets"}}
}

// runnerFleetsDataSource implements data "circleci_runner_fleets": the runners and tasks of a namespace, by resource
// class.
type runnerFleetsDataSource struct{ apiDataSource }

type runnerFleetsModel struct {
	Namespace           types.String `tfsdk:"namespace"`
	ResourceClasses     types.Set    `tfsdk:"resource_classes"`
	AllResourceClasses  types.Bool   `tfsdk:"all_resource_classes"`
	OnlyResourceClasses types.Set    `tfsdk:"only_resource_classes"`
	ConnectedWithin     types.String `tfsdk:"connected_within"`

	Fleets               map[string]*fleetClass `tfsdk:"fleets"`
	RunnerCount          *int64                 `tfsdk:"runner_count"`
	ConnectedRunnerCount *int64                 `tfsdk:"connected_runner_count"`
	UnclaimedTaskCount   *int64                 `tfsdk:"unclaimed_task_count"`
	RunningTaskCount     *int64                 `tfsdk:"running_task_count"`
}

func (d *runnerFleetsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads all runners and task counts of a namespace: which runners exist, how many tasks are " +
			"unclaimed and, with API v3, how many are running. If one count cannot be read, the data source fails and names " +
			"the resource class, so that a total is never a partial sum.",
		Attributes: map[string]schema.Attribute{
			"namespace": namespaceAttribute,
			"resource_classes": optionalClasses("Resource classes of the namespace, `namespace/name`, to include even if they " +
				"have no runners: a pool scaled to zero still has a queue. Null, the default, includes the classes of the listed " +
				"runners only."),
			"all_resource_classes": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether to report on all resource classes of the namespace that the API lists, those " +
					"without runners included. Needs a personal API token, and one more request. A class of `resource_classes` that " +
					"is not listed is an error then. Null, the default, is `false`.",
			},
			"only_resource_classes": optionalClasses("The only resource classes of the namespace, `namespace/name`, to report "+
				"on, with or without runners. The tasks of other classes are not counted. Conflicts with `resource_classes` and "+
				"`all_resource_classes`. Null, the default, reports on all classes with runners.",
				setvalidator.ConflictsWith(path.MatchRoot("resource_classes"), path.MatchRoot("all_resource_classes"))),
			"connected_within": connectedWithinAttribute("Null, the default, counts every listed runner as connected."),
			"fleets": schema.MapNestedAttribute{
				Computed: true,
				MarkdownDescription: "Runners and tasks of each resource class, by `namespace/name`, as written in " +
					"`resource_classes` or `only_resource_classes`, or else as the API returns it. Names are case-insensitive.",
				NestedObject: schema.NestedAttributeObject{Attributes: fleetClassAttributes()},
			},
			"runner_count":           computedCount("Number of listed runners of all classes."),
			"connected_runner_count": computedCount("Number of runners of all classes that count as connected."),
			"unclaimed_task_count":   computedCount("Number of tasks of all classes that no runner has claimed yet."),
			"running_task_count":     computedCount("Number of running tasks of all classes. " + runningCountDescription),
		},
	}
}

// fleetClassAttributes is the schema of a fleetClass.
func fleetClassAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"runner_count":           computedCount("Number of listed runners."),
		"connected_runner_count": computedCount("Number of runners that count as connected."),
		"unclaimed_task_count":   computedCount("Number of tasks that no runner has claimed yet."),
		"running_task_count":     computedCount("Number of running tasks. " + runningCountDescription),
		"last_connected": computedString("When a runner of the class last connected, RFC 3339, as the API returns it. Null " +
			"without runners, or if the API does not send it."),
		"versions": schema.ListAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "Versions of the listed runners' agents, each once, the oldest first.",
		},
	}
}

func optionalClasses(description string, validators ...validator.Set) schema.SetAttribute {
	each := setvalidator.ValueStringsAre(resourceClassValidator())
	return schema.SetAttribute{
		Optional: true, ElementType: types.StringType, MarkdownDescription: description,
		Validators: append([]validator.Set{each, distinctResourceClasses}, validators...),
	}
}

// ValidateConfig rejects classes outside the namespace, whose runners the list would not have.
func (d *runnerFleetsDataSource) ValidateConfig(
	ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse,
) {
	var model runnerFleetsModel
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

func (d *runnerFleetsDataSource) Read(
	ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse,
) {
	var model runnerFleetsModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, circleci.ReadTimeout)
	defer cancel()
	all := d.readFleet(ctx, &model, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if len(all) == 0 {
		resp.Diagnostics.Append(model.warnEmpty())
	}
	at, summary := path.Root("namespace"), "Error counting tasks of namespace "+model.Namespace.ValueString()
	if failed, err := all.countTasks(ctx, d.api.client); err != nil {
		d.api.addError(ctx, &resp.Diagnostics, model.attributeOf(failed[0]), summary, err)
		return
	}
	total, err := all.total(d.api.client.APIVersion())
	if err != nil {
		d.api.addError(ctx, &resp.Diagnostics, at, summary, err)
		return
	}
	model.RunnerCount, model.ConnectedRunnerCount = &total.Runners, &total.Connected
	model.UnclaimedTaskCount, model.RunningTaskCount = &total.Unclaimed, total.Running
	model.Fleets = make(map[string]*fleetClass, len(all))
	for _, class := range all {
		model.Fleets[class.name] = class
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// readFleet lists the runners of the namespace, and the classes that are to be in the fleet. It counts no tasks.
func (d *runnerFleetsDataSource) readFleet(ctx context.Context, model *runnerFleetsModel, diags *diag.Diagnostics) fleet {
	var classes []string
	_, named := model.namedClasses()
	if diags.Append(named.ElementsAs(ctx, &classes, false)...); diags.HasError() {
		return nil
	}
	at, namespace := path.Root("namespace"), model.Namespace.ValueString()
	runners, err := d.api.client.ListRunners(ctx, circleci.RunnerFilter{Namespace: namespace})
	if err != nil {
		d.api.addError(ctx, diags, at, "Error reading runners of namespace "+namespace, err)
		return nil
	}
	if model.AllResourceClasses.ValueBool() {
		if classes = d.listClasses(ctx, namespace, classes, diags); diags.HasError() {
			return nil
		}
	}
	only, connected := !model.OnlyResourceClasses.IsNull(), newConnectedFilter(model.ConnectedWithin, d.api.client)
	all, err := newFleet(classes, only, runners, connected)
	if err != nil {
		d.api.addError(ctx, diags, at, "Error reading fleet of namespace "+namespace, err)
	}
	return all
}

// listClasses returns the classes of the namespace that the API lists: those of configured as they are written there.
// Each of these must be listed.
func (d *runnerFleetsDataSource) listClasses(
	ctx context.Context, namespace string, configured []string, diags *diag.Diagnostics,
) []string {
	if diags.Append(d.api.requirePersonalToken()...); diags.HasError() {
		return nil
	}
	listed, err := d.api.client.ListResourceClasses(ctx, namespace)
	if err != nil {
		d.api.addClassesError(ctx, diags, namespace, err)
		return nil
	}
	missing, all := slices.Clone(configured), slices.Clone(configured)
	for _, class := range listed {
		isClass := func(name string) bool { return circleci.SameName(name, class.ResourceClass) }
		if !slices.ContainsFunc(configured, isClass) {
			all = append(all, class.ResourceClass)
		}
		missing = slices.DeleteFunc(missing, isClass)
	}
	for _, name := range missing {
		at := path.Root("resource_classes").AtSetValue(types.StringValue(name))
		diags.AddAttributeError(at, "Resource class not found", fmt.Sprintf("The API does not list the resource class %q in "+
			"namespace %s. Check its name, or remove it from resource_classes.", name, namespace))
	}
	return all
}

// warnEmpty returns the warning about a fleet without a runner and a class, whose counts would pass any check of a
// limit.
func (m *runnerFleetsModel) warnEmpty() diag.Diagnostic {
	at, namespace := path.Root("namespace"), m.Namespace.ValueString()
	reason := "No runner of namespace " + namespace + " is listed, and no resource class is named"
	advice := "Check the name of the namespace. If its classes are scaled to zero, name them in resource_classes, or " +
		"set all_resource_classes."
	switch {
	case !m.OnlyResourceClasses.IsNull():
		at = path.Root("only_resource_classes")
		reason, advice = "No resource class is named in only_resource_classes", "Name at least one."
	case m.AllResourceClasses.ValueBool():
		reason = "The API lists no runner and no resource class of namespace " + namespace
		advice = "Check the name of the namespace."
	}
	return diag.NewAttributeWarningDiagnostic(at, "Empty fleet", reason+", so every count is 0. "+advice)
}

// namedClasses returns the attribute that names resource classes, and its value.
func (m *runnerFleetsModel) namedClasses() (path.Path, types.Set) {
	if !m.OnlyResourceClasses.IsNull() {
		return path.Root("only_resource_classes"), m.OnlyResourceClasses
	}
	return path.Root("resource_classes"), m.ResourceClasses
}

// attributeOf returns the attribute that selects a class.
func (m *runnerFleetsModel) attributeOf(class string) path.Path {
	element := types.StringValue(class)
	if at, named := m.namedClasses(); slices.ContainsFunc(named.Elements(), element.Equal) {
		return at.AtSetValue(element)
	}
	return path.Root("namespace")
}
