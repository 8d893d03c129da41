package provider

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

const apiURLVariable = "CIRCLECI_RUNNER_API_URL"

var (
	validAPIVersion = newOneOf("Invalid API version", string(circleci.Auto), "v2", "v3")

	// hostVariables tell other tools the host of an installation. The provider does not use their values.
	hostVariables = []string{"CIRCLE_RUNNER_HOST", "CIRCLE_HOST", "CIRCLE_HOSTNAME", "CIRCLECI_CLI_HOST"}
	cloudHosts    = []string{"circleci.com", "runner.circleci.com", "app.circleci.com"}
)

// version returns "" when the version is invalid.
func (m providerModel) version(getenv func(string) string, diags *diag.Diagnostics) circleci.APIVersion {
	version := lookup("api_version", m.APIVersion, getenv, "CIRCLECI_RUNNER_API_VERSION")
	problem := validAPIVersion.problem("The environment variable "+version.variable, version.value)
	switch {
	case !version.isSet():
		return circleci.Auto
	case problem == "":
		return circleci.APIVersion(version.value)
	case version.variable != "": // The attribute has a validator of its own.
		diags.AddError(validAPIVersion.summary, problem)
	}
	return ""
}

// url returns the origin for a version and a credential.
func (m providerModel) url(getenv func(string) string, s settings, diags *diag.Diagnostics) *url.URL {
	origin := lookup("api_url", m.APIURL, getenv, apiURLVariable)
	if !origin.isSet() {
		origin.value = cmp.Or(s.credential.method.apiURL, circleci.DefaultAPIURL)
		warnOtherHost(getenv, origin.value, diags)
	}
	apiURL, err := circleci.ParseAPIURL(origin.value, s.APIVersion)
	if err != nil {
		origin.addError(diags, "Invalid API URL", "The URL from "+origin.source()+" "+err.Error()+". Give the origin of the "+
			"Runner API, such as "+circleci.DefaultAPIURL+" or https://circleci.example.com.")
	}
	return apiURL
}

// warnOtherHost warns that the default of api_url gets the credential although a variable names another installation.
// It does not repeat the value, which may contain a password.
func warnOtherHost(getenv func(string) string, defaultURL string, diags *diag.Diagnostics) {
	for _, variable := range hostVariables {
		if value := getenv(variable); value != "" && !isCloudHost(value) {
			diags.AddWarning("Host of another installation", fmt.Sprintf("The environment variable %s names a host that is not "+
				"CircleCI Cloud's, but api_url is not set, so the credential is sent to %s. Set api_url, or %s, to the origin of "+
				"the installation that the credential belongs to.", variable, defaultURL, apiURLVariable))
			return
		}
	}
}

// isCloudHost reports whether a host, or a URL, is CircleCI Cloud's.
func isCloudHost(value string) bool {
	if !strings.Contains(value, "://") {
		value = "https://" + value
	}
	u, err := url.Parse(value)
	return err == nil && slices.Contains(cloudHosts, strings.ToLower(u.Hostname()))
}
