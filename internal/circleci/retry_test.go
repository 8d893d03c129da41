package circleci_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// net/http repeats a GET by itself, without a word, when it was sent on a connection that had served a request before and
// is closed before the first byte of the answer. Tests that count requests must not meet this. So whoever cuts connections
// here does so from the first attempt of a new client on: each attempt then opens a connection of its own, because the
// one before it is broken.

// tries lets a client try again so often, by a clock of the test's own.
func tries(again int, clock circleci.Clock) func(*circleci.Config) {
	return func(config *circleci.Config) { config.MaxRetries, config.Clock = again, clock }
}

// expectBackoff asserts that sleeps are those between attempts: the n-th lasts between half of 2^n seconds and all of it,
// and none is longer than half a minute.
func expectBackoff(t *testing.T, slept []time.Duration, n int) {
	t.Helper()
	equal(t, "number of sleeps", len(slept), n)
	for i, d := range slept {
		full := min(time.Second<<i, 30*time.Second)
		if d < full/2 || d >= full {
			t.Errorf("sleep %d lasts %s, want at least %s and less than %s", i+1, d, full/2, full)
		}
	}
}

// detour lets the first n connections of a client be opened by other means, and those behind them go to the server.
func detour(n int32, other func(ctx context.Context) (net.Conn, error)) func(*circleci.Config) {
	var taken atomic.Int32
	return func(config *circleci.Config) {
		config.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if taken.Add(1) <= n {
				return other(ctx)
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
	}
}

// dialTo opens connections to an address.
func dialTo(address string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", address) }
}

// fails opens no connection.
func fails(err error) func(context.Context) (net.Conn, error) {
	return func(context.Context) (net.Conn, error) { return nil, err }
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

// startCutter listens, reads so many bytes from each connection, and closes it.
func startCutter(t *testing.T, size int64) (address string) {
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
			_, _ = io.CopyN(io.Discard, connection, size)
			_ = connection.Close()
		}
	}()
	return listener.Addr().String()
}

// closedConnection is one that the other side has closed.
type closedConnection struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func newClosedConnection() *closedConnection { return &closedConnection{closed: make(chan struct{})} }

func (*closedConnection) Read([]byte) (int, error)    { return 0, io.EOF }
func (*closedConnection) Write(p []byte) (int, error) { return len(p), nil }

func (c *closedConnection) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

// reset sends a part of an answer and then resets the connection.
func reset(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(connection, text)
		_ = connection.(*net.TCPConn).SetLinger(0)
		_ = connection.Close()
	})
}

func TestFaultThatPasses(t *testing.T) {
	t.Parallel()
	const page = "<html><title>Bad gateway</title></html>"
	header := func(c call) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(c.good))
	}
	tests := []struct {
		name   string
		answer func(c call) http.Handler
		// status is what an attempt that failed tells.
		status int
	}{
		{"429", func(call) http.Handler { return circlecitest.Error(429, "slow down") }, 429},
		{"500", func(call) http.Handler { return circlecitest.Error(500, "oops") }, 500},
		{"502", func(call) http.Handler { return circlecitest.Raw(502, "text/html", page) }, 502},
		{"503", func(call) http.Handler { return circlecitest.Raw(503, "text/plain", "no upstream") }, 503},
		{"504", func(call) http.Handler { return circlecitest.Raw(504, "text/plain", "") }, 504},
		// Under a status that passes, even a good answer is none.
		{"503 with a good answer", func(c call) http.Handler { return circlecitest.Raw(503, "application/json", c.good) }, 503},
		{"cut before the answer", func(call) http.Handler { return circlecitest.AbortConnection() }, 0},
		{"reset before the answer", func(call) http.Handler { return reset("") }, 0},
		{"cut in the header", func(c call) http.Handler { return raw(header(c)[:30]) }, 0},
		{"cut before the body", func(call) http.Handler { return circlecitest.TruncatedBody("") }, 200},
		{"cut in the body", func(c call) http.Handler { return circlecitest.TruncatedBody(c.good[:10]) }, 200},
		{"cut behind what is valid JSON", func(c call) http.Handler { return circlecitest.TruncatedBody(c.good) }, 200},
		{"cut chunks", func(c call) http.Handler { return circlecitest.TruncatedChunks(c.good[:10]) }, 200},
		{"cut chunks that are valid JSON", func(c call) http.Handler { return circlecitest.TruncatedChunks(c.good) }, 200},
	}
	for _, c := range calls {
		for _, test := range tests {
			for _, n := range []int{1, 4} {
				t.Run(fmt.Sprintf("%s/%s/%d", c.name, test.name, n), func(t *testing.T) {
					t.Parallel()
					server, clock := startServer(t), circlecitest.NewClock()
					for range n {
						server.Enqueue(test.answer(c))
					}
					server.SetHandler(circlecitest.JSON(c.good))
					var attempts record
					got, err := c.do(t.Context(), newClient(t, server, tries(4, clock), attempts.keep))

					equal(t, "error", errorText(err), "")
					equal(t, "answer", got, c.want)
					equal(t, "number of requests", len(server.Requests()), n+1)
					expectBackoff(t, clock.Slept(), n)
					expectAttempts(t, attempts.all(), n, test.status)
				})
			}
		}
	}
}

