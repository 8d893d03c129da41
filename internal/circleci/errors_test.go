package circleci_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// once ends the text of an error about a fault that passes, to a client that tries once.
const once = " (tried once in 0s)"

// expectTriedOnce asserts that an error which says so is a RetryError of one attempt, and that no other is.
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
	equal(t, "wait", e.RetryAfter, time.Duration(0))
}

// withoutElapsed returns an error's text as if no time had passed.
func withoutElapsed(err error) string {
	return regexp.MustCompile(` in [0-9.µnm]+s\)`).ReplaceAllString(err.Error(), " in 0s)")
}

// expectRequestError expects a RequestError. Tried is once when it is of a kind that passes, else "".
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

// passingStatuses are those that pass by themselves.
var passingStatuses = []int{408, 425, 429, 500, 502, 503, 504, 520, 522, 524}

func TestStatusError(t *testing.T) {
	t.Parallel()
	const (
		html = " with an HTML page instead of JSON"
		text = " with plain text instead of JSON"
	)
	raw := circlecitest.Raw
	tests := []struct {
		name    string
		answer  http.Handler
		status  int
		kind    circleci.BodyKind
		message string
		// text is what the error says after "answered".
		text string
	}{
		{
			"400", circlecitest.Error(400, "exactly one of resource-class and namespace must be given"), 400, circleci.BodyJSON,
			"exactly one of resource-class and namespace must be given",
			`400 Bad Request: "exactly one of resource-class and namespace must be given"`,
		},
		{
			"401", circlecitest.Error(401, "Invalid token provided."), 401, circleci.BodyJSON,
			"Invalid token provided.", `401 Unauthorized: "Invalid token provided."`,
		},
		{
			"403", circlecitest.Error(403, "Permission denied"), 403, circleci.BodyJSON,
			"Permission denied", `403 Forbidden: "Permission denied"`,
		},
		{
			"404", circlecitest.Error(404, "resource class not found"), 404, circleci.BodyJSON,
			"resource class not found", `404 Not Found: "resource class not found"`,
		},
		{
			"429", circlecitest.WithHeader(circlecitest.Error(429, "slow down"), "Retry-After", "1"), 429, circleci.BodyJSON,
			"slow down", `429 Too Many Requests: "slow down"`,
		},
		{
			"500", circlecitest.Error(500, "oops"), 500, circleci.BodyJSON,
			"oops", `500 Internal Server Error: "oops"`,
		},
		{
			"502 with a page",
			raw(502, "text/html", "\n<html><head><title>502 Bad\n Gateway</title></head><body>nginx</body></html>"),
			502, circleci.BodyHTML, "502 Bad Gateway", "502 Bad Gateway" + html + `: "502 Bad Gateway"`,
		},
		{
			"502 with a page without a title", raw(502, "text/html", "<html><body>nginx</body></html>"),
			502, circleci.BodyHTML, "", "502 Bad Gateway" + html,
		},
		{
			"502 with a page with a late title", raw(502, "text/html", "<html>"+strings.Repeat("<title", 12_000)+"<title>late</title>"),
			502, circleci.BodyHTML, "", "502 Bad Gateway" + html,
		},
		{
			"503 with text", raw(503, "text/plain", "no healthy\r\n\tupstream\n"), 503, circleci.BodyText,
			"no healthy upstream", "503 Service Unavailable" + text + `: "no healthy upstream"`,
		},
		{"503 with nothing", raw(503, "text/plain", ""), 503, circleci.BodyEmpty, "", "503 Service Unavailable"},
		{"a status without a name", raw(599, "text/plain", " \n"), 599, circleci.BodyEmpty, "", "599"},

		// What looks like an answer is none with any other status than 200.
		{
			"201", raw(201, "application/json", `{"items":[]}`), 201, circleci.BodyJSON,
			`{"items":[]}`, `201 Created: "{\"items\":[]}"`,
		},
		{"204", raw(204, "application/json", ""), 204, circleci.BodyEmpty, "", "204 No Content"},
		{
			"206", raw(206, "application/json", `{"unclaimed_task_count":42}`), 206, circleci.BodyJSON,
			`{"unclaimed_task_count":42}`, `206 Partial Content: "{\"unclaimed_task_count\":42}"`,
		},
		{"302 without a location", raw(302, "text/html", ""), 302, circleci.BodyEmpty, "", "302 Found"},
		{"304", raw(304, "application/json", ""), 304, circleci.BodyEmpty, "", "304 Not Modified"},

		{
			"JSON without a message", raw(500, "application/json", "{\n  \"errors\": \"oops\"\n}"), 500, circleci.BodyJSON,
			`{ "errors": "oops" }`, `500 Internal Server Error: "{ \"errors\": \"oops\" }"`,
		},
		{
			"an error as a text, behind a byte order mark", raw(500, "application/json", "\ufeff"+`{"error":"oops","message":""}`), 500,
			circleci.BodyJSON, "oops", `500 Internal Server Error: "oops"`,
		},
		{
			"an error with title and detail",
			raw(500, "application/json", `{"error":{"id":"7","type":"t","title":"Oops","detail":"It broke.","source":{}}}`), 500, circleci.BodyJSON,
			"Oops: It broke.", `500 Internal Server Error: "Oops: It broke."`,
		},
		{
			"an error with a title", raw(500, "application/json", `{"error":{"title":"Oops","detail":null}}`), 500, circleci.BodyJSON,
			"Oops", `500 Internal Server Error: "Oops"`,
		},
		{
			"an error without either", raw(500, "application/json", `{"error":{"id":7}}`), 500, circleci.BodyJSON,
			`{"error":{"id":7}}`, `500 Internal Server Error: "{\"error\":{\"id\":7}}"`,
		},
		{
			"JSON with another message than text", raw(500, "application/json", `{"message":{"id":7}}`), 500, circleci.BodyJSON,
			`{"message":{"id":7}}`, `500 Internal Server Error: "{\"message\":{\"id\":7}}"`,
		},
		{
			"JSON that is broken", raw(500, "application/json", `{"message":"oops`), 500, circleci.BodyJSON,
			`{"message":"oops`, `500 Internal Server Error: "{\"message\":\"oops"`,
		},
		{
			"JSON that calls itself HTML", raw(404, "text/html", `{"message":"oops"}`), 404, circleci.BodyJSON,
			"oops", `404 Not Found: "oops"`,
		},
		{
			"a body that is cut", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				w.WriteHeader(http.StatusInternalServerError)
				_, _ = io.WriteString(w, "as far as it came")
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}), 500, circleci.BodyText,
			"as far as it came", "500 Internal Server Error" + text + `: "as far as it came"`,
		},
	}
	for _, c := range calls {
		for _, test := range tests {
			t.Run(c.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				server := startServer(t)
				server.SetHandler(test.answer)
				got, err := c.do(t.Context(), newClient(t, server))

				equal(t, "what came with the error", got, c.nothing)
				e := errorOf[*circleci.StatusError](t, err)
				equal(t, "request", e.Request, c.requestTo(server))
				equal(t, "status", e.StatusCode, test.status)
				equal(t, "kind of body", e.Body, test.kind)
				equal(t, "message", e.Message, test.message)
				tried := ""
				if slices.Contains(passingStatuses, test.status) {
					tried = once
				}
				equal(t, "error", withoutElapsed(err), c.requestTo(server)+" answered "+test.text+tried)
				expectTriedOnce(t, err, tried)
				equal(t, "number of requests", len(server.Requests()), 1)
			})
		}
	}
}

