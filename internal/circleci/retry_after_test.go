package circleci_test

import (
	"fmt"
	"math"
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
	tests := []struct {
		name, header string
		// date, if not empty, is the layout of a header that is the current date plus offset.
		date   string
		offset time.Duration
		// want is how long the client waits; 0 if the header is ignored, so that it backs off.
		want time.Duration
	}{
		{name: "a second", header: "1", want: time.Second},
		{name: "seconds", header: "7", want: 7 * time.Second},
		{name: "with a leading zero", header: "007", want: 7 * time.Second},
		{name: "longer than the longest backoff", header: "120", want: 2 * time.Minute},
		{name: "nearly all of the read timeout", header: "299", want: 299 * time.Second},
		{name: "date", date: http.TimeFormat, offset: 42 * time.Second, want: 42 * time.Second},
		{name: "date of RFC 850", date: "Monday, 02-Jan-06 15:04:05 GMT", offset: 42 * time.Second, want: 42 * time.Second},
		{name: "date of C", date: time.ANSIC, offset: 42 * time.Second, want: 42 * time.Second},

		{name: "zero", header: "0"},
		{name: "now", date: http.TimeFormat},
		{name: "past date", date: http.TimeFormat, offset: -time.Hour},
		{name: "distant past", header: "Mon, 01 Jan 0001 00:00:00 GMT"},
		{name: "negative", header: "-7"},
		{name: "with a plus sign", header: "+7"},
		{name: "fraction", header: "7.5"},
		{name: "with a unit", header: "7s"},
		{name: "words", header: "soon"},
		{name: "malformed date", header: "Mon, 32 Foo 2026"},
		{name: "date of another form", date: time.RFC3339, offset: 42 * time.Second},
		{name: "empty", header: ""},
	}
	for _, status := range []int{429, 503} {
		for _, test := range tests {
			t.Run(fmt.Sprintf("%d/%s", status, test.name), func(t *testing.T) {
				var attempts record
				inBubble(t, nil, attempts.keep, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
					header := test.header
					if test.date != "" {
						header = time.Now().Add(test.offset).UTC().Format(test.date)
					}
					server.Enqueue(retryAfter(status, header))
					equal(t, "outcome", <-readTasks(t.Context(), client), outcome{count: 42})
					equal(t, "number of requests", len(server.Requests()), 2)
					wait := attempts.waits()[0]
					low, high := test.want, test.want
					if test.want == 0 {
						low, high = time.Second/2, time.Second
					}
					if status == 429 {
						high += 200 * time.Millisecond // Requests are spread after a 429.
					}
					if wait < low || wait > high {
						t.Errorf("waited %s, want %s to %s", wait, low, high)
					}
				})
			})
		}
	}
}

func TestRetryAfterExceedsReadTimeout(t *testing.T) {
	const longest = time.Duration(math.MaxInt64)
	assertExceeds := func(t *testing.T, client *circleci.Client, attempts int, elapsed, retryAfter time.Duration) {
		t.Helper()
		got := <-readTasks(t.Context(), client)
		equal(t, "count", got.count, int64(0))
		e := errorOf[*circleci.RetryError](t, got.err)
		want := circleci.RetryError{Err: e.Err, Attempts: attempts, Elapsed: elapsed, RetryAfter: retryAfter, Timeout: circleci.ReadTimeout}
		equal(t, "error", *e, want)
		wait := retryAfter.Round(time.Second).String()
		assertSuffix(t, got.err.Error(), "; the server asked to retry after "+wait+", which exceeds the 5m0s read timeout")
	}
	for header, want := range map[string]time.Duration{
		"300": 5 * time.Minute, "301": 301 * time.Second, "in 301 s": 301 * time.Second, "3600": time.Hour,
		"9223372036": 9223372036 * time.Second, "9223372037": longest, "9223372036854775807": longest,
		strings.Repeat("9", 1000): longest, "Fri, 31 Dec 9999 23:59:59 GMT": longest,
	} {
		for _, status := range []int{429, 503} {
			inBubble(t, nil, nil, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
				value := header
				if header == "in 301 s" {
					value = time.Now().Add(want).UTC().Format(http.TimeFormat)
				}
				server.SetHandler(retryAfter(status, value))
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