// expectAttempts asserts that n attempts failed with a status, 0 for none, and that the one behind them succeeded.
func expectAttempts(t *testing.T, attempts []circleci.Attempt, n, status int) {
	t.Helper()
	equal(t, "number of attempts", len(attempts), n+1)
	for i, attempt := range attempts {
		equal(t, "number of the attempt", attempt.Number, i+1)
		if i < n {
			equal(t, "status of the attempt", attempt.StatusCode, status)
			equal(t, "the attempt failed", attempt.Err != nil, true)
		} else {
			equal(t, "status of the last attempt", attempt.StatusCode, 200)
			equal(t, "error of the last attempt", attempt.Err, nil)
		}
	}
}

// A reset that overtakes what was sent before it is still a reset, so this has no status that could be told.
func TestResetInTheBodyPasses(t *testing.T) {
	t.Parallel()
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server, clock := startServer(t), circlecitest.NewClock()
			server.Enqueue(reset(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(c.good)+1, c.good)))
			server.SetHandler(circlecitest.JSON(c.good))
			got, err := c.do(t.Context(), newClient(t, server, tries(1, clock)))
			equal(t, "error", errorText(err), "")
			equal(t, "answer", got, c.want)
			equal(t, "number of requests", len(server.Requests()), 2)
			expectBackoff(t, clock.Slept(), 1)
		})
	}
}

// These faults lie on the way, so the server sees nothing of them.
func TestFaultOnTheWayPasses(t *testing.T) {
	t.Parallel()
	const n = 3
	authority := circlecitest.NewAuthority()
	lookup := &net.DNSError{Err: "server misbehaving", Name: "runner.circleci.com", IsTemporary: true}
	tests := []struct {
		name   string
		secure bool
		// refuse makes the server itself cut connections; else open opens them.
		refuse bool
		open   func(context.Context) (net.Conn, error)
		reason string
		cause  error
	}{
		{name: "reset", refuse: true, cause: syscall.ECONNRESET},
		{name: "refused", open: dialTo(closedPort(t)), cause: syscall.ECONNREFUSED},
		{name: "closed", open: dialTo(startCutter(t, 1)), cause: syscall.ECONNRESET},
		{name: "name not resolved", open: fails(lookup), reason: "lookup runner.circleci.com: server misbehaving", cause: lookup},
		{
			name:   "name not resolved, as net says it",
			open:   fails(&net.OpError{Op: "dial", Net: "tcp", Err: lookup}),
			reason: "dial tcp: lookup runner.circleci.com: server misbehaving", cause: lookup,
		},
		{
			name:   "name not found",
			open:   fails(&net.DNSError{Err: "no such host", Name: "runner.circleci.com", IsNotFound: true}),
			reason: "lookup runner.circleci.com: no such host",
		},
		{name: "no route", open: fails(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH}), cause: syscall.EHOSTUNREACH},
		{name: "reset, TLS", secure: true, refuse: true, cause: syscall.ECONNRESET},
		{name: "handshake cut", secure: true, open: dialTo(startCutter(t, 1)), cause: syscall.ECONNRESET},
		{
			name: "handshake closed", secure: true,
			open:   func(context.Context) (net.Conn, error) { return newClosedConnection(), nil },
			reason: "the connection was closed before an answer came", cause: io.EOF,
		},
	}
	for _, c := range calls {
		for _, test := range tests {
			t.Run(c.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				var server *circlecitest.Server
				config := func(*circleci.Config) {}
				if test.secure {
					server, config = startTLSServer(t, authority)
				} else {
					server = startServer(t)
				}
				server.SetHandler(circlecitest.JSON(c.good))
				refuse := func(int32) func(*circleci.Config) { return func(*circleci.Config) {} }
				if test.open != nil {
					refuse = func(n int32) func(*circleci.Config) { return detour(n, test.open) }
				}

				clock := circlecitest.NewClock()
				var attempts record
				if test.refuse {
					server.ResetConnections(n)
				}
				got, err := c.do(t.Context(), newClient(t, server, config, refuse(n), tries(n, clock), attempts.keep))
				equal(t, "error", errorText(err), "")
				equal(t, "answer", got, c.want)
				equal(t, "number of requests", len(server.Requests()), 1)
				expectBackoff(t, clock.Slept(), n)
				expectAttempts(t, attempts.all(), n, 0)

				// One fault more than there are attempts.
				server.ResetRecords()
				clock = circlecitest.NewClock()
				if test.refuse {
					server.ResetConnections(n + 1)
				}
				got, err = c.do(t.Context(), newClient(t, server, config, refuse(n+1), tries(n, clock)))
				equal(t, "what came with the error", got, c.nothing)
				equal(t, "number of requests", len(server.Requests()), 0)
				expectBackoff(t, clock.Slept(), n)
				e := expectRetryError(t, err, clock, n+1)
				cause := errorOf[*circleci.RequestError](t, e.Err)
				equal(t, "request", cause.Request, c.requestTo(server))
				if test.reason != "" {
					equal(t, "reason", cause.Reason, test.reason)
				}
				if test.cause != nil && !errors.Is(err, test.cause) {
					t.Errorf("got cause %v, want %v", cause.Err, test.cause)
				}
			})
		}
	}
}