// What a server says ends up on a terminal, so nothing in it may command one.
func TestMessageIsFitForATerminal(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"colours", "\x1b[1;31mred\x1b[0m", "red"},
		{"cursor movement", "a\x1b[2J\x1b[10;20Hb\x1b[?25l", "ab"},
		{"window title", "\x1b]0;owned\x07text", "text"},
		{"window title that ends otherwise", "\x1b]2;owned\x1b\\text", "text"},
		{"hyperlink", "\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"},
		{"other escape", "a\x1bcb", "ab"},
		{"escape at the end", "a\x1b", "a"},
		{"escape inside of an escape", "\x1b\x1b[31mred", "[31mred"},
		{"eight-bit escape", "\u009b31mred\u009c", "31mred"},
		{"bidirectional overrides", "a\u202eb\u202c\u2066c\u2069", "abc"},
		{"invisible characters", "a\u200bb\ufeffc\u00add", "abcd"},
		{"bell, backspace, zero", "a\x07\x08\x00b\x7f", "ab"},
		{"line breaks", "a\r\n\r\n b\u2028c\u0085d\ve", "a b c d e"},
		{"invalid UTF-8", "a\xffb\xc3", "ab"},
		{"other scripts and emoji stay", "Größe 日本語 😀", "Größe 日本語 😀"},
		{"quotes stay", `say "no" \ 'no'`, `say "no" \ 'no'`},
		{"at the limit", strings.Repeat("é", 300), strings.Repeat("é", 300)},
		{"beyond the limit", strings.Repeat("é", 301), strings.Repeat("é", 300) + "…"},
		{"600 kB", strings.Repeat("日本", 100_000), strings.Repeat("日本", 150) + "…"},
		{"only commands", "x\x1b[0m", "x"},
	}
	for _, test := range tests {
		quoted := strconv.QuoteToASCII(test.body)
		answers := map[string]http.Handler{
			"text": circlecitest.Raw(500, "text/plain", test.body),
		}
		if len(test.body) < 64<<10 {
			answers["HTML"] = circlecitest.Raw(500, "text/html", "<title>"+test.body+"</title>")
		}
		if !strings.Contains(test.name, "invalid UTF-8") {
			answers["JSON"] = circlecitest.Error(500, test.body)
		}
		for kind, answer := range answers {
			t.Run(kind+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				server := startServer(t)
				server.SetHandler(answer)
				_, err := newClient(t, server).UnclaimedTaskCount(t.Context(), "acme/linux")
				if got := errorOf[*circleci.StatusError](t, err).Message; got != test.want {
					t.Errorf("got %.400q for %.400s, want %.400q", got, quoted, test.want)
				}
			})
		}
	}
}

func TestRedirectToAnotherOriginIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			server, other := startServer(t), startServer(t)
			host := server.Listener.Addr().String()
			_, port, err := net.SplitHostPort(host)
			if err != nil {
				t.Fatal(err)
			}
			client := newClient(t, server)
			// The path holds a secret, as a link to a sign-in page may: only the origin is named.
			tests := []struct{ name, location, origin string }{
				{"other port", other.URL + "/secret?secret#secret", other.URL},
				{"other name of the same host", "http://localhost:" + port + "/secret", "http://localhost:" + port},
				{"other scheme", "https://" + host + "/secret", "https://" + host},
				{"without a scheme", "//login.example.com/secret", "http://login.example.com:80"},
				{"port of the scheme", "https://login.example.com/secret", "https://login.example.com:443"},
				{"user info", "https://jane:secret@login.example.com/", "https://login.example.com:443"},
				{"IPv6", "http://[::1]/secret", "http://[::1]:80"},
			}
			for _, test := range tests {
				for _, c := range calls {
					server.ResetRecords()
					server.Enqueue(http.RedirectHandler(test.location, status))
					got, err := c.do(t.Context(), client)
					equal(t, "what came with the error", got, c.nothing)
					equal(t, test.name, *errorOf[*circleci.RedirectError](t, err), circleci.RedirectError{
						Request: c.requestTo(server), Origin: test.origin,
					})
					equal(t, "error", withoutElapsed(err),
						c.requestTo(server)+" was redirected to "+test.origin+", which was not followed")
					equal(t, "number of requests", len(server.Requests()), 1)
				}
			}
			equal(t, "requests to the other server", other.Requests(), []circlecitest.Request(nil))
			equal(t, "connections to the other server", other.Connections(), 0)
		})
	}
}

