package circleci_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

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

func assertContains(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("got %s\nwant a part %s", got, want)
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

// assertRequestError asserts that an error is a RequestError that is not transient.
func assertRequestError(t *testing.T, err error, request, reason string) {
	t.Helper()
	equal(t, "error", errorText(err), request+": "+reason)
	e := errorOf[*circleci.RequestError](t, err)
	equal(t, "request and reason", []string{e.Request, e.Reason}, []string{request, reason})
	equal(t, "is a RetryError", errors.As(err, new(*circleci.RetryError)), false)
}

// A body of the documented form is not accepted with any status but 200. Other errors than transient ones are not retried, not
// even with a Retry-After.
func TestStatusError(t *testing.T) {
	const jsonType = "application/json"
	type row struct {
		status   int
		kind     circleci.BodyKind
		message  string
		response http.Handler
	}
	raw := func(status int, kind circleci.BodyKind, message, contentType, body string) row {
		return row{status: status, kind: kind, message: message, response: circlecitest.Raw(status, contentType, body)}
	}
	page := func(message, body string) row { return raw(502, circleci.BodyHTML, message, "text/html", body) }
	failed := func(message, body string) row { return raw(500, circleci.BodyJSON, message, jsonType, body) }
	tests := map[string]row{
		"429":                    {status: 429, message: "later", response: retryAfter(429, "1")},
		"page":                   page("502 Bad Gateway", "\n<html><head><title>502 Bad\n Gateway</title></head><body>nginx</body></html>"),
		"page without a title":   page("", "<html><body>nginx</body></html>"),
		"page with a late title": page("", "<html>"+strings.Repeat("<title", 12_000)+"<title>late</title>"),
		"text":                   raw(503, circleci.BodyText, "no healthy upstream", "text/plain", "no healthy\r\n\tupstream\n"),
		"no body":                raw(503, circleci.BodyEmpty, "", "text/plain", ""),
		"status without a name":  raw(599, circleci.BodyEmpty, "", "text/plain", " \n"),
		"201 with a list":        raw(201, circleci.BodyJSON, `{"items":[]}`, jsonType, `{"items":[]}`),
		"206 with a count":       raw(206, circleci.BodyJSON, `{"unclaimed_task_count":42}`, jsonType, `{"unclaimed_task_count":42}`),
		"302 without a location": raw(302, circleci.BodyEmpty, "", "text/html", ""),
		"JSON declared as HTML":  raw(404, circleci.BodyJSON, "oops", "text/html", `{"message":"oops"}`),
		"JSON without a message": failed(`{ "errors": "oops" }`, "{\n  \"errors\": \"oops\"\n}"),
		"title and detail":       failed("Oops: It broke.", `{"error":{"id":"7","type":"t","title":"Oops","detail":"It broke.","source":{}}}`),
		"title that is repeated": failed("Oops", `{"error":{"title":"Oops","detail":"Oops"}}`),
		"title":                  failed("Oops", `{"error":{"title":"Oops","detail":null}}`),
		"no title, no detail":    failed(`{"error":{"id":7}}`, `{"error":{"id":7}}`),
		"message, not a string":  failed(`{"message":{"id":7}}`, `{"message":{"id":7}}`),
		"malformed JSON":         failed(`{"message":"oops`, `{"message":"oops`),
		"truncated body": {
			status: 500, kind: circleci.BodyText, message: "partial",
			response: circlecitest.Bytes("HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\npartial"),
		},
	}
	for _, code := range []int{201, 204, 206, 304, 400, 401, 402, 403, 404, 405, 406, 409, 410, 418, 422, 451, 499, 501, 505, 599} {
		tests[strconv.Itoa(code)] = row{
			status: code, kind: circleci.BodyEmpty, response: circlecitest.WithHeader(circlecitest.Raw(code, "text/plain", ""), "Retry-After", "1"),
		}
	}
	for code, message := range map[int]string{
		400: "bad filter", 401: "Invalid token provided.", 403: "Permission denied", 404: "resource class not found", 500: "oops",
	} {
		tests[message] = row{status: code, message: message, response: circlecitest.Error(code, message)}
	}
	instead := map[circleci.BodyKind]string{
		circleci.BodyHTML: " with an HTML page instead of JSON", circleci.BodyText: " with plain text instead of JSON",
	}
	for name, test := range tests {
		for _, c := range calls {
			runInBubble(t, c.name+"/"+name, test.response, nil, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
				got, err := c.do(t.Context(), client)
				equal(t, "result", got, c.nothing)
				e := errorOf[*circleci.StatusError](t, err)
				equal(t, "request", e.Request, c.requestTo(server))
				equal(t, "status, kind of body and message", []any{e.StatusCode, e.Body, e.Message}, []any{test.status, test.kind, test.message})
				want := strings.TrimSpace(fmt.Sprintf("%d %s", test.status, http.StatusText(test.status))) + instead[test.kind]
				if test.message != "" {
					want += fmt.Sprintf(": %q", test.message)
				}
				equal(t, "text", e.Error(), c.requestTo(server)+" returned "+want)
				isTransient := slices.Contains([]int{429, 500, 502, 503}, test.status)
				equal(t, "is a RetryError", errors.As(err, new(*circleci.RetryError)), isTransient)
				equal(t, "is the only request", len(server.Requests()) == 1, !isTransient)
			})
		}
	}
}

