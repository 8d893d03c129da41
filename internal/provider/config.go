package provider

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net/url"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// The environment variables that fill an attribute which the configuration leaves unset, in order.
var (
	apiURLVariables        = []string{"CIRCLECI_RUNNER_API_URL"}
	apiVersionVariables    = []string{"CIRCLECI_RUNNER_API_VERSION"}
	caCertPEMVariables     = []string{"CIRCLECI_CA_CERT_PEM"}
	clientCertPEMVariables = []string{"CIRCLECI_CLIENT_CERT_PEM"}
	clientKeyPEMVariables  = []string{"CIRCLECI_CLIENT_KEY_PEM"}
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
	credential credentialSetting
	apiURL     *url.URL
	apiVersion circleci.APIVersion
	tls        *tls.Config

	maxRetries            int
	requestTimeout        time.Duration
	maxConcurrentRequests int
}

func (s settings) clientConfig() circleci.Config {
	return circleci.Config{
		APIURL:                s.apiURL,
		APIVersion:            s.apiVersion,
		Credential:            s.credential.newCredential(),
		TLS:                   s.tls,
		MaxRetries:            s.maxRetries,
		RequestTimeout:        s.requestTimeout,
		MaxConcurrentRequests: s.maxConcurrentRequests,
	}
}

// validateKnown rejects unknown values: requests that are sent without them would fail with errors that do not state the cause.
// Configure defers what needs them instead if the CLI allows it.
func (m providerModel) validateKnown() (diags diag.Diagnostics) {
	for _, attribute := range []struct {
		name  string
		value attr.Value
	}{
		{"token", m.Token},
		{"token_scheme", m.TokenScheme},
		{"launch_token", m.LaunchToken},
		{"session_cookie", m.SessionCookie},
		{"api_url", m.APIURL},
		{"api_version", m.APIVersion},
		{"ca_cert_pem", m.CACertPEM},
		{"client_cert_pem", m.ClientCertPEM},
		{"client_key_pem", m.ClientKeyPEM},
		{"insecure_skip_verify", m.InsecureSkipVerify},
		{"max_retries", m.MaxRetries},
		{"request_timeout", m.RequestTimeout},
		{"max_concurrent_requests", m.MaxConcurrentRequests},
	} {
		if attribute.value.IsUnknown() {
			diags.AddAttributeError(path.Root(attribute.name), "Unknown value in provider configuration",
				attribute.name+" must be known during plan, but its value is known only after apply. Use a value that is known "+
					"earlier, such as an input variable or an environment variable, or first apply the resources that the "+
					"value depends on with the -target option.")
		}
	}
	return diags
}

// resolve completes the configuration from the environment and validates each value. With a nil getenv it validates the
// configuration alone: what that leaves unset may still come from the environment. Unknown values are ignored: they are
// validateKnown's.
func (m providerModel) resolve(getenv func(string) string) (s settings, diags diag.Diagnostics) {
	s.credential, diags = m.resolveCredential(getenv)
	s.tls = m.tlsConfig(getenv, &diags)
	s.maxRetries = int(int64OrDefault(m.MaxRetries, circleci.DefaultMaxRetries))
	s.requestTimeout = durationOrDefault(m.RequestTimeout, circleci.DefaultRequestTimeout)
	s.maxConcurrentRequests = int(int64OrDefault(m.MaxConcurrentRequests, circleci.DefaultMaxConcurrentRequests))

	s.apiVersion = m.version(getenv, &diags)
	s.apiURL = m.url(getenv, s, &diags)
	return s, diags
}

// version returns "" when the version is unknown or invalid.
func (m providerModel) version(getenv func(string) string, diags *diag.Diagnostics) circleci.APIVersion {
	setting := lookup("api_version", m.APIVersion, getenv, apiVersionVariables)
	switch version := circleci.APIVersion(setting.value); {
	case version == circleci.V2, version == circleci.V3:
		return version
	case setting.variable != "": // The attribute has a validator of its own.
		setting.addError(diags, "Invalid API version", fmt.Sprintf("The value %q of the environment variable %s is not v2 or v3.", setting.value, setting.variable))
	case !setting.isSet() && getenv != nil:
		return circleci.V2
	}
	return ""
}

func (m providerModel) url(getenv func(string) string, s settings, diags *diag.Diagnostics) *url.URL {
	setting := lookup("api_url", m.APIURL, getenv, apiURLVariables)
	if !setting.isSet() {
		setting.value = cmp.Or(s.credential.method.apiURL, circleci.DefaultAPIURL)
	}
	apiURL, err := circleci.ParseAPIURL(setting.value, s.apiVersion)
	if err != nil {
		setting.addError(diags, "Invalid API URL", "The URL from "+setting.source()+" "+err.Error()+
			". Give the origin of the Runner API, such as "+circleci.DefaultAPIURL+" or https://circleci.example.com.")
	}
	return apiURL
}

// setting is a value and its source: an attribute, an environment variable, or neither when it is unset.
type setting struct {
	value     string
	attribute string
	variable  string
}

// lookup returns the configured value, or else that of the first variable that is not empty.
func lookup(attribute string, configured types.String, getenv func(string) string, variables []string) setting {
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

// name is that of the attribute or of the variable.
func (s setting) name() string { return cmp.Or(s.attribute, s.variable) }

// source describes where the value came from, without the value.
func (s setting) source() string {
	if s.attribute != "" {
		return "the provider's attribute " + s.attribute
	}
	return "the environment variable " + s.variable
}

// addError adds an error, with a path if the value came from an attribute.
func (s setting) addError(diags *diag.Diagnostics, summary, detail string) {
	if s.attribute != "" {
		diags.AddAttributeError(path.Root(s.attribute), summary, detail)
		return
	}
	diags.AddError(summary, detail)
}
