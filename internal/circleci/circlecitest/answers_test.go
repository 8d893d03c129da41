package circlecitest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
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
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.Next(test.answer)
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
		{"Cut", circlecitest.Cut(), reply{err: io.EOF}},
		// What arrived of them arrived whole: it is the end that is missing.
		{"CutBody", circlecitest.CutBody(body), reply{status: 200, body: body, err: io.ErrUnexpectedEOF}},
		{"CutBody before the first byte", circlecitest.CutBody(""), reply{status: 200, err: io.ErrUnexpectedEOF}},
		{"CutChunks", circlecitest.CutChunks(body), reply{status: 200, body: body, err: io.ErrUnexpectedEOF}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.Next(test.answer)
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
		"Delay": circlecitest.Delay(time.Hour, circlecitest.JSON(`{}`)),
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			server.Next(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
