package provider

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newRunnerFleetDataSource() datasource.DataSource {
	return &runnerFleetDataSource{apiDataSource{name: "runner_fleet"}}
}

// runnerFleetDataSource implements data "circleci_runner_fleet": the agents and tasks of a resource class, as CircleCI
// counts them.
type runnerFleetDataSource struct{ apiDataSource }

type runnerFleetModel struct {
	ResourceClass types.String `tfsdk:"resource_class"`
	IncludeAgents types.Bool   `tfsdk:"include_agents"`

	agentStates
	ID                *string      `tfsdk:"id"`
	RunningTasks      *int64       `tfsdk:"running_tasks"`
	QueuedTasks       *int64       `tfsdk:"queued_tasks"`
	LastTaskClaimedAt *string      `tfsdk:"last_task_claimed_at"`
	AgentList         []agentModel `tfsdk:"agents"`
}

// agentModel is an agent in Terraform.
type agentModel struct {
	ID               string  `tfsdk:"id"`
	Name             string  `tfsdk:"name"`
	IsBusy           bool    `tfsdk:"is_busy"`
	Version          *string `tfsdk:"version"`
	FirstConnectedAt *string `tfsdk:"first_connected_at"`
	LastConnectedAt  *string `tfsdk:"last_connected_at"`
}

func (d *runnerFleetDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads the fleet of one resource class, as CircleCI counts it: its agents by state, and its " +
			"running and queued tasks. Can list the agents. " + fleetAPINote,
		Attributes: map[string]schema.Attribute{
			"resource_class": resourceClassAttribute,
			"include_agents": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether to list the agents in `agents`. Takes one more request for each 250 agents. " +
					"Default `false`.",
			},
			"id":                  computedString("UUID of the resource class, and of its fleet."),
			"active_agents":       computedCount("Number of agents that run a task."),
			"idle_agents":         computedCount("Number of agents that wait for a task."),
			"disconnected_agents": computedCount("Number of agents that lost their connection."),
			"agent_count":         computedCount("Number of agents that CircleCI counts for the class." + statesNote),
			"running_tasks":       computedCount("Number of running tasks."),
			"queued_tasks":        computedCount("Number of tasks that no agent has claimed yet."),
			"last_task_claimed_at": computedString("When an agent last claimed a task, RFC 3339, as the API returns it. Null " +
				"if none ever did."),
			"agents": computedList("The agents, sorted by `name`, then `id`. Empty if there are none. Null unless "+
				"`include_agents` is `true`.", agentAttributes()),
		},
	}
}

// agentAttributes is the schema of an agentModel.
func agentAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id":   computedString("Identifier of the agent."),
		"name": computedString("Name that the agent was registered with."),
		"is_busy": schema.BoolAttribute{
			Computed: true,
			MarkdownDescription: "Whether the agent runs a task. If not, it is idle or disconnected: see " +
				"`last_connected_at`.",
		},
		"version": computedString("Version of the agent. Null if the API does not send it."),
		"first_connected_at": computedString("When the agent first connected, RFC 3339, as the API returns it. Null if the " +
			"API does not send it."),
		"last_connected_at": computedString("When CircleCI last saw the agent, RFC 3339, as the API returns it. Null if the " +
			"API does not send it."),
	}
}

func (d *runnerFleetDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	diags := d.api.requireFleetAPI(path.Root("resource_class"))
	if resp.Diagnostics.Append(diags...); diags.HasError() {
		return
	}
	var model runnerFleetModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, circleci.ReadTimeout)
	defer cancel()
	class := model.ResourceClass.ValueString()
	fleet, err := d.api.client.GetFleet(ctx, class)
	if err != nil {
		d.addError(ctx, &resp.Diagnostics, "Error reading fleet of resource class "+class, err)
		return
	}
	model.setFleet(fleet)
	if model.IncludeAgents.ValueBool() {
		agents, err := d.api.client.ListAgents(ctx, class)
		if err != nil {
			d.addError(ctx, &resp.Diagnostics, "Error reading agents of resource class "+class, err)
			return
		}
		model.setAgents(agents)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

func (d *runnerFleetDataSource) addError(ctx context.Context, diags *diag.Diagnostics, summary string, err error) {
	at := path.Root("resource_class")
	if errors.Is(err, circleci.ErrNoFleet) {
		diags.AddAttributeError(at, summary, sentence(err)+"\n\nCheck the name of the resource class: it may not exist, or "+
			"the token may not have access to it.")
		return
	}
	d.api.addFleetAPIError(ctx, diags, at, summary, err)
}

func (m *runnerFleetModel) setFleet(fleet circleci.Fleet) {
	m.ID, m.LastTaskClaimedAt = &fleet.ID, fleet.LastTaskClaimedAt
	m.agentStates = newAgentStates(fleet)
	m.RunningTasks, m.QueuedTasks = fleet.RunningTasks, fleet.QueuedTasks
}

func (m *runnerFleetModel) setAgents(agents []circleci.RunnerAgent) {
	m.AgentList = make([]agentModel, len(agents))
	for i, agent := range agents {
		m.AgentList[i] = agentModel(agent)
	}
}
