package circleci

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
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
	// Endpoint is the path of the request after the version, such as "runner/tasks", and Class the resource class that
	// it selected, "" for none.
	Endpoint, Class string

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
// (*tls.CertificateVerificationError), a server without TLS (tls.RecordHeaderError, http.ErrSchemeMismatch) and a
// timeout (context.DeadlineExceeded) apart.
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

// UncertainError is returned for a request to create something of which the outcome is not known: it may have been
// carried out.
type UncertainError struct {
	// Appeared are the IDs of objects that could be the one that was created, because they did not exist before.
	Appeared []string
	// ListErr is why it could not be listed what exists, or what existed before. It is nil when both could.
	ListErr error
	// Err is why the outcome is not known.
	Err error
}

func (e *UncertainError) Error() string {
	text := e.Err.Error() + "; the request may have been carried out"
	switch {
	case e.ListErr != nil:
		return text + fmt.Sprintf(", and what exists could not be listed (%s)", e.ListErr)
	case len(e.Appeared) == 0:
		return text + ", although nothing new was listed afterwards"
	}
	return text + "; new since then: " + strings.Join(e.Appeared, ", ")
}

// Unwrap returns why the outcome is not known.
func (e *UncertainError) Unwrap() error { return e.Err }

// unwrapUncertain returns the cause of an *UncertainError, or err itself.
func unwrapUncertain(err error) (isUncertain bool, cause error) {
	if uncertain := (*UncertainError)(nil); errors.As(err, &uncertain) {
		return true, uncertain.Err
	}
	return false, err
}

// IsRetryable reports whether an error is transient, so that the request may be retried: a status that says so, and
// every failure of a connection but one that TLS or a redirect decided.
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

// isTransientForAll reports whether an error is transient for any caller, not only for one whose time was too short.
func isTransientForAll(err error) bool {
	retry := (*RetryError)(nil)
	return IsRetryable(err) && (!errors.As(err, &retry) || !retry.isOutOfTime)
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

// isRejection reports whether a response says that a request was not carried out. No other status says so, for a
// gateway may respond in place of a service that has done its work.
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

// redirectError carries the target of a redirect out of net/http.
type redirectError struct{ to string }

func (e *redirectError) Error() string {
	return "was redirected to " + e.to + ", which was not followed"
}

// Errors of net/http's hooks that no repetition changes. errInvalidProxy does not repeat the URL, which may hold a
// password.
var (
	errTooManyRedirects = fmt.Errorf("it was redirected more than %d times", maxRedirects)
	errInvalidProxy     = errors.New("the proxy in the environment variable HTTPS_PROXY is not a valid URL")
)

const maxRedirects = 10