// net/http may learn that a connection was closed before it sends the request, and has an error of its own for that.
func TestConnectionThatIsClosedBeforeItsUse(t *testing.T) {
	t.Parallel()
	const n = 2
	for _, c := range calls {
		server, clock := startServer(t), circlecitest.NewClock()
		server.SetHandler(circlecitest.JSON(c.good))
		var (
			attempts record
			opened   []*closedConnection
		)
		closed := detour(n, func(context.Context) (net.Conn, error) {
			opened = append(opened, newClosedConnection())
			return opened[len(opened)-1], nil
		})
		// The request goes on only when net/http has closed its side, too.
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
			if connection, ok := got.Conn.(*closedConnection); ok {
				<-connection.closed
			}
		}})
		got, err := c.do(ctx, newClient(t, server, closed, tries(n, clock), attempts.keep))
		equal(t, "error", errorText(err), "")
		equal(t, "answer", got, c.want)
		expectBackoff(t, clock.Slept(), n)
		expectAttempts(t, attempts.all(), n, 0)
		for _, attempt := range attempts.all()[:n] {
			equal(t, "error of an attempt", errorText(attempt.Err), c.requestTo(server)+": the connection was closed before an answer came")
		}
	}
}

// startTLSServer starts a server on HTTPS and returns it with what makes a client trust it.
func startTLSServer(t *testing.T, authority *circlecitest.Authority) (*circlecitest.Server, func(*circleci.Config)) {
	t.Helper()
	certificate, key := authority.Issue("127.0.0.1")
	server := circlecitest.NewTLSServer(certificate, key, nil)
	t.Cleanup(server.Close)
	return server, trust(t, authority)
}

func trust(t *testing.T, authority *circlecitest.Authority) func(*circleci.Config) {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(authority.CertificatePEM)) {
		t.Fatal("the authority's certificate cannot be read")
	}
	return func(config *circleci.Config) { config.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12} }
}

// expectRetryError expects a read that failed after all of its attempts.
func expectRetryError(t *testing.T, err error, clock *circlecitest.Clock, attempts int) *circleci.RetryError {
	t.Helper()
	e := errorOf[*circleci.RetryError](t, err)
	var elapsed time.Duration
	for _, d := range clock.Slept() {
		elapsed += d
	}
	equal(t, "attempts", e.Attempts, attempts)
	equal(t, "elapsed", e.Elapsed, elapsed)
	equal(t, "wait", e.RetryAfter, time.Duration(0))
	times := map[int]string{1: "once", 2: "twice"}[attempts]
	if times == "" {
		times = fmt.Sprintf("%d times", attempts)
	}
	equal(t, "error", err.Error(), fmt.Sprintf("%s (tried %s in %s)", e.Err, times, elapsed.Round(time.Millisecond)))
	return e
}

func TestAttemptPastItsTimeoutPasses(t *testing.T) {
	t.Parallel()
	// Long enough for an answer on a busy machine; how exact it is, is tested with a clock in patience_test.go.
	const timeout = time.Second
	for _, c := range calls {
		tests := []struct {
			name   string
			answer http.Handler
			status int
		}{
			{"no answer", circlecitest.Hang(), 0},
			{"one byte at a time", circlecitest.SlowBody(100*time.Millisecond, c.good), 200},
		}
		for _, test := range tests {
			t.Run(c.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				server, clock := startServer(t), circlecitest.NewClock()
				server.Enqueue(test.answer)
				server.SetHandler(circlecitest.JSON(c.good))
				var attempts record
				got, err := c.do(t.Context(), newClient(t, server, tries(1, clock), attempts.keep,
					func(config *circleci.Config) { config.RequestTimeout = timeout }))
				equal(t, "error", errorText(err), "")
				equal(t, "answer", got, c.want)
				equal(t, "number of requests", len(server.Requests()), 2)
				expectBackoff(t, clock.Slept(), 1)
				expectAttempts(t, attempts.all(), 1, test.status)
				equal(t, "error of the first attempt", errorText(attempts.all()[0].Err),
					c.requestTo(server)+": no complete answer within 1s")
			})
		}
	}
}

func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	for _, c := range calls {
		for _, again := range []int{0, 1, 2, 4, 10} {
			t.Run(fmt.Sprintf("%s/%d", c.name, again), func(t *testing.T) {
				t.Parallel()
				server, clock := startServer(t), circlecitest.NewClock()
				var number atomic.Int32
				server.Intercept(func(*http.Request) http.Handler {
					return circlecitest.Error(503, fmt.Sprintf("no upstream, %d", number.Add(1)))
				})
				got, err := c.do(t.Context(), newClient(t, server, tries(again, clock)))

				equal(t, "what came with the error", got, c.nothing)
				equal(t, "number of requests", len(server.Requests()), again+1)
				expectBackoff(t, clock.Slept(), again)
				e := expectRetryError(t, err, clock, again+1)
				// It is the last cause that is told.
				equal(t, "cause", e.Err.Error(),
					fmt.Sprintf(`%s answered 503 Service Unavailable: "no upstream, %d"`, c.requestTo(server), again+1))
				equal(t, "status", errorOf[*circleci.StatusError](t, err).StatusCode, 503)
			})
		}
	}
}

