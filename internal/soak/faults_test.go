package soak_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// consequence is what a read may make of an answer.
type consequence int

const (
	// right is an answer that says what is, though it may say it in an unusual way.
	right consequence = iota + 1
	// wrong is an answer that ends the read with an error.
	wrong
	// passing is an answer behind which the read asks again, unless it has no more time or attempts.
	passing
)

func (c consequence) String() string {
	return map[consequence]string{right: "right", wrong: "wrong", passing: "a fault that passes"}[c]
}

// fault is one way to misbehave.
type fault struct {
	name        string
	consequence consequence
	answer      func(r *http.Request) http.Handler
}

// allFaults returns every way to misbehave.
func (s *service) allFaults() []fault {
	always := func(answer http.Handler) func(*http.Request) http.Handler {
		return func(*http.Request) http.Handler { return answer }
	}
	// made makes an answer from the body of the right one.
	made := func(from func(body string) http.Handler) func(*http.Request) http.Handler {
		return func(r *http.Request) http.Handler { return from(s.usual(r)) }
	}
	// edited answers with a body that was made from the right one.
	edited := func(edit func(body string) string) func(*http.Request) http.Handler {
		return made(func(body string) http.Handler { return circlecitest.JSON(edit(body)) })
	}
	after := func(status int, wait string) http.Handler {
		return circlecitest.WithHeader(circlecitest.Error(status, "later"), "Retry-After", wait)
	}
	const page = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>"

	faults := []fault{
		{"status 400", wrong, always(circlecitest.Error(400, "no"))},
		{"status 401", wrong, always(circlecitest.Error(401, "no"))},
		{"status 403", wrong, always(circlecitest.Error(403, "no"))},
		{"status 404", wrong, always(circlecitest.Error(404, "no"))},
		{"status 206 with the right body", wrong, made(func(body string) http.Handler {
			return circlecitest.Raw(206, "application/json", body)
		})},
		{"status 204", wrong, always(circlecitest.Raw(204, "application/json", ""))},
		{"status 429", passing, always(circlecitest.Error(429, "slow down"))},
		{"status 429 with Retry-After", passing, always(after(429, "1"))},
		{"status 500", passing, always(circlecitest.Error(500, "oops"))},
		{"status 502 with a page", passing, always(circlecitest.Raw(502, "text/html", page))},
		{"status 503", passing, always(circlecitest.Raw(503, "text/plain", "no upstream"))},
		{"status 503 with the right body", passing, made(func(body string) http.Handler {
			return circlecitest.Raw(503, "application/json", body)
		})},
		{"status 503 with Retry-After", passing, always(after(503, "2"))},
		{"status 503 with Retry-After as a date", passing, func(*http.Request) http.Handler {
			return after(503, time.Now().Add(3*time.Second).UTC().Format(http.TimeFormat))
		}},
		{"status 503 with Retry-After beyond the read", wrong, always(after(503, "3600"))},
		{"status 504", passing, always(circlecitest.Error(504, "too slow"))},

		{"page with status 200", wrong, always(circlecitest.Raw(200, "text/html", page))},
		{"text with status 200", wrong, always(circlecitest.Raw(200, "text/plain", "OK"))},
		{"nothing with status 200", wrong, always(circlecitest.JSON(""))},
		{"JSON that ends early", wrong, edited(func(body string) string { return body[:len(body)/2] })},
		{"JSON without its last brace", wrong, edited(func(body string) string { return body[:len(body)-1] })},
		{"answer twice", wrong, edited(func(body string) string { return body + body })},
		{"garbage behind the answer", wrong, edited(func(body string) string { return body + "\x00" })},
		{"member twice", wrong, edited(func(body string) string { return body[:len(body)-1] + "," + body[1:] })},
		{"other case", wrong, edited(func(body string) string { return strings.ToUpper(body[:4]) + body[4:] })},
		{"null", wrong, edited(func(body string) string { return body[:strings.Index(body, ":")] + ":null}" })},
		{"invalid UTF-8", wrong, edited(func(body string) string { return "{\"other\":\"\xff\"," + body[1:] })},
		{"lone surrogate", wrong, edited(func(body string) string { return `{"other":"\ud800",` + body[1:] })},
		{"number of another form", wrong, edited(func(body string) string {
			// For a list, which has no number, a runner is a number.
			return strings.NewReplacer("[{", "[1,{", "[]", "[1]", "count\":", "count\":1e").Replace(body)
		})},
		{"number that is too large", wrong, edited(func(body string) string {
			return strings.NewReplacer("[{", "[1,{", "[]", "[1]", "count\":", "count\":"+strings.Repeat("9", 100)).Replace(body)
		})},
		{"other object", wrong, always(circlecitest.JSON(`{"message":"OK"}`))},
		{"runner outside of the filter, or a text for a count", wrong, edited(func(body string) string {
			const stray = `{"resource_class":"other/linux","name":"stray"}`
			return strings.NewReplacer("[{", "["+stray+",{", "[]", "["+stray+"]", "count\":", "count\":\"1\",\"x\":").Replace(body)
		})},
		{"unfiltered list, or a negative count", wrong, func(r *http.Request) http.Handler {
			if strings.HasSuffix(r.URL.Path, "/tasks") {
				return circlecitest.JSON(`{"unclaimed_task_count":-1}`)
			}
			other := r.Clone(r.Context())
			other.URL.RawQuery = url.Values{"namespace": {namespaceOf(readers)}}.Encode()
			return circlecitest.JSON(strings.Replace(s.usual(other), "[]", `[{"resource_class":"other/linux","name":"stray"}]`, 1))
		}},
		{"page of several, or a fraction of a count", wrong, func(r *http.Request) http.Handler {
			if strings.HasSuffix(r.URL.Path, "/tasks") {
				return circlecitest.JSON(`{"unclaimed_task_count":1.0}`)
			}
			return circlecitest.JSON(`{"items":[],"next_page_token":"2"}`)
		}},
		{"too long by its header", wrong, always(sent("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{"))},
		{"no HTTP", wrong, always(sent("220 mail.example.com ESMTP\r\n"))},
		{"redirect to another origin", wrong, always(circlecitest.Redirect("https://login.example.com/"))},
		{"redirect without end", wrong, redirected("again")},

		{"cut before the answer", passing, always(circlecitest.AbortConnection())},
		{"reset", passing, always(circlecitest.Reset(""))},
		{"cut in the header", passing, always(sent("HTTP/1.1 200 OK\r\nContent-Le"))},
		{"cut in the body", passing, made(func(body string) http.Handler { return circlecitest.TruncatedBody(body[:len(body)/2]) })},
		{"cut behind the right body", passing, made(circlecitest.TruncatedBody)},
		{"cut behind a part that is valid", passing, made(func(body string) http.Handler {
			// What arrives is an answer by itself; only its length tells that it is not all of it.
			part := `{"unclaimed_task_count":0}`
			if strings.Contains(body, "items") {
				part = `{"items":[]}`
			}
			return circlecitest.TruncatedBody(part)
		})},
		{"cut in the chunks", passing, made(func(body string) http.Handler { return circlecitest.TruncatedChunks(body[:len(body)/2]) })},
		{"cut before the last chunk", passing, made(circlecitest.TruncatedChunks)},
		{"reset in the body", passing, made(func(body string) http.Handler {
			return circlecitest.Reset(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body)+1, body))
		})},
		{"packed and cut", passing, made(func(body string) http.Handler {
			p := packed(body)
			return circlecitest.WithHeader(circlecitest.TruncatedBody(p[:len(p)-4]), "Content-Encoding", "gzip")
		})},
		{"packed and spoilt", wrong, made(func(body string) http.Handler {
			p := []byte(packed(body))
			p[len(p)-5] ^= 1
			return circlecitest.WithHeader(circlecitest.JSON(string(p)), "Content-Encoding", "gzip")
		})},
		{"no answer", passing, always(circlecitest.Hang())},
		{"slower than the timeout", passing, made(func(body string) http.Handler {
			return circlecitest.SlowBody(timeout/time.Duration(len(body)-1), body)
		})},

		{"slow", right, made(func(body string) http.Handler {
			return circlecitest.Delay(20*time.Millisecond, circlecitest.JSON(body))
		})},
		{"packed", right, made(func(body string) http.Handler {
			return circlecitest.WithHeader(circlecitest.JSON(packed(body)), "Content-Encoding", "gzip")
		})},
		{"chunked", right, made(chunked)},
		{"with other members and white space", right, edited(func(body string) string {
			return "\r\n {\"other\":{\"items\":null,\"unclaimed_task_count\":-1},\"other\":1e999 ," + body[1:] + " "
		})},
		{"as a page by its header", right, made(func(body string) http.Handler { return circlecitest.Raw(200, "text/html", body) })},
		{"redirect to the same origin", right, redirected("once")},
		{"last on its connection", right, made(func(body string) http.Handler {
			return circlecitest.WithHeader(circlecitest.JSON(body), "Connection", "close")
		})},
	}
	return faults
}

