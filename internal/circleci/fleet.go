package circleci

import (
	"cmp"
	"errors"
	"fmt"
)

// Fleet is the runner agents of one resource class, as CircleCI counts them. No count is negative. The three states may
// add up to less than AgentCount: they may leave out agents that were silent for a while.
//
// Source: GET /runner/fleets, a preview.
type Fleet struct {
	// ID is the UUID of the resource class, and ResourceClass its name, namespace/name.
	ID, ResourceClass string
	// ActiveAgents run a task, IdleAgents wait for one, and DisconnectedAgents lost their connection.
	ActiveAgents, IdleAgents, DisconnectedAgents int64
	// AgentCount is how many agents there are.
	AgentCount int64
	// LastTaskClaimedAt is when an agent last claimed a task, an RFC 3339 date-time; nil if none ever did.
	LastTaskClaimedAt *string
	// RunningTasks and QueuedTasks are nil in a list of fleets, which does not count tasks.
	RunningTasks, QueuedTasks *int64
}

// fleetObject is a fleet in a response.
type fleetObject struct {
	ID         string `json:"id"`
	Attributes struct {
		Name               string   `json:"name"`
		ActiveAgents       *int64   `json:"active_agents"`
		IdleAgents         *int64   `json:"idle_agents"`
		DisconnectedAgents *int64   `json:"disconnected_agents"`
		AgentCount         *int64   `json:"agent_count"`
		LastTaskClaimedAt  nullable `json:"last_task_claimed_at"`
		RunningTasks       *int64   `json:"running_tasks"`
		QueuedTasks        *int64   `json:"queued_tasks"`
	} `json:"attributes"`
}

func (o fleetObject) resourceClass() string { return o.Attributes.Name }

func (o fleetObject) keys() []string { return []string{o.ID, o.Attributes.Name} }

// value returns the fleet, without counts of tasks.
func (o fleetObject) value() (fleet Fleet, err error) {
	a := o.Attributes
	switch {
	case !IsUUID(o.ID):
		return Fleet{}, errors.New("has no UUID for id")
	case a.Name == "":
		return Fleet{}, errors.New("has no name")
	case !a.LastTaskClaimedAt.isSet:
		return Fleet{}, errors.New("has no last_task_claimed_at")
	}
	fleet = Fleet{ID: o.ID, ResourceClass: a.Name, LastTaskClaimedAt: nonEmpty(&a.LastTaskClaimedAt.text)}
	err = cmp.Or(
		setCount(&fleet.ActiveAgents, a.ActiveAgents, "active_agents"),
		setCount(&fleet.IdleAgents, a.IdleAgents, "idle_agents"),
		setCount(&fleet.DisconnectedAgents, a.DisconnectedAgents, "disconnected_agents"),
		setCount(&fleet.AgentCount, a.AgentCount, "agent_count"),
	)
	return fleet, err
}

// valueWithTasks returns the fleet with counts of tasks.
func (o fleetObject) valueWithTasks() (Fleet, error) {
	fleet, err := o.value()
	fleet.RunningTasks, fleet.QueuedTasks = new(int64), new(int64)
	return fleet, cmp.Or(err,
		setCount(fleet.RunningTasks, o.Attributes.RunningTasks, "running_tasks"),
		setCount(fleet.QueuedTasks, o.Attributes.QueuedTasks, "queued_tasks"),
	)
}

func setCount(to, from *int64, name string) error {
	switch {
	case from == nil:
		return errors.New("has no " + name)
	case *from < 0:
		return fmt.Errorf("has %d for %s", *from, name)
	}
	*to = *from
	return nil
}
