package provider

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// addError reports an error of the client: what happened, and on the next line what to do about it.
func (a *providerData) addError(diags *diag.Diagnostics, summary string, err error) {
	what := err.Error()
	what = strings.ToUpper(what[:1]) + what[1:]
	if !hasTerminalPunctuation.MatchString(what) {
		what += "."
	}
	diags.AddError(summary, what+"\n\n"+a.remediation(err))
}

// endsSentence finds a quoted message that brings its own full stop.
var hasTerminalPunctuation = regexp.MustCompile(`[.!?…]"$`)

func (a *providerData) remediation(err error) string {
	var (
		status   *circleci.StatusError
		answer   *circleci.ResponseError
		redirect *circleci.RedirectError
		cert     *circleci.CertificateError
		waited   *waitTimeoutError
		badTime  *invalidTimeError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "The read was cancelled before an answer came."
	case errors.As(err, &waited) && waited.last == nil:
		return "Check why the condition was not reached, or increase wait_for.timeout."
	case errors.As(err, &badTime):
		return "Leave out connected_within to list every runner, and please report this at " + issuesURL + "."
	case errors.As(err, &status):
		return a.statusRemediation(status)
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
	}
	if strings.Contains(err.Error(), "remote error: tls:") {
		return "The server ended the TLS handshake: when it asks for a client's certificate, give client_cert_pem and " +
			"client_key_pem."
	}
	return "Check api_url, the network and the proxy settings (HTTPS_PROXY, NO_PROXY), and " +
		"https://status.circleci.com."
}

// notTheAPI is for answers that something else than the Runner API gave.
const notAPIHint = "This does not come from the Runner API: check that api_url leads to it, and that no proxy or login " +
	"page answers in its place."

func (a *providerData) statusRemediation(err *circleci.StatusError) string {
	var advice string
	switch code := err.StatusCode; {
	case code == http.StatusBadRequest:
		advice = "The service refused the question: check resource_class, namespace and api_version."
	case code == http.StatusUnauthorized:
		advice = a.settings.credential.describe() + " was not accepted: check that it is complete and was not revoked" +
			a.credentialRemediation()
	case code == http.StatusForbidden:
		advice = a.settings.credential.describe() + " may not read this: its owner must be a member of the organization " +
			"that the namespace belongs to" + a.credentialRemediation()
	case code == http.StatusNotFound:
		advice = "Check the spelling of resource_class or namespace, and that the credential may see it; an installation " +
			"that does not serve api_version " + string(a.settings.apiVersion) + " answers the same."
	case code == http.StatusTooManyRequests:
		advice = "The service limits how often it may be asked: wait a while, and read less often or with a lower -parallelism."
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
