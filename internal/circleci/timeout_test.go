package circleci_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// readTimedOut is the reason of a read that a deadline ended.
const readTimedOut = "timed out waiting for a complete response"

func TestIncompleteResponse(t *testing.T) {
	c := calls[1]
	tests := map[string]http.Handler{
		"no response":       circlecitest.Hang(),
		"late":              circlecitest.Delay(time.Hour, circlecitest.JSON(c.good)),
		"one byte a second": circlecitest.SlowBody(time.Second, c.good+strings.Repeat(" ", 100)),
		"valid JSON, not closed": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, c.good)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}),
	}
	for name, response := range tests {
		t.Run(name, func(t *testing.T) {
			var attempts record
			inBubble(t, response, attempts.keep, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
				start := time.Now()
				_, err := c.do(t.Context(), client)
				e := assertRetryError(t, err, circleci.DefaultMaxRetries+1, time.Since(start))
				equal(t, "last cause", errorText(e.Err), c.requestTo(server)+": timed out after 30s waiting for a complete response")
				equal(t, "is a deadline", errors.Is(err, context.DeadlineExceeded), true)
				assertBackoff(t, attempts.waits(), circleci.DefaultMaxRetries)
				for _, attempt := range attempts.all() {
					equal(t, "duration of an attempt", attempt.Duration, circleci.DefaultRequestTimeout)
				}
			})
		})
	}
}

func TestSlowResponse(t *testing.T) {
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			pause := (circleci.DefaultRequestTimeout - time.Second) / time.Duration(len(c.good))
			inBubble(t, circlecitest.SlowBody(pause, c.good), nil, func(t *testing.T, _ *circlecitest.Server, client *circleci.Client) {
				start := time.Now()
				got, err := c.do(t.Context(), client)
				equal(t, "error", errorText(err), "")
				equal(t, "result", got, c.want)
				equal(t, "elapsed", time.Since(start), pause*time.Duration(len(c.good)))
			})
		})
	}
}

func TestReadTimeout(t *testing.T) {
	c := calls[1]
	config := func(config *circleci.Config) {
		config.RequestTimeout, config.MaxRetries, config.MaxConcurrentRequests = 2*time.Minute, 10, 1
	}
	assertTimedOut := func(t *testing.T, server *circlecitest.Server, err error, attempts int, elapsed time.Duration) {
		t.Helper()
		e := assertRetryError(t, err, attempts, elapsed)
		equal(t, "last cause", errorOf[*circleci.RequestError](t, e.Err).Error(), c.requestTo(server)+": "+readTimedOut)
	}
	t.Run("in the middle of an attempt", func(t *testing.T) {
		inBubble(t, circlecitest.Hang(), config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			start := time.Now()
			_, err := c.do(t.Context(), client)
			equal(t, "elapsed", time.Since(start), 5*time.Minute)
			assertTimedOut(t, server, err, 3, 5*time.Minute)
		})
	})
	t.Run("queued", func(t *testing.T) {
		// The first read holds the only slot beyond the deadline of the second.
		inBubble(t, circlecitest.Hang(), func(all *circleci.Config) {
			config(all)
			all.RequestTimeout, all.MaxRetries = 10*time.Minute, 0
		}, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			first := readTasks(t.Context(), client)
			synctest.Wait()
			shorter, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
			defer cancel()
			second := readTasks(shorter, client)
			assertTimedOut(t, server, (<-second).err, 0, 4*time.Minute)
			assertTimedOut(t, server, (<-first).err, 1, 5*time.Minute)
		})
	})
}

// Canceling the context, as Ctrl-C does, ends a read immediately in any state of the client, and is no RequestError.
func TestContextCanceled(t *testing.T) {
	c := calls[1]
	half := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(c.good)))
		_, _ = io.WriteString(w, c.good[:10])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	tests := []struct {
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
		{name: "reading the body", response: half, requests: 1},
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
	}
	for _, test := range tests {
		for _, end := range []string{"canceled", "deadline"} {
			t.Run(test.name+"/"+end, func(t *testing.T) {
				inBubble(t, test.response, test.config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
					// The shortest backoff is half a second.
					const timeout = 300 * time.Millisecond
					start := time.Now()
					ctx, cancel := context.WithCancel(t.Context())
					if end == "deadline" {
						ctx, cancel = context.WithTimeout(t.Context(), timeout)
					}
					defer cancel()
					var outcomes []<-chan outcome
					for range test.before + 1 {
						outcomes = append(outcomes, readTasks(ctx, client))
						synctest.Wait()
					}
					time.Sleep(timeout / 2)
					equal(t, "number of requests", len(server.Requests()), test.requests)
					if end == "canceled" {
						time.Sleep(timeout / 2)
						cancel()
					}
					for i, out := range outcomes {
						got := <-out
						equal(t, "count", got.count, int64(0))
						request := c.requestTo(server) + ": "
						if end == "canceled" {
							equal(t, "error", errorText(got.err), request+"context canceled")
							equal(t, "is a cancellation", errors.Is(got.err, context.Canceled), true)
							equal(t, "is a RequestError", errors.As(got.err, new(*circleci.RequestError)), false)
							continue
						}
						if test.fails {
							equal(t, "elapsed", errorOf[*circleci.RetryError](t, got.err).Elapsed, time.Duration(0))
							continue
						}
						tried := "0 times"
						if i == 0 {
							tried = "once"
						}
						equal(t, "error", errorText(got.err), request+readTimedOut+" (tried "+tried+" in 300ms)")
						equal(t, "is a deadline", errors.Is(got.err, context.DeadlineExceeded), true)
					}
					if end == "canceled" || !test.fails {
						equal(t, "elapsed", time.Since(start), timeout)
					}
					equal(t, "number of requests at the end", len(server.Requests()), test.requests)
				})
			})
		}
	}
}

func TestContextCanceledBefore(t *testing.T) {
	server := startServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var attempts record
	client := newClient(t, server, attempts.keep)
	for _, c := range calls {
		for range 20 { // A slot is free each time, too.
			_, err := c.do(ctx, client)
			equal(t, "error", errorText(err), c.requestTo(server)+": context canceled")
			equal(t, "is a cancellation", errors.Is(err, context.Canceled), true)
		}
	}
	equal(t, "number of requests", len(server.Requests()), 0)
	equal(t, "number of attempts", len(attempts.all()), 0)
}

// The slot of a canceled request, queued or in flight, is free for others.
func TestCancelReleasesSlot(t *testing.T) {
	c := calls[1]
	var number atomic.Int32
	response := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if number.Add(1) == 1 {
			circlecitest.Hang().ServeHTTP(w, r)
			return
		}
		circlecitest.JSON(c.good).ServeHTTP(w, r)
	})
	config := func(config *circleci.Config) { config.MaxConcurrentRequests = 1 }
	inBubble(t, response, config, func(t *testing.T, _ *circlecitest.Server, client *circleci.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		first := readTasks(ctx, client)
		synctest.Wait()
		second, third := readTasks(ctx, client), readTasks(t.Context(), client)
		synctest.Wait()
		cancel()
		for _, out := range []<-chan outcome{first, second} {
			if got := <-out; !errors.Is(got.err, context.Canceled) {
				t.Errorf("got error %v, want %v", got.err, context.Canceled)
			}
		}
		equal(t, "outcome", <-third, outcome{count: 42})
	})
}
