package soak_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// consequence is what a read may make of a response.
type consequence string

const (
	right     consequence = "right"             // It is correct, though it may be unusual.
	wrong     consequence = "wrong"             // It ends the read with an error.
	transient consequence = "a transient error" // The request is retried, unless there is no more time or attempt.
)

// fault is one way to misbehave.
type fault struct {
	name        string
	consequence consequence
	response    func(r *http.Request) http.Handler
}

// allFaults is the table of all faults.
func (s *service) allFaults() []fault {
	always := func(response http.Handler) func(*http.Request) http.Handler {
		return func(*http.Request) http.Handler { return response }
	}
	status := func(code int) func(*http.Request) http.Handler { return always(circlecitest.Error(code, "no")) }
	after := func(code int, wait string) func(*http.Request) http.Handler {
		return always(circlecitest.WithHeader(circlecitest.Error(code, "later"), "Retry-After", wait))
	}
	// made makes a response from the body of the right one, edited a JSON body with status 200.
	made := func(from func(body string) http.Handler) func(*http.Request) http.Handler {
		return func(r *http.Request) http.Handler { return from(s.usual(r)) }
	}
	edited := func(edit func(body string) string) func(*http.Request) http.Handler {
		return made(func(body string) http.Handler { return circlecitest.JSON(edit(body)) })
	}
	// malformed edits a list by its beginning, and a count by its value.
	malformed := func(item, count string) func(*http.Request) http.Handler {
		return edited(func(body string) string {
			return strings.NewReplacer("[{", "["+item+",{", "[]", "["+item+"]", `count":`, `count":`+count).Replace(body)
		})
	}
	compressed := func(edit func(body []byte) http.Handler) func(*http.Request) http.Handler {
		return made(func(body string) http.Handler {
			return circlecitest.WithHeader(edit(compress(body)), "Content-Encoding", "gzip")
		})
	}
	// either replaces a list or a count.
	either := func(list, count string) func(string) string {
		return func(body string) string {
			if strings.Contains(body, `"items":`) {
				return list
			}
			return count
		}
	}
	const page, stray = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>", `{"resource_class":"other/linux","name":"stray"}`

	return []fault{
		{name: "status 400", consequence: wrong, response: status(400)},
		{name: "status 401", consequence: wrong, response: status(401)},
		{name: "status 403", consequence: wrong, response: status(403)},
		{name: "status 404", consequence: wrong, response: status(404)},
		{name: "status 206 with the right body", consequence: wrong, response: made(func(body string) http.Handler { return circlecitest.Raw(206, "application/json", body) })},
		{name: "status 204", consequence: wrong, response: always(circlecitest.Raw(204, "application/json", ""))},
		{name: "status 429", consequence: transient, response: status(429)},
		{name: "status 429 with Retry-After", consequence: transient, response: after(429, "1")},
		{name: "status 500", consequence: transient, response: status(500)},
		{name: "status 502 with a page", consequence: transient, response: always(circlecitest.Raw(502, "text/html", page))},
		{name: "status 503", consequence: transient, response: always(circlecitest.Raw(503, "text/plain", "no upstream"))},
		{name: "status 503 with the right body", consequence: transient, response: made(func(body string) http.Handler { return circlecitest.Raw(503, "application/json", body) })},
		{name: "status 503 with Retry-After", consequence: transient, response: after(503, "2")},
		{name: "status 503 with Retry-After as a date", consequence: transient, response: func(r *http.Request) http.Handler {
			return after(503, time.Now().Add(3*time.Second).UTC().Format(http.TimeFormat))(r)
		}},
		{name: "status 503 with Retry-After beyond the read", consequence: wrong, response: after(503, "3600")},
		{name: "status 504", consequence: transient, response: status(504)},

		{name: "page with status 200", consequence: wrong, response: always(circlecitest.Raw(200, "text/html", page))},
		{name: "text with status 200", consequence: wrong, response: always(circlecitest.Raw(200, "text/plain", "OK"))},
		{name: "empty body with status 200", consequence: wrong, response: always(circlecitest.JSON(""))},
		{name: "half of the JSON", consequence: wrong, response: edited(func(body string) string { return body[:len(body)/2] })},
		{name: "JSON without its last brace", consequence: wrong, response: edited(func(body string) string { return body[:len(body)-1] })},
		{name: "JSON twice", consequence: wrong, response: edited(func(body string) string { return body + body })},
		{name: "trailing data", consequence: wrong, response: edited(func(body string) string { return body + "\x00" })},
		{name: "member twice", consequence: wrong, response: edited(func(body string) string { return body[:len(body)-1] + "," + body[1:] })},
		{name: "other case", consequence: wrong, response: edited(func(body string) string { return strings.ToUpper(body[:4]) + body[4:] })},
		{name: "null", consequence: wrong, response: edited(func(body string) string { return body[:strings.Index(body, ":")] + ":null}" })},
		{name: "invalid UTF-8", consequence: wrong, response: edited(func(body string) string { return "{\"other\":\"\xff\"," + body[1:] })},
		{name: "lone surrogate", consequence: wrong, response: edited(func(body string) string { return `{"other":"\ud800",` + body[1:] })},
		{name: "number for a runner, or with an exponent", consequence: wrong, response: malformed("1", "1e")},
		{name: "number for a runner, or too large", consequence: wrong, response: malformed("1", strings.Repeat("9", 100))},
		{name: "other object", consequence: wrong, response: always(circlecitest.JSON(`{"message":"OK"}`))},
		{name: "runner outside of the filter, or a string for a count", consequence: wrong, response: malformed(stray, `"1","x":`)},
		{name: "unfiltered list, or a negative count", consequence: wrong, response: edited(either(`{"items":[`+stray+`]}`, `{"unclaimed_task_count":-1}`))},
		{name: "page of several, or a fraction of a count", consequence: wrong, response: edited(either(`{"items":[],"next_page_token":"2"}`, `{"unclaimed_task_count":1.0}`))},
		{name: "too long by its header", consequence: wrong, response: always(circlecitest.Bytes("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{"))},
		{name: "no HTTP", consequence: wrong, response: always(circlecitest.Bytes("220 mail.example.com ESMTP\r\n"))},
		{name: "redirect to another origin", consequence: wrong, response: always(circlecitest.Redirect("https://login.example.com/"))},
		{name: "endless redirect", consequence: wrong, response: redirected("again")},

		{name: "closed before the response", consequence: transient, response: always(circlecitest.AbortConnection())},
		{name: "reset", consequence: transient, response: always(circlecitest.Reset(""))},
		{name: "truncated header", consequence: transient, response: always(circlecitest.Bytes("HTTP/1.1 200 OK\r\nContent-Le"))},
		{name: "truncated body", consequence: transient, response: made(func(body string) http.Handler { return circlecitest.TruncatedBody(body[:len(body)/2]) })},
		{name: "closed after the right body", consequence: transient, response: made(circlecitest.TruncatedBody)},
		// What arrives is valid by itself; only its length shows that it is not all.
		{name: "truncated after a valid part", consequence: transient, response: made(func(body string) http.Handler {
			return circlecitest.TruncatedBody(either(`{"items":[]}`, `{"unclaimed_task_count":0}`)(body))
		})},
		{name: "truncated chunks", consequence: transient, response: made(func(body string) http.Handler { return circlecitest.TruncatedChunks(body[:len(body)/2]) })},
		{name: "no last chunk", consequence: transient, response: made(circlecitest.TruncatedChunks)},
		{name: "reset in the body", consequence: transient, response: made(func(body string) http.Handler {
			return circlecitest.Reset(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body)+1, body))
		})},
		{name: "compressed and truncated", consequence: transient, response: compressed(func(body []byte) http.Handler { return circlecitest.TruncatedBody(string(body[:len(body)-4])) })},
		{name: "compressed and corrupt", consequence: wrong, response: compressed(func(body []byte) http.Handler {
			body[len(body)-5] ^= 1
			return circlecitest.JSON(string(body))
		})},
		{name: "no response", consequence: transient, response: always(circlecitest.Hang())},
		{name: "slower than the timeout", consequence: transient, response: made(func(body string) http.Handler { return circlecitest.SlowBody(timeout/time.Duration(len(body)-1), body) })},

		{name: "slow", consequence: right, response: made(func(body string) http.Handler {
			return circlecitest.Delay(20*time.Millisecond, circlecitest.JSON(body))
		})},
		{name: "compressed", consequence: right, response: compressed(func(body []byte) http.Handler { return circlecitest.JSON(string(body)) })},
		{name: "chunked", consequence: right, response: made(func(body string) http.Handler { return circlecitest.SlowBody(time.Microsecond, body) })},
		{name: "with other members and white space", consequence: right, response: edited(func(body string) string {
			return "\r\n {\"other\":{\"items\":null,\"unclaimed_task_count\":-1},\"other\":1e999 ," + body[1:] + " "
		})},
		{name: "HTML by its header", consequence: right, response: made(func(body string) http.Handler { return circlecitest.Raw(200, "text/html", body) })},
		{name: "redirect to the same origin", consequence: right, response: redirected("once")},
		{name: "last on its connection", consequence: right, response: made(func(body string) http.Handler {
			return circlecitest.WithHeader(circlecitest.JSON(body), "Connection", "close")
		})},
	}
}

// usual returns the body of the right response.
func (s *service) usual(r *http.Request) string {
	w := httptest.NewRecorder()
	s.honest.Config.Handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		panic(fmt.Sprintf("%s: %d %s", r.URL, w.Code, w.Body))
	}
	return w.Body.String()
}

// redirected leads to the same URL with a mark, which says what is returned there.
func redirected(mark string) func(*http.Request) http.Handler {
	return func(r *http.Request) http.Handler {
		query := r.URL.Query()
		query.Set("redirected", mark)
		return circlecitest.Redirect(r.URL.Path + "?" + query.Encode())
	}
}

func compress(body string) []byte {
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	_, err := io.WriteString(w, body)
	if err := errors.Join(err, w.Close()); err != nil {
		panic(err)
	}
	return buffer.Bytes()
}
