package circleci_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// bound is the most that is read of one answer. It is there for a service gone wrong, and so far above a real list that no
// list is refused.
const bound = 64 << 20

func TestAnswerAtTheBound(t *testing.T) {
	t.Parallel()
	c := calls[1]
	size := int64(bound - len(c.good))
	for name, answer := range map[string]func(string, int64) http.Handler{
		"plain": circlecitest.Long, "packed": circlecitest.Packed,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.Next(answer(c.good, size))
			got, err := c.do(t.Context(), newClient(t, server))
			equal(t, "error at the bound", errorText(err), "")
			equal(t, "answer at the bound", got, c.want)

			expectAnswerError(t, c, answer(c.good, size+1), circleci.BodyJSON, "is larger than the limit of 64 MiB", "")
		})
	}
}

// This runs alone, because it measures what the whole process allocates.
func TestMemoryStaysBounded(t *testing.T) {
	const (
		gigabyte = 1 << 30
		// A buffer that grows to the bound is copied on its way there. Without a bound these answers would take gigabytes.
		most     = 4 * bound
		tooLarge = "the answer is larger than the limit of 64 MiB"
	)
	withStatus := func(status int, answer http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			answer.ServeHTTP(w, r)
		})
	}
	for _, c := range calls {
		tests := []struct {
			name   string
			answer http.Handler
			// text is the end of the error.
			text string
		}{
			{"plain", circlecitest.Long(c.good, 4*gigabyte), tooLarge},
			{"packed", circlecitest.Packed(c.good, 4*gigabyte), tooLarge},
			{"inside of a text", circlecitest.Long(c.good[:len(c.good)-3], 4*gigabyte), tooLarge},
			{"a page", circlecitest.Long("<html><title>x</title>", 4*gigabyte), tooLarge},
			{
				"a length that is promised", raw(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", 4*gigabyte, c.good)),
				tooLarge,
			},
			{"an error", withStatus(404, circlecitest.Long(`{"message":"a"}`, 4*gigabyte)), `answered 404 Not Found: "a"`},
			{"a header", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Long", strings.Repeat("x", 16<<20))
			}), "net/http: server response headers exceeded 10485760 bytes; aborted"},
		}
		for _, test := range tests {
			t.Run(c.name+"/"+test.name, func(t *testing.T) {
				server := startServer(t)
				server.Always(test.answer)
				clock := circlecitest.NewClock()
				client := newClient(t, server, tries(4, clock))
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				got, err := c.do(t.Context(), client)
				runtime.ReadMemStats(&after)
				equal(t, "what came with the error", got, c.nothing)
				if !strings.HasSuffix(errorText(err), test.text) {
					t.Errorf("got error %v\nwant it to end in %s", err, test.text)
				}
				if allocated := after.TotalAlloc - before.TotalAlloc; allocated > most {
					t.Errorf("allocated %d MiB, want at most %d MiB", allocated>>20, most>>20)
				} else {
					t.Logf("allocated %d MiB", allocated>>20)
				}
				equal(t, "number of requests", len(server.Requests()), 1)
				equal(t, "sleeps", len(clock.Slept()), 0)
			})
		}
	}
}
