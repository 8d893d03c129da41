package provider

import (
	"cmp"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// providerModel is the provider's block in the configuration.
type providerModel struct {
	Token              types.String `tfsdk:"token"`
	TokenScheme        types.String `tfsdk:"token_scheme"`
	LaunchToken        types.String `tfsdk:"launch_token"`
	SessionCookie      types.String `tfsdk:"session_cookie"`
	APIURL             types.String `tfsdk:"api_url"`
	APIVersion         types.String `tfsdk:"api_version"`
	CACertPEM          types.String `tfsdk:"ca_cert_pem"`
	ClientCertPEM      types.String `tfsdk:"client_cert_pem"`
	ClientKeyPEM       types.String `tfsdk:"client_key_pem"`
	InsecureSkipVerify types.Bool   `tfsdk:"insecure_skip_verify"`

	MaxRetries            types.Number `tfsdk:"max_retries"`
	RequestTimeout        types.String `tfsdk:"request_timeout"`
	MaxConcurrentRequests types.Number `tfsdk:"max_concurrent_requests"`
}

// settings are the configuration, completed from the environment and by defaults.
type settings struct {
	circleci.Config
	// credential is the source of Config.Credential.
	credential credentialSetting
}

// credentialSetting is the credential that is used.
type credentialSetting struct {
	setting
	method credentialMethod
	// scheme is the token_scheme of a personal token, "" for the default.
	scheme string
}

// credentialMethod is a kind of credential of the Runner API.
type credentialMethod struct {
	// name is what the credential is, in CircleCI's words.
	attribute, name string
	// variables fill the attribute when the configuration gives no credential at all, in order.
	variables []string
	// check validates the form of a value. Its error completes a sentence that starts with the credential, and says
	// what to do.
	check func(value string) error
	new   func(value string) circleci.Credential
	// apiURL is the default of api_url, if that is not circleci.DefaultAPIURL.
	apiURL string
}

// setting is a value and its source: an attribute, an environment variable, or neither when it is unset.
type setting struct{ value, attribute, variable string }

// lookup returns the configured value, or else that of the first variable that is not empty. It ignores an unknown
// value.
func lookup(attribute string, configured types.String, getenv func(string) string, variables ...string) setting {
	if !configured.IsNull() && !configured.IsUnknown() {
		return setting{value: configured.ValueString(), attribute: attribute}
	}
	for _, variable := range variables {
		if value := getenv(variable); value != "" {
			return setting{value: value, variable: variable}
		}
	}
	return setting{}
}

func (s setting) isSet() bool { return s.name() != "" }

// name is that of the attribute or of the variable.
func (s setting) name() string { return cmp.Or(s.attribute, s.variable) }

// source describes where the value came from, without the value.
func (s setting) source() string {
	if s.attribute != "" {
		return "the provider's " + s.attribute + " attribute"
	}
	return "the environment variable " + s.variable
}

// locate adds a path to a diagnostic if the value came from an attribute.
func (s setting) locate(diagnostic diag.Diagnostic) diag.Diagnostic {
	if s.attribute == "" {
		return diagnostic
	}
	return diag.WithPath(path.Root(s.attribute), diagnostic)
}

func (s setting) addError(diags *diag.Diagnostics, summary, detail string) {
	diags.Append(s.locate(diag.NewErrorDiagnostic(summary, detail)))
}

// orAPIVersion returns a part of a sentence about api_version, "" unless that is set.
func (s settings) orAPIVersion(part string) string {
	if s.APIVersion == circleci.Auto {
		return ""
	}
	return part
}
