package circleci

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"
)

// createGrace is how long after the end of its context a request to create something may still end, and then an operation may
// still find out what it did.
const createGrace = 5 * time.Second

// UncertainError is a request to create something of which the outcome is not known: it may have been carried out.
type UncertainError struct {
	// Appeared are the IDs of objects that could be the one that was created, because they did not exist before.
	Appeared []string
	// ListErr is why it could not be listed what exists, nil when it could.
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
	return text + ": new since then is " + strings.Join(e.Appeared, ", ")
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

// sendOnce makes an *UncertainError of an attempt that may have been carried out although it failed, so that it is not
// repeated.
func sendOnce(send func(context.Context, int) ([]byte, error)) func(context.Context, int) ([]byte, error) {
	return func(ctx context.Context, attempt int) ([]byte, error) {
		// Before there is a connection, nothing is sent: its TLS handshake is over then, and a proxy has responded.
		var hasConnection atomic.Bool
		trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { hasConnection.Store(true) }}
		// What may have been sent may still end: what it creates would be lost. Anything else ends with ctx.
		longer, cancel := outlive(ctx, hasConnection.Load)
		defer cancel()
		body, err := send(httptrace.WithClientTrace(longer, trace), attempt)
		if err != nil && hasConnection.Load() && !isRejection(err) {
			return body, &UncertainError{Err: err}
		}
		return body, err
	}
}

// isRejection reports whether a response says that a request was not carried out. No other status says so, for a gateway
// may respond in place of a service that has done its work.
func isRejection(err error) bool {
	status := (*StatusError)(nil)
	if !errors.As(err, &status) {
		return false
	}
	isClientError := status.StatusCode >= 400 && status.StatusCode < 500
	return isClientError && !isRetryableStatus(status.StatusCode) || isRateLimited(err)
}

// outlive returns a context that ends, with the error of ctx for its cause, a short time after it if isWorthwhile then, or else
// together with it.
func outlive(ctx context.Context, isWorthwhile func() bool) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if !isWorthwhile() {
			cancel(ctx.Err())
			return
		}
		time.AfterFunc(createGrace, func() { cancel(ctx.Err()) })
	})
	return longer, func() {
		stop()
		cancel(nil)
	}
}
