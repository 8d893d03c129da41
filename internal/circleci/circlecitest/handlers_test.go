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

func TestHandlers(t *testing.T) {
	t.Parallel()
	const (
		notJSON  = "{ not \xff JSON"
		count    = `{"unclaimed_task_count":42}`
		jsonType = "application/json"
	)
	spaces := strings.Repeat(" ", 70_000)
	text := circlecitest.Raw(502, "text/plain", "gone")
	tests := []struct {
		name, contentType, body string
		handler                 http.Handler
		status                  int
		header                  map[string]string
		// err ends the response early.
		err error
	}{
		{name: "JSON", handler: circlecitest.JSON(`{ "a" : 1 }`), status: 200, contentType: jsonType, body: `{ "a" : 1 }`},
		{name: "JSON, malformed", handler: circlecitest.JSON(notJSON), status: 200, contentType: jsonType, body: notJSON},
		{name: "Error", handler: circlecitest.Error(429, `say "when"`), status: 429, contentType: jsonType, body: `{"message":"say \"when\""}`},
		{name: "Raw", handler: text, status: 502, contentType: "text/plain", body: "gone"},
		{
			name: "WithHeader", handler: circlecitest.WithHeader(circlecitest.WithHeader(text, "Retry-After", "7"), "X-Test", "yes"),
			status: 502, contentType: "text/plain", body: "gone", header: map[string]string{"Retry-After": "7", "X-Test": "yes"},
		},
		{
			name: "Redirect", handler: circlecitest.Redirect("https://example.com/a?b"), status: 302, contentType: "text/html; charset=utf-8",
			body: "<a href=\"https://example.com/a?b\">Found</a>.\n\n", header: map[string]string{"Location": "https://example.com/a?b"},
		},
		{name: "Delay", handler: circlecitest.Delay(time.Millisecond, text), status: 502, contentType: "text/plain", body: "gone"},
		{name: "SlowBody", handler: circlecitest.SlowBody(time.Millisecond, `{"a":1}`), status: 200, contentType: jsonType, body: `{"a":1}`},
		{name: "LargeBody", handler: circlecitest.LargeBody(`{}`, 70_000), status: 200, contentType: jsonType, body: `{}` + spaces},
		// net/http decompresses it.
		{name: "GzipBody", handler: circlecitest.GzipBody(`{}`, 70_000), status: 200, contentType: jsonType, body: `{}` + spaces},

		{name: "AbortConnection", handler: circlecitest.AbortConnection(), err: io.EOF},
		{
			name: "TruncatedBody", handler: circlecitest.TruncatedBody(count),
			status: 200, contentType: jsonType, body: count, err: io.ErrUnexpectedEOF,
		},
		{name: "TruncatedBody, empty", handler: circlecitest.TruncatedBody(""), status: 200, contentType: jsonType, err: io.ErrUnexpectedEOF},
		{
			name: "TruncatedChunks", handler: circlecitest.TruncatedChunks(count),
			status: 200, contentType: jsonType, body: count, err: io.ErrUnexpectedEOF,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.Enqueue(test.handler)
			got := send(t, server, http.MethodGet, "/")
			if !errors.Is(got.err, test.err) {
				t.Errorf("got error %v, want %v", got.err, test.err)
			}
			equal(t, "status", got.status, test.status)
			equal(t, "content type", got.header.Get("Content-Type"), test.contentType)
			equal(t, "body", got.body, test.body)
			for key, value := range test.header {
				equal(t, key, got.header.Get(key), value)
			}
		})
	}
}

// A server cannot be closed before all of its handlers return.
func TestHandlersEndWithTheRequest(t *testing.T) {
	t.Parallel()
	handlers := map[string]http.Handler{
		"Hang":     circlecitest.Hang(),
		"SlowBody": circlecitest.SlowBody(time.Hour, "{}"),
		"Delay":    circlecitest.Delay(time.Hour, circlecitest.JSON(`{}`)),
	}
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			server.Enqueue(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(ended)
				cancel()
				handler.ServeHTTP(w, r)
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
				t.Error("the handler has not returned")
			}
		})
	}
}

// A compressed body is sent compressed.
func TestGzipBodyIsCompressed(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.Enqueue(circlecitest.GzipBody(`{}`, 10<<20))
	got := send(t, server, http.MethodGet, "/", "Accept-Encoding", "gzip")
	equal(t, "error", got.err, nil)
	equal(t, "encoding", got.header.Get("Content-Encoding"), "gzip")
	if len(got.body) == 0 || len(got.body) > 100<<10 {
		t.Errorf("got %d bytes, want at most 100 KiB", len(got.body))
	}
}

// Each byte of a slow body is sent immediately.
func TestSlowBodyIsFlushed(t *testing.T) {
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
	equal(t, "body", string(got[:n]), "{")
}
