package circleci

import (
	"context"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// createGrace is how long after the end of its context a request to create something may still end, and then an
// operation may still find out what it did.
const createGrace = 5 * time.Second

// once is the handler that makes an *UncertainError of a creation that may have been carried out although it failed, so
// that it is not repeated.
func once(next handler) handler {
	return func(ctx context.Context, call apiCall) error {
		if !call.creates() {
			return next(ctx, call)
		}
		// Before there is a connection, nothing is sent: its TLS handshake is over then, and a proxy has responded.
		var hasConnection atomic.Bool
		trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { hasConnection.Store(true) }}
		// What may have been sent may still end: what it creates would be lost. Anything else ends with ctx.
		longer, cancel := outlive(ctx, hasConnection.Load)
		defer cancel()
		err := next(httptrace.WithClientTrace(longer, trace), call)
		if err != nil && hasConnection.Load() && !isRejection(err) {
			return &UncertainError{Err: err}
		}
		return err
	}
}

// outlive returns a context that ends, with the error of ctx for its cause, a short time after it if isWorthwhile then,
// or else together with it.
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
