package circleci_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// net/http repeats a GET by itself when it was sent on a kept connection that is closed before the first byte of the
// response. Tests that count requests break connections from the first attempt of a new client on, so that each attempt
// opens a connection of its own.

func withRetries(n int) func(*circleci.Config) {
	return func(config *circleci.Config) { config.MaxRetries = n }
}

// startMemoryServer starts a server whose connections are in memory, for tests in a bubble of testing/synctest.
func startMemoryServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewMemoryServer()
	t.Cleanup(server.Close)
	return server
}

// assertBackoff asserts that waits are those between attempts: the n-th lasts from half of 2^n seconds to all of it, and
// none is longer than half a minute.
func assertBackoff(t *testing.T, waits []time.Duration, n int) {
	t.Helper()
	equal(t, "number of waits", len(waits), n)
	for i, d := range waits {
		full := min(time.Second<<i, 30*time.Second)
		if d < full/2 || d >= full {
			t.Errorf("wait %d lasts %s, want at least %s and less than %s", i+1, d, full/2, full)
		}
	}
}

// assertAttempts asserts that n attempts failed with a status, 0 for none, and that the one after them succeeded.
func assertAttempts(t *testing.T, attempts []circleci.Attempt, n, status int) {
	t.Helper()
	equal(t, "number of attempts", len(attempts), n+1)
	for i, attempt := range attempts {
		want := status
		if i == n {
			want = http.StatusOK
		}
		equal(t, "number of the attempt", attempt.Number, i+1)
		equal(t, "status of the attempt", attempt.StatusCode, want)
		equal(t, "the attempt failed", attempt.Err != nil, i < n)
	}
}

// assertRetryError asserts that a request failed after all of its attempts.
func assertRetryError(t *testing.T, err error, attempts int, elapsed time.Duration) *circleci.RetryError {
	t.Helper()
	e := errorOf[*circleci.RetryError](t, err)
	equal(t, "attempts", e.Attempts, attempts)
	equal(t, "elapsed", e.Elapsed, elapsed)
	equal(t, "retry after", e.RetryAfter, time.Duration(0))
	times := map[int]string{1: "once", 2: "twice"}[attempts]
	if times == "" {
		times = fmt.Sprintf("%d times", attempts)
	}
	equal(t, "error", err.Error(), fmt.Sprintf("%s (tried %s in %s)", e.Err, times, elapsed.Round(time.Millisecond)))
	return e
}

func TestRetryTransientResponse(t *testing.T) {
	t.Parallel()
	header := func(c call) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(c.good)+1)
	}
	tests := []struct {
		name     string
		response func(c call) http.Handler
		// status is the one of a failed attempt.
		status int
	}{
		{name: "408", response: func(call) http.Handler { return circlecitest.Error(408, "timeout") }, status: 408},
		{name: "425", response: func(call) http.Handler { return circlecitest.Error(425, "too early") }, status: 425},
		{name: "500", response: func(call) http.Handler { return circlecitest.Error(500, "oops") }, status: 500},
		{name: "502", response: func(call) http.Handler {
			return circlecitest.Raw(502, "text/html", "<html><title>Bad gateway</title></html>")
		}, status: 502},
		{name: "503", response: func(call) http.Handler { return circlecitest.Raw(503, "text/plain", "no upstream") }, status: 503},
		{name: "503 with a good body", response: func(c call) http.Handler { return circlecitest.Raw(503, "application/json", c.good) }, status: 503},
		{name: "504", response: func(call) http.Handler { return circlecitest.Raw(504, "text/plain", "") }, status: 504},
		{name: "520", response: func(call) http.Handler { return circlecitest.Raw(520, "text/plain", "") }, status: 520},
		{name: "522", response: func(call) http.Handler { return circlecitest.Raw(522, "text/plain", "") }, status: 522},
		{name: "524", response: func(call) http.Handler { return circlecitest.Raw(524, "text/plain", "") }, status: 524},
		{name: "closed before the response", response: func(call) http.Handler { return circlecitest.AbortConnection() }},
		{name: "reset before the response", response: func(call) http.Handler { return circlecitest.Reset("") }},
		{name: "closed in the status line", response: func(c call) http.Handler { return raw(header(c)[:12]) }},
		{name: "closed in the header", response: func(c call) http.Handler { return raw(header(c)[:30]) }},
		{name: "closed before the body", response: func(call) http.Handler { return circlecitest.TruncatedBody("") }, status: 200},
		{name: "closed in the body", response: func(c call) http.Handler { return circlecitest.TruncatedBody(c.good[:10]) }, status: 200},
		{name: "closed after valid JSON", response: func(c call) http.Handler { return circlecitest.TruncatedBody(c.good) }, status: 200},
		{name: "reset in the body", response: func(c call) http.Handler { return circlecitest.Reset(header(c) + c.good) }, status: 200},
		{name: "closed in the chunks", response: func(c call) http.Handler { return circlecitest.TruncatedChunks(c.good[:10]) }, status: 200},
		{name: "closed after chunks of valid JSON", response: func(c call) http.Handler { return circlecitest.TruncatedChunks(c.good) }, status: 200},
	}
	for _, c := range calls {
		for _, test := range tests {
			for _, n := range []int{1, 4} {
				t.Run(fmt.Sprintf("%s/%s/%d", c.name, test.name, n), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						server := startMemoryServer(t)
						for range n {
							server.Enqueue(test.response(c))
						}
						server.SetHandler(circlecitest.JSON(c.good))
						var attempts record
						got, err := c.do(t.Context(), newClient(t, server, withRetries(4), attempts.keep))
						equal(t, "error", errorText(err), "")
						equal(t, "result", got, c.want)
						equal(t, "number of requests", len(server.Requests()), n+1)
						assertBackoff(t, attempts.waits(), n)
						assertAttempts(t, attempts.all(), n, test.status)
					})
				})
			}
		}
	}
}

