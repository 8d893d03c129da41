package circleci_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// retryAfter responds with an error status and a Retry-After header.
func retryAfter(status int, header string) http.Handler {
	return circlecitest.WithHeader(circlecitest.Error(status, "later"), "Retry-After", header)
}

// assertRetryError asserts that a request failed after all of its attempts, and returns its last cause.
func assertRetryError(t *testing.T, err error, attempts int, elapsed time.Duration) error {
	t.Helper()
	e := errorOf[*circleci.RetryError](t, err)
	equal(t, "attempts", e.Attempts, attempts)
	equal(t, "elapsed and pause", []time.Duration{e.Elapsed, e.RetryAfter}, []time.Duration{elapsed, 0})
	want := fmt.Sprintf("%s (attempts: %d, in %s)", e.Err, attempts, elapsed.Round(time.Millisecond))
	equal(t, "error", err.Error(), want)
	return e.Err
}

// detour opens the first n connections of a client by other means, and the next ones to the server.
func detour(n int, other func(ctx context.Context) (net.Conn, error)) option {
	return func(config *circleci.Config) {
		dial := config.DialContext
		if dial == nil {
			dial = (&net.Dialer{}).DialContext
		}
		opened := 0
		config.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if opened++; opened <= n {
				return other(ctx)
			}
			return dial(ctx, network, address)
		}
	}
}

// A transient error of the first attempt is retried once.
func TestRetryTransientError(t *testing.T) {
	const (
		closed  = ": the connection was closed in the middle of the response"
		length  = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
		chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		refused = "dial tcp: connection refused"
	)
	type row struct {
		// response fails the request. Without one, the connection cannot be opened.
		response http.Handler
		// want is the end of the attempt's error.
		want string
	}
	tests := map[string]row{
		"closed before the response": {circlecitest.AbortConnection(), ": the connection was closed before a response came"},
		"reset before the response":  {circlecitest.Reset(""), "connection reset by peer"},
		"reset in the body":          {circlecitest.Reset(length + goodTasks), "connection reset by peer"},
		"closed after valid JSON":    {circlecitest.TruncatedBody(goodTasks), closed},
		"closed after a good chunk":  {circlecitest.TruncatedChunks(goodTasks), closed},
		"closed in the header":       {circlecitest.Bytes("HTTP/1.1 200 OK\r\nContent-Ty"), `missing colon: "Content-Ty"`},
		"not HTTP":                   {circlecitest.Bytes("SSH-2.0-a\r\n"), `malformed HTTP response "SSH-2.0-a"`},
		"invalid chunk":              {circlecitest.Bytes(chunked + "x\r\n"), "invalid byte in chunk length"},
		"invalid redirect":           {circlecitest.Redirect("http://[::1/"), "missing ']' in host"},
		"not connected":              {nil, refused},
	}
	for _, code := range []int{408, 425, 500, 502, 503, 504, 520, 522, 524} {
		want := strings.TrimSpace(fmt.Sprintf(" returned %d %s", code, http.StatusText(code)))
		tests[want] = row{circlecitest.Raw(code, "text/plain", ""), want}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var attempts recorder
				opts := []option{withRetries(1), attempts.record}
				if test.response == nil {
					opts = append(opts, detour(1, func(context.Context) (net.Conn, error) {
						return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
					}))
				}
				server, client := serve(t, nil, opts...)
				if test.response != nil {
					server.Enqueue(test.response)
				}
				equal(t, "result", <-countTasks(t.Context(), client), result{count: 42})
				all := attempts.all()
				equal(t, "attempts", len(all), 2)
				assertSuffix(t, errorText(all[0].Err), test.want)
			})
		})
	}
}

// The errors of real connections, as the operating system reports them.
func TestConnectionErrorIsRetryable(t *testing.T) {
	server := startServer(t)
	server.ResetConnections(1)
	_, err := newClient(t, server).UnclaimedTaskCount(t.Context(), "acme/linux")
	equal(t, "reset is retryable", circleci.IsRetryable(err), true)
	assertContains(t, errorText(err), syscall.ECONNRESET.Error())

	secure, trusting := startTLSServer(t, circlecitest.NewCA(), "127.0.0.1")
	secure.ResetConnections(1)
	_, err = newClient(t, secure, trusting).UnclaimedTaskCount(t.Context(), "acme/linux")
	equal(t, "reset in the handshake is retryable", circleci.IsRetryable(err), true)

	server.Close()
	_, err = newClient(t, server).UnclaimedTaskCount(t.Context(), "acme/linux")
	equal(t, "refused is retryable", circleci.IsRetryable(err), true)
	address := server.Listener.Addr().String()
	assertContains(t, errorText(err), ": dial tcp "+address+": connect: connection refused")
}

