package soak_test

import (
	"fmt"
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
	response    http.Handler // nil is as usual
}

func (c consequence) fault(name string, response http.Handler) fault { return fault{name, c, response} }

// faults are the ways to misbehave. Some are made from the right response of the server.
func faults(server *circlecitest.Server) []fault {
	rightBody := func(status int, contentType string) http.Handler {
		return server.Edit(func(body string) http.Handler { return circlecitest.Raw(status, contentType, body) })
	}
	edited := func(edit func(body string) string) http.Handler {
		return server.Edit(func(body string) http.Handler { return circlecitest.JSON(edit(body)) })
	}
	withMember := func(member string) http.Handler {
		return edited(func(body string) string { return "{" + member + "," + body[1:] })
	}
	// malformed edits a list by its beginning, and a count by its value.
	malformed := func(item, count string) http.Handler {
		return edited(strings.NewReplacer("[{", "["+item+",{", "[]", "["+item+"]", `count":`, `count":`+count).Replace)
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
	compressed := func(edit func(body []byte) http.Handler) http.Handler {
		return server.Edit(func(body string) http.Handler {
			w := httptest.NewRecorder()
			circlecitest.GzipBody(body, 0).ServeHTTP(w, nil)
			return circlecitest.WithHeader(edit(w.Body.Bytes()), "Content-Encoding", "gzip")
		})
	}
	retryAfter := func(status int, value string) http.Handler {
		return circlecitest.WithHeader(circlecitest.Error(status, "later"), "Retry-After", value)
	}
	// redirected leads to the same URL with a mark, which says what is returned there.
	redirected := func(mark string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			circlecitest.Redirect(r.URL.String()+"&redirected="+mark).ServeHTTP(w, r)
		})
	}
	const (
		page          = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>"
		stray         = `{"resource_class":"other/linux","name":"stray"}`
		pageOfSeveral = `{"items":[],"next_page_token":"2"}`
	)
	return []fault{
		wrong.fault("status 400", circlecitest.Error(400, "no")),
		wrong.fault("status 401", circlecitest.Error(401, "no")),
		wrong.fault("status 403", circlecitest.Error(403, "no")),
		wrong.fault("status 404", circlecitest.Error(404, "no")),
		wrong.fault("status 206 with the right body", rightBody(206, "application/json")),
		wrong.fault("status 204", circlecitest.Raw(204, "application/json", "")),
		wrong.fault("status 503 with Retry-After beyond the read", retryAfter(503, "3600")),
		wrong.fault("page with status 200", circlecitest.Raw(200, "text/html", page)),
		wrong.fault("text with status 200", circlecitest.Raw(200, "text/plain", "OK")),
		wrong.fault("empty body with status 200", circlecitest.JSON("")),
		wrong.fault("half of the JSON", edited(func(body string) string { return body[:len(body)/2] })),
		wrong.fault("JSON without its last brace", edited(func(body string) string { return body[:len(body)-1] })),
		wrong.fault("JSON twice", edited(func(body string) string { return body + body })),
		wrong.fault("trailing data", edited(func(body string) string { return body + "\x00" })),
		wrong.fault("member twice", edited(func(body string) string { return body[:len(body)-1] + "," + body[1:] })),
		wrong.fault("other case", edited(func(body string) string { return strings.ToUpper(body[:4]) + body[4:] })),
		wrong.fault("null", edited(func(body string) string { return body[:strings.Index(body, ":")] + ":null}" })),
		wrong.fault("invalid UTF-8", withMember("\"other\":\"\xff\"")),
		wrong.fault("lone surrogate", withMember(`"other":"\ud800"`)),
		wrong.fault("other object", circlecitest.JSON(`{"message":"OK"}`)),
		wrong.fault("number for a runner, or with an exponent", malformed("1", "1e")),
		wrong.fault("number for a runner, or too large", malformed("1", strings.Repeat("9", 100))),
		wrong.fault("runner outside of the filter, or a string for a count", malformed(stray, `"1","x":`)),
		wrong.fault("unfiltered list, or a negative count",
			edited(either(`{"items":[`+stray+`]}`, `{"unclaimed_task_count":-1}`))),
		wrong.fault("page of several, or a fraction of a count",
			edited(either(pageOfSeveral, `{"unclaimed_task_count":1.0}`))),
		wrong.fault("no HTTP", circlecitest.Bytes("220 mail.example.com ESMTP\r\n")),
		wrong.fault("redirect to another origin", circlecitest.Redirect("https://login.example.com/")),
		wrong.fault("endless redirect", redirected("again")),
		wrong.fault("compressed and corrupt", compressed(func(body []byte) http.Handler {
			body[len(body)-5] ^= 1
			return circlecitest.JSON(string(body))
		})),

		transient.fault("status 429", circlecitest.Error(429, "no")),
		transient.fault("status 429 with Retry-After", retryAfter(429, "1")),
		transient.fault("status 500", circlecitest.Error(500, "no")),
		transient.fault("status 502 with a page", circlecitest.Raw(502, "text/html", page)),
		transient.fault("status 503", circlecitest.Raw(503, "text/plain", "no upstream")),
		transient.fault("status 503 with the right body", rightBody(503, "application/json")),
		transient.fault("status 503 with Retry-After", retryAfter(503, "2")),
		transient.fault("status 503 with Retry-After as a date", server.Edit(func(string) http.Handler {
			return retryAfter(503, time.Now().Add(3*time.Second).UTC().Format(http.TimeFormat))
		})),
		transient.fault("status 504", circlecitest.Error(504, "no")),
		transient.fault("closed before the response", circlecitest.AbortConnection()),
		transient.fault("reset", circlecitest.Reset("")),
		transient.fault("truncated header", circlecitest.Bytes("HTTP/1.1 200 OK\r\nContent-Le")),
		transient.fault("truncated body", server.Edit(func(body string) http.Handler {
			return circlecitest.TruncatedBody(body[:len(body)/2])
		})),
		transient.fault("closed after the right body", server.Edit(circlecitest.TruncatedBody)),
		// What arrives is valid by itself; only its length shows that it is not all.
		transient.fault("truncated after a valid part", server.Edit(func(body string) http.Handler {
			return circlecitest.TruncatedBody(either(`{"items":[]}`, `{"unclaimed_task_count":0}`)(body))
		})),
		transient.fault("truncated chunks", server.Edit(func(body string) http.Handler {
			return circlecitest.TruncatedChunks(body[:len(body)/2])
		})),
		transient.fault("no last chunk", server.Edit(circlecitest.TruncatedChunks)),
		transient.fault("reset in the body", server.Edit(func(body string) http.Handler {
			return circlecitest.Reset(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body)+1, body))
		})),
		transient.fault("compressed and truncated", compressed(func(body []byte) http.Handler {
			return circlecitest.TruncatedBody(string(body[:len(body)-4]))
		})),
		transient.fault("no response", circlecitest.Hang()),
		transient.fault("slower than the timeout", server.Edit(func(body string) http.Handler {
			return circlecitest.SlowBody(timeout/time.Duration(len(body)-1), body)
		})),

		right.fault("slow", circlecitest.Delay(20*time.Millisecond, rightBody(200, "application/json"))),
		right.fault("compressed", server.Edit(func(body string) http.Handler { return circlecitest.GzipBody(body, 0) })),
		right.fault("chunked", server.Edit(func(body string) http.Handler {
			return circlecitest.SlowBody(time.Microsecond, body)
		})),
		right.fault("with other members and white space", edited(func(body string) string {
			return "\r\n {\"other\":{\"items\":null,\"unclaimed_task_count\":-1},\"another\":1e999 ," + body[1:] + " "
		})),
		right.fault("HTML by its header", rightBody(200, "text/html")),
		right.fault("redirect to the same origin", redirected("once")),
		right.fault("last on its connection",
			circlecitest.WithHeader(rightBody(200, "application/json"), "Connection", "close")),
	}
}
