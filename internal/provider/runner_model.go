package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// runnerModel is a runner in Terraform, with the attributes that every list of runners has.
type runnerModel struct {
	FirstConnected *string `tfsdk:"first_connected"`
	Hostname       *string `tfsdk:"hostname"`
	IP             *string `tfsdk:"ip"`
	LastConnected  *string `tfsdk:"last_connected"`
	LastUsed       *string `tfsdk:"last_used"`
	Name           string  `tfsdk:"name"`
	ResourceClass  string  `tfsdk:"resource_class"`
	Version        *string `tfsdk:"version"`
}

func newRunnerModel(r circleci.Runner) runnerModel {
	return runnerModel{
		FirstConnected: r.FirstConnected,
		Hostname:       r.Hostname,
		IP:             r.IP,
		LastConnected:  r.LastConnected,
		LastUsed:       r.LastUsed,
		Name:           r.Name,
		ResourceClass:  r.ResourceClass,
		Version:        r.Version,
	}
}

func newRunnerModels(runners []circleci.Runner) []runnerModel {
	models := make([]runnerModel, len(runners))
	for i, runner := range runners {
		models[i] = newRunnerModel(runner)
	}
	return models
}

const runnersDescription = "The runners, sorted by resource class, name and hostname. Empty if there are none, never " +
	"null."

// runnerAttributes is the schema of a runnerModel.
func runnerAttributes() map[string]schema.Attribute {
	const time, ifNotSent = ", RFC 3339, as the API returns it.", " Null if the API does not send it."
	return map[string]schema.Attribute{
		"resource_class": computedString("Resource class of the runner, `namespace/name`. Never null."),
		"hostname":       computedString("Name of the machine." + ifNotSent),
		"ip": computedString("IP address of the runner, as the API returns it. Observed, not documented by CircleCI." +
			ifNotSent),
		"name":            computedString("Name that the runner was registered with. Never null."),
		"first_connected": computedString("When the runner first connected" + time + ifNotSent),
		"last_connected":  computedString("When CircleCI last saw the runner" + time + ifNotSent),
		"last_used":       computedString("When the runner last claimed a task" + time + " Null if it never did."),
		"version":         computedString("Version of the runner's agent." + ifNotSent),
	}
}
