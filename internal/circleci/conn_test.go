package circleci_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// To net/http, a response that ends in its status line, header or trailer is a malformed one.
func TestTruncatedResponse(t *testing.T) {
	t.Parallel()
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1b\r\n{\"unclaimed_task_count\":42}\r\n"
	tests := []struct{ name, response string }{
		{name: "version", response: "HTT"},
		{name: "status code", response: "HTTP/1.1 20"},
		{name: "reason phrase", response: "HTTP/1.1 200 O"},
		{name: "header's name", response: "HTTP/1.1 200 OK\r\nContent-Ty"},
		{name: "header's value", response: "HTTP/1.1 200 OK\r\nContent-Length: 2"},
		{name: "end of the header", response: "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n"},
		{name: "body", response: "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{"},
		{name: "length of a chunk", response: chunked + "1"},
		{name: "last chunk", response: chunked + "0\r\n"},
		{name: "trailer's name", response: chunked + "0\r\nX-Ch"},
		{name: "end of the trailer", response: chunked + "0\r\nX-Checksum: 1\r\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.SetHandler(circlecitest.Bytes(test.response))
			_, err := newClient(t, server).UnclaimedTaskCount(t.Context(), "acme/linux")
			equal(t, "reason", errorOf[*circleci.RequestError](t, err).Reason, "the connection was closed in the middle of the response")
			equal(t, "is retryable", circleci.IsRetryable(err), true)
		})
	}
}

// A server that sends a response too many on a kept connection must not give it to the next request.
func TestSurplusResponse(t *testing.T) {
	t.Parallel()
	const response = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
	right, wrong := `{"unclaimed_task_count":42}`, `{"unclaimed_task_count":7}`
	good, surplus := fmt.Sprintf(response, len(right), right), fmt.Sprintf(response, len(wrong), wrong)
	for _, test := range []struct {
		name string
		send func(io.Writer)
	}{
		{name: "complete", send: func(w io.Writer) { _, _ = io.WriteString(w, good+surplus) }},
		{name: "in part", send: func(w io.Writer) { _, _ = io.WriteString(w, good+surplus[:30]) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			address := listen(t, func(connection net.Conn) {
				for requests := bufio.NewReader(connection); ; test.send(connection) {
					if _, err := http.ReadRequest(requests); err != nil {
						return
					}
				}
			})
			client := circleci.New(circleci.Config{APIURL: parseURL(t, "http://"+address), RequestTimeout: 10 * time.Second})
			t.Cleanup(client.Close)
			var reads sync.WaitGroup
			for range 8 {
				reads.Go(func() {
					for range 250 {
						got, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
						if err != nil && !circleci.IsRetryable(err) || err == nil && got != 42 {
							t.Errorf("got %d, error %v", got, err)
						}
					}
				})
			}
			reads.Wait()
		})
	}
}
