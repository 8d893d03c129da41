package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// agentStates is how many agents are in each state, as CircleCI counts them. All are nil if that is not known.
type agentStates struct {
	Active       *int64 `tfsdk:"active_agents"`
	Idle         *int64 `tfsdk:"idle_agents"`
	Disconnected *int64 `tfsdk:"disconnected_agents"`
	Agents       *int64 `tfsdk:"agent_count"`
}

func newAgentStates(of circleci.Fleet) agentStates {
	return agentStates{&of.ActiveAgents, &of.IdleAgents, &of.DisconnectedAgents, &of.AgentCount}
}

// counts returns the counts, to be added up.
func (s *agentStates) counts() []*int64 { return []*int64{s.Active, s.Idle, s.Disconnected, s.Agents} }

// statesNote ends the description of each agent_count.
const statesNote = " The three states may add up to less, because CircleCI may leave out agents that were silent for a " +
	"while."

// agentStateAttributes is the schema of agentStates. The scope says which agents are counted, "" for those of a fleet.
func agentStateAttributes(scope string) map[string]schema.Attribute {
	null := " Null without `agent_states`."
	if scope == "" {
		null = " Null without `agent_states`, or if the fleet API does not list the class."
	}
	return map[string]schema.Attribute{
		"active_agents":       computedCount("Number of agents" + scope + " that run a task." + null),
		"idle_agents":         computedCount("Number of agents" + scope + " that are connected and run no task." + null),
		"disconnected_agents": computedCount("Number of agents" + scope + " that lost their connection." + null),
		"agent_count":         computedCount("Number of agents" + scope + " that CircleCI counts." + statesNote + null),
	}
}
