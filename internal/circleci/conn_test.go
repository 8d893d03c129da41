package circleci_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
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

// All kept connections may have ended, of which net/http tries one after the other.
func TestStaleConnections(t *testing.T) {
	const connections = circleci.DefaultMaxConcurrentRequests
	var first sync.WaitGroup
	first.Add(connections)
	var opened atomic.Int32
	address := listen(t, func(connection net.Conn) {
		if opened.Add(1) <= connections {
			first.Done()
			first.Wait() // So that each request opens a connection.
		}
		requests := bufio.NewReader(connection)
		if _, err := http.ReadRequest(requests); err == nil {
			_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n"+`{"unclaimed_task_count":42}`)
		}
		_, _ = http.ReadRequest(requests) // The connection ends with its second request.
	})
	client := circleci.New(circleci.Config{APIURL: parseURL(t, "http://"+address)})
	t.Cleanup(client.Close)
	var reads sync.WaitGroup
	for range connections {
		reads.Go(func() { equal(t, "outcome", <-readTasks(t.Context(), client), outcome{count: 42}) })
	}
	reads.Wait()
	equal(t, "outcome after all connections have ended", <-readTasks(t.Context(), client), outcome{count: 42})
}
