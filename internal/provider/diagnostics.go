package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// addError adds an error of the client: its detail is the error as a sentence, and how to fix it. The attribute at
// selects what is read; an error that its value may explain is reported on it.
func (api *providerData) addError(
	ctx context.Context, diags *diag.Diagnostics, at path.Path, summary string, err error,
) {
	detail := sentence(err) + "\n\n" + api.advice(ctx, at, err)
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusNotFound:
		diags.AddAttributeError(at, summary, detail)
	default:
		diags.AddError(summary, detail)
	}
}

// advice says what to do about an error.
func (api *providerData) advice(ctx context.Context, at path.Path, err error) string {
	var (
		advised  *advisedError
		status   *circleci.StatusError
		response *circleci.ResponseError
		request  *circleci.RequestError
	)
	switch {
	case errors.As(err, &advised):
		return advised.advice
	case errors.Is(err, context.Canceled):
		return "The read was canceled before a response arrived."
	case errors.As(err, &status) && status.FromProxy && !circleci.IsRetryable(err):
		return "The proxy refused the connection: check its URL, user name and password in HTTPS_PROXY, or exclude the " +
			"host in NO_PROXY."
	case errors.As(err, &status) && !status.FromProxy:
		return api.statusAdvice(ctx, at, status)
	case errors.As(err, &response):
		if response.Body == circleci.BodyHTML || response.Body == circleci.BodyText {
			return notAPIAdvice
		}
		return "The response does not match CircleCI's documented format, so it was rejected. Check api_url" +
			api.settings.orAPIVersion(" and api_version") + ". If nothing is wrong there, please report this at " +
			issuesURL + "."
	case errors.As(err, &request):
		return api.settings.requestAdvice(request)
	}
	return api.settings.connectionAdvice(err)
}

const (
	// notAPIAdvice is for HTML and plain text.
	notAPIAdvice = "The Runner API did not send this response: check that api_url is its URL, and that no proxy or " +
		"login page responds instead."
	tokenExpiryAdvice = "A personal API token expires after at most a year, or after 90 days if it was made through " +
		"OAuth. Create a new one in your user settings, for CircleCI Cloud at https://app.circleci.com/settings/user/tokens."
)

func (api *providerData) statusAdvice(ctx context.Context, at path.Path, err *circleci.StatusError) string {
	attribute, credential := at.Steps()[0].String(), api.settings.credential
	code, isHTML := err.StatusCode, err.Body == circleci.BodyHTML
	switch {
	case code == http.StatusNotFound && isHTML:
		return "Something other than the Runner API returned this 404: check api_url and the proxies (HTTPS_PROXY, NO_PROXY)."
	case (code == http.StatusUnauthorized || code == http.StatusForbidden) && isHTML:
		return fmt.Sprintf("Something other than the Runner API returned this %d: check api_url and the proxies "+
			"(HTTPS_PROXY, NO_PROXY) first, and then the credential.", code)
	case code == http.StatusUnauthorized && credential.method.attribute == "token":
		return credential.describe() + " was not accepted: check that it is complete, has not expired and has not been " +
			"revoked. " + tokenExpiryAdvice
	case code == http.StatusUnauthorized:
		return credential.describe() + " was not accepted: check that it is complete and has not been revoked" +
			credential.advice()
	case code == http.StatusForbidden:
		return credential.forbiddenAdvice(attribute)
	case code == http.StatusNotFound:
		return api.notFoundAdvice(ctx, attribute, err)
	case code == http.StatusTooManyRequests:
		return "The API limits the rate of requests: try again later, or send fewer requests, for example with " +
			"only_resource_classes or a longer poll_interval."
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly,
		code >= 500 && code != http.StatusNotImplemented:
		return "The service, or a proxy in front of it, is failing: retry later" + api.settings.statusPage() + "."
	case isHTML:
		return notAPIAdvice
	case isUnsupported(code): // But for 404, see above.
		return api.settings.versionAdvice(err.Endpoint, attribute)
	case code >= 400 && err.Message != "":
		return rejectedAdvice
	case code == http.StatusBadRequest:
		return "The API rejected the request: check " + attribute + api.settings.orAPIVersion(" and api_version") + "."
	}
	return "The Runner API is not known to respond with this status: check api_url."
}

