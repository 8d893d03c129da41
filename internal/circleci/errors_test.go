package circleci_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// errorText is "" for no error.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func assertSuffix(t *testing.T, got, want string) {
	t.Helper()
	if !strings.HasSuffix(got, want) {
		t.Errorf("got %s\nwant the suffix %s", got, want)
	}
}

// errorOf returns err as an E.
func errorOf[E error](t *testing.T, err error) E {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Fatalf("got error %T %v, want a %T", err, err, e)
	}
	return e
}

// once ends the message of a transient error, from a client that does not retry.
const once = " (tried once in 0s)"

// expectTriedOnce asserts that an error is a RetryError of one attempt if tried is once, and no RetryError if it is "".
func expectTriedOnce(t *testing.T, err error, tried string) {
	t.Helper()
	if tried == "" {
		if e := (*circleci.RetryError)(nil); errors.As(err, &e) {
			t.Errorf("got a RetryError: %v", e)
		}
		return
	}
	e := *errorOf[*circleci.RetryError](t, err)
	equal(t, "attempts", e.Attempts, 1)
	equal(t, "retry after", e.RetryAfter, time.Duration(0))
}

// withoutElapsed returns the message of an error with an elapsed time of 0.
func withoutElapsed(err error) string {
	return regexp.MustCompile(` in [0-9.µnm]+s\)`).ReplaceAllString(err.Error(), " in 0s)")
}

// expectRequestError asserts that an error is a RequestError. Tried is once if it is transient, else "".
func expectRequestError(t *testing.T, err error, request, reason, tried string, cause error) {
	t.Helper()
	e := errorOf[*circleci.RequestError](t, err)
	equal(t, "request", e.Request, request)
	equal(t, "reason", e.Reason, reason)
	equal(t, "error", withoutElapsed(err), request+": "+reason+tried)
	expectTriedOnce(t, err, tried)
	if cause != nil && !errors.Is(err, cause) {
		t.Errorf("got cause %v, want %v", e.Err, cause)
	}
}

// transientStatuses are those of transient errors.
var transientStatuses = []int{408, 425, 429, 500, 502, 503, 504, 520, 522, 524}

func TestStatusError(t *testing.T) {
	t.Parallel()
	const (
		jsonType = "application/json"
		title    = `{"error":{"id":"7","type":"t","title":"Oops","detail":"It broke.","source":{}}}`
	)
	raw := circlecitest.Raw
	type row struct {
		name, message string
		response      http.Handler
		status        int
		kind          circleci.BodyKind
	}
	tests := []row{
		{name: "429", response: retryAfter(429, "1"), status: 429, message: "later"},
		{
			name: "502 with a page", status: 502, kind: circleci.BodyHTML, message: "502 Bad Gateway",
			response: raw(502, "text/html", "\n<html><head><title>502 Bad\n Gateway</title></head><body>nginx</body></html>"),
		},
		{name: "502 with a page without a title", response: raw(502, "text/html", "<html><body>nginx</body></html>"), status: 502, kind: circleci.BodyHTML},
		{
			name: "502 with a page with a late title", status: 502, kind: circleci.BodyHTML,
			response: raw(502, "text/html", "<html>"+strings.Repeat("<title", 12_000)+"<title>late</title>"),
		},
		{
			name: "503 with text", status: 503, kind: circleci.BodyText, message: "no healthy upstream",
			response: raw(503, "text/plain", "no healthy\r\n\tupstream\n"),
		},
		{name: "503 without a body", response: raw(503, "text/plain", ""), status: 503, kind: circleci.BodyEmpty},
		{name: "status without a name", response: raw(599, "text/plain", " \n"), status: 599, kind: circleci.BodyEmpty},

		// A body of the documented form is not accepted with any status but 200.
		{name: "201", response: raw(201, jsonType, `{"items":[]}`), status: 201, message: `{"items":[]}`},
		{name: "204", response: raw(204, jsonType, ""), status: 204, kind: circleci.BodyEmpty},
		{name: "206", response: raw(206, jsonType, `{"unclaimed_task_count":42}`), status: 206, message: `{"unclaimed_task_count":42}`},
		{name: "302 without a location", response: raw(302, "text/html", ""), status: 302, kind: circleci.BodyEmpty},
		{name: "304", response: raw(304, jsonType, ""), status: 304, kind: circleci.BodyEmpty},

		{name: "JSON without a message", response: raw(500, jsonType, "{\n  \"errors\": \"oops\"\n}"), status: 500, message: `{ "errors": "oops" }`},
		{
			name: "error that is a string, after a byte order mark", status: 500, message: "oops",
			response: raw(500, jsonType, "\ufeff"+`{"error":"oops","message":""}`),
		},
		{name: "error with title and detail", response: raw(500, jsonType, title), status: 500, message: "Oops: It broke."},
		{name: "error with a title", response: raw(500, jsonType, `{"error":{"title":"Oops","detail":null}}`), status: 500, message: "Oops"},
		{name: "error without either", response: raw(500, jsonType, `{"error":{"id":7}}`), status: 500, message: `{"error":{"id":7}}`},
		{name: "message that is no string", response: raw(500, jsonType, `{"message":{"id":7}}`), status: 500, message: `{"message":{"id":7}}`},
		{name: "malformed JSON", response: raw(500, jsonType, `{"message":"oops`), status: 500, message: `{"message":"oops`},
		{name: "JSON declared as HTML", response: raw(404, "text/html", `{"message":"oops"}`), status: 404, message: "oops"},
		{
			name: "truncated body", status: 500, kind: circleci.BodyText, message: "partial",
			response: circlecitest.Bytes("HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\npartial"),
		},
	}
	for code, message := range map[int]string{
		400: "bad filter", 401: "Invalid token provided.", 403: "Permission denied", 404: "resource class not found", 500: "oops",
	} {
		tests = append(tests, row{name: strconv.Itoa(code), response: circlecitest.Error(code, message), status: code, message: message})
	}
	kinds := map[circleci.BodyKind]string{circleci.BodyHTML: " with an HTML page instead of JSON", circleci.BodyText: " with plain text instead of JSON"}
	for _, c := range calls {
		for _, test := range tests {
			t.Run(c.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				server := startServer(t)
				server.SetHandler(test.response)
				got, err := c.do(t.Context(), newClient(t, server))

				equal(t, "result", got, c.nothing)
				e := errorOf[*circleci.StatusError](t, err)
				equal(t, "request", e.Request, c.requestTo(server))
				equal(t, "status, kind of body and message", []any{e.StatusCode, e.Body, e.Message}, []any{test.status, test.kind, test.message})
				want := strings.TrimSpace(fmt.Sprintf("%d %s", test.status, http.StatusText(test.status))) + kinds[test.kind]
				if test.message != "" {
					want += fmt.Sprintf(": %q", test.message)
				}
				tried := ""
				if slices.Contains(transientStatuses, test.status) {
					tried = once
				}
				equal(t, "text", withoutElapsed(err), c.requestTo(server)+" returned "+want+tried)
				expectTriedOnce(t, err, tried)
				equal(t, "number of requests", len(server.Requests()), 1)
			})
		}
	}
}

