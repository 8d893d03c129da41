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
)

// A server that sends a response too many on a kept connection must not give it to the next request.
func TestSurplusResponse(t *testing.T) {
	const response = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
	right, wrong := `{"unclaimed_task_count":42}`, `{"unclaimed_task_count":7}`
	good, surplus := fmt.Sprintf(response, len(right), right), fmt.Sprintf(response, len(wrong), wrong)
	for _, surplus := range []string{surplus, surplus[:30]} { // Complete, and in part.
		t.Run(surplus, func(t *testing.T) {
			address := listen(t, func(connection net.Conn) {
				for requests := bufio.NewReader(connection); ; _, _ = io.WriteString(connection, good+surplus) {
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