// Those who failed together must not come back together.
func TestBackoffHasJitter(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.SetHandler(circlecitest.Error(503, "no upstream"))
	seen := map[time.Duration]bool{}
	for range 10 {
		clock := circlecitest.NewClock()
		_, err := newClient(t, server, tries(10, clock)).UnclaimedTaskCount(t.Context(), "acme/linux")
		equal(t, "attempts", errorOf[*circleci.RetryError](t, err).Attempts, 11)
		slept := clock.Slept()
		expectBackoff(t, slept, 10)
		for _, d := range slept {
			seen[d] = true
		}
	}
	// A hundred draws from half a billion nanoseconds and more are hardly ever the same twice.
	if len(seen) < 95 {
		t.Errorf("only %d of 100 sleeps differ", len(seen))
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	// Date is written by the clock of the test, which both sides share.
	date := func(layout string, ahead time.Duration) func(time.Time) string {
		return func(now time.Time) string { return now.Add(ahead).UTC().Format(layout) }
	}
	text := func(s string) func(time.Time) string { return func(time.Time) string { return s } }
	tests := []struct {
		name   string
		header func(now time.Time) string
		// want is what is waited; 0 means that the header says nothing, so that the usual time is waited.
		want time.Duration
	}{
		{"a second", text("1"), time.Second},
		{"seconds", text("7"), 7 * time.Second},
		{"with a leading zero", text("007"), 7 * time.Second},
		{"longer than the longest backoff", text("120"), 2 * time.Minute},
		{"all that a read may take", text("300"), 5 * time.Minute},
		{"date", date(http.TimeFormat, 42*time.Second), 42 * time.Second},
		{"date, all that a read may take", date(http.TimeFormat, 5*time.Minute), 5 * time.Minute},
		{"date, as RFC 850 has it", date("Monday, 02-Jan-06 15:04:05 GMT", 42*time.Second), 42 * time.Second},
		{"date, as C has it", date(time.ANSIC, 42*time.Second), 42 * time.Second},

		{"zero", text("0"), 0},
		{"now", date(http.TimeFormat, 0), 0},
		{"past date", date(http.TimeFormat, -time.Hour), 0},
		{"distant past", text("Mon, 01 Jan 0001 00:00:00 GMT"), 0},
		{"negative", text("-7"), 0},
		{"with a plus sign", text("+7"), 0},
		{"fraction", text("7.5"), 0},
		{"with a unit", text("7s"), 0},
		{"words", text("soon"), 0},
		{"broken date", text("Mon, 32 Foo 2026"), 0},
		{"date of another form", date(time.RFC3339, 42*time.Second), 0},
		{"empty", text(""), 0},
	}
	for _, status := range []int{429, 500, 502, 503, 504} {
		for _, test := range tests {
			t.Run(fmt.Sprintf("%d/%s", status, test.name), func(t *testing.T) {
				t.Parallel()
				server, clock := startServer(t), circlecitest.NewClock()
				server.SetTasks("acme/linux", 42, 0)
				server.Enqueue(circlecitest.WithHeader(circlecitest.Error(status, "later"), "Retry-After", test.header(clock.Now())))
				got, err := newClient(t, server, tries(1, clock)).UnclaimedTaskCount(t.Context(), "acme/linux")
				equal(t, "error", errorText(err), "")
				equal(t, "count", got, int64(42))
				equal(t, "number of requests", len(server.Requests()), 2)
				if test.want == 0 {
					expectBackoff(t, clock.Slept(), 1)
				} else {
					equal(t, "sleeps", clock.Slept(), []time.Duration{test.want})
				}
			})
		}
	}
}

func TestRetryAfterThatDoesNotFit(t *testing.T) {
	t.Parallel()
	const forever = time.Duration(math.MaxInt64)
	tests := []struct {
		name, header string
		// ahead, when it is not 0, makes the header a date.
		ahead time.Duration
		want  time.Duration
		text  string
	}{
		{"a second too long", "301", 0, 301 * time.Second, "5m1s"},
		{"date, a second too late", "", 301 * time.Second, 301 * time.Second, "5m1s"},
		{"an hour", "3600", 0, time.Hour, "1h0m0s"},
		{"the longest duration", "9223372036", 0, 9223372036 * time.Second, "2562047h47m16s"},
		{"longer than any duration", "9223372037", 0, forever, "2562047h47m16.854775807s"},
		{"the longest of 64 bits", "9223372036854775807", 0, forever, "2562047h47m16.854775807s"},
		{"longer than 64 bits", "9223372036854775808", 0, forever, "2562047h47m16.854775807s"},
		{"longer than 64 bits, much", strings.Repeat("9", 1000), 0, forever, "2562047h47m16.854775807s"},
		{"distant future", "Fri, 31 Dec 9999 23:59:59 GMT", 0, forever, "2562047h47m16.854775807s"},
	}
	for _, status := range []int{429, 503} {
		for _, test := range tests {
			t.Run(fmt.Sprintf("%d/%s", status, test.name), func(t *testing.T) {
				t.Parallel()
				server, clock := startServer(t), circlecitest.NewClock()
				header := test.header
				if test.ahead != 0 {
					header = clock.Now().Add(test.ahead).UTC().Format(http.TimeFormat)
				}
				server.SetHandler(circlecitest.WithHeader(circlecitest.Error(status, "later"), "Retry-After", header))
				got, err := newClient(t, server, tries(4, clock)).UnclaimedTaskCount(t.Context(), "acme/linux")

				equal(t, "count", got, int64(0))
				e := errorOf[*circleci.RetryError](t, err)
				equal(t, "attempts", e.Attempts, 1)
				equal(t, "elapsed", e.Elapsed, time.Duration(0))
				equal(t, "wait", e.RetryAfter, test.want)
				equal(t, "status", errorOf[*circleci.StatusError](t, err).StatusCode, status)
				equal(t, "error", err.Error(), e.Err.Error()+" (tried once in 0s); it asks to wait "+test.text+
					", longer than what is left of the 5m0s that a read may take")
				equal(t, "sleeps", clock.Slept(), []time.Duration(nil))
				equal(t, "number of requests", len(server.Requests()), 1)
			})
		}
	}
}

func TestNoTimeIsLeft(t *testing.T) {
	t.Parallel()
	after := func(seconds string) http.Handler {
		return circlecitest.WithHeader(circlecitest.Error(503, "later"), "Retry-After", seconds)
	}
	t.Run("for what the service asks", func(t *testing.T) {
		t.Parallel()
		server, clock := startServer(t), circlecitest.NewClock()
		server.Enqueue(after("200"), after("101"))
		_, err := newClient(t, server, tries(4, clock)).UnclaimedTaskCount(t.Context(), "acme/linux")
		e := errorOf[*circleci.RetryError](t, err)
		equal(t, "attempts", e.Attempts, 2)
		equal(t, "elapsed", e.Elapsed, 200*time.Second)
		equal(t, "wait", e.RetryAfter, 101*time.Second)
		equal(t, "error", err.Error(), e.Err.Error()+" (tried twice in 3m20s); it asks to wait 1m41s, longer than what is left "+
			"of the 5m0s that a read may take")
		equal(t, "sleeps", clock.Slept(), []time.Duration{200 * time.Second})
		equal(t, "number of requests", len(server.Requests()), 2)
	})
	t.Run("for another attempt", func(t *testing.T) {
		t.Parallel()
		server, clock := startServer(t), circlecitest.NewClock()
		server.Enqueue(after("300"), circlecitest.Error(503, "still not"))
		_, err := newClient(t, server, tries(4, clock)).UnclaimedTaskCount(t.Context(), "acme/linux")
		e := expectRetryError(t, err, clock, 2)
		equal(t, "elapsed", e.Elapsed, 5*time.Minute)
		equal(t, "message", errorOf[*circleci.StatusError](t, err).Message, "still not")
		equal(t, "number of requests", len(server.Requests()), 2)
	})
}

// packed packs a body by gzip and lets a test spoil it.
func packed(body string, spoil func([]byte) []byte) http.Handler {
	var buffer bytes.Buffer
	packer := gzip.NewWriter(&buffer)
	if _, err := io.WriteString(packer, body); err != nil {
		panic(err)
	}
	if err := packer.Close(); err != nil {
		panic(err)
	}
	return circlecitest.WithHeader(circlecitest.JSON(string(spoil(buffer.Bytes()))), "Content-Encoding", "gzip")
}

func TestPackedAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range calls {
		server := startServer(t)
		server.SetHandler(packed(c.good, func(p []byte) []byte { return p }))
		got, err := c.do(t.Context(), newClient(t, server))
		equal(t, "error", errorText(err), "")
		equal(t, "answer", got, c.want)
	}
}

