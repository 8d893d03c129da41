package circleci_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// startHTTP2Server starts a server that takes one request on each connection, responds as told, and closes it.
func startHTTP2Server(t *testing.T, ca *circlecitest.Authority, respond func(framer *http2.Framer, stream uint32)) string {
	t.Helper()
	certificate, key := ca.Issue("127.0.0.1")
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	serve := func(connection net.Conn) {
		defer connection.Close() //nolint:errcheck // Nothing depends on the result.
		if _, err := io.ReadFull(connection, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		framer := http2.NewFramer(connection, connection)
		_ = framer.WriteSettings()
		for {
			switch frame, err := framer.ReadFrame(); frame := frame.(type) {
			case *http2.HeadersFrame:
				respond(framer, frame.StreamID)
				_ = connection.(*tls.Conn).CloseWrite() //nolint:forcetypeassert // The listener speaks TLS.
				_, _ = io.Copy(io.Discard, connection)  // A reset could overtake the response.
				return
			default:
				if err != nil {
					return
				}
			}
		}
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(connection)
		}
	}()
	return "https://" + listener.Addr().String()
}

func TestHTTP2Error(t *testing.T) {
	t.Parallel()
	ca := circlecitest.NewAuthority()
	var head bytes.Buffer
	if err := hpack.NewEncoder(&head).WriteField(hpack.HeaderField{Name: ":status", Value: "200"}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		code      http2.ErrCode
		retryable bool
	}{
		{http2.ErrCodeNo, true},
		{http2.ErrCodeInternal, true},
		{http2.ErrCodeRefusedStream, true},
		{http2.ErrCodeCancel, true},
		{http2.ErrCodeEnhanceYourCalm, true},
		{http2.ErrCodeProtocol, false},
		{http2.ErrCodeFlowControl, false},
		{http2.ErrCodeCompression, false},
		{http2.ErrCodeInadequateSecurity, false},
		{http2.ErrCodeHTTP11Required, false},
	}
	for _, test := range tests {
		for name, respond := range map[string]func(*http2.Framer, uint32){
			"stream reset in the body": func(framer *http2.Framer, stream uint32) {
				_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: head.Bytes(), EndHeaders: true})
				_ = framer.WriteRSTStream(stream, test.code)
			},
			"GOAWAY in the body": func(framer *http2.Framer, stream uint32) {
				_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: head.Bytes(), EndHeaders: true})
				_ = framer.WriteGoAway(stream, test.code, nil)
			},
			"GOAWAY instead of a response": func(framer *http2.Framer, _ uint32) { _ = framer.WriteGoAway(0, test.code, nil) },
		} {
			if test.code == http2.ErrCodeNo && name == "GOAWAY instead of a response" {
				continue // net/http itself sends the request once more, on another connection.
			}
			t.Run(test.code.String()+"/"+name, func(t *testing.T) {
				t.Parallel()
				config := circleci.Config{APIURL: parseURL(t, startHTTP2Server(t, ca, respond))}
				trust(t, ca)(&config)
				client := circleci.New(config)
				t.Cleanup(client.Close)
				_, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
				e := errorOf[*circleci.RequestError](t, err)
				equal(t, "is retryable: "+e.Reason, circleci.IsRetryable(err), test.retryable)
			})
		}
	}
}
