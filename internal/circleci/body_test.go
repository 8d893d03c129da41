package circleci_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// maxBody is the limit of the body of a response. It protects from a broken service, and exceeds any real list by far.
const maxBody = 32 << 20

// gzipped responds with a body that is compressed by gzip and then corrupted.
func gzipped(body string, corrupt func([]byte) []byte) http.Handler {
	var buffer bytes.Buffer
	compressor := gzip.NewWriter(&buffer)
	if _, err := io.WriteString(compressor, body); err != nil {
		panic(err)
	}
	if err := compressor.Close(); err != nil {
		panic(err)
	}
	return circlecitest.WithHeader(circlecitest.JSON(string(corrupt(buffer.Bytes()))), "Content-Encoding", "gzip")
}

func TestGzipResponse(t *testing.T) {
	for _, c := range calls {
		_, client := respond(t, gzipped(c.good, func(p []byte) []byte { return p }))
		got, err := c.do(t.Context(), client)
		equal(t, "error", errorText(err), "")
		equal(t, "result", got, c.want)

		for _, test := range []struct {
			name    string
			corrupt func([]byte) []byte
			reason  string
		}{
			{name: "other method", corrupt: func(p []byte) []byte { p[1] = 0x8c; return p }, reason: "gzip: invalid header"},
			{name: "not compressed", corrupt: func([]byte) []byte { return []byte(c.good) }, reason: "gzip: invalid header"},
			{name: "truncated", corrupt: func(p []byte) []byte { return p[:8] }, reason: "unexpected EOF"},
			{name: "checksum", corrupt: func(p []byte) []byte { p[len(p)-5] ^= 1; return p }, reason: "gzip: invalid checksum"},
			{name: "garbage", corrupt: func(p []byte) []byte { p[10] = 0xff; return p }, reason: "flate: corrupt input before offset 1"},
		} {
			t.Run(c.name+"/"+test.name, func(t *testing.T) {
				assertMalformed(t, c, gzipped(c.good, test.corrupt), circleci.BodyJSON, "cannot be decompressed: "+test.reason)
			})
		}
	}
}

func TestMaxBody(t *testing.T) {
	c := calls[1]
	size := int64(maxBody - len(c.good))
	_, client := respond(t, circlecitest.LargeBody(c.good, size))
	got, err := c.do(t.Context(), client)
	equal(t, "error at the limit", errorText(err), "")
	equal(t, "result at the limit", got, c.want)

	assertMalformed(t, c, circlecitest.LargeBody(c.good, size+1), circleci.BodyJSON, "is larger than the limit of 32 MiB")
}

// No test runs in parallel, because this one measures what the process allocates.
func TestMemoryLimit(t *testing.T) {
	const (
		size = 4 << 30
		// A buffer that grows to the limit is copied several times, which adds up to five times the limit.
		maxAllocated = 6 * maxBody
		tooLarge     = "is larger than the limit of 32 MiB"
	)
	runners, tasks := calls[0], calls[1]
	for _, test := range []struct {
		name     string
		call     call
		response http.Handler
		// want is the end of the error.
		want string
	}{
		{name: "in a string", call: runners, response: circlecitest.LargeBody(runners.good[:len(runners.good)-5], size), want: tooLarge},
		{name: "compressed", call: tasks, response: circlecitest.GzipBody(tasks.good, size), want: tooLarge},
		{
			name: "Content-Length", call: tasks, want: tooLarge,
			response: circlecitest.Bytes(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n{", int64(size))),
		},
		{
			name: "Content-Length above the limit by one", call: tasks, want: tooLarge,
			response: circlecitest.Bytes(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", maxBody+1)),
		},
		{
			name: "error", call: runners, response: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusNotFound)
				circlecitest.LargeBody(`{"message":"a"}`, size).ServeHTTP(w, r)
			}), want: `404 Not Found: "a"`,
		},
		{
			name: "header", call: tasks, response: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Long", strings.Repeat("x", 16<<20))
			}), want: "net/http: server response headers exceeded 10485760 bytes; aborted",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, client := respond(t, test.response, withRetries(4))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := test.call.do(t.Context(), client)
			runtime.ReadMemStats(&after)
			equal(t, "result", got, test.call.nothing)
			assertSuffix(t, errorText(err), test.want)
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > maxAllocated {
				t.Errorf("allocated %d MiB, want at most %d MiB", allocated>>20, maxAllocated>>20)
			}
			equal(t, "number of requests", len(server.Requests()), 1)
		})
	}
}

// A truncated response must not expose part of a secret that is no longer recognizable.
func TestTruncatedSecretIsNotExposed(t *testing.T) {
	const secret = "908172635445362718099081726354453627180990817263"
	// Without the NULs, which are removed, the secret starts the message.
	interrupted := strings.Repeat("\x00", 64<<10-40) + strings.Join(strings.Split(secret, ""), "\x00")
	for _, test := range []struct {
		name, body, want string
		status           int
	}{
		{name: "number", status: 200, body: `{"unclaimed_task_count":1` + secret + `}`, want: "contains the credential that was sent"},
		{name: "lone surrogate", status: 200, body: `{"a":"\ud800` + secret + `"}`, want: "contains the credential that was sent"},
		{name: "text", status: 200, body: "x" + interrupted, want: `is plain text, not JSON: "…"`},
		{name: "error text", status: 404, body: interrupted, want: `: "…"`},
		{name: "error message", status: 404, body: `{"message":"` + strings.ReplaceAll(interrupted, "\x00", `\u0000`) + `"}`, want: `: "…"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			response := circlecitest.Raw(test.status, "application/json", test.body)
			_, client := respond(t, response, withCredential(circleci.PersonalToken(secret)))
			_, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
			if text := errorText(err); !strings.Contains(text, test.want) || strings.Contains(text, secret[:4]) {
				t.Errorf("got error %s\nwant a part %s and nothing of the secret", text, test.want)
			}
		})
	}
}