func TestFaultThatDoesNotPass(t *testing.T) {
	t.Parallel()
	type row struct {
		name   string
		answer http.Handler
		// err is a nil pointer of the type that is expected.
		err error
		// text is the end of the error.
		text string
	}
	var (
		status   = (*circleci.StatusError)(nil)
		answer   = (*circleci.ResponseError)(nil)
		request  = (*circleci.RequestError)(nil)
		redirect = (*circleci.RedirectError)(nil)
	)
	for _, c := range calls {
		spoilt := func(spoil func([]byte) []byte) http.Handler { return packed(c.good, spoil) }
		tests := []row{
			{"HTML with status 200", circlecitest.JSON("<html></html>"), answer, "the answer is an HTML page, not JSON"},
			{"text with status 200", circlecitest.JSON("OK"), answer, `the answer is plain text, not JSON: "OK"`},
			{"nothing with status 200", circlecitest.JSON(""), answer, "the answer is empty"},
			{"JSON that ends early, whole by its length", circlecitest.JSON(c.good[:10]), answer, "is cut short: its JSON does not end"},
			{"another object", circlecitest.JSON(`{"message":"OK"}`), answer, "answer has no " + c.good[2:strings.Index(c.good, `":`)]},
			{
				"gzip without its header", spoilt(func(p []byte) []byte { return append([]byte{0x1f, 0x8c}, p[2:]...) }), answer,
				"the answer gzip: invalid header",
			},
			{
				"gzip that is not", circlecitest.WithHeader(circlecitest.JSON(c.good), "Content-Encoding", "gzip"), answer,
				"the answer gzip: invalid header",
			},
			{
				"gzip with another checksum", spoilt(func(p []byte) []byte { p[len(p)-5] ^= 1; return p }), answer,
				"the answer gzip: invalid checksum",
			},
			{
				"gzip with garbage inside", spoilt(func(p []byte) []byte { p[10] = 0xff; return p }), answer,
				"the answer flate: corrupt input before offset 1",
			},
			{"too long by its header", raw("HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n"), answer, "is larger than the limit of 64 MiB"},
			{"other origin", circlecitest.Redirect("https://login.example.com/"), redirect, "https://login.example.com:443, which was not followed"},
			{"redirect that cannot be read", circlecitest.Redirect("http://[::1/"), request, `missing ']' in host`},
			{"no HTTP", raw("SSH-2.0-OpenSSH_9.9\r\n"), request, `malformed HTTP response "SSH-2.0-OpenSSH_9.9"`},
			// net/http does not tell a status line that was cut from one that is wrong.
			{"a status line that was cut", raw("HTTP/1.1 20"), request, `malformed HTTP status code "20"`},
			{"no length", raw("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), request, `bad Content-Length "x"`},
			{
				"broken chunks", raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"), request,
				"invalid byte in chunk length",
			},
		}
		for _, code := range []int{201, 204, 206, 304, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 418, 422, 425, 451, 499, 501, 505, 599} {
			// Not even when it is asked for.
			tests = append(tests, row{
				strconv.Itoa(code), circlecitest.WithHeader(circlecitest.Raw(code, "text/plain", ""), "Retry-After", "1"), status,
				strings.TrimSpace(fmt.Sprintf("answered %d %s", code, http.StatusText(code))),
			})
		}
		for _, test := range tests {
			t.Run(c.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				server, clock := startServer(t), circlecitest.NewClock()
				server.SetHandler(test.answer)
				var attempts record
				got, err := c.do(t.Context(), newClient(t, server, tries(4, clock), attempts.keep))
				equal(t, "what came with the error", got, c.nothing)
				equal(t, "type of error", fmt.Sprintf("%T", err), fmt.Sprintf("%T", test.err))
				if !strings.HasSuffix(errorText(err), test.text) {
					t.Errorf("got error %v\nwant it to end in %s", err, test.text)
				}
				equal(t, "number of requests", len(server.Requests()), 1)
				equal(t, "number of attempts", len(attempts.all()), 1)
				equal(t, "sleeps", clock.Slept(), []time.Duration(nil))
			})
		}
	}
}

// What TLS says about the other side does not pass, and the credential is not sent to it.
func TestTLSFaultDoesNotPass(t *testing.T) {
	t.Parallel()
	authority := circlecitest.NewAuthority()
	expectOne := func(t *testing.T, server *circlecitest.Server, kind error, text string, changes ...func(*circleci.Config)) {
		t.Helper()
		clock := circlecitest.NewClock()
		var attempts record
		_, err := newClient(t, server, append(changes, tries(4, clock), attempts.keep)...).UnclaimedTaskCount(t.Context(), "acme/linux")
		equal(t, "type of error", fmt.Sprintf("%T", err), fmt.Sprintf("%T", kind))
		if !strings.HasSuffix(errorText(err), text) {
			t.Errorf("got error %v\nwant it to end in %s", err, text)
		}
		equal(t, "number of attempts", len(attempts.all()), 1)
		equal(t, "number of connections", server.Connections(), 1)
		equal(t, "number of requests", len(server.Requests()), 0)
		equal(t, "sleeps", clock.Slept(), []time.Duration(nil))
	}
	t.Run("unknown authority", func(t *testing.T) {
		t.Parallel()
		server, _ := startTLSServer(t, authority)
		expectOne(t, server, (*circleci.CertificateError)(nil), "x509: certificate signed by unknown authority")
	})
	t.Run("other host", func(t *testing.T) {
		t.Parallel()
		certificate, key := authority.Issue("runner.example.com")
		server := circlecitest.NewTLSServer(certificate, key, nil)
		t.Cleanup(server.Close)
		expectOne(t, server, (*circleci.CertificateError)(nil),
			"x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs", trust(t, authority))
	})
	t.Run("expired", func(t *testing.T) {
		t.Parallel()
		certificate, key := authority.IssueExpired("127.0.0.1")
		server := circlecitest.NewTLSServer(certificate, key, nil)
		t.Cleanup(server.Close)
		clock := circlecitest.NewClock()
		_, err := newClient(t, server, trust(t, authority), tries(4, clock)).UnclaimedTaskCount(t.Context(), "acme/linux")
		if reason := errorOf[*circleci.CertificateError](t, err).Reason; !strings.HasPrefix(reason, "x509: certificate has expired") {
			t.Errorf("got reason %s", reason)
		}
		equal(t, "number of connections", server.Connections(), 1)
		equal(t, "sleeps", clock.Slept(), []time.Duration(nil))
	})
	// A version is what the server refuses before the client has sent anything that could cross its alert.
	t.Run("alert", func(t *testing.T) {
		t.Parallel()
		server, trusting := startTLSServer(t, authority)
		expectOne(t, server, (*circleci.RequestError)(nil), "remote error: tls: protocol version not supported", trusting,
			func(config *circleci.Config) {
				config.TLS.MinVersion, config.TLS.MaxVersion = tls.VersionTLS11, tls.VersionTLS11
			})
	})
	t.Run("no TLS", func(t *testing.T) {
		t.Parallel()
		server := startServer(t)
		clock := circlecitest.NewClock()
		var attempts record
		_, err := newClient(t, server, tries(4, clock), attempts.keep, func(config *circleci.Config) {
			config.APIURL = parseURL(t, strings.Replace(server.URL, "http:", "https:", 1))
		}).UnclaimedTaskCount(t.Context(), "acme/linux")
		equal(t, "reason", errorOf[*circleci.RequestError](t, err).Reason, "http: server gave HTTP response to HTTPS client")
		equal(t, "number of attempts", len(attempts.all()), 1)
		equal(t, "sleeps", clock.Slept(), []time.Duration(nil))
	})
	t.Run("TLS where none is expected", func(t *testing.T) {
		t.Parallel()
		server, _ := startTLSServer(t, authority)
		clock := circlecitest.NewClock()
		var attempts record
		_, err := newClient(t, server, tries(4, clock), attempts.keep, func(config *circleci.Config) {
			config.APIURL = parseURL(t, strings.Replace(server.URL, "https:", "http:", 1))
		}).UnclaimedTaskCount(t.Context(), "acme/linux")
		e := errorOf[*circleci.StatusError](t, err)
		equal(t, "status", e.StatusCode, 400)
		equal(t, "message", e.Message, "Client sent an HTTP request to an HTTPS server.")
		equal(t, "number of attempts", len(attempts.all()), 1)
		equal(t, "sleeps", clock.Slept(), []time.Duration(nil))
	})
}

// slow refuses a request with a 429 and the wait that it asks for.
func slow(seconds string) http.Handler {
	return circlecitest.WithHeader(circlecitest.Error(429, "slow down"), "Retry-After", seconds)
}

// outcome is what became of a question that was asked meanwhile.
type outcome struct {
	count int64
	err   error
}

// ask asks for the tasks of acme/linux meanwhile.
func ask(ctx context.Context, client *circleci.Client) <-chan outcome {
	out := make(chan outcome, 1)
	go func() {
		count, err := client.UnclaimedTaskCount(ctx, "acme/linux")
		out <- outcome{count, err}
	}()
	return out
}

func TestTooManyRequestsPausesTheWholeClient(t *testing.T) {
	t.Parallel()
	const others = 10
	server, clock := startServer(t), circlecitest.NewStoppedClock()
	server.SetTasks("acme/linux", 42, 0)
	server.Enqueue(slow("30"))
	client := newClient(t, server, tries(1, clock))

	outcomes := []<-chan outcome{ask(t.Context(), client)}
	clock.AwaitSleepers(1)
	for range others {
		outcomes = append(outcomes, ask(t.Context(), client))
	}
	clock.AwaitSleepers(1 + others)
	equal(t, "number of requests while all wait", len(server.Requests()), 1)

	// Who comes later waits for what is left.
	clock.Advance(29 * time.Second)
	outcomes = append(outcomes, ask(t.Context(), client))
	clock.AwaitSleepers(1 + others + 1)
	equal(t, "number of requests a second before the end", len(server.Requests()), 1)
	want := slices.Repeat([]time.Duration{30 * time.Second}, 1+others)
	equal(t, "sleeps", clock.Slept(), append(want, time.Second))

	clock.Advance(time.Second)
	for _, out := range outcomes {
		equal(t, "outcome", <-out, outcome{42, nil})
	}
	equal(t, "number of requests", len(server.Requests()), 1+others+2)
}

// Of two pauses the one that ends later counts, whichever began first.
func TestLongerPauseCounts(t *testing.T) {
	t.Parallel()
	for _, waits := range [][]time.Duration{{10 * time.Second, 25 * time.Second}, {25 * time.Second, 10 * time.Second}} {
		t.Run(fmt.Sprint(waits), func(t *testing.T) {
			t.Parallel()
			server, clock := startServer(t), circlecitest.NewStoppedClock()
			server.SetTasks("acme/linux", 42, 0)
			client := newClient(t, server, tries(1, clock))
			// Both requests are under way when the first of them is refused.
			asked := make(chan struct{})
			gates := []chan struct{}{make(chan struct{}), make(chan struct{})}
			for i, wait := range waits {
				server.Enqueue(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					asked <- struct{}{}
					<-gates[i]
					slow(strconv.Itoa(int(wait.Seconds()))).ServeHTTP(w, r)
				}))
			}
			outcomes := []<-chan outcome{ask(t.Context(), client), ask(t.Context(), client)}
			<-asked
			<-asked
			close(gates[0])
			clock.AwaitSleepers(1)
			close(gates[1])
			clock.AwaitSleepers(2)
			equal(t, "sleeps", clock.Slept(), waits)

			// Who was to wait for less has done so, and finds that there is more to wait for.
			clock.Advance(10 * time.Second)
			clock.AwaitSleepers(2)
			equal(t, "sleeps", clock.Slept(), append(slices.Clone(waits), 15*time.Second))
			equal(t, "number of requests", len(server.Requests()), 2)
			clock.Advance(15 * time.Second)
			for _, out := range outcomes {
				equal(t, "outcome", <-out, outcome{42, nil})
			}
			equal(t, "number of requests", len(server.Requests()), 4)
		})
	}
}

