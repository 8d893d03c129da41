package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// addError adds an error of the client: its detail is the error as a sentence, and how to fix it. The attribute at
// selects what is read; an error that its value may explain is reported on it.
func (a *providerData) addError(ctx context.Context, diags *diag.Diagnostics, at path.Path, summary string, err error) {
	detail := sentence(err) + "\n\n" + a.remediation(ctx, at, err)
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusNotFound:
		diags.AddAttributeError(at, summary, detail)
	default:
		diags.AddError(summary, detail)
	}
}

// sentence returns an error as a sentence.
func sentence(err error) string {
	detail := err.Error()
	detail = strings.ToUpper(detail[:1]) + detail[1:]
	if !hasTerminalPunctuation.MatchString(detail) {
		detail += "."
	}
	return detail
}

// hasTerminalPunctuation matches a quoted message with a full stop of its own.
var hasTerminalPunctuation = regexp.MustCompile(`[.!?…]"$`)

func (a *providerData) remediation(ctx context.Context, at path.Path, err error) string {
	var (
		status   *circleci.StatusError
		proxy    *circleci.ProxyError
		response *circleci.ResponseError
		redirect *circleci.RedirectError
		cert     *circleci.CertificateError
		alert    *circleci.TLSAlertError
		noTLS    *circleci.NoTLSError
		waited   *waitTimeoutError
		stopped  *waitCanceledError
		badTime  *invalidTimeError
		sum      *taskSumError
	)
	switch {
	case errors.As(err, &stopped):
		return "The wait was interrupted. It has changed nothing."
	case errors.Is(err, context.Canceled):
		return "The read was canceled before a response arrived."
	case errors.As(err, &waited) && waited.last == nil:
		return waited.remedy
	case errors.As(err, &badTime):
		return "To read the runners anyway, remove connected_within and wait_for: last_connected is not parsed then, and every listed " +
			"runner counts. Please report this at " + issuesURL + "."
	case errors.As(err, &sum):
		return "At least one of the counts must be wrong: read them one by one with circleci_runner_tasks, and please " +
			"report this at " + issuesURL + "."
	case errors.As(err, &proxy) && proxy.StatusCode < 500 && proxy.StatusCode != http.StatusTooManyRequests:
		return "The proxy refused the connection: check its URL, user name and password in HTTPS_PROXY, or exclude the host in NO_PROXY."
	case errors.As(err, &status):
		return a.statusRemediation(ctx, at, status)
	case errors.As(err, &response):
		if response.Body == circleci.BodyHTML || response.Body == circleci.BodyText {
			return notAPIHint
		}
		return "The response does not match CircleCI's documented format, so it was rejected. Check api_url and " +
			"api_version; if both are correct, please report this at " + issuesURL + "."
	case errors.As(err, &cert):
		return a.certificateRemediation(cert)
	case errors.As(err, &noTLS) && noTLS.IsProxy:
		return "Check the scheme and the port of the proxy in HTTPS_PROXY."
	case errors.As(err, &noTLS):
		return "Check the scheme and the port of api_url."
	case errors.As(err, &redirect):
		return "The credential was not sent there. If the Runner API is served at " + redirect.Origin +
			", set api_url to it."
	case errors.As(err, &alert) && alert.IsAboutClientCertificate() && len(a.settings.tls.Certificates) > 0:
		return "The server rejected client_cert_pem: check its expiry and its issuer."
	case errors.As(err, &alert) && alert.IsAboutClientCertificate():
		return "The server requires a client certificate that it trusts: give one in client_cert_pem and client_key_pem."
	case errors.As(err, &alert):
		return "The server and the provider could not agree on how to use TLS: check that api_url leads to the Runner API, and " +
			"that it speaks TLS 1.2 or newer."
	}
	check := "Check api_url, the network and the proxy settings (HTTPS_PROXY, NO_PROXY)" + a.statusPage()
	if errors.Is(err, context.DeadlineExceeded) {
		check += ", or increase request_timeout"
	}
	return check + "."
}

// statusPage ends a sentence with CircleCI's status page, if api_url is CircleCI Cloud.
func (a *providerData) statusPage() string {
	for _, cloud := range []string{circleci.DefaultAPIURL, circleci.BrowserAPIURL} {
		if u, err := url.Parse(cloud); err == nil && u.Host == a.settings.apiURL.Host {
			return ", and check https://status.circleci.com"
		}
	}
	return ""
}

