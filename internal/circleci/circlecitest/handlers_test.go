package circlecitest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	const notJSON = "{ not \xff JSON"
	text := circlecitest.Raw(http.StatusBadGateway, "text/plain", "gone")
	tests := []struct {
		name        string
		answer      http.Handler
		status      int
		contentType string
		body        string
		header      map[string]string
	}{
		{"JSON", circlecitest.JSON(`{ "a" : 1 }`), 200, "application/json", `{ "a" : 1 }`, nil},
		{"JSON that is none", circlecitest.JSON(notJSON), 200, "application/json", notJSON, nil},
		{"Error", circlecitest.Error(429, `say "when"`), 429, "application/json", `{"message":"say \"when\""}`, nil},
		{"Raw", text, 502, "text/plain", "gone", nil},
		{
			"WithHeader", circlecitest.WithHeader(circlecitest.WithHeader(text, "Retry-After", "7"), "X-Test", "yes"),
			502, "text/plain", "gone", map[string]string{"Retry-After": "7", "X-Test": "yes"},
		},
		{
			"Redirect", circlecitest.Redirect("https://example.com/a?b"), 302, "text/html; charset=utf-8",
			"<a href=\"https://example.com/a?b\">Found</a>.\n\n", map[string]string{"Location": "https://example.com/a?b"},
		},
		{"Delay", circlecitest.Delay(time.Millisecond, text), 502, "text/plain", "gone", nil},
		{"Drip", circlecitest.SlowBody(time.Millisecond, `{"a":1}`), 200, "application/json", `{"a":1}`, nil},
		{"Long", circlecitest.LargeBody(`{}`, 70_000), 200, "application/json", `{}` + strings.Repeat(" ", 70_000), nil},
		// The client unpacks it.
		{"Packed", circlecitest.GzipBody(`{}`, 70_000), 200, "application/json", `{}` + strings.Repeat(" ", 70_000), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.Enqueue(test.answer)
			got := get(t, server, "/")
			equal(t, "status", got.status, test.status)
			equal(t, "content type", got.header.Get("Content-Type"), test.contentType)
			equal(t, "body", got.body, test.body)
			for key, value := range test.header {
				equal(t, key, got.header.Get(key), value)
			}
		})
	}
}

func TestAnswersThatAreCut(t *testing.T) {
	t.Parallel()
	const body = `{"unclaimed_task_count":42}`
	tests := []struct {
		name   string
		answer http.Handler
		want   reply
	}{
		{"Cut", circlecitest.AbortConnection(), reply{err: io.EOF}},
		// What arrived of them arrived whole: it is the end that is missing.
		{"CutBody", circlecitest.TruncatedBody(body), reply{status: 200, body: body, err: io.ErrUnexpectedEOF}},
		{"CutBody before the first byte", circlecitest.TruncatedBody(""), reply{status: 200, err: io.ErrUnexpectedEOF}},
		{"CutChunks", circlecitest.TruncatedChunks(body), reply{status: 200, body: body, err: io.ErrUnexpectedEOF}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.Enqueue(test.answer)
			got := ask(t, server, http.MethodGet, "/")
			equal(t, "status", got.status, test.want.status)
			equal(t, "body", got.body, test.want.body)
			if !errors.Is(got.err, test.want.err) {
				t.Errorf("got error %v, want %v", got.err, test.want.err)
			}
		})
	}
}

// A server could not be closed while an answer that nobody waits for still waits.
func TestAnswersEndWhenTheClientGivesUp(t *testing.T) {
	t.Parallel()
	answers := map[string]http.Handler{
		"Hang":  circlecitest.Hang(),
		"Drip":  circlecitest.SlowBody(time.Hour, "{}"),
		"Delay": circlecitest.Delay(time.Hour, circlecitest.JSON(`{}`)),
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			server.Enqueue(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(ended)
				cancel()
				answer.ServeHTTP(w, r)
			}))
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := server.Client().Do(r)
			if err == nil {
				_ = response.Body.Close()
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got error %v, want %v", err, context.Canceled)
			}
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				t.Error("still waits")
			}
		})
	}
}

// A packed answer is small on its way, however long it gets.
func TestPackedIsPacked(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.Enqueue(circlecitest.GzipBody(`{}`, 10<<20))
	got := ask(t, server, http.MethodGet, "/", "Accept-Encoding", "gzip")
	equal(t, "error", got.err, nil)
	equal(t, "encoding", got.header.Get("Content-Encoding"), "gzip")
	if len(got.body) == 0 || len(got.body) > 100<<10 {
		t.Errorf("has %d bytes, want at most 100 KiB", len(got.body))
	}
}

// What drips can be read as it comes.
func TestDripComesByteByByte(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.Enqueue(circlecitest.SlowBody(time.Hour, "{}"))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.
	got := make([]byte, 2)
	n, err := response.Body.Read(got)
	equal(t, "error", err, nil)
	equal(t, "what came", string(got[:n]), "{")
}
