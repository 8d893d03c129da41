package circleci

import (
	"errors"
)

// RunnerAgent is a runner agent, as the fleet API lists it. A nil field is one that the API omitted or set to null, or a time
// that it set to "". Times are RFC 3339 date-times, as the API formats them: see [ParseTime].
//
// Source: GET /runner/agents, a preview.
type RunnerAgent struct {
	// ID identifies the agent. It is not documented to be a UUID.
	ID string
	// Name is what the agent was registered as.
	Name string
	// IsBusy reports whether the agent runs a task.
	IsBusy bool
	// Version is the version of the agent, such as "3.1.2".
	Version *string
	// FirstConnectedAt and LastConnectedAt are when the agent was first and last seen.
	FirstConnectedAt, LastConnectedAt *string
}

// agentObject is an agent in a response.
type agentObject struct {
	ID         string `json:"id"`
	Attributes struct {
		Name             *string `json:"name"`
		IsBusy           *bool   `json:"is_busy"`
		Version          *string `json:"version"`
		FirstConnectedAt *string `json:"first_connected_at"`
		LastConnectedAt  *string `json:"last_connected_at"`
	} `json:"attributes"`
	References struct {
		ResourceClass struct {
			Attributes struct {
				ResourceClass string `json:"resource_class"`
			} `json:"attributes"`
		} `json:"resource_class"`
	} `json:"references"`
}

func (o agentObject) resourceClass() string {
	return o.References.ResourceClass.Attributes.ResourceClass
}

func (o agentObject) keys() []string { return []string{o.ID} }

func (o agentObject) value() (RunnerAgent, error) {
	a := o.Attributes
	switch {
	case o.ID == "":
		return RunnerAgent{}, errors.New("has no id")
	case a.Name == nil:
		return RunnerAgent{}, errors.New("has no name")
	case a.IsBusy == nil:
		return RunnerAgent{}, errors.New("has no is_busy")
	case o.resourceClass() == "":
		return RunnerAgent{}, errors.New("has no resource_class")
	}
	return RunnerAgent{
		ID: o.ID, Name: *a.Name, IsBusy: *a.IsBusy, Version: a.Version,
		FirstConnectedAt: nonEmpty(a.FirstConnectedAt), LastConnectedAt: nonEmpty(a.LastConnectedAt),
	}, nil
}