// yielding lets others go first whenever the client asks it for the time.
type yielding struct{ *circlecitest.Clock }

func (c yielding) Now() time.Time {
	runtime.Gosched()
	return c.Clock.Now()
}

// Who stands in line for a place when a 429 frees one must not use it.
func TestPauseHoldsForThoseInLine(t *testing.T) {
	t.Parallel()
	for range 50 {
		server, clock := startServer(t), circlecitest.NewStoppedClock()
		server.SetTasks("acme/linux", 42, 0)
		client := newClient(t, server, tries(1, yielding{clock}), func(config *circleci.Config) { config.MaxConcurrentRequests = 1 })
		asked, gate := make(chan struct{}), make(chan struct{})
		server.Enqueue(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(asked)
			<-gate
			slow("30").ServeHTTP(w, r)
		}))
		outcomes := []<-chan outcome{ask(t.Context(), client)}
		<-asked
		for range 5 {
			outcomes = append(outcomes, ask(t.Context(), client))
		}
		close(gate)
		clock.AwaitSleepers(6)
		equal(t, "number of requests in the pause", len(server.Requests()), 1)
		clock.Advance(30 * time.Second)
		for _, out := range outcomes {
			equal(t, "outcome", <-out, outcome{42, nil})
		}
		server.Close()
	}
}