// detour lets the first n connections of a client be opened by other means, and those after them go to the server.
func detour(n int32, other func(ctx context.Context) (net.Conn, error)) func(*circleci.Config) {
	var opened atomic.Int32
	return func(config *circleci.Config) {
		dial := config.DialContext
		if dial == nil {
			dial = (&net.Dialer{}).DialContext
		}
		config.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if opened.Add(1) <= n {
				return other(ctx)
			}
			return dial(ctx, network, address)
		}
	}
}

// dialTo opens connections to an address.
func dialTo(address string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", address) }
}

// These connections fail before the server sees a request.
func TestRetryTransientConnectionError(t *testing.T) {
	t.Parallel()
	const n = 3
	fail := func(err error) func(context.Context) (net.Conn, error) {
		return func(context.Context) (net.Conn, error) { return nil, err }
	}
	lookup := &net.DNSError{Err: "server misbehaving", Name: "runner.circleci.com", IsTemporary: true}
	tests := []struct {
		name   string
		open   func(context.Context) (net.Conn, error)
		reason string
		cause  error
	}{
		{name: "reset", cause: syscall.ECONNRESET},
		{name: "refused", open: fail(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}), reason: "dial tcp: connection refused", cause: syscall.ECONNREFUSED},
		{name: "name not resolved", open: fail(&net.OpError{Op: "dial", Net: "tcp", Err: lookup}), reason: "dial tcp: lookup runner.circleci.com: server misbehaving", cause: lookup},
		{name: "name not found", open: fail(&net.DNSError{Err: "no such host", Name: "runner.circleci.com", IsNotFound: true}), reason: "lookup runner.circleci.com: no such host"},
		{name: "no route", open: fail(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH}), reason: "dial tcp: no route to host", cause: syscall.EHOSTUNREACH},
	}
	for _, c := range calls {
		for _, test := range tests {
			for _, failures := range []int{n, n + 1} {
				t.Run(fmt.Sprintf("%s/%s/%d", c.name, test.name, failures), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						server := startMemoryServer(t)
						server.SetHandler(circlecitest.JSON(c.good))
						opts := []func(*circleci.Config){withRetries(n)}
						if test.open == nil {
							server.ResetConnections(failures)
						} else {
							opts = append(opts, detour(int32(failures), test.open))
						}
						var attempts record
						start := time.Now()
						got, err := c.do(t.Context(), newClient(t, server, append(opts, attempts.keep)...))
						assertBackoff(t, attempts.waits(), n)
						if failures == n {
							equal(t, "error", errorText(err), "")
							equal(t, "result", got, c.want)
							equal(t, "number of requests", len(server.Requests()), 1)
							assertAttempts(t, attempts.all(), n, 0)
							return
						}
						equal(t, "result", got, c.nothing)
						equal(t, "number of requests", len(server.Requests()), 0)
						cause := errorOf[*circleci.RequestError](t, assertRetryError(t, err, n+1, time.Since(start)).Err)
						equal(t, "request", cause.Request, c.requestTo(server))
						if test.reason != "" { // net/http reports a reset in several ways.
							equal(t, "reason", cause.Reason, test.reason)
						}
						if test.cause != nil && !errors.Is(err, test.cause) {
							t.Errorf("got cause %v, want %v", cause.Err, test.cause)
						}
					})
				})
			}
		}
	}
}

// closedPort returns an address that nobody listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}

// listenAndClose listens, reads one byte from each connection, and closes it.
func listenAndClose(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.CopyN(io.Discard, connection, 1)
			_ = connection.Close()
		}
	}()
	return listener.Addr().String()
}

