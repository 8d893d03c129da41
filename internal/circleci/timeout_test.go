package circleci_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// The tests in this file run in bubbles of testing/synctest: time stands still while anything works and jumps ahead when
// all wait, so that the machine's clock and real timeouts are tested to the nanosecond and without waiting. A bubble ends
// with an error when a goroutine is left in it. It cannot see into the network, so server and client talk through memory.

// memory listens where only those can connect who have it.
type memory struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case connection := <-m.connections:
		return connection, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

func (m *memory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case m.connections <- server:
		return client, nil
	case <-m.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// bubbleURL is how errors name the server in memory.
const bubbleURL = "http://127.0.0.1:80"

// inBubble runs a test with a client of a server in memory, whose clock is the machine's and whose limits are the defaults.
func inBubble(t *testing.T, answer http.Handler, config func(*circleci.Config), test func(t *testing.T, client *circleci.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listener := &memory{connections: make(chan net.Conn), closed: make(chan struct{})}
		server := &http.Server{Handler: answer}
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = server.Serve(listener)
		}()
		all := circleci.Config{APIURL: parseURL(t, bubbleURL), MaxRetries: circleci.DefaultMaxRetries, DialContext: listener.dial}
		if config != nil {
			config(&all)
		}
		client := circleci.New(all)
		defer func() {
			client.Close()
			_ = server.Close()
			<-served
		}()
		test(t, client)
	})
}

func TestAnswerThatNeverComesWhole(t *testing.T) {
	t.Parallel()
	c := calls[1]
	tests := map[string]http.Handler{
		"never":             circlecitest.Hang(),
		"one byte a second": circlecitest.SlowBody(time.Second, c.good+strings.Repeat(" ", 100)),
		"whole, but without an end": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, c.good)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}),
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var attempts record
			inBubble(t, answer, attempts.keep, func(t *testing.T, client *circleci.Client) {
				start := time.Now()
				_, err := c.do(t.Context(), client)
				elapsed := time.Since(start)

				const tried = circleci.DefaultMaxRetries + 1
				all := attempts.all()
				equal(t, "number of attempts", len(all), tried)
				for _, a := range all {
					equal(t, "duration of an attempt", a.Duration, circleci.DefaultRequestTimeout)
				}
				waits := elapsed - tried*circleci.DefaultRequestTimeout
				if low, high := 7500*time.Millisecond, 15*time.Second; waits < low || waits >= high {
					t.Errorf("waited for %s between attempts, want at least %s and less than %s", waits, low, high)
				}
				e := errorOf[*circleci.RetryError](t, err)
				equal(t, "attempts", e.Attempts, tried)
				equal(t, "elapsed", e.Elapsed, elapsed)
				equal(t, "error", err.Error(), fmt.Sprintf("GET %s/api/v2%s: no complete answer within 30s (tried 5 times in %s)",
					bubbleURL, c.asked, elapsed.Round(time.Millisecond)))
			})
		})
	}
}

func TestSlowAnswerThatComesInTime(t *testing.T) {
	t.Parallel()
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			pause := (circleci.DefaultRequestTimeout - time.Second) / time.Duration(len(c.good))
			inBubble(t, circlecitest.SlowBody(pause, c.good), nil, func(t *testing.T, client *circleci.Client) {
				start := time.Now()
				got, err := c.do(t.Context(), client)
				equal(t, "error", errorText(err), "")
				equal(t, "answer", got, c.want)
				equal(t, "elapsed", time.Since(start), pause*time.Duration(len(c.good)))
			})
		})
	}
}

func TestReadEndsWithinFiveMinutes(t *testing.T) {
	t.Parallel()
	c := calls[1]
	config := func(config *circleci.Config) {
		config.RequestTimeout, config.MaxRetries, config.MaxConcurrentRequests = 2*time.Minute, 10, 1
	}
	expect := func(t *testing.T, err error, attempts int, times string, elapsed time.Duration) {
		t.Helper()
		e := errorOf[*circleci.RetryError](t, err)
		equal(t, "attempts", e.Attempts, attempts)
		equal(t, "elapsed", e.Elapsed, elapsed)
		equal(t, "error", err.Error(), fmt.Sprintf("GET %s/api/v2%s: %s (tried %s in %s)", bubbleURL, c.asked, noTime, times, elapsed))
		_ = errorOf[*circleci.RequestError](t, err)
	}
	t.Run("in the middle of an attempt", func(t *testing.T) {
		t.Parallel()
		inBubble(t, circlecitest.Hang(), config, func(t *testing.T, client *circleci.Client) {
			start := time.Now()
			_, err := c.do(t.Context(), client)
			equal(t, "elapsed", time.Since(start), 5*time.Minute)
			expect(t, err, 3, "3 times", 5*time.Minute)
		})
	})
	t.Run("in line", func(t *testing.T) {
		t.Parallel()
		// The first has the only place for longer than the second may take.
		inBubble(t, circlecitest.Hang(), func(all *circleci.Config) {
			config(all)
			all.RequestTimeout, all.MaxRetries = 10*time.Minute, 0
		}, func(t *testing.T, client *circleci.Client) {
			first := ask(t.Context(), client)
			synctest.Wait()
			shorter, cancel := client.StartRead(t.Context(), 4*time.Minute)
			defer cancel()
			second := ask(shorter, client)
			expect(t, (<-second).err, 0, "0 times", 4*time.Minute)
			expect(t, (<-first).err, 1, "once", 5*time.Minute)
		})
	})
}

