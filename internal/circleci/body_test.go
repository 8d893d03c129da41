package circleci_test

import (
	"bytes"
	"compress/gzip"
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

// A response that cannot be decompressed gives no result, not even a part of it.
func TestGzipResponse(t *testing.T) {
	const (
		invalid   = "gzip: invalid header"
		truncated = "the connection was closed in the middle of the response"
	)
	for _, c := range calls {
		for name, test := range map[string]struct {
			corrupt func([]byte) []byte
			reason  string
		}{
			"good":           {corrupt: func(p []byte) []byte { return p }},
			"other method":   {corrupt: func(p []byte) []byte { p[1] = 0x8c; return p }, reason: invalid},
			"not compressed": {corrupt: func([]byte) []byte { return []byte(c.good) }, reason: invalid},
			"truncated":      {corrupt: func(p []byte) []byte { return p[:len(p)-9] }, reason: truncated},
			"checksum":       {corrupt: func(p []byte) []byte { p[len(p)-5] ^= 1; return p }, reason: "gzip: invalid checksum"},
		} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				server, client := respond(t, gzipped(c.good, test.corrupt))
				got, err := c.do(t.Context(), client)
				if test.reason == "" {
					equal(t, "error", errorText(err), "")
					equal(t, "result", got, c.want)
					return
				}
				equal(t, "result", got, c.nothing)
				if want := c.requestTo(server) + ": " + test.reason; !strings.HasPrefix(errorText(err), want) {
					t.Errorf("got error %v, want %s", err, want)
				}
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
			name: "error", call: runners, response: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusNotFound)
				circlecitest.LargeBody(`{"message":"a"}`, size).ServeHTTP(w, r)
			}), want: `404 Not Found: "a"`,
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
