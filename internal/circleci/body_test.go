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
const bound = 32 << 20

func TestAnswerAtTheBound(t *testing.T) {
	t.Parallel()
	c := calls[1]
	size := int64(bound - len(c.good))
	server := startServer(t)
	server.Enqueue(circlecitest.LargeBody(c.good, size))
	got, err := c.do(t.Context(), newClient(t, server))
	equal(t, "error at the bound", errorText(err), "")
	equal(t, "answer at the bound", got, c.want)

	expectAnswerError(t, c, circlecitest.LargeBody(c.good, size+1), circleci.BodyJSON, "is larger than the limit of 32 MiB", "")
}

// This runs alone, because it measures what the whole process allocates.
func TestMemoryStaysBounded(t *testing.T) {
	const (
		much = 4 << 30
		// A buffer that grows to the bound is copied on its way there, which adds up to five times the bound.
		most     = 6 * bound
		tooLarge = "the answer is larger than the limit of 32 MiB"
	)
	runners, tasks := calls[0], calls[1]
	tests := []struct {
		name   string
		call   call
		answer http.Handler
		// text is the end of the error.
		text string
	}{
		{"plain, in a text", runners, circlecitest.LargeBody(runners.good[:len(runners.good)-5], much), tooLarge},
		{"packed", tasks, circlecitest.GzipBody(tasks.good, much), tooLarge},
		{"a length that is promised", tasks, raw(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n{", int64(much))), tooLarge},
		{
			"an error", runners, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusNotFound)
				circlecitest.LargeBody(`{"message":"a"}`, much).ServeHTTP(w, r)
			}), `answered 404 Not Found: "a"`,
		},
		{
			"a header", tasks, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Long", strings.Repeat("x", 16<<20))
			}), "net/http: server response headers exceeded 10485760 bytes; aborted",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := startServer(t)
			server.SetHandler(test.answer)
			client := newClient(t, server, withRetries(4))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := test.call.do(t.Context(), client)
			runtime.ReadMemStats(&after)
			equal(t, "what came with the error", got, test.call.nothing)
			if !strings.HasSuffix(errorText(err), test.text) {
				t.Errorf("got error %v\nwant it to end in %s", err, test.text)
			}
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > most {
				t.Errorf("allocated %d MiB, want at most %d MiB", allocated>>20, most>>20)
			}
			equal(t, "number of requests", len(server.Requests()), 1)
		})
	}
}

// Where something of a response is cut, nothing of a secret may be left that could not be recognized any more.
func TestCutSecretIsNotShown(t *testing.T) {
	t.Parallel()
	const secret = "908172635445362718099081726354453627180990817263"
	// Without the NULs, which are not shown, the secret begins the message.
	interrupted := strings.Repeat("\x00", 64<<10-40) + strings.Join(strings.Split(secret, ""), "\x00")
	tests := []struct {
		name, body, want string
		status           int
	}{
		{name: "number", status: 200, body: `{"unclaimed_task_count":1` + secret + `}`, want: "contains the credential that was sent"},
		{name: "lone surrogate", status: 200, body: `{"a":"\ud800` + secret + `"}`, want: "contains the credential that was sent"},
		{name: "text", status: 200, body: "x" + interrupted, want: `is plain text, not JSON: "…"`},
		{name: "error text", status: 404, body: interrupted, want: `: "…"`},
		{name: "error message", status: 404, body: `{"message":"` + strings.ReplaceAll(interrupted, "\x00", `\u0000`) + `"}`, want: `: "…"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.SetHandler(circlecitest.Raw(test.status, "application/json", test.body))
			client := newClient(t, server, func(config *circleci.Config) { config.Credential = circleci.PersonalToken(secret) })
			_, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
			if text := errorText(err); !strings.Contains(text, test.want) || strings.Contains(text, secret[:4]) {
				t.Errorf("got error %s\nwant a part %s and nothing of the secret", text, test.want)
			}
		})
	}
}