// versionAdvice is about a status that says that an API version is not served, or not any more.
func (s settings) versionAdvice(endpoint, attribute string) string {
	if endpoint == "runner" && attribute == "organization_id" { // Only version 3 lists an organization's runners.
		return "The installation does not serve API v3, which this needs: upgrade it, or use circleci_runners."
	}
	if s.APIVersion == circleci.Auto {
		return "The installation serves neither API v3 nor API v2: check api_url."
	}
	return fmt.Sprintf("The installation does not serve API %s: set api_version to %q, which selects a version that it "+
		"serves.", s.APIVersion, circleci.Auto)
}

// requestAdvice is about a request without a response.
func (s settings) requestAdvice(err *circleci.RequestError) string {
	certificate, operation := (*tls.CertificateVerificationError)(nil), (*net.OpError)(nil)
	alert, atProxy := circleci.TLSAlert(err), errors.As(err, &operation) && operation.Op == "proxyconnect"
	switch {
	case err.RedirectedTo != "":
		return "The credential was not sent there. If the Runner API is served at " + err.RedirectedTo +
			", set api_url to it."
	case errors.As(err, &certificate):
		return s.certificateAdvice(certificate.Err, atProxy)
	case circleci.IsNotTLS(err) && atProxy:
		return "Check the scheme and the port of the proxy in HTTPS_PROXY."
	case circleci.IsNotTLS(err):
		return "Check the scheme and the port of api_url."
	case isAboutClientCertificate(alert) && len(s.TLS.Certificates) > 0:
		return "The server rejected client_cert_pem: check its expiry and its issuer."
	case isAboutClientCertificate(alert):
		return "The server requires a client certificate that it trusts: set client_cert_pem and client_key_pem."
	case alert != "":
		return "The server and the provider could not agree on how to use TLS: check that api_url leads to the Runner API, " +
			"and that it speaks TLS 1.2 or newer."
	}
	return s.connectionAdvice(err)
}

// connectionAdvice is about a connection that failed for no reason that is known to last.
func (s settings) connectionAdvice(err error) string {
	advice := "Check api_url, the network and the proxy settings (HTTPS_PROXY, NO_PROXY)" + s.statusPage()
	if errors.Is(err, context.DeadlineExceeded) {
		advice += ", or increase request_timeout"
	}
	return advice + "."
}

// statusPage ends a sentence with CircleCI's status page, if api_url is CircleCI Cloud.
func (s settings) statusPage() string {
	origin := s.APIURL.Scheme + "://" + s.APIURL.Host
	if origin == circleci.DefaultAPIURL || origin == circleci.BrowserAPIURL {
		return ", and check https://status.circleci.com"
	}
	return ""
}

func (s settings) certificateAdvice(err error, atProxy bool) string {
	invalid := x509.CertificateInvalidError{}
	isForOtherHost := errors.As(err, new(x509.HostnameError))
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "Renew that certificate, and check the clock of this machine."
	case isForOtherHost && atProxy:
		return "Check the host of the proxy in HTTPS_PROXY."
	case isForOtherHost:
		return "Check the host in api_url."
	case s.TLS.RootCAs != nil:
		return "If a private CA issued that certificate, add the CA's certificate to ca_cert_pem."
	}
	return "If a private CA issued that certificate, set the provider's ca_cert_pem attribute to the CA's certificate."
}

// isAboutClientCertificate reports whether the server requires a client certificate, or another one than it received.
func isAboutClientCertificate(alert string) bool {
	// RFC 8446, section 6: bad_certificate, unsupported_certificate, certificate_revoked, certificate_expired,
	// certificate_unknown, unknown_ca, access_denied, certificate_required.
	return slices.ContainsFunc([]tls.AlertError{42, 43, 44, 45, 46, 48, 49, 116}, func(code tls.AlertError) bool {
		return alert == code.Error()
	})
}
