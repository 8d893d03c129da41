package circleci

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// StatusError is a response with a status that is not accepted.
type StatusError struct {
	// Request is the request: method and URL.
	Request string
	// StatusCode is the HTTP status of the response.
	StatusCode int
	// Body is the kind of content in the response.
	Body BodyKind
	// Message is the message in the response: that of the API, or a part of the text or the title of the page that
	// came instead. It is one line, at most maxMessage characters long, and holds no credential. It may be empty.
	Message string
	// Endpoint is the path of the request after the version, such as "runner/tasks".
	Endpoint string

	// query is that of the request, for ProbeOtherVersion.
	query url.Values
	// retryAfter is the header Retry-After, and date the time of the response by the server's clock.
	retryAfter string
	date       time.Time
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s returned %s", e.Request, strings.TrimSpace(fmt.Sprintf("%d %s", e.StatusCode, http.StatusText(e.StatusCode))))
	switch e.Body {
	case BodyHTML:
		text += " with an HTML page instead of JSON"
	case BodyText:
		text += " with plain text instead of JSON"
	}
	if e.Message != "" {
		text += fmt.Sprintf(": %q", e.Message)
	}
	return text
}

// ResponseError is a response with an accepted status that does not match the documented format, so it is rejected.
type ResponseError struct {
	// Request is the request: method and URL.
	Request string
	// Body is the kind of content in the response.
	Body BodyKind
	// Reason completes a sentence that starts with "the response".
	Reason string
	// Err is the cause when it has a type of its own, a *PaginationError. It is nil otherwise.
	Err error
}

func (e *ResponseError) Error() string {
	return fmt.Sprintf("%s: the response %s", e.Request, e.Reason)
}

// Unwrap returns the cause.
func (e *ResponseError) Unwrap() error { return e.Err }

// PaginationError is a response that says that it is a part of a list. The Runner API is not documented to paginate, so
// it is not known how to get the rest.
type PaginationError struct {
	// Hint is what says so: the name of a member of the response, or a header.
	Hint string
}

func (e *PaginationError) Error() string {
	return fmt.Sprintf("is one page of several (it has %s), which this API is not documented to give", e.Hint)
}

// RequestError is a request without a complete response.
type RequestError struct {
	// Request is the request: method and URL.
	Request string
	// Reason is the cause in words, without anything secret.
	Reason string
	// Err is the cause itself.
	Err error
}

func (e *RequestError) Error() string { return fmt.Sprintf("%s: %s", e.Request, e.Reason) }

func (e *RequestError) Unwrap() error { return e.Err }

// RedirectError is a response that redirects a request to another origin, or a write to any URL. It was not
// followed, so that the credential went nowhere else and the write was not repeated.
type RedirectError struct {
	// Request is the request: method and URL.
	Request string
	// Origin is the target of the redirect: scheme, host and port.
	Origin string
}

func (e *RedirectError) Error() string {
	return fmt.Sprintf("%s was redirected to %s, which was not followed", e.Request, e.Origin)
}

// CertificateError is a server or a proxy whose certificate was not accepted. No credential was sent to it.
type CertificateError struct {
	// Request is the request that was not sent: method and URL.
	Request string
	// Host is the name of the server, or of the proxy.
	Host string
	// IsProxy reports whether Host is an https:// proxy on the way to the server.
	IsProxy bool
	// Reason is what is wrong with the certificate.
	Reason string
	// Err is the error of crypto/x509.
	Err error
}

// Unwrap returns the error of crypto/x509.
func (e *CertificateError) Unwrap() error { return e.Err }

// IsExpired reports whether the certificate has expired, or is not valid yet.
func (e *CertificateError) IsExpired() bool {
	invalid := x509.CertificateInvalidError{}
	return errors.As(e.Err, &invalid) && invalid.Reason == x509.Expired
}

// IsForOtherHost reports whether the certificate is for other hosts than Host.
func (e *CertificateError) IsForOtherHost() bool {
	other := x509.HostnameError{}
	return errors.As(e.Err, &other)
}

func (e *CertificateError) Error() string {
	host := e.Host
	if e.IsProxy {
		host = "the proxy " + host
	}
	return fmt.Sprintf("%s: the certificate of %s was not accepted: %s", e.Request, host, e.Reason)
}

