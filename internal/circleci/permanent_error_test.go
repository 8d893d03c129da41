package circleci_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// packed packs a body by gzip and lets a test spoil it.
func packed(body string, spoil func([]byte) []byte) http.Handler {
	var buffer bytes.Buffer
	packer := gzip.NewWriter(&buffer)
	if _, err := io.WriteString(packer, body); err != nil {
		panic(err)
	}
	if err := packer.Close(); err != nil {
		panic(err)
	}
	return circlecitest.WithHeader(circlecitest.JSON(string(spoil(buffer.Bytes()))), "Content-Encoding", "gzip")
}

func TestGzipResponse(t *testing.T) {
	t.Parallel()
	for _, c := range calls {
		server := startServer(t)
		server.SetHandler(packed(c.good, func(p []byte) []byte { return p }))
		got, err := c.do(t.Context(), newClient(t, server))
		equal(t, "error", errorText(err), "")
		equal(t, "answer", got, c.want)
	}
}

func TestPermanentErrorIsNotRetried(t *testing.T) {
	t.Parallel()
	type row struct {
		name   string
		answer http.Handler
		// err is a nil pointer of the type that is expected.
		err error
		// text is the end of the error.
		text string
	}
	var (
		status   = (*circleci.StatusError)(nil)
		answer   = (*circleci.ResponseError)(nil)
		request  = (*circleci.RequestError)(nil)
		redirect = (*circleci.RedirectError)(nil)
	)
	for _, c := range calls {
		spoilt := func(spoil func([]byte) []byte) http.Handler { return packed(c.good, spoil) }
		tests := []row{
			{"HTML with status 200", circlecitest.JSON("<html></html>"), answer, "the answer is an HTML page, not JSON"},
			{"text with status 200", circlecitest.JSON("OK"), answer, `the answer is plain text, not JSON: "OK"`},
			{"nothing with status 200", circlecitest.JSON(""), answer, "the answer is empty"},
			{"JSON that ends early, whole by its length", circlecitest.JSON(c.good[:10]), answer, "is truncated: its JSON does not end"},
			{"another object", circlecitest.JSON(`{"message":"OK"}`), answer, "answer has no " + c.good[2:strings.Index(c.good, `":`)]},
			{
				"gzip without its header", spoilt(func(p []byte) []byte { return append([]byte{0x1f, 0x8c}, p[2:]...) }), answer,
				"the answer cannot be decompressed: gzip: invalid header",
			},
			{
				"gzip that is not", circlecitest.WithHeader(circlecitest.JSON(c.good), "Content-Encoding", "gzip"), answer,
				"the answer cannot be decompressed: gzip: invalid header",
			},
			{
				"gzip that ends too soon", spoilt(func(p []byte) []byte { return p[:8] }), answer,
				"the answer cannot be decompressed: unexpected EOF",
			},
			{
				"gzip with another checksum", spoilt(func(p []byte) []byte { p[len(p)-5] ^= 1; return p }), answer,
				"the answer cannot be decompressed: gzip: invalid checksum",
			},
			{
				"gzip with garbage inside", spoilt(func(p []byte) []byte { p[10] = 0xff; return p }), answer,
				"the answer cannot be decompressed: flate: corrupt input before offset 1",
			},
			{"too long by its header", raw("HTTP/1.1 200 OK\r\nContent-Length: 33554433\r\n\r\n"), answer, "is larger than the limit of 32 MiB"},
			{"other origin", circlecitest.Redirect("https://login.example.com/"), redirect, "https://login.example.com:443, which was not followed"},
			{"redirect that cannot be read", circlecitest.Redirect("http://[::1/"), request, `missing ']' in host`},
			{"no HTTP", raw("SSH-2.0-OpenSSH_9.9\r\n"), request, `malformed HTTP response "SSH-2.0-OpenSSH_9.9"`},
			{"no length", raw("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), request, `bad Content-Length "x"`},
			{
				"broken chunks", raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"), request,
				"invalid byte in chunk length",
			},
		}
		for _, code := range []int{201, 204, 206, 304, 400, 401, 402, 403, 404, 405, 406, 409, 410, 418, 422, 451, 499, 501, 505, 599} {
			// Not even when it is asked for.
			tests = append(tests, row{
				strconv.Itoa(code), circlecitest.WithHeader(circlecitest.Raw(code, "text/plain", ""), "Retry-After", "1"), status,
				strings.TrimSpace(fmt.Sprintf("answered %d %s", code, http.StatusText(code))),
			})
		}
		for _, test := range tests {
			t.Run(c.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				server := startServer(t)
				server.SetHandler(test.answer)
				var attempts record
				got, err := c.do(t.Context(), newClient(t, server, withRetries(4), attempts.keep))
				equal(t, "what came with the error", got, c.nothing)
				equal(t, "type of error", fmt.Sprintf("%T", err), fmt.Sprintf("%T", test.err))
				if !strings.HasSuffix(errorText(err), test.text) {
					t.Errorf("got error %v\nwant it to end in %s", err, test.text)
				}
				equal(t, "number of requests", len(server.Requests()), 1)
				equal(t, "number of attempts", len(attempts.all()), 1)
			})
		}
	}
}