// Names that differ only for some who read Unicode must not get the credential.
func TestRedirectHostIsNormalized(t *testing.T) {
	t.Parallel()
	tests := []struct {
		host, location, ascii string
		requests              int
	}{
		{"LocalHost", "LOCALHOST", "localhost", 2},
		{"ci.example.com", "CI.Example.COM", "ci.example.com", 2},
		{"b\u00fccher.example.com", "xn--bcher-kva.example.com", "xn--bcher-kva.example.com", 2},
		{"\u03c2.example.com", "%CF%82.example.com", "xn--3xa.example.com", 2},
		{"\u03c2.example.com", "\u03c3.example.com", "xn--3xa.example.com", 1},
		{"stra\u00dfe.example.com", "strasse.example.com", "xn--strae-oqa.example.com", 1},
	}
	authority := circlecitest.NewAuthority()
	for _, test := range tests {
		server, trusting := startTLSServer(t, authority)
		server.Enqueue(circlecitest.Redirect("https://"+test.location+"/a"), circlecitest.JSON(`{"unclaimed_task_count":42}`))
		var dialed []string
		_, err := newClient(t, server, trusting, func(config *circleci.Config) {
			config.APIURL = parseURL(t, "https://"+test.host)
			config.TLS.InsecureSkipVerify = true
			config.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) {
				dialed = append(dialed, address)
				return dialTo(server.Listener.Addr().String())(ctx)
			}
		}).UnclaimedTaskCount(t.Context(), "acme/linux")
		equal(t, test.location+": dialed", slices.Compact(dialed), []string{test.ascii + ":443"})
		equal(t, test.location+": requests", len(server.Requests()), test.requests)
		isRedirectError := errors.As(err, new(*circleci.RedirectError))
		equal(t, test.location+": is not followed", isRedirectError, test.requests == 1)
	}
}

func TestRedirectToAnotherOriginBehindOneToTheSame(t *testing.T) {
	t.Parallel()
	server, other := startServer(t), startServer(t)
	server.Enqueue(circlecitest.Redirect("/elsewhere"), circlecitest.Redirect(other.URL+"/api/v2/runner/tasks"))

	_, err := newClient(t, server).UnclaimedTaskCount(t.Context(), "acme/linux")
	equal(t, "origin", errorOf[*circleci.RedirectError](t, err).Origin, other.URL)
	equal(t, "number of requests", len(server.Requests()), 2)
	equal(t, "requests to the other server", other.Requests(), []circlecitest.Request(nil))
}

func TestRedirectToTheSameOriginIsFollowedWithTheCredential(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.SetTasks("acme/linux", 42, 0)
			server.Enqueue(http.RedirectHandler("/api/v3/runner/tasks?resource-class=acme%2Flinux", status))

			got, err := newClient(t, server).UnclaimedTaskCount(t.Context(), "acme/linux")
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "count", got, int64(42))
			requests := server.Requests()
			equal(t, "number of requests", len(requests), 2)
			equal(t, "method", requests[1].Method, "GET")
			equal(t, "path", requests[1].Path, "/api/v3/runner/tasks")
			equal(t, "query", requests[1].Query, url.Values{"resource-class": {"acme/linux"}})
			for _, header := range []string{"Circle-Token", "Accept", "User-Agent"} {
				equal(t, header, requests[1].Header[header], requests[0].Header[header])
			}
			equal(t, "Circle-Token", requests[1].Header["Circle-Token"], []string{circlecitest.PersonalToken})
		})
	}
}

func TestRedirectsWithoutEnd(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.SetTasks("acme/linux", 42, 0)
	client := newClient(t, server)
	again := circlecitest.Redirect("/api/v2/runner/tasks?resource-class=acme%2Flinux")

	for range 10 {
		server.Enqueue(again)
	}
	got, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
	equal(t, "error after ten redirects", errorText(err), "")
	equal(t, "count after ten redirects", got, int64(42))
	equal(t, "number of requests", len(server.Requests()), 11)

	server.ResetRecords()
	server.SetHandler(again)
	got, err = client.UnclaimedTaskCount(t.Context(), "acme/linux")
	equal(t, "count", got, int64(0))
	expectRequestError(t, err, calls[1].requestTo(server), "it was redirected more than 10 times", "", nil)
	equal(t, "number of requests", len(server.Requests()), 11)
}