// What is not HTTP is taken for a connection that failed, and retried.
func TestMalformedHTTPResponse(t *testing.T) {
	for reason, response := range map[string]http.Handler{
		`missing ']' in host`:                           circlecitest.Redirect("http://[::1/"),
		`malformed HTTP response "SSH-2.0-OpenSSH_9.9"`: circlecitest.Bytes("SSH-2.0-OpenSSH_9.9\r\n"),
		`bad Content-Length "x"`:                        circlecitest.Bytes("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
		"invalid byte in chunk length":                  circlecitest.Bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"),
	} {
		for _, c := range calls {
			inBubble(t, response, nil, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
				got, err := c.do(t.Context(), client)
				equal(t, "result", got, c.nothing)
				assertSuffix(t, errorOf[*circleci.RequestError](t, err).Reason, reason)
				equal(t, "number of requests", len(server.Requests()), 1+circleci.DefaultMaxRetries)
			})
		}
	}
}

// A server's message is printed on a terminal, so it must not contain control sequences.
func TestSanitizedMessage(t *testing.T) {
	for name, test := range map[string]struct{ body, want string }{
		"escape sequences":                 {body: "\x1b[1;31mred\x1b[0m", want: "[1;31mred[0m"},
		"eight-bit escape":                 {body: "\u009b31mred\u009c", want: "31mred"},
		"bidirectional overrides":          {body: "a\u202eb\u202c\u2066c\u2069", want: "abc"},
		"invisible characters":             {body: "a\u200bb\ufeffc\u00add", want: "abcd"},
		"bell, backspace, zero":            {body: "a\x07\x08\x00b\x7f", want: "ab"},
		"line breaks":                      {body: "a\r\n\r\n b\u2028c\u0085d\ve", want: "a b c d e"},
		"invalid UTF-8":                    {body: "a\xffb\xc3", want: "ab"},
		"other scripts and emoji are kept": {body: "Größe 日本語 😀", want: "Größe 日本語 😀"},
		"quotes are kept":                  {body: `say "no" \ 'no'`, want: `say "no" \ 'no'`},
		"at the limit":                     {body: strings.Repeat("é", 300), want: strings.Repeat("é", 300)},
		"beyond the limit":                 {body: strings.Repeat("é", 301), want: strings.Repeat("é", 300) + "…"},
		"600 kB":                           {body: strings.Repeat("日本", 100_000), want: strings.Repeat("日本", 150) + "…"},
	} {
		responses := map[string]http.Handler{
			"text": circlecitest.Raw(500, "text/plain", test.body), "HTML": circlecitest.Raw(500, "text/html", "<title>"+test.body+"</title>"),
			"JSON": circlecitest.Error(500, test.body),
		}
		if len(test.body) >= 64<<10 {
			delete(responses, "HTML")
		}
		if !utf8.ValidString(test.body) {
			delete(responses, "JSON")
		}
		for kind, response := range responses {
			_, client := respond(t, response)
			_, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
			if got := errorOf[*circleci.StatusError](t, err).Message; got != test.want {
				t.Errorf("%s, %s: got %.400q for %.400q, want %.400q", name, kind, got, test.body, test.want)
			}
		}
	}
}
