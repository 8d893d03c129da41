package circleci

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// StatusError is returned for a response with a status that is not accepted.
type StatusError struct {
	// Request is the request: method and URL.
	Request string
	// StatusCode is the HTTP status of the response.
	StatusCode int
	// FromProxy reports whether the response is that of a proxy that refused to connect to the service.
	FromProxy bool
	// Body is the kind of content in the response.
	Body BodyKind
	// Message is the message in the response: that of the API, or a part of the text or the title of the page that
	// came instead. It is one line, at most maxMessage characters long, and holds no credential. It may be empty.
	Message string
	// ResourceClass is the class that the request selected, "" for none. IsAboutTokens reports whether it selected tokens.
	ResourceClass string
	IsAboutTokens bool

	// retryAfter is how long the service asks to wait, 0 if it does not.
	retryAfter time.Duration
}

func (e *StatusError) Error() string {
	if e.FromProxy {
		return fmt.Sprintf("%s: the proxy returned %s", e.Request, formatStatus(e.StatusCode))
	}
	text := fmt.Sprintf("%s returned %s", e.Request, formatStatus(e.StatusCode))
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

func formatStatus(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}

// ResponseError is returned for a response with an accepted status that does not match the documented format.
type ResponseError struct {
	// Request is the request: method and URL.
	Request string
	// Body is the kind of content in the response.
	Body BodyKind
	// Reason completes a sentence that starts with "the response".
	Reason string
}

func (e *ResponseError) Error() string {
	return fmt.Sprintf("%s: the response %s", e.Request, e.Reason)
}

// RequestError is returned for a request without a complete response. Err tells a certificate that does not verify
// (*tls.CertificateVerificationError), a server without TLS (tls.RecordHeaderError, http.ErrSchemeMismatch) and a timeout
// (context.DeadlineExceeded) apart.
type RequestError struct {
	// Request is the request: method and URL.
	Request string
	// Reason is the cause in words, without anything secret.
	Reason string
	// RedirectedTo is the origin to which the response redirected, which was not followed, so that the credential went
	// nowhere else and a write was not repeated. It is "" without a redirect.
	RedirectedTo string
	// Err is the cause itself.
	Err error
}

func (e *RequestError) Error() string {
	if e.RedirectedTo != "" {
		return e.Request + " " + e.Reason
	}
	return e.Request + ": " + e.Reason
}

func (e *RequestError) Unwrap() error { return e.Err }

// IsRetryable reports whether an error is transient, so that the request may be retried: a status that says so, and every
// failure of a connection but one that TLS or a redirect decided.
func IsRetryable(err error) bool {
	if isUncertain, _ := unwrapUncertain(err); isUncertain {
		return false
	}
	if status := (*StatusError)(nil); errors.As(err, &status) {
		return isRetryableStatus(status.StatusCode)
	}
	request := (*RequestError)(nil)
	if !errors.As(err, &request) || request.RedirectedTo != "" || errors.Is(err, errTooManyRedirects) {
		return false
	}
	certificate := (*tls.CertificateVerificationError)(nil)
	return !errors.As(err, &certificate) && !IsNotTLS(err) && TLSAlert(err) == "" && !errors.Is(err, errInvalidProxy)
}

func isRetryableStatus(code int) bool {
	return slices.Contains([]int{
		http.StatusRequestTimeout,
		http.StatusTooEarly,
		http.StatusTooManyRequests,
		http.StatusInternalServerError,
		http.StatusBadGateway,
		http.StatusServiceUnavailable,
		http.StatusGatewayTimeout,
		520, 522, 524, // Cloudflare's: an unknown error of the origin, and two kinds of timeouts.
	}, code)
}

func hasStatus(err error, codes ...int) bool {
	status := (*StatusError)(nil)
	return errors.As(err, &status) && !status.FromProxy && slices.Contains(codes, status.StatusCode)
}

func isNotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

func isRateLimited(err error) bool { return hasStatus(err, http.StatusTooManyRequests) }

// isRejection reports whether a response says that a request was not carried out. No other status says so, for a gateway
// may respond in place of a service that has done its work.
func isRejection(err error) bool {
	status := (*StatusError)(nil)
	if !errors.As(err, &status) {
		return false
	}
	isClientError := status.StatusCode >= 400 && status.StatusCode < 500
	return isClientError && (!isRetryableStatus(status.StatusCode) || isRateLimited(err))
}

// IsNotTLS reports whether a server, or a proxy, does not use TLS although its URL has the scheme https.
func IsNotTLS(err error) bool {
	return errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, new(tls.RecordHeaderError))
}

// TLSAlert returns the alert with which one side ended a TLS connection, as [tls.AlertError] describes it, or "".
func TLSAlert(err error) string {
	for operation := (*net.OpError)(nil); errors.As(err, &operation); err = operation.Err {
		if operation.Op == "remote error" || operation.Op == "local error" {
			return operation.Err.Error()
		}
	}
	return ""
}

func (c *Client) newRequestError(call call, err error) error {
	e := &RequestError{Request: c.request(call)}
	if proxy := (*StatusError)(nil); errors.As(err, &proxy) {
		return &StatusError{Request: e.Request, StatusCode: proxy.StatusCode, FromProxy: true}
	}
	if redirect := (*redirectError)(nil); errors.As(err, &redirect) {
		e.RedirectedTo = c.sanitize(redirect.origin)
		err = redirect
	}
	// url.Error repeats method and URL, which the request says already.
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	e.Err, e.Reason = err, c.sanitize(c.describe(call, err))
	return e
}

// describe says in words why a request has no complete response.
func (c *Client) describe(call call, err error) string {
	operation := (*net.OpError)(nil)
	switch isTimeout := errors.Is(err, context.DeadlineExceeded); {
	case isTimeout && errors.As(err, &operation) && operation.Op == "dial":
		return fmt.Sprintf("timed out after %s opening a connection", c.config.RequestTimeout)
	case isTimeout:
		return fmt.Sprintf("timed out after %s waiting for a complete response", c.attemptTimeout(call.method))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed in the middle of the response"
	case errors.Is(err, io.EOF):
		return "the connection was closed before a response came"
	}
	return err.Error()
}
