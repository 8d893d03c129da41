package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// runnerModel is a runner in Terraform, with the documented attributes.
type runnerModel struct {
	ResourceClass  types.String `tfsdk:"resource_class"`
	Hostname       types.String `tfsdk:"hostname"`
	Name           types.String `tfsdk:"name"`
	FirstConnected types.String `tfsdk:"first_connected"`
	LastConnected  types.String `tfsdk:"last_connected"`
	LastUsed       types.String `tfsdk:"last_used"`
	Version        types.String `tfsdk:"version"`
}

// runnerAttributes is the schema of a runnerModel.
func runnerAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"resource_class":  computedString("Resource class that the runner serves, `namespace/name`. Never null."),
		"hostname":        computedString("Name of the machine. Null if the API does not send it."),
		"name":            computedString("Name that the runner was registered with. Never null."),
		"first_connected": computedString("When the runner first connected, RFC 3339, as the API returns it. Null if the API does not send it."),
		"last_connected":  computedString("When the runner last connected, RFC 3339, as the API returns it. Null if the API does not send it."),
		"last_used":       computedString("When the runner last claimed a task, RFC 3339, as the API returns it. Null if it never did."),
		"version":         computedString("Version of the runner's agent. Null if the API does not send it."),
	}
}

func computedString(description string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

func newRunnerModel(r circleci.Runner) runnerModel {
	return runnerModel{
		ResourceClass:  types.StringValue(r.ResourceClass),
		Hostname:       types.StringPointerValue(r.Hostname),
		Name:           types.StringValue(r.Name),
		FirstConnected: types.StringPointerValue(r.FirstConnected),
		LastConnected:  types.StringPointerValue(r.LastConnected),
		LastUsed:       types.StringPointerValue(r.LastUsed),
		Version:        types.StringPointerValue(r.Version),
	}
}

func newRunnerModels(runners []circleci.Runner) []runnerModel {
	models := make([]runnerModel, len(runners))
	for i, r := range runners {
		models[i] = newRunnerModel(r)
	}
	return models
}
