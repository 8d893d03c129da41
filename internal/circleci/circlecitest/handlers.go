package circlecitest

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"time"
)

// JSON answers with status 200 and these bytes, whether or not they are JSON.
func JSON(body string) http.Handler { return Raw(http.StatusOK, "application/json", body) }

// Error answers with a status and the API's form of an error.
func Error(status int, message string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, status, map[string]string{"message": message})
	})
}

// Raw answers with a status, a content type and these bytes.
func Raw(status int, contentType, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

// WithHeader adds a header to another answer.
func WithHeader(answer http.Handler, key, value string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(key, value)
		answer.ServeHTTP(w, r)
	})
}

// Redirect answers with a 302 that points to location.
func Redirect(location string) http.Handler { return http.RedirectHandler(location, http.StatusFound) }

// Hang answers nothing until the client gives up.
func Hang() http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

// Delay gives another answer a while later, unless the client gives up first.
func Delay(d time.Duration, answer http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			answer.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
}

// Cut closes the connection instead of answering.
func AbortConnection() http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

// CutBody promises a whole answer of status 200 and closes the connection after these bytes of it.
func TruncatedBody(body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
		_, _ = w.Write([]byte(body))
		w.(http.Flusher).Flush() // A panic drops what is still in the server's buffer.
		panic(http.ErrAbortHandler)
	})
}

// CutChunks sends a chunked answer of status 200 and closes the connection before the chunk that would end it.
func TruncatedChunks(body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
}

// Drip sends a body of status 200 one byte at a time, with a pause behind each, until the client gives up.
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

// Packed sends a body of status 200 that unpacks, by gzip, to size spaces behind the prefix.
func GzipBody(prefix string, size int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		packer := gzip.NewWriter(w)
		_, _ = io.WriteString(packer, prefix)
		_, _ = io.CopyN(packer, spaces{}, size)
		_ = packer.Close()
	})
}

// Long sends a body of status 200 with size spaces behind the prefix.
func LargeBody(prefix string, size int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, prefix)
		_, _ = io.CopyN(w, spaces{}, size)
	})
}

// spaces reads as spaces without an end.
type spaces struct{}

var blank = bytes.Repeat([]byte(" "), 32<<10)

func (spaces) Read(p []byte) (int, error) { return copy(p, blank), nil }
