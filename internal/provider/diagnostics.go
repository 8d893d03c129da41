package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// addError reports an error of the client: what happened, and on the next line what to do about it. The attribute at is
// the one that says what to read.
func (a *providerData) addError(ctx context.Context, diags *diag.Diagnostics, at path.Path, summary string, err error) {
	detail := sentence(err) + "\n\n" + a.remediation(ctx, at, err)

	status := (*circleci.StatusError)(nil)
	if errors.As(err, &status) && (status.StatusCode == http.StatusBadRequest || status.StatusCode == http.StatusNotFound) {
		diags.AddAttributeError(at, summary, detail)
		return
	}
	diags.AddError(summary, detail)
}

// sentence makes a sentence of what an error says.
func sentence(err error) string {
	text := err.Error()
	text = strings.ToUpper(text[:1]) + text[1:]
	if !hasTerminalPunctuation.MatchString(text) {
		text += "."
	}
	return text
}

// endsSentence finds a quoted message that brings its own full stop.
var hasTerminalPunctuation = regexp.MustCompile(`[.!?…]"$`)

func (a *providerData) remediation(ctx context.Context, at path.Path, err error) string {
	var (
		status   *circleci.StatusError
		answer   *circleci.ResponseError
		redirect *circleci.RedirectError
		cert     *circleci.CertificateError
		alert    *circleci.TLSAlertError
		waited   *waitTimeoutError
		badTime  *invalidTimeError
		sum      *taskSumError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "The read was cancelled before an answer came."
	case errors.As(err, &waited) && waited.last == nil:
		return "Check why the condition was not reached, or increase wait_for.timeout."
	case errors.As(err, &badTime):
		return "Without connected_within (and wait_for, which needs it) last_connected need not be a time: every listed runner " +
			"counts. Please report this at " + issuesURL + "."
	case errors.As(err, &sum):
		return "So many tasks cannot be waiting, so at least one of the counts is wrong: read them one by one with " +
			"circleci_runner_tasks, and please report this at " + issuesURL + "."
	case errors.As(err, &status):
		return a.statusRemediation(ctx, at, status)
	case errors.As(err, &answer):
		if answer.Body == circleci.BodyHTML || answer.Body == circleci.BodyText {
			return notAPIHint
		}
		return "The provider takes nothing from an answer that is not as CircleCI documents it. Check api_url and " +
			"api_version; when both are right, please report this at " + issuesURL + "."
	case errors.As(err, &cert):
		return "If the server's certificate comes from a private authority, give that authority's certificate in the " +
			"provider's attribute ca_cert_pem."
	case errors.As(err, &redirect):
		return "The credential was not sent there. If the Runner API is served at " + redirect.Origin +
			", set api_url to it."
	case errors.As(err, &alert) && alert.IsAboutClientCertificate():
		return "The server asks for a client certificate that it trusts: give one in client_cert_pem and client_key_pem."
	case errors.As(err, &alert):
		return "The server and the provider could not agree on how to use TLS: check that api_url leads to the Runner API, and " +
			"that it speaks TLS 1.2 or newer."
	}
	return "Check api_url, the network and the proxy settings (HTTPS_PROXY, NO_PROXY), and " +
		"https://status.circleci.com."
}

// notTheAPI is for answers that something else than the Runner API gave.
const notAPIHint = "This does not come from the Runner API: check that api_url leads to it, and that no proxy or login " +
	"page answers in its place."

func (a *providerData) statusRemediation(ctx context.Context, at path.Path, err *circleci.StatusError) string {
	attribute := at.Steps()[0].String()
	organization := " that the namespace belongs to"
	if attribute == "organization_id" {
		organization = ""
	}
	var advice string
	switch code := err.StatusCode; {
	case code == http.StatusBadRequest:
		advice = "The API rejected the request: check " + attribute + " and api_version."
	case code == http.StatusUnauthorized:
		advice = a.settings.credential.describe() + " was not accepted: check that it is complete and was not revoked" +
			a.credentialRemediation()
	case code == http.StatusForbidden:
		advice = a.settings.credential.describe() + " may not read this: its owner must be a member of the organization" +
			organization + a.credentialRemediation()
	case code == http.StatusNotFound:
		advice = a.notFoundRemediation(ctx, attribute, err)
	case code == http.StatusTooManyRequests:
		advice = "The API limits the rate of requests: lower max_concurrent_requests, or ask CircleCI for a higher limit."
	case code >= 500:
		advice = "The service or a proxy in front of it has a problem: try again in a while, and look at " +
			"https://status.circleci.com."
	default:
		advice = "Only status 200 is an answer: check api_url."
	}
	if err.Body == circleci.BodyHTML || err.Body == circleci.BodyText {
		advice += " " + notAPIHint
	}
	return advice
}

// notFoundRemediation tells an API version that is not served from a resource class or namespace that is not known.
func (a *providerData) notFoundRemediation(ctx context.Context, attribute string, err error) string {
	check := "Check the spelling of " + attribute + ", and that the credential may see what it names."
	if strings.HasPrefix(attribute, "resource_class") {
		check += " CircleCI may also respond so to a resource class without any runner."
	}
	other, status := circleci.V3, 0
	if attribute != "organization_id" { // Only v3 has a list of an organization, whatever else is served.
		other, status = a.client.ProbeOtherVersion(ctx, err)
	}
	switch status {
	case http.StatusOK:
		return fmt.Sprintf("This installation serves %s: set api_version = %q in the provider.", other, other)
	case http.StatusNotFound:
		return check + " API " + string(other) + " does not find it either."
	}
	return check + " An installation that does not serve API " + string(a.settings.apiVersion) + " responds with 404 too."
}

// credentialAdvice ends a sentence about a refused credential with what is special about its kind.
func (a *providerData) credentialRemediation() string {
	switch a.settings.credential.method.attribute {
	case "launch_token":
		return ". CircleCI's reference of API v2 lists launch tokens for this, but later ones say that they are for claiming " +
			"tasks only: a personal API token (token or CIRCLE_TOKEN) is the way that works everywhere."
	case "session_cookie":
		return ". A browser's session ends: sign in again and copy the cookie anew, or use a personal API token (token or CIRCLE_TOKEN)."
	}
	return "."
}
