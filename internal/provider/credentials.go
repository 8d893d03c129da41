package provider

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// The values of token_scheme.
const (
	schemeHeader = "header"
	schemeBasic  = "basic"
	schemeBearer = "bearer"
)

// credentialMethod is a kind of credential of the Runner API.
type credentialMethod struct {
	attribute string
	// variables fill the attribute when the configuration gives no credential at all, in order.
	variables []string
	// name is what the credential is, in CircleCI's words.
	name string
	// check validates the form of the value. Its error completes a sentence that starts with the credential, and says what to do.
	check func(value string) error
	// apiURL is the default of api_url.
	apiURL string
	// new returns the client's credential.
	new func(value string) circleci.Credential
}

// credentialMethods are all ways, in the order in which the environment is searched.
var credentialMethods = []credentialMethod{
	{
		attribute: "token",
		variables: []string{"CIRCLE_TOKEN", "CIRCLE_CLI_TOKEN", "CIRCLECI_CLI_TOKEN"},
		name:      "personal API token",
		check:     checkToken,
		apiURL:    circleci.DefaultAPIURL,
		new:       circleci.PersonalToken,
	},
	{
		attribute: "launch_token",
		variables: []string{"CIRCLECI_RUNNER_API_AUTH_TOKEN", "LAUNCH_AGENT_API_AUTH_TOKEN"},
		name:      "launch token",
		check:     checkToken,
		apiURL:    circleci.DefaultAPIURL,
		new:       circleci.LaunchToken,
	},
	{
		attribute: "session_cookie",
		variables: []string{"CIRCLECI_SESSION_COOKIE"},
		name:      "session cookie",
		check:     checkSessionCookie,
		apiURL:    circleci.BrowserAPIURL,
		new:       circleci.SessionCookie,
	},
}

const missingCredential = "The Runner API requires a credential. Give one of: a personal API token (the attribute " +
	"token or the environment variable CIRCLE_TOKEN), which works everywhere and can be made at " +
	"https://app.circleci.com/settings/user/tokens; a launch token (launch_token or CIRCLECI_RUNNER_API_AUTH_TOKEN); a " +
	"browser's session cookie (session_cookie or CIRCLECI_SESSION_COOKIE)."

// checkToken rejects the complete value of a header.
func checkToken(value string) error {
	for _, scheme := range []string{"Bearer", "Basic"} {
		if len(value) > len(scheme) && strings.EqualFold(value[:len(scheme)+1], scheme+" ") {
			return fmt.Errorf("starts with %q. Give the token alone, without the leading %q", scheme+" ", scheme)
		}
	}
	return nil
}

// checkSessionCookie rejects a complete Cookie header or name=value pair: the provider adds the name.
func checkSessionCookie(value string) error {
	switch {
	case strings.HasPrefix(value, "ring-session="):
		return errors.New("starts with ring-session=. Give the value of the cookie ring-session alone")
	case strings.Contains(value, ";"):
		return errors.New("contains a semicolon, which separates cookies and their attributes. Give the value of the cookie ring-session " +
			"alone, without attributes such as Path")
	}
	return nil
}

// credentialSetting is the credential that is used.
type credentialSetting struct {
	setting
	method credentialMethod
	// scheme is the token_scheme of a personal token, "" for the default.
	scheme string
}

// newCredential returns the client's credential.
func (c credentialSetting) newCredential() circleci.Credential {
	switch c.scheme {
	case schemeBasic:
		return circleci.BasicToken(c.value)
	case schemeBearer:
		return circleci.BearerToken(c.value)
	}
	return c.method.new(c.value)
}

// describe names the credential and where it came from, never its value.
func (c credentialSetting) describe() string { return "The " + c.method.name + " from " + c.source() }

// resolveCredential selects and validates the credential. Without any, it is not set.
func (m providerModel) resolveCredential(getenv func(string) string) (c credentialSetting, diags diag.Diagnostics) {
	c = m.findCredential(getenv, &diags)
	c.scheme = m.TokenScheme.ValueString()
	if diags.HasError() || !c.isSet() {
		return c, diags
	}
	if c.method.attribute != "token" && isKnown(m.TokenScheme) {
		diags.AddAttributeError(path.Root("token_scheme"), "token_scheme without token",
			"token_scheme says how a personal API token is sent, but the credential that is used is the "+c.method.name+
				" from "+c.source()+". Remove token_scheme, or give token.")
		return c, diags
	}
	summary := "Invalid " + c.method.name
	if err := c.method.check(c.value); err != nil {
		c.addError(&diags, summary, c.describe()+" "+err.Error()+".")
	} else if err := circleci.ValidateSecret(c.value); err != nil {
		c.addError(&diags, summary, c.describe()+" "+err.Error()+". Give the value alone, as CircleCI showed it.")
	}
	return c, diags
}

// warnings are about a credential that can be sent, but is unlikely to be accepted.
func (c credentialSetting) warnings() (diags diag.Diagnostics) {
	if len(c.value) >= circleci.MinSecretLength {
		return nil
	}
	summary, detail := "Short "+c.method.name, fmt.Sprintf("%s has fewer than %d characters, so it cannot be a credential of CircleCI, "+
		"and it is not redacted in messages. Give the value as CircleCI showed it.", c.describe(), circleci.MinSecretLength)
	if c.attribute != "" {
		diags.AddAttributeWarning(path.Root(c.attribute), summary, detail)
	} else {
		diags.AddWarning(summary, detail)
	}
	return diags
}

// findCredential searches the configuration, and only without a credential there the environment.
func (m providerModel) findCredential(getenv func(string) string, diags *diag.Diagnostics) credentialSetting {
	configured := map[string]types.String{"token": m.Token, "launch_token": m.LaunchToken, "session_cookie": m.SessionCookie}
	var found []credentialSetting
	for _, method := range credentialMethods {
		value := configured[method.attribute]
		switch {
		case value.IsUnknown():
			getenv = nil // Something is configured, so the environment does not count.
		case !value.IsNull():
			found = append(found, credentialSetting{setting: setting{value: value.ValueString(), attribute: method.attribute}, method: method})
		}
	}
	switch {
	case len(found) > 1:
		diags.AddAttributeError(path.Root(found[1].attribute), "Two credentials",
			"Both "+found[0].attribute+" and "+found[1].attribute+" are set, and only one credential can be sent. Remove one of them.")
		return credentialSetting{}
	case len(found) == 1:
		return found[0]
	}
	for _, method := range credentialMethods {
		if s := lookup(method.attribute, types.StringNull(), getenv, method.variables); s.isSet() {
			return credentialSetting{setting: s, method: method}
		}
	}
	return credentialSetting{}
}