func TestRequestTimeout(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer http.Handler
	}{
		{"no answer", circlecitest.Hang()},
		{"late answer", circlecitest.Delay(time.Hour, circlecitest.JSON(`{"unclaimed_task_count":42}`))},
		{"answer without an end", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// As JSON it is whole; only the connection says that more may come.
			_, _ = io.WriteString(w, `{"unclaimed_task_count":42}`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.SetHandler(test.answer)
			client := newClient(t, server, func(config *circleci.Config) { config.RequestTimeout = 50 * time.Millisecond })

			start := time.Now()
			got, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
			elapsed := time.Since(start)
			equal(t, "count", got, int64(0))
			expectRequestError(t, err, calls[1].requestTo(server), "timed out after 50ms waiting for a complete response", once, context.DeadlineExceeded)
			if elapsed < 50*time.Millisecond || elapsed > 10*time.Second {
				t.Errorf("ended after %s, want soon after 50ms", elapsed)
			}
			equal(t, "number of requests", len(server.Requests()), 1)
		})
	}
}

// noTime is the reason when a read ends because of a deadline, whatever it was doing.
const noTime = "timed out waiting for a complete response"

// The caller's own end of patience is not the server's fault, so it is told apart from a RequestError.
func TestContextCanceled(t *testing.T) {
	t.Parallel()
	for _, c := range calls {
		t.Run(c.name+"/cancelled", func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			ctx, cancel := context.WithCancel(t.Context())
			server.Intercept(func(*http.Request) http.Handler {
				cancel()
				return circlecitest.Hang()
			})
			_, err := c.do(ctx, newClient(t, server))
			expectGivenUp(t, err, c.requestTo(server), context.Canceled)
		})
		t.Run(c.name+"/cancelled before", func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			var attempts record
			client := newClient(t, server, attempts.keep)
			for range 20 { // Each time a place is free as well.
				_, err := c.do(ctx, client)
				expectGivenUp(t, err, c.requestTo(server), context.Canceled)
			}
			equal(t, "requests", server.Requests(), []circlecitest.Request(nil))
			equal(t, "number of attempts", len(attempts.all()), 0)
		})
		t.Run(c.name+"/deadline", func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.SetHandler(circlecitest.Hang())
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			_, err := c.do(ctx, newClient(t, server))
			// A deadline is a limit of the read as the client's own is, not a wish to stop.
			expectRequestError(t, err, c.requestTo(server), noTime, once, context.DeadlineExceeded)
		})
	}
}

func expectGivenUp(t *testing.T, err error, request string, cause error) {
	t.Helper()
	if !errors.Is(err, cause) {
		t.Fatalf("got error %v, want %v", err, cause)
	}
	if e := (*circleci.RequestError)(nil); errors.As(err, &e) {
		t.Errorf("got a RequestError: %v", e)
	}
	equal(t, "error", withoutElapsed(err), fmt.Sprintf("%s: %v", request, cause))
}

func TestConnectionRefused(t *testing.T) {
	t.Parallel()
	server := circlecitest.NewServer()
	client := newClient(t, server)
	server.Close()
	for _, c := range calls {
		got, err := c.do(t.Context(), client)
		equal(t, "what came with the error", got, c.nothing)
		reason := "dial tcp " + server.Listener.Addr().String() + ": connect: connection refused"
		expectRequestError(t, err, c.requestTo(server), reason, once, syscall.ECONNREFUSED)
	}
}

func TestUntrustedCertificate(t *testing.T) {
	t.Parallel()
	var asked atomic.Bool
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	client := circleci.New(circleci.Config{APIURL: parseURL(t, server.URL), Credential: circleci.PersonalToken("secret")})
	t.Cleanup(client.Close)

	_, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
	equal(t, "error", *errorOf[*circleci.CertificateError](t, err), circleci.CertificateError{
		Request: "GET " + server.URL + "/api/v2/runner/tasks?resource-class=acme%2Flinux",
		Host:    "127.0.0.1",
		Reason:  "x509: certificate signed by unknown authority",
	})
	equal(t, "asked", asked.Load(), false)
}

func TestServerThatSpeaksNoHTTPS(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	client := newClient(t, server, func(config *circleci.Config) {
		config.APIURL = parseURL(t, strings.Replace(server.URL, "http:", "https:", 1))
	})
	_, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
	equal(t, "reason", errorOf[*circleci.RequestError](t, err).Reason, "http: server gave HTTP response to HTTPS client")
}
