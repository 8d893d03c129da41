package circleci

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

const (
	// maxBodyBytes bounds the body of a response, decompressed. 100,000 runners take three quarters of it.
	maxBodyBytes = 32 << 20
	// maxErrorBodyBytes bounds what is read of a response with another status than 200.
	maxErrorBodyBytes = 1 << 20
)

var errTooLarge = fmt.Errorf("is larger than the limit of %d MiB", maxBodyBytes>>20)

// acceptEncoding is the encoding of bodies that readBody decompresses. A request asks for it itself, because net/http
// decompresses otherwise, and does not tell a broken connection from a body that cannot be decompressed.
const acceptEncoding = "gzip"

// readBody reads the body of a response up to the limit. With an error it returns what was read before it.
func readBody(response *http.Response) ([]byte, error) {
	limit := int64(maxErrorBodyBytes)
	if response.StatusCode == http.StatusOK {
		limit = maxBodyBytes
		if response.ContentLength > limit {
			return nil, errTooLarge
		}
	}
	if !strings.EqualFold(response.Header.Get("Content-Encoding"), acceptEncoding) {
		return readUpTo(response.Body, limit)
	}
	var (
		connection = &errorRecorder{reader: response.Body}
		body       []byte
	)
	decompressor, err := gzip.NewReader(connection)
	if err == nil {
		body, err = readUpTo(decompressor, limit)
	}
	switch {
	case connection.err != nil:
		return body, connection.err
	case errors.Is(err, io.EOF): // Not even a header: there is no body.
		return nil, nil
	case err != nil && !errors.Is(err, errTooLarge):
		return body, &decompressionError{err}
	}
	return body, err
}

func readUpTo(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(body)) > limit {
		return body[:limit], errTooLarge
	}
	return body, err
}

// errorRecorder keeps the error of a reader that a decompressor reads from, which may report another one.
type errorRecorder struct {
	reader io.Reader
	err    error
}

func (r *errorRecorder) Read(p []byte) (int, error) {
	n, err := r.reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// decompressionError is a body that arrived complete, but cannot be decompressed.
type decompressionError struct{ err error }

func (e *decompressionError) Error() string { return "cannot be decompressed: " + e.err.Error() }

func isDecompressionError(err error) bool {
	decompression := (*decompressionError)(nil)
	return errors.As(err, &decompression)
}

// BodyKind says what the body of an answer is.
type BodyKind int

// The kinds of a body.
const (
	BodyJSON BodyKind = iota
	BodyHTML
	BodyText
	BodyEmpty
)

func classifyBody(body []byte) BodyKind {
	text := bytes.TrimSpace(bytes.TrimPrefix(body, utf8BOM))
	switch {
	case len(text) == 0:
		return BodyEmpty
	case text[0] == '<':
		return BodyHTML
	case text[0] == '{', text[0] == '[':
		return BodyJSON
	}
	return BodyText
}

// utf8BOM is the byte order mark in UTF-8, which some servers write before a page or a text.
var utf8BOM = []byte("\ufeff")

func hasUTF16BOM(body []byte) bool {
	return bytes.HasPrefix(body, []byte("\xff\xfe")) || bytes.HasPrefix(body, []byte("\xfe\xff"))
}

var titleElement = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// htmlTitle returns the title of a page, "" when there is none in its first maxInspected bytes.
func htmlTitle(page []byte) string {
	if title := titleElement.FindSubmatch(page[:min(len(page), maxInspected)]); title != nil {
		return string(title[1])
	}
	return ""
}
