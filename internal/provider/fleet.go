package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// fleetModel is one resource class in Terraform: its runners, its tasks and, if requested, the states of its agents.
type fleetModel struct {
	resourceClass string
	Runners       int64  `tfsdk:"runner_count"`
	Connected     int64  `tfsdk:"connected_runner_count"`
	Unclaimed     int64  `tfsdk:"unclaimed_task_count"`
	Running       *int64 `tfsdk:"running_task_count"`
	// LastConnected is the API's string of lastSeen, the latest valid last_connected; nil if there is none.
	LastConnected *string `tfsdk:"last_connected"`
	lastSeen      time.Time
	Versions      []string `tfsdk:"versions"`

	agentStates
	LastTaskClaimedAt *string `tfsdk:"last_task_claimed_at"`
}

// fleetAttributes is the schema of a fleetModel.
func fleetAttributes() map[string]schema.Attribute {
	attributes := agentStateAttributes("")
	attributes["runner_count"] = computedCount("Number of listed runners.")
	attributes["connected_runner_count"] = computedCount("Number of runners that count as connected.")
	attributes["unclaimed_task_count"] = computedCount("Number of tasks that no runner has claimed yet.")
	attributes["running_task_count"] = computedCount("Number of running tasks. " + runningCountDescription)
	attributes["last_connected"] = computedString("When CircleCI last saw a runner of the class, RFC 3339, as the API " +
		"returns it. Null without runners, or if the API does not send it.")
	attributes["versions"] = schema.ListAttribute{
		Computed: true, ElementType: types.StringType,
		MarkdownDescription: "Versions of the listed runners' agents, each once, the oldest first. Runners without a version " +
			"are left out.",
	}
	attributes["last_task_claimed_at"] = computedString("When an agent of the class last claimed a task, RFC 3339, as " +
		"the fleet API returns it. Null if none ever did, without `agent_states`, or if the fleet API " +
		"does not list the class.")
	return attributes
}

// add adds a runner of the class.
func (f *fleetModel) add(runner circleci.Runner, filter connectedFilter) error {
	isConnected, err := filter.isConnected(runner)
	if err != nil {
		return err
	}
	f.Runners++
	if isConnected {
		f.Connected++
	}
	// An invalid time is an error only where isConnected depends on it.
	if seen, err := lastConnected(runner); err == nil && seen.After(f.lastSeen) {
		f.lastSeen, f.LastConnected = seen, runner.LastConnected
	}
	if runner.Version != nil && *runner.Version != "" {
		f.Versions = append(f.Versions, *runner.Version)
	}
	return nil
}

// setStates sets what the fleet API reports of the class.
func (f *fleetModel) setStates(reported circleci.Fleet) {
	f.agentStates, f.LastTaskClaimedAt = newAgentStates(reported), reported.LastTaskClaimedAt
}