// The backoff doubles up to half a minute, is random in its second half, and ends with the retries.
func TestBackoff(t *testing.T) {
	const retries = 8
	var attempts [2]recorder
	synctest.Test(t, func(t *testing.T) {
		for i := range attempts {
			_, client := serve(t, circlecitest.Error(503, "busy"), withRetries(retries), attempts[i].record)
			start := time.Now()
			cause := assertRetryError(t, (<-countTasks(t.Context(), client)).err, retries+1, time.Since(start))
			equal(t, "last cause", cause.Error(), tasksRequest+` returned 503 Service Unavailable: "busy"`)
		}
	})
	equal(t, "number of waits", len(attempts[0].waits()), retries)
	for i, wait := range attempts[0].waits() {
		if full := min(time.Second<<i, 30*time.Second); wait < full/2 || wait >= full {
			t.Errorf("wait %d lasts %s, want at least %s and less than %s", i+1, wait, full/2, full)
		}
		if wait == attempts[1].waits()[i] {
			t.Errorf("wait %d lasts as long as that of another client", i+1)
		}
	}
}

// A time that the response names replaces the backoff, and is one of the server's clock.
func TestRetryAfter(t *testing.T) {
	const backoff = 0                                   // The header is ignored.
	for header, want := range map[string]time.Duration{ // The server says that it is the start of 2000.
		"1": time.Second, "007": 7 * time.Second, "299": 299 * time.Second, "Sat, 01 Jan 2000 00:00:42 GMT": 42 * time.Second,
		"": backoff, "0": backoff, "-7": backoff, "7.5": backoff, "soon": backoff, "Fri, 31 Dec 1999 23:00:00 GMT": backoff,
	} {
		for _, status := range []int{429, 503} {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Hour)
				var attempts recorder
				server, client := serve(t, nil, withRetries(1), attempts.record)
				server.Enqueue(circlecitest.WithHeader(retryAfter(status, header), "Date", "Sat, 01 Jan 2000 00:00:00 GMT"))
				equal(t, "result", <-countTasks(t.Context(), client), result{count: 42})
				wait := attempts.waits()[0]
				if want == backoff && (wait < time.Second/2 || wait >= time.Second) || want != backoff && wait != want {
					t.Errorf("%d, %q: waited %s, want %s", status, header, wait, want)
				}
			})
		}
	}
}

// A pause that exceeds the time that is left ends the read at once. That time is one for all attempts.
func TestRetryAfterExceedsReadTimeout(t *testing.T) {
	const longest = 9223372036 * time.Second
	for _, status := range []int{429, 503} {
		for _, test := range []struct {
			headers       []string
			elapsed, want time.Duration
		}{
			{[]string{"300"}, 0, 5 * time.Minute},
			{[]string{"200", "101"}, 200 * time.Second, 101 * time.Second},
			{[]string{"9223372037"}, 0, longest},
			{[]string{strings.Repeat("9", 1000)}, 0, longest},
			{[]string{"Sat, 01 Jan 2000 01:00:00 GMT"}, 0, time.Hour}, // The time in a bubble starts in 2000.
		} {
			synctest.Test(t, func(t *testing.T) {
				server, client := serve(t, nil, withRetries(circleci.DefaultMaxRetries))
				for _, header := range test.headers {
					server.Enqueue(retryAfter(status, header))
				}
				e := errorOf[*circleci.RetryError](t, (<-countTasks(t.Context(), client)).err)
				equal(t, "attempts", e.Attempts, len(test.headers))
				equal(t, "elapsed and pause", []time.Duration{e.Elapsed, e.RetryAfter}, []time.Duration{test.elapsed, test.want})
				assertSuffix(t, e.Error(), "; requests are paused for "+test.want.String()+", which exceeds the time that is left")
				equal(t, "requests", len(server.Requests()), len(test.headers))
			})
		}
	}
}
