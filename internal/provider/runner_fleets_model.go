package provider

import (
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// runnerFleetsModel is a block circleci_runner_fleets in Terraform.
type runnerFleetsModel struct {
	Namespace           types.String `tfsdk:"namespace"`
	ResourceClasses     types.Set    `tfsdk:"resource_classes"`
	AllResourceClasses  types.Bool   `tfsdk:"all_resource_classes"`
	OnlyResourceClasses types.Set    `tfsdk:"only_resource_classes"`
	AgentStates         types.Bool   `tfsdk:"agent_states"`
	ConnectedWithin     types.String `tfsdk:"connected_within"`

	Fleets               map[string]*fleetModel `tfsdk:"fleets"`
	RunnerCount          *int64                 `tfsdk:"runner_count"`
	ConnectedRunnerCount *int64                 `tfsdk:"connected_runner_count"`
	UnclaimedTaskCount   *int64                 `tfsdk:"unclaimed_task_count"`
	RunningTaskCount     *int64                 `tfsdk:"running_task_count"`

	agentStates
}

// setFleets sets what was read.
func (m *runnerFleetsModel) setFleets(all fleets, total fleetModel) {
	m.Fleets = make(map[string]*fleetModel, len(all))
	for _, fleet := range all {
		m.Fleets[fleet.resourceClass] = fleet
	}
	m.RunnerCount, m.ConnectedRunnerCount = &total.Runners, &total.Connected
	m.UnclaimedTaskCount, m.RunningTaskCount = &total.Unclaimed, total.Running
	m.agentStates = total.agentStates
}

// warnEmpty returns the warning about a namespace without a fleet, whose counts would pass any check of a limit.
func (m *runnerFleetsModel) warnEmpty() diag.Diagnostic {
	at, namespace := path.Root("namespace"), m.Namespace.ValueString()
	reason := "No runner of namespace " + namespace + " is listed, and no resource class is named"
	advice := "Check the name of the namespace. If its classes are scaled to zero, name them in resource_classes, or " +
		"set all_resource_classes."
	switch {
	case !m.OnlyResourceClasses.IsNull():
		at = path.Root("only_resource_classes")
		reason, advice = "No resource class is named in only_resource_classes", "Name at least one."
	case m.AllResourceClasses.ValueBool(), m.AgentStates.ValueBool():
		reason = "The API lists no runner and no resource class of namespace " + namespace
		advice = "Check the name of the namespace."
	}
	return diag.NewAttributeWarningDiagnostic(at, "No fleet", reason+", so every count is 0. "+advice)
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
