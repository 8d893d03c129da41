package provider

import (
	"errors"
	"fmt"
	"slices"
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

var validTokenScheme = newOneOf("Invalid token scheme", schemeHeader, schemeBasic, schemeBearer)

// credentialMethods are all kinds, in the order in which the environment is searched.
var credentialMethods = []credentialMethod{
	{
		attribute: "token", name: "personal API token", check: checkToken, new: circleci.PersonalToken,
		variables: []string{"CIRCLE_TOKEN", "CIRCLE_CLI_TOKEN", "CIRCLECI_CLI_TOKEN"},
	},
	{
		attribute: "launch_token", name: "launch token", check: checkToken, new: circleci.LaunchToken,
		variables: []string{"CIRCLECI_RUNNER_API_AUTH_TOKEN", "LAUNCH_AGENT_API_AUTH_TOKEN"},
	},
	{
		attribute: "session_cookie", name: "session cookie", check: checkSessionCookie, new: circleci.SessionCookie,
		variables: []string{"CIRCLECI_SESSION_COOKIE"}, apiURL: circleci.BrowserAPIURL,
	},
}

const missingCredential = "The Runner API requires a credential. Set a personal API token, in the token attribute or " +
	"the environment variable CIRCLE_TOKEN: it works everywhere, and you create one at " +
	"https://app.circleci.com/settings/user/tokens. Or set a launch token (launch_token or " +
	"CIRCLECI_RUNNER_API_AUTH_TOKEN) or a browser's session cookie (session_cookie or CIRCLECI_SESSION_COOKIE)."

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
		return errors.New("contains a semicolon, which separates cookies and their attributes. Give the value of the " +
			"cookie ring-session alone, without attributes such as Path")
	}
	return nil
}

// resolveCredential selects and validates the credential. Without any, it is not set.
func (m providerModel) resolveCredential(getenv func(string) string) (c credentialSetting, diags diag.Diagnostics) {
	c = m.findCredential(getenv, &diags)
	c.scheme = m.TokenScheme.ValueString()
	if diags.HasError() || !c.isSet() {
		return c, diags
	}
	if c.method.attribute != "token" && c.scheme != "" {
		diags.AddAttributeError(path.Root("token_scheme"), "token_scheme without token",
			"token_scheme is for a personal API token, but the credential in use is the "+c.method.name+" from "+
				c.source()+". Remove token_scheme, or set token.")
		return c, diags
	}
	summary := "Invalid " + c.method.name
	if err := c.method.check(c.value); err != nil {
		c.addError(&diags, summary, c.describe()+" "+err.Error()+".")
	} else if err := circleci.ValidateSecret(c.value); err != nil {
		c.addError(&diags, summary, c.describe()+" "+c.invalidSecret(err))
	}
	return c, diags
}

// findCredential searches the configuration, and only without a credential there the environment.
func (m providerModel) findCredential(getenv func(string) string, diags *diag.Diagnostics) credentialSetting {
	configured := map[string]types.String{
		"token": m.Token, "launch_token": m.LaunchToken, "session_cookie": m.SessionCookie,
	}
	var inConfiguration, inEnvironment []credentialSetting
	for _, method := range credentialMethods {
		found := lookup(method.attribute, configured[method.attribute], getenv, method.variables...)
		switch {
		case found.attribute != "":
			inConfiguration = append(inConfiguration, credentialSetting{setting: found, method: method})
		case found.variable != "":
			inEnvironment = append(inEnvironment, credentialSetting{setting: found, method: method})
		}
	}
	if len(inConfiguration) > 1 {
		first, second := inConfiguration[0].attribute, inConfiguration[1].attribute
		diags.AddAttributeError(path.Root(second), "Two credentials",
			"Both "+first+" and "+second+" are set, but only one credential can be sent. Remove one of them.")
		return credentialSetting{}
	}
	if found := slices.Concat(inConfiguration, inEnvironment); len(found) > 0 {
		return found[0]
	}
	return credentialSetting{}
}

// invalidSecret completes a sentence that starts with an invalid credential, which may be valid without a file's line
// break.
func (c credentialSetting) invalidSecret(err error) string {
	if circleci.ValidateSecret(strings.TrimSpace(c.value)) != nil {
		return err.Error() + ". Give the value alone, as CircleCI showed it."
	}
	advice := "for example with trimspace()"
	if c.variable != "" {
		advice = "as a shell does in \"$(cat FILE)\""
	}
	return "starts or ends with white space, such as the line break at the end of a file. Remove it, " + advice + "."
}

// warnings are about a credential that can be sent, but is unlikely to be accepted.
func (c credentialSetting) warnings() (diags diag.Diagnostics) {
	if len(c.value) < circleci.MinSecretLength {
		diags.Append(c.locate(diag.NewWarningDiagnostic("Short "+c.method.name, fmt.Sprintf("%s has fewer than %d "+
			"characters, so it cannot be a credential of CircleCI, and it is not redacted in messages. Give the value as "+
			"CircleCI showed it.", c.describe(), circleci.MinSecretLength))))
	}
	return diags
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

// forbiddenAdvice says who may read what a credential may not.
func (c credentialSetting) forbiddenAdvice(attribute string) string {
	advice := c.describe() + " is not allowed to read this"
	if c.method.attribute != "launch_token" { // A launch token has no owner.
		advice += ": its owner must be a member of the organization"
		if attribute != "organization_id" {
			advice += " of the namespace"
		}
	}
	return advice + c.advice()
}

// advice ends a sentence about a rejected credential with what is specific to its kind.
func (c credentialSetting) advice() string {
	switch c.method.attribute {
	case "launch_token":
		return ". CircleCI's reference of API v2 allows launch tokens here, but later references only for claiming tasks. " +
			"Use a personal API token (token or CIRCLE_TOKEN), which always works."
	case "session_cookie":
		return ". A browser session expires: sign in again and copy the new cookie, or use a personal API token (token or " +
			"CIRCLE_TOKEN)."
	}
	return "."
}