// TLSAlertError is a TLS connection that the server, or a proxy, ended with an alert.
type TLSAlertError struct {
	// Request is the request that was not sent: method and URL.
	Request string
	// Alert is the alert's code.
	Alert tls.AlertError
	// Reason is the alert in words.
	Reason string
}

func (e *TLSAlertError) Error() string { return fmt.Sprintf("%s: %s", e.Request, e.Reason) }

// IsAboutClientCertificate reports whether the server requires a client certificate, or another one than it received.
func (e *TLSAlertError) IsAboutClientCertificate() bool {
	// RFC 8446, section 6: bad_certificate, unsupported_certificate, certificate_revoked, certificate_expired,
	// certificate_unknown, unknown_ca, access_denied, certificate_required.
	return slices.Contains([]tls.AlertError{42, 43, 44, 45, 46, 48, 49, 116}, e.Alert)
}

// NoTLSError is a server or a proxy that does not use TLS, although its URL has the scheme https.
type NoTLSError struct {
	// Request is the request that was not sent: method and URL.
	Request string
	// Address is the host and port of the server, or of the proxy.
	Address string
	// IsProxy reports whether Address is an https:// proxy on the way to the server.
	IsProxy bool
}

func (e *NoTLSError) Error() string {
	peer := "server"
	if e.IsProxy {
		peer = "proxy"
	}
	return fmt.Sprintf("%s: the %s at %s does not use TLS", e.Request, peer, e.Address)
}

// redirectError carries the target out of net/http, which knows nothing of RedirectError's request.
type redirectError struct{ origin string }

func (e *redirectError) Error() string { return "redirected to " + e.origin }

// asTruncated makes a truncated response of one that net/http takes for malformed, because its connection ended in a line.
func asTruncated(err error, used *conn) error {
	redirect := (*redirectError)(nil)
	if !used.hasEnded() || isTransient(err) || errors.As(err, &redirect) || errors.Is(err, errTooManyRedirects) {
		return err
	}
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
}

func (c *Client) newRequestError(request string, err error) error {
	if redirect := (*redirectError)(nil); errors.As(err, &redirect) {
		return &RedirectError{Request: request, Origin: c.sanitize(redirect.origin)}
	}
	// url.Error repeats method and URL, which the request says already.
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if certificate := (*tls.CertificateVerificationError)(nil); errors.As(err, &certificate) {
		peer, isProxy := c.tlsPeer(err)
		return &CertificateError{
			Request: request, Host: peer.Hostname(), IsProxy: isProxy,
			Reason: c.sanitize(describeCertificateError(certificate.Err)), Err: certificate.Err,
		}
	}
	if header := (tls.RecordHeaderError{}); errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &header) {
		peer, isProxy := c.tlsPeer(err)
		return &NoTLSError{Request: request, Address: strings.TrimPrefix(origin(peer), "https://"), IsProxy: isProxy}
	}
	if alert, isRemote, isAlert := tlsAlert(err); isAlert && isRemote {
		return &TLSAlertError{Request: request, Alert: alert, Reason: c.sanitize(err.Error())}
	}
	e := &RequestError{Request: request, Reason: c.sanitize(err.Error()), Err: err}
	method, _, _ := strings.Cut(request, " ")
	operation := (*net.OpError)(nil)
	switch {
	case errors.Is(err, context.DeadlineExceeded) && errors.As(err, &operation) && operation.Op == "dial":
		e.Reason = fmt.Sprintf("timed out after %s opening a connection", c.config.RequestTimeout)
	case errors.Is(err, context.DeadlineExceeded):
		e.Reason = fmt.Sprintf("timed out after %s waiting for a complete response", c.attemptTimeout(method))
	case errors.Is(err, io.EOF), isIdleConnClosed(err):
		e.Reason = "the connection was closed before a response came"
	case isTruncated(err):
		e.Reason = "the connection was closed in the middle of the response"
	}
	return e
}

// tlsPeer returns the URL of the server, or of the https:// proxy, with which TLS failed.
func (c *Client) tlsPeer(err error) (peer *url.URL, isProxy bool) {
	operation := (*net.OpError)(nil)
	if errors.As(err, &operation) && operation.Op == "proxyconnect" {
		if proxy, err := c.proxies.forRequestTo(c.config.APIURL); err == nil && proxy != nil {
			return proxy, true
		}
	}
	return c.config.APIURL, false
}