func TestServiceUnavailablePausesOnlyItself(t *testing.T) {
	t.Parallel()
	for _, status := range []int{500, 502, 503, 504} {
		server, clock := startServer(t), circlecitest.NewStoppedClock()
		server.SetTasks("acme/linux", 42, 0)
		server.Enqueue(circlecitest.WithHeader(circlecitest.Error(status, "later"), "Retry-After", "30"))
		client := newClient(t, server, tries(1, clock))

		refused := ask(t.Context(), client)
		clock.AwaitSleepers(1)
		for range 3 {
			equal(t, "outcome of another", <-ask(t.Context(), client), outcome{42, nil})
		}
		equal(t, "number of requests", len(server.Requests()), 4)
		clock.Advance(30 * time.Second)
		equal(t, "outcome", <-refused, outcome{42, nil})
		equal(t, "sleeps", clock.Slept(), []time.Duration{30 * time.Second})
	}
}

// Who gives up after a 429 has still heard that the service wants a pause.
func TestPauseHoldsWhenTheRefusedRequestGivesUp(t *testing.T) {
	t.Parallel()
	server, clock := startServer(t), circlecitest.NewStoppedClock()
	server.SetTasks("acme/linux", 42, 0)
	server.Enqueue(slow("30"))
	client := newClient(t, server, tries(0, clock))

	refused := <-ask(t.Context(), client)
	equal(t, "attempts", errorOf[*circleci.RetryError](t, refused.err).Attempts, 1)
	other := ask(t.Context(), client)
	clock.AwaitSleepers(1)
	equal(t, "number of requests", len(server.Requests()), 1)
	clock.Advance(30 * time.Second)
	equal(t, "outcome", <-other, outcome{42, nil})
	equal(t, "sleeps", clock.Slept(), []time.Duration{30 * time.Second})
}