// The errors of real connections, as the operating system reports them.
func TestConnectionErrorIsRetryable(t *testing.T) {
	t.Parallel()
	authority := circlecitest.NewAuthority()
	tests := []struct {
		name   string
		secure bool
		// reset makes the server itself reset the connection; else it goes to address.
		reset   bool
		address string
		cause   error
	}{
		{name: "refused", address: closedPort(t), cause: syscall.ECONNREFUSED},
		{name: "reset", reset: true, cause: syscall.ECONNRESET},
		{name: "closed", address: listenAndClose(t), cause: syscall.ECONNRESET},
		{name: "reset in the handshake", secure: true, reset: true, cause: syscall.ECONNRESET},
		{name: "closed in the handshake", secure: true, address: listenAndClose(t), cause: syscall.ECONNRESET},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server, trusting := startServer(t), func(*circleci.Config) {}
			if test.secure {
				server, trusting = startTLSServer(t, authority)
			}
			opts := []func(*circleci.Config){trusting}
			if test.reset {
				server.ResetConnections(1)
			} else {
				opts = append(opts, detour(1, dialTo(test.address)))
			}
			_, err := newClient(t, server, opts...).UnclaimedTaskCount(t.Context(), "acme/linux")
			equal(t, "retryable", circleci.IsRetryable(err), true)
			if !errors.Is(err, test.cause) {
				t.Errorf("got error %v, want %v", err, test.cause)
			}
			equal(t, "number of requests", len(server.Requests()), 0)
		})
	}
}

// closedConn is a connection that the other side has closed.
type closedConn struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func newClosedConn() *closedConn { return &closedConn{closed: make(chan struct{})} }

func (*closedConn) Read([]byte) (int, error)    { return 0, io.EOF }
func (*closedConn) Write(p []byte) (int, error) { return len(p), nil }

func (c *closedConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

// net/http may learn that a connection was closed before it sends the request, and has an error of its own for that.
func TestRetryConnectionClosedBeforeItsUse(t *testing.T) {
	t.Parallel()
	const n = 2
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := startMemoryServer(t)
				server.SetHandler(circlecitest.JSON(c.good))
				var attempts record
				closed := detour(n, func(context.Context) (net.Conn, error) { return newClosedConn(), nil })
				// The request goes on only when net/http has closed its side, too.
				ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
					if connection, ok := got.Conn.(*closedConn); ok {
						<-connection.closed
					}
				}})
				got, err := c.do(ctx, newClient(t, server, closed, withRetries(n), attempts.keep))
				equal(t, "error", errorText(err), "")
				equal(t, "result", got, c.want)
				assertBackoff(t, attempts.waits(), n)
				assertAttempts(t, attempts.all(), n, 0)
				for _, attempt := range attempts.all()[:n] {
					equal(t, "error of an attempt", errorText(attempt.Err), c.requestTo(server)+": the connection was closed before a response came")
				}
			})
		})
	}
}

func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	for _, c := range calls {
		for _, retries := range []int{0, 1, 2, 4, 10} {
			t.Run(fmt.Sprintf("%s/%d", c.name, retries), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					server := startMemoryServer(t)
					var number atomic.Int32
					server.Intercept(func(*http.Request) http.Handler {
						return circlecitest.Error(503, fmt.Sprintf("no upstream, %d", number.Add(1)))
					})
					var attempts record
					start := time.Now()
					got, err := c.do(t.Context(), newClient(t, server, withRetries(retries), attempts.keep))
					equal(t, "result", got, c.nothing)
					equal(t, "number of requests", len(server.Requests()), retries+1)
					assertBackoff(t, attempts.waits(), retries)
					e := assertRetryError(t, err, retries+1, time.Since(start))
					equal(t, "last cause", errorOf[*circleci.StatusError](t, e.Err).Message, fmt.Sprintf("no upstream, %d", retries+1))
				})
			})
		}
	}
}

func TestBackoffHasJitter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := startMemoryServer(t)
		server.SetHandler(circlecitest.Error(503, "no upstream"))
		seen := map[time.Duration]bool{}
		for range 10 {
			var attempts record
			_, err := newClient(t, server, withRetries(10), attempts.keep).UnclaimedTaskCount(t.Context(), "acme/linux")
			equal(t, "attempts", errorOf[*circleci.RetryError](t, err).Attempts, 11)
			for _, d := range attempts.waits() {
				seen[d] = true
			}
		}
		// A hundred draws from half a billion nanoseconds and more are hardly ever the same twice.
		if len(seen) < 95 {
			t.Errorf("only %d of 100 waits differ", len(seen))
		}
	})
}
