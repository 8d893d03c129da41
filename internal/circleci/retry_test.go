package circleci_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// assertBackoff asserts that there are n waits, and that each lasts from half of the exponential backoff to all of it.
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

// assertRetryError asserts that a request failed after all of its attempts.
func assertRetryError(t *testing.T, err error, attempts int, elapsed time.Duration) *circleci.RetryError {
	t.Helper()
	e := errorOf[*circleci.RetryError](t, err)
	equal(t, "attempts", e.Attempts, attempts)
	equal(t, "elapsed", e.Elapsed, elapsed)
	equal(t, "retry after", e.RetryAfter, time.Duration(0))
	equal(t, "error", err.Error(), fmt.Sprintf("%s (attempts: %d, in %s)", e.Err, attempts, elapsed.Round(time.Millisecond)))
	return e
}

// detour opens the first n connections of a client by other means, and the next ones to the server.
//
// net/http itself resends a GET on a reused connection that is closed before the first byte of the response. Tests that
// count requests therefore fail connections from the first attempt of a new client, so that each attempt opens its own.
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

// These errors are retried, and returned after the last retry.
func TestRetryTransientError(t *testing.T) {
	const (
		retries = circleci.DefaultMaxRetries
		before  = "the connection was closed before a response came"
		middle  = "the connection was closed in the middle of the response"
		ok      = "HTTP/1.1 200 OK\r\n"
		chunked = ok + "Transfer-Encoding: chunked\r\n\r\n1b\r\n{\"unclaimed_task_count\":42}\r\n"
	)
	type row struct {
		// response fails a request. Dial, if set, fails a connection instead; with neither, the server resets it.
		response func(good string) http.Handler
		dial     func(context.Context) (net.Conn, error)
		// status, reason and cause are those of a failed attempt. The reason is "" if net/http has several.
		status int
		reason string
		cause  error
	}
	always := func(response http.Handler) func(string) http.Handler {
		return func(string) http.Handler { return response }
	}
	closed := func(response func(body string) http.Handler, length int) row {
		return row{status: http.StatusOK, reason: middle, cause: io.ErrUnexpectedEOF, response: func(good string) http.Handler {
			return response(good[:min(length, len(good))])
		}}
	}
	gzip := func(string) http.Handler {
		return circlecitest.WithHeader(circlecitest.TruncatedBody("\x1f\x8b\b"), "Content-Encoding", "gzip")
	}
	reset := func(good string) http.Handler {
		return circlecitest.Reset(fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", ok, len(good)+1, good))
	}
	notConnected := func(reason string, err error) row {
		return row{reason: reason, cause: err, dial: func(context.Context) (net.Conn, error) { return nil, err }}
	}
	operation := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	lookup := func(reason string) error {
		return &net.DNSError{Err: reason, Name: "runner.circleci.com", IsTemporary: true}
	}
	tests := map[string]row{
		"502": {response: always(circlecitest.Raw(502, "text/html", "<html><title>Bad gateway</title></html>")), status: 502},
		"503 with a good body": {status: 503, response: func(good string) http.Handler {
			return circlecitest.Raw(503, "application/json", good)
		}},

		"500":                               {response: always(circlecitest.Error(500, "oops")), status: 500},
		"closed before the response":        {response: always(circlecitest.AbortConnection()), reason: before, cause: io.EOF},
		"reset before the response":         {response: always(circlecitest.Reset(""))},
		"reset in the body":                 {response: reset, status: http.StatusOK},
		"closed before the body":            closed(circlecitest.TruncatedBody, 0),
		"closed in the body":                closed(circlecitest.TruncatedBody, 10),
		"closed after valid JSON":           closed(circlecitest.TruncatedBody, math.MaxInt),
		"closed in a gzip header":           closed(gzip, 0),
		"closed in the chunks":              closed(circlecitest.TruncatedChunks, 10),
		"closed after chunks of valid JSON": closed(circlecitest.TruncatedChunks, math.MaxInt),
		"connection reset":                  {cause: syscall.ECONNRESET},
		"connection refused":                notConnected("dial tcp: connection refused", operation(syscall.ECONNREFUSED)),
		"no route":                          notConnected("dial tcp: no route to host", operation(syscall.EHOSTUNREACH)),
		"name not found":                    notConnected("lookup runner.circleci.com: no such host", lookup("no such host")),

		"name not resolved": notConnected("dial tcp: lookup runner.circleci.com: server misbehaving", operation(lookup("server misbehaving"))),
	}
	// To net/http, a response that ends in its status line, header or trailer is a malformed one.
	for part, response := range map[string]string{
		"version": "HTT", "status code": "HTTP/1.1 20", "reason phrase": "HTTP/1.1 200 O", "header's name": ok + "Content-Ty",
		"header's value": ok + "Content-Length: 2", "end of the header": ok + "Content-Length: 27\r\n",
		"length of a chunk": chunked + "1", "last chunk": chunked + "0\r\n", "trailer's name": chunked + "0\r\nX-Ch",
		"end of the trailer": chunked + "0\r\nX-Checksum: 1\r\n",
	} {
		status := 0
		if strings.HasPrefix(response, chunked) {
			status = http.StatusOK
		}
		tests["closed in the "+part] = row{response: always(circlecitest.Bytes(response)), status: status}
	}
	for _, code := range []int{408, 425, 503, 504, 520, 522, 524} {
		tests[strconv.Itoa(code)] = row{response: always(circlecitest.Raw(code, "text/plain", "down")), status: code}
	}
	assertRetried := func(t *testing.T, c call, test row, failures int) {
		t.Helper()
		var attempts record
		received, config := 0, attempts.keep
		if test.dial != nil {
			config = func(config *circleci.Config) {
				attempts.keep(config)
				detour(int32(failures), test.dial)(config)
			}
		}
		inBubble(t, circlecitest.JSON(c.good), config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			if test.response != nil {
				received = failures
				server.Enqueue(slices.Repeat([]http.Handler{test.response(c.good)}, failures)...)
			} else if test.dial == nil {
				server.ResetConnections(failures)
			}
			start := time.Now()
			got, err := c.do(t.Context(), client)
			assertBackoff(t, attempts.waits(), min(failures, retries))
			for i, attempt := range attempts.all() {
				equal(t, "number of the attempt", attempt.Number, i+1)
				if i == failures {
					equal(t, "status and error of the last attempt", []any{attempt.StatusCode, attempt.Err}, []any{http.StatusOK, nil})
					break
				}
				equal(t, "status of a failed attempt", attempt.StatusCode, test.status)
				if test.reason != "" {
					equal(t, "error of a failed attempt", errorText(attempt.Err), c.requestTo(server)+": "+test.reason)
				}
				if attempt.Err == nil || test.cause != nil && !errors.Is(attempt.Err, test.cause) {
					t.Errorf("got cause %v, want %v", attempt.Err, test.cause)
				}
			}
			if failures <= retries {
				equal(t, "error", errorText(err), "")
				equal(t, "result", got, c.want)
				equal(t, "number of requests", len(server.Requests()), received+1)
				return
			}
			equal(t, "result", got, c.nothing)
			equal(t, "number of requests", len(server.Requests()), received)
			e := assertRetryError(t, err, failures, time.Since(start))
			equal(t, "last cause", errorText(e.Err), errorText(attempts.last(t).Err))
		})
	}
	for name, test := range tests {
		for _, c := range calls {
			for _, failures := range []int{1, retries, retries + 1} {
				t.Run(fmt.Sprintf("%s/%s/%d", c.name, name, failures), func(t *testing.T) { assertRetried(t, c, test, failures) })
			}
		}
	}
}

