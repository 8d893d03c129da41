package circlecitest

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"time"
)

// JSON responds with status 200 and body, which need not be valid JSON.
func JSON(body string) http.Handler { return Raw(http.StatusOK, "application/json", body) }

// Error responds with a status and a message in the API's error format.
func Error(status int, message string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, status, map[string]string{"message": message})
	})
}

// Raw responds with a status, a content type and a body.
func Raw(status int, contentType, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

// WithHeader adds a header to the response of another handler.
func WithHeader(handler http.Handler, key, value string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(key, value)
		handler.ServeHTTP(w, r)
	})
}

// Redirect responds with a 302 to location.
func Redirect(location string) http.Handler { return http.RedirectHandler(location, http.StatusFound) }

// Hang does not respond. It returns when the client cancels the request.
func Hang() http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

// Delay delays the response of another handler. It returns earlier if the client cancels the request.
func Delay(d time.Duration, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			handler.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
}

// AbortConnection closes the connection without a response.
func AbortConnection() http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

// TruncatedBody responds with status 200 and a Content-Length that exceeds body, and closes the connection after body.
func TruncatedBody(body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
		_, _ = w.Write([]byte(body))
		w.(http.Flusher).Flush() // A panic drops what is still in the server's buffer.
		panic(http.ErrAbortHandler)
	})
}

// TruncatedChunks responds with status 200 and chunked encoding, and closes the connection before the last chunk.
func TruncatedChunks(body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
}

// SlowBody responds with status 200 and sends body one byte at a time, with a pause after each. It returns earlier if
// the client cancels the request.
func SlowBody(pause time.Duration, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		ticker := time.NewTicker(pause)
		defer ticker.Stop()
		for i := range len(body) {
			_, _ = io.WriteString(w, body[i:i+1])
			_ = http.NewResponseController(w).Flush()
			select {
			case <-ticker.C:
			case <-r.Context().Done():
				return
			}
		}
	})
}

// GzipBody responds with status 200 and a gzip-compressed body of prefix and size spaces.
func GzipBody(prefix string, size int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		compressor := gzip.NewWriter(w)
		_, _ = io.WriteString(compressor, prefix)
		_, _ = io.CopyN(compressor, spaces{}, size)
		_ = compressor.Close()
	})
}

// LargeBody responds with status 200 and a body of prefix and size spaces.
func LargeBody(prefix string, size int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, prefix)
		_, _ = io.CopyN(w, spaces{}, size)
	})
}

// spaces is an infinite reader of spaces.
type spaces struct{}

var blank = bytes.Repeat([]byte(" "), 32<<10)

func (spaces) Read(p []byte) (int, error) { return copy(p, blank), nil }