// A server's message is printed on a terminal, so it must not contain control sequences.
func TestSanitizedMessage(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{name: "colors", body: "\x1b[1;31mred\x1b[0m", want: "red"},
		{name: "cursor movement", body: "a\x1b[2J\x1b[10;20Hb\x1b[?25l", want: "ab"},
		{name: "window title", body: "\x1b]0;owned\x07text", want: "text"},
		{name: "window title with another terminator", body: "\x1b]2;owned\x1b\\text", want: "text"},
		{name: "hyperlink", body: "\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", want: "link"},
		{name: "other escape", body: "a\x1bcb", want: "ab"},
		{name: "escape at the end", body: "a\x1b", want: "a"},
		{name: "escape within an escape", body: "\x1b\x1b[31mred", want: "[31mred"},
		{name: "eight-bit escape", body: "\u009b31mred\u009c", want: "31mred"},
		{name: "bidirectional overrides", body: "a\u202eb\u202c\u2066c\u2069", want: "abc"},
		{name: "invisible characters", body: "a\u200bb\ufeffc\u00add", want: "abcd"},
		{name: "bell, backspace, zero", body: "a\x07\x08\x00b\x7f", want: "ab"},
		{name: "line breaks", body: "a\r\n\r\n b\u2028c\u0085d\ve", want: "a b c d e"},
		{name: "invalid UTF-8", body: "a\xffb\xc3", want: "ab"},
		{name: "other scripts and emoji are kept", body: "Größe 日本語 😀", want: "Größe 日本語 😀"},
		{name: "quotes are kept", body: `say "no" \ 'no'`, want: `say "no" \ 'no'`},
		{name: "at the limit", body: strings.Repeat("é", 300), want: strings.Repeat("é", 300)},
		{name: "beyond the limit", body: strings.Repeat("é", 301), want: strings.Repeat("é", 300) + "…"},
		{name: "600 kB", body: strings.Repeat("日本", 100_000), want: strings.Repeat("日本", 150) + "…"},
		{name: "only a control sequence at the end", body: "x\x1b[0m", want: "x"},
	}
	for _, test := range tests {
		quoted := strconv.QuoteToASCII(test.body)
		responses := map[string]http.Handler{"text": circlecitest.Raw(500, "text/plain", test.body)}
		if len(test.body) < 64<<10 {
			responses["HTML"] = circlecitest.Raw(500, "text/html", "<title>"+test.body+"</title>")
		}
		if test.name != "invalid UTF-8" {
			responses["JSON"] = circlecitest.Error(500, test.body)
		}
		for kind, response := range responses {
			t.Run(kind+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				server := startServer(t)
				server.SetHandler(response)
				_, err := newClient(t, server).UnclaimedTaskCount(t.Context(), "acme/linux")
				if got := errorOf[*circleci.StatusError](t, err).Message; got != test.want {
					t.Errorf("got %.400q for %.400s, want %.400q", got, quoted, test.want)
				}
			})
		}
	}
}
