package circleci_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

const (
	timedOut = tasksRequest + ": timed out waiting for a complete response"
	queued   = tasksRequest + ": timed out waiting for other requests to complete, and was not sent"
)

func withRequestTimeout(timeout time.Duration) option {
	return func(config *circleci.Config) { config.RequestTimeout = timeout }
}

// unfinished sends a part of a response, and neither the rest nor its end.
func unfinished(part string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, part)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
}

// hangingDial never opens a connection.
func hangingDial(ctx context.Context) (net.Conn, error) {
	<-ctx.Done()
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
}

// An attempt ends at its timeout, however much of the response has come.
func TestRequestTimeout(t *testing.T) {
	for name, test := range map[string]struct {
		response http.Handler
		status   int // It is 0 if the header of the response does not arrive either.
	}{
		"no response":            {response: circlecitest.Hang()},
		"one byte a second":      {circlecitest.SlowBody(time.Second, "                               "+goodTasks), 200},
		"valid JSON, not closed": {unfinished(goodTasks), 200},
	} {
		synctest.Test(t, func(t *testing.T) {
			var attempts recorder
			server, client := serve(t, nil, withRetries(1), attempts.record)
			server.Enqueue(test.response)
			equal(t, name, <-countTasks(t.Context(), client), result{count: 42})
			first := attempts.all()[0]
			equal(t, "duration", first.Duration, circleci.DefaultRequestTimeout)
			equal(t, "status", first.StatusCode, test.status)
			equal(t, "error", errorText(first.Err), tasksRequest+": timed out after 30s waiting for a complete response")
			equal(t, "is a deadline", errors.Is(first.Err, context.DeadlineExceeded), true)
		})
	}
	synctest.Test(t, func(t *testing.T) { // What is slow, but complete before the timeout, is a response.
		_, client := serve(t, circlecitest.SlowBody(time.Second, goodTasks))
		equal(t, "result", <-countTasks(t.Context(), client), result{count: 42})
	})
}

// A connection that cannot be opened does not hold up the retries.
func TestHungDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := serve(t, nil, withRetries(1), withConcurrency(1), detour(1, hangingDial))
		equal(t, "result", <-countTasks(t.Context(), client), result{count: 42})
	})
}

// A read ends after five minutes, in the middle of an attempt, too.
func TestReadTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := serve(t, circlecitest.Hang(), withRetries(10), withRequestTimeout(2*time.Minute))
		cause := assertRetryError(t, (<-countTasks(t.Context(), client)).err, 3, 5*time.Minute)
		equal(t, "cause", cause.Error(), timedOut)
	})
}

// Canceling the context, as Ctrl-C does, ends a read immediately in any state of the client, and so does its deadline.
func TestContextEnds(t *testing.T) {
	const timeout = 300 * time.Millisecond // The shortest backoff is half a second.
	hang, sent := circlecitest.Hang(), timedOut+" (attempts: 1, in 300ms)"
	for name, test := range map[string]struct {
		response http.Handler
		opt      option
		// isSecond reports whether another read was started before.
		isSecond bool
		requests int
		// deadline is the error at the deadline, "" if it is known at once that it cannot be met.
		deadline string
	}{
		"waiting for the response": {response: hang, requests: 1, deadline: sent},
		"reading the body":         {response: unfinished(goodTasks[:10]), requests: 1, deadline: sent},
		"connecting":               {opt: detour(2, hangingDial), deadline: sent},
		"waiting for a slot": {
			response: hang, opt: withConcurrency(1), isSecond: true, requests: 1, deadline: queued + " (attempts: 0, in 300ms)",
		},
		"backing off":  {response: circlecitest.Error(503, "no upstream"), requests: 1},
		"rate-limited": {response: retryAfter(429, "120"), isSecond: true, requests: 1},
	} {
		for _, end := range []string{"canceled", "deadline"} {
			t.Run(name+"/"+end, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, client := serve(t, test.response, withRetries(4), func(config *circleci.Config) {
						if test.opt != nil {
							test.opt(config)
						}
					})
					if test.isSecond {
						first, cancel := context.WithCancel(t.Context())
						defer cancel()
						_ = countTasks(first, client)
						synctest.Wait()
					}
					ctx, cancel := context.WithTimeout(t.Context(), timeout)
					if end == "canceled" {
						ctx, cancel = context.WithCancel(t.Context())
						time.AfterFunc(timeout, cancel)
					}
					defer cancel()
					start := time.Now()
					err := (<-countTasks(ctx, client)).err
					elapsed := time.Since(start)
					equal(t, "requests", len(server.Requests()), test.requests)
					switch {
					case end == "canceled":
						equal(t, "error", errorText(err), tasksRequest+": context canceled")
						equal(t, "is a cancellation", errors.Is(err, context.Canceled), true)
						equal(t, "is a RequestError", errors.As(err, new(*circleci.RequestError)), false)
						equal(t, "elapsed", elapsed, timeout)
					case test.deadline == "":
						_ = errorOf[*circleci.RetryError](t, err)
						equal(t, "elapsed", elapsed, time.Duration(0))
					default:
						equal(t, "error", errorText(err), test.deadline)
						equal(t, "is a deadline", errors.Is(err, context.DeadlineExceeded), true)
					}
				})
			})
		}
	}
}

// A caller that has given up already sends nothing.
func TestContextCanceledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	server, client := serve(t, nil)
	for range 20 { // A slot is free each time, too.
		equal(t, "error", errorText((<-countTasks(ctx, client)).err), tasksRequest+": context canceled")
	}
	equal(t, "requests", len(server.Requests()), 0)
}