// usual returns the body of the right answer.
func (s *service) usual(r *http.Request) string {
	w := httptest.NewRecorder()
	s.honest.Config.Handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		panic(fmt.Sprintf("%s: %d %s", r.URL, w.Code, w.Body))
	}
	return w.Body.String()
}

// redirected leads to the same question with a mark, which says how it is answered.
func redirected(mark string) func(*http.Request) http.Handler {
	return func(r *http.Request) http.Handler {
		query := r.URL.Query()
		query.Set("redirected", mark)
		return circlecitest.Redirect(r.URL.Path + "?" + query.Encode())
	}
}

// sent sends these bytes instead of an HTTP answer and closes the connection.
func sent(text string) http.Handler {
	return hijack(func(connection net.Conn) { _, _ = io.WriteString(connection, text) })
}

func hijack(do func(net.Conn)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		do(connection)
		_ = connection.Close()
	})
}

// chunked sends a body in small chunks.
func chunked(body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for len(body) > 0 {
			n := min(len(body), 100)
			_, _ = io.WriteString(w, body[:n])
			_ = http.NewResponseController(w).Flush()
			body = body[n:]
		}
	})
}

func packed(body string) string {
	var buffer bytes.Buffer
	packer := gzip.NewWriter(&buffer)
	_, err := io.WriteString(packer, body)
	if err == nil {
		err = packer.Close()
	}
	if err != nil {
		panic(err)
	}
	return buffer.String()
}