// A caller who gives up, as on Ctrl-C, gets the word back at once, whatever the client does meanwhile.
func TestCallerGivesUpMeanwhile(t *testing.T) {
	t.Parallel()
	c := calls[1]
	half := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(c.good)))
		_, _ = io.WriteString(w, c.good[:10])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	later := circlecitest.WithHeader(circlecitest.Error(503, "later"), "Retry-After", "120")
	tests := []struct {
		name   string
		answer http.Handler
		config func(*circleci.Config)
		// before are other reads that the client is asked for first.
		before int
		// requests is how many reach the server.
		requests int
	}{
		{name: "waiting for an answer", answer: circlecitest.Hang(), requests: 1},
		{name: "reading", answer: half, requests: 1},
		{name: "waiting for another attempt", answer: circlecitest.Error(503, "no upstream"), requests: 1},
		{name: "waiting as long as the service asks", answer: later, requests: 1},
		{name: "waiting because another was refused", answer: slow("120"), before: 3, requests: 1},
		{
			name: "waiting for a place", answer: circlecitest.Hang(), before: 1, requests: 1,
			config: func(config *circleci.Config) { config.MaxConcurrentRequests = 1 },
		},
		{
			name: "connecting", answer: circlecitest.Hang(),
			config: func(config *circleci.Config) {
				config.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				}
			},
		},
	}
	for _, test := range tests {
		for _, end := range []string{"cancelled", "deadline"} {
			t.Run(test.name+"/"+end, func(t *testing.T) {
				t.Parallel()
				var requests atomic.Int32
				counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					requests.Add(1)
					test.answer.ServeHTTP(w, r)
				})
				inBubble(t, counted, test.config, func(t *testing.T, client *circleci.Client) {
					// Backoff takes half a second at least.
					const patience = 300 * time.Millisecond
					start := time.Now()
					ctx, cancel := context.WithCancel(t.Context())
					if end == "deadline" {
						ctx, cancel = context.WithTimeout(t.Context(), patience)
					}
					defer cancel()
					var outcomes []<-chan outcome
					for range test.before + 1 {
						outcomes = append(outcomes, ask(ctx, client))
						synctest.Wait()
					}
					time.Sleep(patience / 2)
					equal(t, "number of requests", int(requests.Load()), test.requests)
					if end == "cancelled" {
						time.Sleep(patience / 2)
						cancel()
					}
					for i, out := range outcomes {
						got := <-out
						equal(t, "count", got.count, int64(0))
						asked := fmt.Sprintf("GET %s/api/v2%s: ", bubbleURL, c.asked)
						if end == "cancelled" {
							equal(t, "error", errorText(got.err), asked+"context canceled")
							equal(t, "is a cancellation", errors.Is(got.err, context.Canceled), true)
							continue
						}
						tried := "0 times"
						if i == 0 {
							tried = "once"
						}
						equal(t, "error", errorText(got.err), asked+noTime+" (tried "+tried+" in 300ms)")
						equal(t, "is a deadline", errors.Is(got.err, context.DeadlineExceeded), true)
					}
					equal(t, "elapsed", time.Since(start), patience)
					equal(t, "number of requests at the end", int(requests.Load()), test.requests)
				})
			})
		}
	}
}

// A place that a caller gave up in line, or while using it, is free for others.
func TestGivenUpPlaceIsFree(t *testing.T) {
	t.Parallel()
	c := calls[1]
	var number atomic.Int32
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if number.Add(1) == 1 {
			circlecitest.Hang().ServeHTTP(w, r)
			return
		}
		circlecitest.JSON(c.good).ServeHTTP(w, r)
	})
	config := func(config *circleci.Config) { config.MaxConcurrentRequests = 1 }
	inBubble(t, answer, config, func(t *testing.T, client *circleci.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		first := ask(ctx, client)
		synctest.Wait()
		second, third := ask(ctx, client), ask(t.Context(), client)
		synctest.Wait()
		cancel()
		for _, out := range []<-chan outcome{first, second} {
			if got := <-out; !errors.Is(got.err, context.Canceled) {
				t.Errorf("got error %v, want %v", got.err, context.Canceled)
			}
		}
		equal(t, "outcome", <-third, outcome{42, nil})
	})
}

// The machine's clock, which the provider uses, keeps a pause as long as it is asked to.
func TestPauseByTheMachinesClock(t *testing.T) {
	t.Parallel()
	var number atomic.Int32
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if number.Add(1) == 1 {
			slow("90").ServeHTTP(w, r)
			return
		}
		circlecitest.JSON(calls[1].good).ServeHTTP(w, r)
	})
	inBubble(t, answer, nil, func(t *testing.T, client *circleci.Client) {
		start := time.Now()
		first := ask(t.Context(), client)
		synctest.Wait()
		time.Sleep(60 * time.Second)
		second := ask(t.Context(), client)
		equal(t, "outcome", <-second, outcome{42, nil})
		equal(t, "elapsed", time.Since(start), 90*time.Second)
		equal(t, "outcome", <-first, outcome{42, nil})
		equal(t, "elapsed", time.Since(start), 90*time.Second)
		equal(t, "number of requests", int(number.Load()), 3)
	})
}
