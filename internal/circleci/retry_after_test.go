package circleci_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// retryAfter responds with an error status and a Retry-After header.
func retryAfter(status int, header string) http.Handler {
	return circlecitest.WithHeader(circlecitest.Error(status, "later"), "Retry-After", header)
}

func TestRetryAfter(t *testing.T) {
	// The headers by how long the client waits, 0 if it ignores them and backs off. The time in a bubble starts in 2000.
	for want, headers := range map[time.Duration][]string{
		time.Second: {"1"}, 7 * time.Second: {"7", "007"}, 2 * time.Minute: {"120"}, 299 * time.Second: {"299"},
		// The three forms of a date.
		42 * time.Second: {"Sat, 01 Jan 2000 00:00:42 GMT", "Saturday, 01-Jan-00 00:00:42 GMT", "Sat Jan  1 00:00:42 2000"},
		0: {
			"", "0", "-7", "+7", "7.5", "7s", "soon", "Mon, 32 Foo 2026", "2000-01-01T00:00:42Z",
			// Now, and in the past.
			"Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 31 Dec 1999 23:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 GMT",
		},
	} {
		low, high := want, want
		if want == 0 {
			low, high = time.Second/2, time.Second
		}
		for _, status := range []int{429, 503} {
			for _, header := range headers {
				var attempts record
				name := fmt.Sprintf("%d/%s", status, header)
				runInBubble(t, name, nil, attempts.keep, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
					server.Enqueue(retryAfter(status, header))
					equal(t, "outcome", <-readTasks(t.Context(), client), outcome{count: 42})
					equal(t, "number of requests", len(server.Requests()), 2)
					if wait := attempts.waits()[0]; wait < low || wait > high {
						t.Errorf("waited %s, want %s to %s", wait, low, high)
					}
				})
			}
		}
	}
}

// A date is one of the server's clock.
func TestRetryAfterOfAnotherClock(t *testing.T) {
	var attempts record
	inBubble(t, nil, attempts.keep, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		response := retryAfter(503, "Tue, 24 Nov 2026 12:00:02 GMT")
		server.Enqueue(circlecitest.WithHeader(response, "Date", "Tue, 24 Nov 2026 12:00:00 GMT"))
		equal(t, "outcome", <-readTasks(t.Context(), client), outcome{count: 42})
		equal(t, "waits", attempts.waits(), []time.Duration{2 * time.Second})
	})
}

func TestRetryAfterExceedsReadTimeout(t *testing.T) {
	const longest = 9223372036 * time.Second
	assertExceeds := func(t *testing.T, client *circleci.Client, attempts int, elapsed, retryAfter time.Duration) {
		t.Helper()
		got := <-readTasks(t.Context(), client)
		equal(t, "count", got.count, int64(0))
		e := errorOf[*circleci.RetryError](t, got.err)
		equal(t, "attempts", e.Attempts, attempts)
		equal(t, "elapsed and pause", []time.Duration{e.Elapsed, e.RetryAfter}, []time.Duration{elapsed, retryAfter})
		assertSuffix(t, got.err.Error(), "; requests are paused for "+retryAfter.Round(time.Second).String()+
			", which exceeds the time that is left")
	}
	for header, want := range map[string]time.Duration{
		"300": 5 * time.Minute, "301": 301 * time.Second,
		"Sat, 01 Jan 2000 00:05:01 GMT": 301 * time.Second, "3600": time.Hour,
		"9223372036": 9223372036 * time.Second, "9223372037": longest, "9223372036854775807": longest,
		strings.Repeat("9", 1000): longest,
	} {
		for _, status := range []int{429, 503} {
			inBubble(t, nil, nil, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
				server.SetHandler(retryAfter(status, header))
				assertExceeds(t, client, 1, 0, want)
				equal(t, "number of requests", len(server.Requests()), 1)
			})
		}
	}
	// The read timeout is one for all attempts.
	inBubble(t, nil, nil, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(retryAfter(503, "200"), retryAfter(503, "101"))
		assertExceeds(t, client, 2, 200*time.Second, 101*time.Second)
		equal(t, "number of requests", len(server.Requests()), 2)
	})
}
