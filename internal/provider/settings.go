package provider

import (
	"net/url"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// The environment variables that fill an attribute which the configuration leaves unset, in order.
var (
	tokenVariables      = []string{"CIRCLE_TOKEN", "CIRCLECI_CLI_TOKEN"}
	apiURLVariables     = []string{"CIRCLECI_RUNNER_API_URL"}
	apiVersionVariables = []string{"CIRCLECI_RUNNER_API_VERSION"}
)

const missingToken = "The Runner API answers only with a token. Set the environment variable CIRCLE_TOKEN to a personal " +
	"API token, or the token attribute of the provider to a sensitive variable. A token can be made at " +
	"https://app.circleci.com/settings/user/tokens."

// providerModel is the provider's block in the configuration.
type providerModel struct {
	Token      types.String `tfsdk:"token"`
	APIURL     types.String `tfsdk:"api_url"`
	APIVersion types.String `tfsdk:"api_version"`
}

// settings are what the provider works with: the configuration, completed by the environment and by defaults.
type settings struct {
	token      setting
	apiURL     *url.URL
	apiVersion circleci.APIVersion
}

// requireKnown refuses values that are known only after apply: asking CircleCI without them would fail in ways that
// say nothing of the cause.
func (m providerModel) requireKnown() (diags diag.Diagnostics) {
	for attribute, value := range map[string]types.String{"token": m.Token, "api_url": m.APIURL, "api_version": m.APIVersion} {
		if value.IsUnknown() {
			diags.AddAttributeError(path.Root(attribute), "Value known only after apply",
				"The provider needs "+attribute+" while it plans, but its value is known only after apply. Give a value "+
					"that is known before, such as an input variable or an environment variable, or first apply what "+
					"the value comes from with the -target option.")
		}
	}
	return diags
}

// resolve completes the configuration from the environment and checks each value where it came from. A nil getenv
// judges the configuration alone: what it leaves unset may come from anywhere. Unknown values are left alone, for
// requireKnown to judge.
func (m providerModel) resolve(getenv func(string) string) (s settings, diags diag.Diagnostics) {
	s.token = find("token", m.Token, getenv, tokenVariables)
	if s.token.isSet() {
		if fault := circleci.CheckSecret(s.token.value); fault != "" {
			s.token.addError(&diags, "Invalid token", "The token from "+s.token.source()+" "+fault+
				". Give the token alone, as CircleCI showed it when it was made.")
		}
	}

	version := find("api_version", m.APIVersion, getenv, apiVersionVariables)
	switch s.apiVersion = circleci.APIVersion(version.value); s.apiVersion {
	case circleci.V2, circleci.V3:
	case "":
		if getenv != nil {
			s.apiVersion = circleci.V2
		}
	default:
		if version.variable != "" { // The attribute has a validator of its own.
			version.addError(&diags, "Invalid API version", "The environment variable "+version.variable+
				" must be v2 or v3.")
		}
		s.apiVersion = ""
	}

	apiURL := find("api_url", m.APIURL, getenv, apiURLVariables)
	if !apiURL.isSet() {
		apiURL.value = circleci.DefaultAPIURL
	}
	var err error
	if s.apiURL, err = circleci.ParseAPIURL(apiURL.value, s.apiVersion); err != nil {
		apiURL.addError(&diags, "Invalid API URL", "The URL from "+apiURL.source()+" "+err.Error()+
			". Give the origin of the Runner API, such as "+circleci.DefaultAPIURL+" or https://circleci.example.com.")
	}
	return s, diags
}

// setting is one value and where it came from: an attribute, an environment variable, or neither when unset.
type setting struct {
	value     string
	attribute string
	variable  string
}

// find takes a value from the configuration, else from the first of the variables that is not empty.
func find(attribute string, configured types.String, getenv func(string) string, variables []string) setting {
	if configured.IsUnknown() {
		return setting{}
	}
	if !configured.IsNull() {
		return setting{value: configured.ValueString(), attribute: attribute}
	}
	if getenv == nil {
		return setting{}
	}
	for _, variable := range variables {
		if value := getenv(variable); value != "" {
			return setting{value: value, variable: variable}
		}
	}
	return setting{}
}

func (s setting) isSet() bool { return s.attribute != "" || s.variable != "" }

// source names where the value came from, never the value.
func (s setting) source() string {
	if s.attribute != "" {
		return "the provider's attribute " + s.attribute
	}
	return "the environment variable " + s.variable
}

// addError reports on the attribute that the value came from. A variable has no place in the configuration.
func (s setting) addError(diags *diag.Diagnostics, summary, detail string) {
	if s.attribute != "" {
		diags.AddAttributeError(path.Root(s.attribute), summary, detail)
		return
	}
	diags.AddError(summary, detail)
}
