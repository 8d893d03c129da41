package circleci

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// ListAgents returns the agents of a resource class, namespace/name, sorted by name, then ID. It sends a request for
// each 250 agents. No agent is an empty list. Errors are those of [Client.ListFleets].
//
// Source: GET /runner/agents, a preview.
func (c *Client) ListAgents(ctx context.Context, resourceClass string) ([]RunnerAgent, error) {
	agents, err := listPages[RunnerAgent, agentObject](ctx, c, "runner/agents", RunnerFilter{ResourceClass: resourceClass})
	slices.SortFunc(agents, func(a, b RunnerAgent) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return agents, err
}
