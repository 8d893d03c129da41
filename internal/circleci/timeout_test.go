package circleci_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// readTimedOut is the reason of a read that a deadline ended.
const readTimedOut = "timed out waiting for a complete response"

// unfinished sends a part of a response, and neither the rest nor its end.
func unfinished(part string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, part)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
}

func TestIncompleteResponse(t *testing.T) {
	c := calls[1]
	for name, test := range map[string]struct {
		response http.Handler
		status   int // It is 0 if the header of the response does not arrive either.
	}{
		"no response":            {response: circlecitest.Hang()},
		"late":                   {response: circlecitest.Delay(time.Hour, circlecitest.JSON(c.good))},
		"one byte a second":      {response: circlecitest.SlowBody(time.Second, c.good+strings.Repeat(" ", 100)), status: 200},
		"valid JSON, not closed": {response: unfinished(c.good), status: 200},
	} {
		var attempts record
		runInBubble(t, name, test.response, attempts.keep, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			start := time.Now()
			_, err := c.do(t.Context(), client)
			e := assertRetryError(t, err, circleci.DefaultMaxRetries+1, time.Since(start))
			equal(t, "last cause", errorText(e.Err), c.requestTo(server)+": timed out after 30s waiting for a complete response")
			equal(t, "is a deadline", errors.Is(err, context.DeadlineExceeded), true)
			assertBackoff(t, attempts.waits(), circleci.DefaultMaxRetries)
			for _, attempt := range attempts.all() {
				equal(t, "duration of an attempt", attempt.Duration, circleci.DefaultRequestTimeout)
				equal(t, "status of an attempt", attempt.StatusCode, test.status)
			}
		})
	}
}

// A connection that cannot be opened does not hold up the retries.
func TestHungDial(t *testing.T) {
	dials := 0
	config := func(config *circleci.Config) {
		dial := config.DialContext
		config.MaxConcurrentRequests, config.RequestTimeout = 1, 2*time.Second
		config.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials++; dials == 1 {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return dial(ctx, network, address)
		}
	}
	inBubble(t, nil, config, func(t *testing.T, _ *circlecitest.Server, client *circleci.Client) {
		equal(t, "outcome", <-readTasks(t.Context(), client), outcome{count: 42})
		equal(t, "dials", dials, 2)
	})
}

func TestSlowResponse(t *testing.T) {
	for _, c := range calls {
		pause := (circleci.DefaultRequestTimeout - time.Second) / time.Duration(len(c.good))
		inBubble(t, circlecitest.SlowBody(pause, c.good), nil, func(t *testing.T, _ *circlecitest.Server, client *circleci.Client) {
			start := time.Now()
			got, err := c.do(t.Context(), client)
			equal(t, "error", errorText(err), "")
			equal(t, "result", got, c.want)
			equal(t, "elapsed", time.Since(start), pause*time.Duration(len(c.good)))
		})
	}
}

func TestReadTimeout(t *testing.T) {
	// The second read is queued: the first one holds the only slot beyond its deadline.
	for name, test := range map[string]struct {
		requestTimeout time.Duration
		retries        int
		attempts       int
		second         bool
	}{
		"in the middle of an attempt": {requestTimeout: 2 * time.Minute, retries: 10, attempts: 3},
		"queued":                      {requestTimeout: 10 * time.Minute, attempts: 1, second: true},
	} {
		config := func(config *circleci.Config) {
			config.RequestTimeout, config.MaxRetries, config.MaxConcurrentRequests = test.requestTimeout, test.retries, 1
		}
		inBubble(t, circlecitest.Hang(), config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			start, first := time.Now(), readTasks(t.Context(), client)
			synctest.Wait()
			if test.second {
				shorter, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
				defer cancel()
				equal(t, "error of the second", errorText((<-readTasks(shorter, client)).err), calls[1].requestTo(server)+
					": timed out waiting for other requests to complete, and was not sent (attempts: 0, in 4m0s)")
			}
			e := assertRetryError(t, (<-first).err, test.attempts, 5*time.Minute)
			equal(t, name, errorOf[*circleci.RequestError](t, e.Err).Error(), calls[1].requestTo(server)+": "+readTimedOut)
			equal(t, "elapsed", time.Since(start), 5*time.Minute)
		})
	}
}

