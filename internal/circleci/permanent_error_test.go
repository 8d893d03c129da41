package circleci_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// Malformed responses are not retried either: see assertMalformed.
func TestPermanentErrorIsNotRetried(t *testing.T) {
	t.Parallel()
	type row struct {
		name     string
		response http.Handler
		// kind is a nil pointer of the type of the error, and want the end of its message.
		kind error
		want string
	}
	request := (*circleci.RequestError)(nil)
	tests := []row{
		{name: "invalid redirect", response: circlecitest.Redirect("http://[::1/"), kind: request, want: `missing ']' in host`},
		{name: "no HTTP", response: circlecitest.Bytes("SSH-2.0-OpenSSH_9.9\r\n"), kind: request, want: `malformed HTTP response "SSH-2.0-OpenSSH_9.9"`},
		{name: "invalid length", response: circlecitest.Bytes("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), kind: request, want: `bad Content-Length "x"`},
		{
			name: "invalid chunks", response: circlecitest.Bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"), kind: request,
			want: "invalid byte in chunk length",
		},
	}
	for _, code := range []int{201, 204, 206, 304, 400, 401, 402, 403, 404, 405, 406, 409, 410, 418, 422, 451, 499, 501, 505, 599} {
		tests = append(tests, row{ // Not even with a Retry-After.
			name:     strconv.Itoa(code),
			response: circlecitest.WithHeader(circlecitest.Raw(code, "text/plain", ""), "Retry-After", "1"),
			kind:     (*circleci.StatusError)(nil), want: strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code))),
		})
	}
	for _, c := range calls {
		for _, test := range tests {
			t.Run(c.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				server := startServer(t)
				server.SetHandler(test.response)
				var attempts record
				got, err := c.do(t.Context(), newClient(t, server, withRetries(4), attempts.keep))
				equal(t, "result", got, c.nothing)
				equal(t, "type of error", fmt.Sprintf("%T", err), fmt.Sprintf("%T", test.kind))
				assertSuffix(t, errorText(err), test.want)
				equal(t, "number of requests", len(server.Requests()), 1)
				equal(t, "number of attempts", len(attempts.all()), 1)
			})
		}
	}
}
