package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

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

// runnerFleetsDataSource implements data "circleci_runner_fleets": the fleets of a namespace, which are its runners and
// tasks by resource class.
type runnerFleetsDataSource struct{ apiDataSource }

func (d *runnerFleetsDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads all fleets of a namespace, one for each resource class: the numbers of its runners, its " +
			"unclaimed tasks and, with API v3, its running tasks. A total is complete: if a count cannot be read, the data " +
			"source fails.",
		Attributes: agentStateAttributes(" of all fleets"),
	}
	maps.Copy(resp.Schema.Attributes, runnerFleetsAttributes())
}

func runnerFleetsAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"namespace": namespaceAttribute,
		"resource_classes": optionalClasses("Resource classes to include even if they have no runners, each as " +
			"`namespace/name`. A pool that is scaled to zero may have a queue. Null, the default, adds none."),
		"all_resource_classes": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether to include every resource class of the namespace that the API lists, with or without " +
				"runners. Needs a personal API token, and takes one more request. Fails if a class of `resource_classes` is not " +
				"listed. Default `false`.",
		},
		"only_resource_classes": optionalClasses("The only resource classes to include, each as `namespace/name`, with or "+
			"without runners. Tasks of other classes are not counted. Conflicts with `resource_classes` and "+
			"`all_resource_classes`. When unset, all classes with runners are included.",
			setvalidator.ConflictsWith(path.MatchRoot("resource_classes"), path.MatchRoot("all_resource_classes"))),
		"agent_states": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether to count the active, idle and disconnected agents of each class, as CircleCI does. Takes " +
				"one more request for each 250 resource classes of the namespace. Includes classes without runners, unless " +
				"`only_resource_classes` is set. Needs a personal API token. Default `false`. " + fleetAPINote,
		},
		"connected_within": connectedWithinAttribute("Null, the default, counts every listed runner as connected, " +
			"even one that disconnected."),
		"fleets": schema.MapNestedAttribute{
			Computed: true,
			MarkdownDescription: "The fleets, by resource class. A key is written as in `resource_classes` or " +
				"`only_resource_classes`, otherwise as the API returns it. Names that differ only in case are one class.",
			NestedObject: schema.NestedAttributeObject{Attributes: fleetAttributes()},
		},
		"runner_count":           computedCount("Number of listed runners of all fleets."),
		"connected_runner_count": computedCount("Number of runners of all fleets that count as connected."),
		"unclaimed_task_count":   computedCount("Number of tasks of all fleets that no runner has claimed yet."),
		"running_task_count":     computedCount("Number of running tasks of all fleets. " + runningCountDescription),
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
	all := d.readFleets(ctx, &model, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if len(all) == 0 {
		resp.Diagnostics.Append(model.warnEmpty())
	}
	namespace := model.Namespace.ValueString()
	if failed, err := all.countTasks(ctx, d.api.client); err != nil {
		at := model.attributeOf(failed[0])
		d.api.addError(ctx, &resp.Diagnostics, at, "Error counting tasks of namespace "+namespace, err)
		return
	}
	total, err := all.total(d.api.client.APIVersion(), model.AgentStates.ValueBool())
	if err != nil {
		d.api.addError(ctx, &resp.Diagnostics, path.Root("namespace"), readingFleets+namespace, err)
		return
	}
	model.setFleets(all, total)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

const readingFleets = "Error reading fleets of namespace "

// readFleets reads everything of the fleets but their tasks.
func (d *runnerFleetsDataSource) readFleets(
	ctx context.Context, model *runnerFleetsModel, diags *diag.Diagnostics,
) (all fleets) {
	config := fleetsConfig{only: !model.OnlyResourceClasses.IsNull()}
	_, named := model.namedClasses()
	if diags.Append(named.ElementsAs(ctx, &config.classes, false)...); diags.HasError() {
		return nil
	}
	namespace := model.Namespace.ValueString()
	if config.runners, config.reported = d.list(ctx, model, diags); diags.HasError() {
		return nil
	}
	if model.AllResourceClasses.ValueBool() {
		if config.classes = d.listClasses(ctx, namespace, config.classes, diags); diags.HasError() {
			return nil
		}
	}
	config.connected = newConnectedFilter(model.ConnectedWithin, d.api.client)
	all, err := newFleets(config)
	if err != nil {
		d.api.addError(ctx, diags, path.Root("namespace"), readingFleets+namespace, err)
	}
	return all
}

// list lists the runners of the namespace and, with agent_states, what the fleet API reports of its fleets, both
// concurrently.
func (d *runnerFleetsDataSource) list(
	ctx context.Context, model *runnerFleetsModel, diags *diag.Diagnostics,
) (runners []circleci.Runner, reported []circleci.Fleet) {
	at, namespace := path.Root("namespace"), model.Namespace.ValueString()
	fleetsCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		reportedErr error
		reads       sync.WaitGroup
	)
	if model.AgentStates.ValueBool() {
		if diags.Append(d.api.requireFleetAPI(path.Root("agent_states"))...); diags.HasError() {
			return nil, nil
		}
		reads.Go(func() { reported, reportedErr = d.api.client.ListFleets(fleetsCtx, namespace) })
	}
	runners, err := d.api.client.ListRunners(ctx, circleci.RunnerFilter{Namespace: namespace})
	if err != nil {
		cancel()
	}
	reads.Wait()
	switch {
	case err != nil:
		d.api.addError(ctx, diags, at, "Error reading runners of namespace "+namespace, err)
	case reportedErr != nil:
		d.api.addFleetAPIError(ctx, diags, at, "Error reading agent states of namespace "+namespace, reportedErr)
	}
	return runners, reported
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
