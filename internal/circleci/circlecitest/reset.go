package circlecitest

import (
	"io"
	"net"
	"net/http"
)

// Reset writes raw bytes to the connection instead of a response, and then resets it.
func Reset(bytes string) http.Handler { return sendBytes(bytes, abort) }

// Bytes writes raw bytes to the connection instead of a response, and then closes it.
func Bytes(bytes string) http.Handler {
	return sendBytes(bytes, func(connection net.Conn) { _ = connection.Close() })
}

func sendBytes(bytes string, end func(net.Conn)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err) // Only an HTTP/1 connection can be taken over.
		}
		_, _ = io.WriteString(connection, bytes)
		end(connection)
	})
}
