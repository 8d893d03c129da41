package circleci

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
)

func isRateLimited(err error) bool {
	status := (*StatusError)(nil)
	return errors.As(err, &status) && status.StatusCode == http.StatusTooManyRequests
}

// Passes tells whether an error is of a kind that passes by itself, so that another attempt makes sense.
func IsRetryable(err error) bool {
	if _, isUncertain := unwrapUncertain(err); isUncertain {
		return false
	}
	if status := (*StatusError)(nil); errors.As(err, &status) {
		return isRetryableStatus(status.StatusCode)
	}
	if proxy := (*proxyError)(nil); errors.As(err, &proxy) {
		return isRetryableStatus(proxy.statusCode)
	}
	request := (*RequestError)(nil)
	return errors.As(err, &request) && isTransient(request.Err)
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

// passingFault knows the faults of a connection that pass: a time that ran out, a connection that was refused, reset or
// closed, a name that could not be resolved. What TLS or HTTP say about the other side does not pass.
func isTransient(err error) bool {
	if alert := tls.AlertError(0); errors.As(err, &alert) {
		return false
	}
	if operation := (*net.OpError)(nil); errors.As(err, &operation) {
		return operation.Op != "remote error" && operation.Op != "local error" // TLS alerts come as these.
	}
	var (
		timeout net.Error
		lookup  *net.DNSError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout(), errors.As(err, &lookup):
		return true
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return true
	}
	// net/http keeps the types of its HTTP/2 errors to itself.
	text := err.Error()
	return strings.Contains(text, "http2: ") || strings.Contains(text, "stream error: ") || isIdleConnClosed(err)
}

// closedUnused tells whether a connection was closed between being opened and being used, for which net/http keeps its
// type to itself, too.
func isIdleConnClosed(err error) bool {
	return strings.HasSuffix(err.Error(), "http: server closed idle connection")
}