// describeCertificateError says when an invalid certificate expires, without the present time, and which hosts it is for.
func describeCertificateError(err error) string {
	invalid, other := x509.CertificateInvalidError{}, x509.HostnameError{}
	switch {
	case errors.As(err, &other) && len(other.Certificate.DNSNames) > 0:
		return "it is not valid for host " + other.Host + ", only for " + strings.Join(other.Certificate.DNSNames, ", ")
	case errors.As(err, &other):
		return "it is not valid for host " + other.Host
	case !errors.As(err, &invalid) || invalid.Reason != x509.Expired:
		return err.Error()
	case time.Now().Before(invalid.Cert.NotBefore):
		return "it is not valid before " + invalid.Cert.NotBefore.UTC().Format(time.RFC3339)
	}
	return "it expired at " + invalid.Cert.NotAfter.UTC().Format(time.RFC3339)
}

func (c *Client) newStatusError(request string, call call, response *http.Response, body []byte) error {
	e := &StatusError{
		Request: request, StatusCode: response.StatusCode, Body: classifyBody(body), retryAfter: response.Header.Get("Retry-After"),
		Endpoint: call.endpoint, query: call.query,
	}
	var err error
	if e.date, err = http.ParseTime(response.Header.Get("Date")); err != nil {
		e.date = time.Now()
	}
	switch e.Body {
	case BodyHTML:
		e.Message = c.sanitize(htmlTitle(body))
	case BodyJSON:
		e.Message = c.sanitize(errorMessage(body))
	case BodyText:
		e.Message = c.sanitize(string(body))
	}
	return e
}

// errorMessage returns what an error in JSON says: its message, its error, or the title and detail of that. When it has
// none of them it is the body itself.
func errorMessage(body []byte) string {
	var response struct {
		Message any `json:"message"`
		Error   any `json:"error"`
	}
	if json.Unmarshal(bytes.TrimPrefix(body, utf8BOM), &response) != nil {
		return string(body)
	}
	details, _ := response.Error.(map[string]any)
	title, _ := details["title"].(string)
	detail, _ := details["detail"].(string)
	switch {
	case title == detail:
		title = ""
	case title != "" && detail != "":
		title += ": "
	}
	for _, message := range []any{response.Message, response.Error, title + detail} {
		if text, _ := message.(string); text != "" {
			return text
		}
	}
	return string(body)
}

// newResponseError describes why a response with an accepted status is rejected.
func (c *Client) newResponseError(request string, body []byte, err error) error {
	e := &ResponseError{Request: request, Body: classifyBody(body)}
	syntax := (*jsontext.SyntacticError)(nil)
	isSyntax := errors.As(err, &syntax)
	if e.Body == BodyText && !isSyntax {
		e.Body = BodyJSON // A lone null, number, string or boolean.
	}
	switch {
	case e.Body == BodyEmpty:
		e.Reason = "is empty"
	case e.Body == BodyHTML:
		e.Reason = "is an HTML page, not JSON"
		if title := htmlTitle(body); title != "" {
			e.Reason += fmt.Sprintf("; its title is %q", c.sanitize(title))
		}
	case hasUTF16BOM(body):
		e.Reason = "starts with a byte order mark of UTF-16, where JSON is in UTF-8"
	case bytes.HasPrefix(body, utf8BOM):
		e.Reason = "starts with a byte order mark, which JSON must not have"
	case body[0] == 0:
		e.Reason = "starts with a NUL character, not with JSON"
	case e.Body == BodyText:
		e.Reason = fmt.Sprintf("is plain text, not JSON: %q", c.sanitize(string(body)))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		e.Reason = "is truncated: its JSON does not end"
	case isSyntax:
		// The decoder quotes what follows the escape, cut: it could be the beginning of a secret.
		cause := quotedEscape.ReplaceAllString(syntax.Err.Error(), "$1 in string")
		e.Reason = fmt.Sprintf("is not valid JSON at byte %d: %s", syntax.ByteOffset, c.sanitize(cause))
	default:
		e.Reason = c.sanitize(err.Error())
		if pagination := (*PaginationError)(nil); errors.As(err, &pagination) {
			e.Err = pagination
		}
	}
	return e
}

// quotedEscape matches what the decoder quotes of a string with a wrong escape.
var quotedEscape = regexp.MustCompile(`(?s)(escape sequence|surrogate pair) .* in string`)
