package circleci

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/net/http2"
)

func isRateLimited(err error) bool {
	status := (*StatusError)(nil)
	return errors.As(err, &status) && status.StatusCode == http.StatusTooManyRequests
}

// IsRetryable reports whether an error is transient, so that the request may be retried.
func IsRetryable(err error) bool {
	if isUncertain, _ := unwrapUncertain(err); isUncertain {
		return false
	}
	if status := (*StatusError)(nil); errors.As(err, &status) {
		return isRetryableStatus(status.StatusCode)
	}
	if proxy := (*ProxyError)(nil); errors.As(err, &proxy) {
		return isRetryableStatus(proxy.StatusCode)
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

// isTransient reports whether the error of a connection is transient: a timeout, a connection that was refused, reset or
// closed, a name that could not be resolved. A TLS alert or a code of HTTP/2 decides by itself.
func isTransient(err error) bool {
	if _, _, isAlert := tlsAlert(err); isAlert {
		return false
	}
	if code, isHTTP2 := http2Code(err); isHTTP2 {
		return isTransientCode(code)
	}
	var (
		operation *net.OpError
		timeout   net.Error
		lookup    *net.DNSError
	)
	return errors.As(err, &operation) || errors.As(err, &lookup) || errors.As(err, &timeout) && timeout.Timeout() ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) || errors.Is(err, errSurplusBytes) ||
		isTruncated(err) || isIdleConnClosed(err)
}

// tlsAlert returns the TLS alert that an error is about, and whether the other side sent it. crypto/tls has an exported type for it, but
// gives it to users of QUIC only.
func tlsAlert(err error) (alert tls.AlertError, isRemote, isAlert bool) {
	for operation := (*net.OpError)(nil); errors.As(err, &operation); err = operation.Err {
		if operation.Op != "remote error" && operation.Op != "local error" {
			continue // Such as proxyconnect, around another one.
		}
		if value := reflect.ValueOf(operation.Err); value.Kind() == reflect.Uint8 {
			return tls.AlertError(value.Uint()), operation.Op == "remote error", true //nolint:gosec // It has eight bits.
		}
	}
	return 0, false, false
}

// http2Code returns the code with which HTTP/2 ended a stream or its connection. A stream that was reset before its
// response is retried by net/http itself for REFUSED_STREAM and PROTOCOL_ERROR, as often as limitSends allows.
func http2Code(err error) (code http2.ErrCode, isHTTP2 bool) {
	if stream := (http2.StreamError{}); errors.As(err, &stream) {
		return stream.Code, true
	}
	for ; err != nil; err = errors.Unwrap(err) {
		// The type for GOAWAY is exported by x/net only. It has no field but plain ones in either package.
		if value := reflect.ValueOf(err); value.Kind() == reflect.Struct && value.Type().PkgPath() == "net/http" {
			if field := value.FieldByName("ErrCode"); field.IsValid() && field.CanUint() {
				return http2.ErrCode(field.Uint()), true //nolint:gosec // Codes have 32 bits.
			}
		}
		// A connection whose first stream is refused by a GOAWAY, which has no type at all.
		if name, found := strings.CutPrefix(err.Error(), "http2: Transport received GOAWAY from server ErrCode:"); found {
			for code := http2.ErrCodeNo; code <= http2.ErrCodeHTTP11Required; code++ {
				if code.String() == name {
					return code, true
				}
			}
		}
	}
	return 0, false
}

func isTransientCode(code http2.ErrCode) bool {
	return slices.Contains([]http2.ErrCode{
		http2.ErrCodeNo,
		http2.ErrCodeInternal,
		http2.ErrCodeRefusedStream,
		http2.ErrCodeCancel,
		http2.ErrCodeEnhanceYourCalm,
	}, code)
}

// isTruncated reports whether a response ended before it was complete. In a status line or a header, this looks like
// one that is malformed, unless the connection is known to have ended there.
func isTruncated(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || hasMessage(err, "http: unexpected EOF reading trailer")
}

// isIdleConnClosed reports whether a connection was closed between being opened and being used.
func isIdleConnClosed(err error) bool {
	return hasMessage(err, "http: server closed idle connection", "http2: client connection lost", "http2: client conn is closed",
		"http2: client conn not usable", "http2: client conn could not be established")
}

// hasMessage reports whether the cause of an error has one of these messages. It identifies errors that net/http does not export.
func hasMessage(err error, messages ...string) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if slices.Contains(messages, err.Error()) {
			return true
		}
	}
	return false
}