func TestPauseThatDoesNotFit(t *testing.T) {
	t.Parallel()
	const tooLong = ", longer than what is left of the 5m0s that a read may take"
	t.Run("of a request that was not sent yet", func(t *testing.T) {
		t.Parallel()
		server, clock := startServer(t), circlecitest.NewStoppedClock()
		server.SetTasks("acme/linux", 42, 0)
		server.Enqueue(slow("600"))
		client := newClient(t, server, tries(4, clock))
		cause := calls[1].requestTo(server) + ` answered 429 Too Many Requests: "slow down"`

		refused := <-ask(t.Context(), client)
		equal(t, "error", errorText(refused.err), cause+" (tried once in 0s); it asks to wait 10m0s"+tooLong)

		clock.Advance(time.Minute)
		other := <-ask(t.Context(), client)
		equal(t, "count", other.count, int64(0))
		e := errorOf[*circleci.RetryError](t, other.err)
		equal(t, "attempts", e.Attempts, 0)
		equal(t, "elapsed", e.Elapsed, time.Duration(0))
		equal(t, "wait", e.RetryAfter, 9*time.Minute)
		equal(t, "error", other.err.Error(), cause+" (tried 0 times in 0s); it asks to wait 9m0s"+tooLong)
		equal(t, "status", errorOf[*circleci.StatusError](t, other.err).StatusCode, 429)
		equal(t, "number of requests", len(server.Requests()), 1)

		// Once it is near enough, it is waited for.
		clock.Advance(4 * time.Minute)
		patient := ask(t.Context(), client)
		clock.AwaitSleepers(1)
		equal(t, "sleeps", clock.Slept(), []time.Duration{5 * time.Minute})
		equal(t, "number of requests", len(server.Requests()), 1)
		clock.Advance(5 * time.Minute)
		equal(t, "outcome", <-patient, outcome{42, nil})
	})
	t.Run("of a request that waits for another reason", func(t *testing.T) {
		t.Parallel()
		server, clock := startServer(t), circlecitest.NewStoppedClock()
		server.Enqueue(circlecitest.WithHeader(circlecitest.Error(503, "later"), "Retry-After", "200"), slow("200"))
		client := newClient(t, server, tries(4, clock))

		early := ask(t.Context(), client)
		clock.AwaitSleepers(1)
		clock.Advance(150 * time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		late := ask(ctx, client)
		clock.AwaitSleepers(2)
		clock.Advance(50 * time.Second)

		// Its own wait is over, the pause lasts for another 150 s, and it has 100 s left.
		got := <-early
		e := errorOf[*circleci.RetryError](t, got.err)
		equal(t, "attempts", e.Attempts, 1)
		equal(t, "elapsed", e.Elapsed, 200*time.Second)
		equal(t, "wait", e.RetryAfter, 150*time.Second)
		equal(t, "status", errorOf[*circleci.StatusError](t, got.err).StatusCode, 429)
		equal(t, "number of requests", len(server.Requests()), 2)
		cancel()
		if got := <-late; !errors.Is(got.err, context.Canceled) {
			t.Errorf("got error %v, want %v", got.err, context.Canceled)
		}
	})
}
