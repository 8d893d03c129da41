package circleci_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// startHTTP2Server starts a server that takes one request on each connection, responds as configured, and closes it.
func startHTTP2Server(t *testing.T, ca *circlecitest.CA, respond func(framer *http2.Framer, stream uint32)) string {
	t.Helper()
	config := ca.TLSConfig("127.0.0.1")
	config.NextProtos = []string{"h2"}
	return "https://" + listen(t, func(plain net.Conn) {
		connection := tls.Server(plain, config)
		if _, err := io.ReadFull(connection, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		framer := http2.NewFramer(connection, connection)
		_ = framer.WriteSettings()
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				return
			}
			if frame, isHeaders := frame.(*http2.HeadersFrame); isHeaders {
				respond(framer, frame.StreamID)
				_ = connection.CloseWrite()
				_, _ = io.Copy(io.Discard, connection) // A reset could overtake the response.
				return
			}
		}
	})
}

// silentConn writes nothing once it is silent, as a connection that a firewall has dropped.
type silentConn struct {
	net.Conn
	isSilent *atomic.Bool
}

func (c silentConn) Write(p []byte) (int, error) {
	if c.isSilent.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// A connection that has died is not used forever, whatever the version of HTTP.
func TestDeadConnection(t *testing.T) {
	for requestTimeout, isHTTP2 := range map[time.Duration]bool{30 * time.Second: false, 29 * time.Second: true, 5 * time.Minute: true} {
		synctest.Test(t, func(t *testing.T) {
			ca := circlecitest.NewCA()
			server := circlecitest.NewTLSServer(ca, "127.0.0.1", (*circlecitest.Server).UseMemory, func(s *circlecitest.Server) { s.EnableHTTP2 = isHTTP2 })
			t.Cleanup(server.Close)
			server.SetTasks("acme/linux", 42, 0)
			var first atomic.Bool
			dials := 0
			client := newClient(t, server, trust(t, ca), withRetries(2), func(config *circleci.Config) {
				config.RequestTimeout = requestTimeout
				dial := config.DialContext
				config.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					connection, err := dial(ctx, network, address)
					if dials++; dials == 1 {
						connection = silentConn{connection, &first}
					}
					return connection, err
				}
			})
			equal(t, "outcome", <-readTasks(t.Context(), client), outcome{count: 42})
			first.Store(true)
			equal(t, "outcome on a dead connection", <-readTasks(t.Context(), client), outcome{count: 42})
			equal(t, "dials", dials, 2)
		})
	}
}

// What creates something is sent over HTTP/1.1, because net/http repeats requests over HTTP/2 by itself.
func TestCreateUsesHTTP1(t *testing.T) {
	ca := circlecitest.NewCA()
	server := circlecitest.NewTLSServer(ca, "127.0.0.1", func(s *circlecitest.Server) { s.EnableHTTP2 = true })
	t.Cleanup(server.Close)
	var protocols []string
	server.Intercept(func(r *http.Request) http.Handler {
		protocols = append(protocols, r.Method+" "+r.Proto)
		return nil
	})
	_, err := newClient(t, server, trust(t, ca)).CreateResourceClass(t.Context(), "acme/linux", "")
	equal(t, "error", errorText(err), "")
	equal(t, "protocols", protocols, []string{"GET HTTP/2.0", "POST HTTP/1.1"})
}

// A stream or a connection that the server ends is a connection that failed.
func TestHTTP2Error(t *testing.T) {
	ca := circlecitest.NewCA()
	var head bytes.Buffer
	if err := hpack.NewEncoder(&head).WriteField(hpack.HeaderField{Name: ":status", Value: "200"}); err != nil {
		t.Fatal(err)
	}
	for name, respond := range map[string]func(*http2.Framer, uint32){
		"stream reset in the body": func(framer *http2.Framer, stream uint32) {
			_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: head.Bytes(), EndHeaders: true})
			_ = framer.WriteRSTStream(stream, http2.ErrCodeInternal)
		},
		"GOAWAY in the body": func(framer *http2.Framer, stream uint32) {
			_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: head.Bytes(), EndHeaders: true})
			_ = framer.WriteGoAway(stream, http2.ErrCodeNo, nil)
		},
		"GOAWAY instead of a response": func(framer *http2.Framer, _ uint32) {
			_ = framer.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := circleci.Config{APIURL: parseURL(t, startHTTP2Server(t, ca, respond)), APIVersion: circleci.V3}
			trust(t, ca)(&config)
			client := circleci.New(config)
			t.Cleanup(client.Close)
			_, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
			e := errorOf[*circleci.RequestError](t, err)
			equal(t, "is retryable: "+e.Reason, circleci.IsRetryable(err), true)
		})
	}
}