func (a *providerData) certificateRemediation(err *circleci.CertificateError) string {
	switch {
	case err.IsExpired():
		return "Renew that certificate, and check the clock of this machine."
	case err.IsForOtherHost() && err.IsProxy:
		return "Check the host of the proxy in HTTPS_PROXY."
	case err.IsForOtherHost():
		return "Check the host in api_url."
	case a.settings.tls.RootCAs != nil:
		return "If a private CA issued that certificate, add the certificate of that CA to ca_cert_pem."
	}
	return "If a private CA issued that certificate, set the provider's attribute ca_cert_pem to the certificate of that CA."
}

// notAPIHint is the remediation for HTML and plain text.
const notAPIHint = "The Runner API did not send this response: check that api_url is its URL, and that no proxy or login page " +
	"responds instead."

func (a *providerData) statusRemediation(ctx context.Context, at path.Path, err *circleci.StatusError) string {
	attribute := at.Steps()[0].String()
	organization := " that the namespace belongs to"
	if attribute == "organization_id" {
		organization = ""
	}
	var hint string
	code := err.StatusCode
	switch {
	case code == http.StatusNotFound && err.Body == circleci.BodyHTML:
		return "Something other than the Runner API returned this 404: check api_url and the proxies (HTTPS_PROXY, NO_PROXY)."
	case (code == http.StatusUnauthorized || code == http.StatusForbidden) && err.Body == circleci.BodyHTML:
		return fmt.Sprintf("Something other than the Runner API returned this %d: check api_url and the proxies (HTTPS_PROXY, NO_PROXY) first, "+
			"and then the credential.", code)
	case code == http.StatusBadRequest:
		hint = "The API rejected the request: check " + attribute + " and api_version."
	case code == http.StatusUnauthorized:
		hint = a.settings.credential.describe() + " was not accepted: check that it is complete and has not been revoked" +
			a.credentialRemediation()
	case code == http.StatusForbidden && a.settings.credential.method.attribute == "launch_token":
		hint = a.settings.credential.describe() + " is not allowed to read this" + a.credentialRemediation()
	case code == http.StatusForbidden:
		hint = a.settings.credential.describe() + " is not allowed to read this: its owner must be a member of the organization" +
			organization + a.credentialRemediation()
	case code == http.StatusNotFound:
		hint = a.notFoundRemediation(ctx, attribute, err)
	case code == http.StatusTooManyRequests:
		hint = "The API limits the rate of requests: try again later, or send fewer requests, such as with only_resource_classes or a " +
			"longer poll_interval."
	case code >= 500:
		hint = "The service, or a proxy in front of it, is failing: retry later" + a.statusPage() + "."
	default:
		hint = "Only status 200 is a valid response: check api_url."
	}
	if code < 500 && (err.Body == circleci.BodyHTML || err.Body == circleci.BodyText) {
		hint += " " + notAPIHint
	}
	return hint
}

// notFoundRemediation distinguishes an API version that is not served from a resource class or namespace that does not exist.
func (a *providerData) notFoundRemediation(ctx context.Context, attribute string, err *circleci.StatusError) string {
	check := "Check that " + attribute + " is correct, and that the credential has access to it."
	if strings.Contains(attribute, "resource_class") && err.Endpoint != "runner/token" {
		check += " CircleCI may also respond with 404 for a resource class without runners."
	}
	other, status := circleci.V3, 0
	if attribute != "organization_id" { // Only v3 has a list of an organization, whatever else is served.
		other, status = a.client.ProbeOtherVersion(ctx, err)
	}
	switch status {
	case http.StatusOK:
		return fmt.Sprintf("The server supports API %s: set api_version = %q in the provider.", other, other)
	case http.StatusNotFound:
		check += " API " + string(other) + " responds with 404 too."
		if a.settings.apiURL.String() != circleci.DefaultAPIURL {
			check += " If every request fails with 404, check the path of api_url."
		}
		return check
	}
	return check + " A server without API " + string(a.settings.apiVersion) + " responds with 404 too."
}

// credentialRemediation ends a sentence about a rejected credential with what is specific to its kind.
func (a *providerData) credentialRemediation() string {
	switch a.settings.credential.method.attribute {
	case "launch_token":
		return ". CircleCI's reference of API v2 lists launch tokens for this, but later references say that they are for claiming " +
			"tasks only: use a personal API token (token or CIRCLE_TOKEN), which always works."
	case "session_cookie":
		return ". A browser session expires: sign in again and copy the new cookie, or use a personal API token (token or CIRCLE_TOKEN)."
	}
	return "."
}