// closedPort returns an address on which connections are refused.
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

// listen listens on loopback, serves each connection, and then closes it.
func listen(t *testing.T, serve func(net.Conn)) (address string) {
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
			go func() {
				defer connection.Close() //nolint:errcheck // Nothing depends on the result.
				serve(connection)
			}()
		}
	}()
	return listener.Addr().String()
}

// The errors of real connections, as the operating system reports them.
func TestConnectionErrorIsRetryable(t *testing.T) {
	ca, refused := circlecitest.NewCA(), closedPort(t)
	closing := listen(t, func(connection net.Conn) { _, _ = io.CopyN(io.Discard, connection, 1) })
	for name, test := range map[string]struct {
		address string // Without one, the server resets the connection.
		cause   error
	}{
		"refused": {address: refused, cause: syscall.ECONNREFUSED},
		"reset":   {cause: syscall.ECONNRESET},
		"closed":  {address: closing, cause: syscall.ECONNRESET},
	} {
		secure, trusting := startTLSServer(t, ca, "127.0.0.1")
		for _, server := range []*circlecitest.Server{startServer(t), secure} {
			opts := []func(*circleci.Config){trusting}
			if test.address == "" {
				server.ResetConnections(1)
			} else {
				opts = append(opts, detour(1, dialTo(test.address)))
			}
			_, err := newClient(t, server, opts...).UnclaimedTaskCount(t.Context(), "acme/linux")
			equal(t, name+" is retryable", circleci.IsRetryable(err), true)
			if !errors.Is(err, test.cause) {
				t.Errorf("%s: got error %v, want %v", name, err, test.cause)
			}
			if name == "refused" {
				equal(t, "reason", errorOf[*circleci.RequestError](t, err).Reason, "dial tcp "+refused+": connect: connection refused")
			}
			equal(t, "number of requests", len(server.Requests()), 0)
		}
	}
}

// The backoff is random, and up to half a minute.
func TestBackoff(t *testing.T) {
	const retries = 10
	waits := map[time.Duration]bool{}
	for range 10 {
		var attempts record
		config := func(config *circleci.Config) {
			attempts.keep(config)
			config.MaxRetries = retries
		}
		inBubble(t, circlecitest.Error(503, "busy"), config, func(t *testing.T, _ *circlecitest.Server, client *circleci.Client) {
			start := time.Now()
			_ = assertRetryError(t, (<-readTasks(t.Context(), client)).err, retries+1, time.Since(start))
			assertBackoff(t, attempts.waits(), retries)
		})
		for _, wait := range attempts.waits() {
			waits[wait] = true
		}
	}
	// A hundred random durations in a range of at least half a billion nanoseconds rarely collide.
	if len(waits) < 95 {
		t.Errorf("only %d of 100 waits differ", len(waits))
	}
}
