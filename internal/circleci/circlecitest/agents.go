package circlecitest

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"
)

// AgentState is a state in which the fleet API counts agents.
type AgentState int

// The states of an agent. A silent one, not heard of for more than ten minutes, is in none of the three counts.
const (
	IdleAgent AgentState = iota
	ActiveAgent
	DisconnectedAgent
	SilentAgent
)

// Agent is a runner agent of the fleet API. What is "" is sent as null.
type Agent struct {
	ID, Name, Version                 string
	State                             AgentState
	FirstConnectedAt, LastConnectedAt string
	// LastTaskClaimedAt is sent in the fleet only: the latest of its agents.
	LastTaskClaimedAt string
}

// SetAgents replaces the agents of a resource class, which exists from then on. Their order is the order of the list.
// An agent without an ID gets one, always the same for its class and name.
func (s *Server) SetAgents(resourceClass string, agents ...Agent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resources.findClass(resourceClass) < 0 {
		s.resources.classes = append(s.resources.classes, ResourceClass{ID: newUUID(), ResourceClass: resourceClass})
	}
	s.resources.setAgents(resourceClass, slices.Clone(agents))
}

func (r *resources) setAgents(resourceClass string, agents []Agent) {
	class := strings.ToLower(resourceClass)
	for i := range agents {
		sum := sha256.Sum256([]byte(class + "/" + agents[i].Name))
		agents[i].ID = cmp.Or(agents[i].ID, formatUUID([16]byte(sum[:16])))
	}
	r.agents[class] = agents
}

// object is a JSON object.
type object map[string]any

// fleetObject is the fleet of a class. A list has none with tasks.
func (s *Server) fleetObject(class ResourceClass, hasTasks bool) object {
	key := strings.ToLower(class.ResourceClass)
	states, lastClaimed, named := map[AgentState]int{}, "", []object{}
	agents := s.resources.agents[key]
	for _, agent := range agents {
		states[agent.State]++
		lastClaimed = max(lastClaimed, agent.LastTaskClaimedAt)
	}
	for _, agent := range agents[:min(len(agents), 10)] { // The service cuts this list off, too.
		named = append(named, object{"id": agent.ID, "attributes": object{"name": agent.Name}})
	}
	attributes := object{
		"name": class.ResourceClass, "active_agents": states[ActiveAgent], "idle_agents": states[IdleAgent],
		"disconnected_agents": states[DisconnectedAgent], "agent_count": len(agents),
		"last_task_claimed_at": orNull(lastClaimed),
	}
	if hasTasks {
		attributes["running_tasks"], attributes["queued_tasks"] = s.tasks[key].running, s.tasks[key].unclaimed
	}
	references := object{"resource_class": object{"id": class.ID}, "runner_agents": named}
	return object{"id": class.ID, "attributes": attributes, "references": references}
}

// object is an agent as the fleet API lists it.
func (a Agent) object(class ResourceClass) object {
	of := object{"id": class.ID, "attributes": object{"resource_class": class.ResourceClass}}
	return object{"id": a.ID, "references": object{"resource_class": of}, "attributes": object{
		"name": a.Name, "is_busy": a.State == ActiveAgent, "version": orNull(a.Version),
		"first_connected_at": orNull(a.FirstConnectedAt), "last_connected_at": orNull(a.LastConnectedAt),
	}}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