// Canceling the context, as Ctrl-C does, ends a read immediately in any state of the client, and is no RequestError.
func TestContextCanceled(t *testing.T) {
	c := calls[1]
	for _, test := range []struct {
		name     string
		response http.Handler
		config   func(*circleci.Config)
		// before is the number of reads that the client starts before.
		before int
		// requests is the number of requests that the server receives.
		requests int
		// fails reports whether a deadline ends the read as soon as it is known that it cannot be met.
		fails bool
	}{
		{name: "waiting for the response", response: circlecitest.Hang(), requests: 1},
		{name: "reading the body", response: unfinished(c.good[:10]), requests: 1},
		{name: "backing off", response: circlecitest.Error(503, "no upstream"), requests: 1, fails: true},
		{name: "waiting for Retry-After", response: retryAfter(503, "120"), requests: 1, fails: true},
		{name: "rate-limited", response: retryAfter(429, "120"), before: 3, requests: 1, fails: true},
		{
			name: "waiting for a slot", response: circlecitest.Hang(), before: 1, requests: 1,
			config: func(config *circleci.Config) { config.MaxConcurrentRequests = 1 },
		},
		{
			name: "connecting", response: circlecitest.Hang(),
			config: func(config *circleci.Config) {
				config.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				}
			},
		},
	} {
		for _, end := range []string{"canceled", "deadline"} {
			runInBubble(t, test.name+"/"+end, test.response, test.config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
				// The shortest backoff is half a second.
				const timeout = 300 * time.Millisecond
				start := time.Now()
				var outcomes []<-chan outcome
				for i := range test.before + 1 {
					left := timeout - time.Duration(i) // One that waits for another ends before it, so it is not its turn.
					ctx, cancel := context.WithTimeout(t.Context(), left)
					if end == "canceled" {
						ctx, cancel = context.WithCancel(t.Context())
						time.AfterFunc(left, cancel)
					}
					defer cancel()
					outcomes = append(outcomes, readTasks(ctx, client))
					synctest.Wait()
				}
				time.Sleep(timeout / 2)
				equal(t, "number of requests", len(server.Requests()), test.requests)
				timedOut := readTimedOut + " (attempts: 1, in 300ms)"
				for _, out := range outcomes {
					got := <-out
					equal(t, "count", got.count, int64(0))
					want, cause := c.requestTo(server)+": "+timedOut, context.DeadlineExceeded
					switch timedOut = "timed out waiting for other requests to complete, and was not sent (attempts: 0, in 300ms)"; {
					case end == "canceled":
						want, cause = c.requestTo(server)+": context canceled", context.Canceled
						equal(t, "is a RequestError", errors.As(got.err, new(*circleci.RequestError)), false)
					case test.fails:
						equal(t, "elapsed", errorOf[*circleci.RetryError](t, got.err).Elapsed, time.Duration(0))
						continue
					}
					equal(t, "error", errorText(got.err), want)
					equal(t, "has the cause", errors.Is(got.err, cause), true)
				}
				if end == "canceled" || !test.fails {
					equal(t, "elapsed", time.Since(start), timeout)
				}
				equal(t, "number of requests at the end", len(server.Requests()), test.requests)
			})
		}
	}
}

func TestContextCanceledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var attempts record
	server, client := respond(t, nil, attempts.keep)
	for _, c := range calls {
		for range 20 { // A slot is free each time, too.
			_, err := c.do(ctx, client)
			equal(t, "error", errorText(err), c.requestTo(server)+": context canceled")
			equal(t, "is a cancellation", errors.Is(err, context.Canceled), true)
		}
	}
	equal(t, "requests and attempts", [2]int{len(server.Requests()), len(attempts.all())}, [2]int{0, 0})
}

// The slot of a canceled request, queued or in flight, is free for others.
func TestCancelReleasesSlot(t *testing.T) {
	config := func(config *circleci.Config) { config.MaxConcurrentRequests = 1 }
	inBubble(t, nil, config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(circlecitest.Hang())
		ctx, cancel := context.WithCancel(t.Context())
		first := readTasks(ctx, client)
		synctest.Wait()
		second, third := readTasks(ctx, client), readTasks(t.Context(), client)
		synctest.Wait()
		cancel()
		for _, out := range []<-chan outcome{first, second} {
			equal(t, "is a cancellation", errors.Is((<-out).err, context.Canceled), true)
		}
		equal(t, "outcome", <-third, outcome{count: 42})
	})
}
