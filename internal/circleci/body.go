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
	// maxErrorBodyBytes bounds how much is read of a response with a status other than 200.
	maxErrorBodyBytes = 1 << 20
)

// tooLargeError is a body that is larger than a limit in bytes.
type tooLargeError int64

func (e tooLargeError) Error() string {
	return fmt.Sprintf("is larger than the limit of %d MiB", int64(e)>>20)
}

// acceptEncoding is the encoding of bodies that readBody decompresses. Each request sets it explicitly, because
// net/http would otherwise decompress transparently, without distinguishing a broken connection from a corrupt body.
const acceptEncoding = "gzip"

// readBody reads the body of a response up to the limit. With an error, it returns what was read until then.
func readBody(response *http.Response) ([]byte, error) {
	limit := int64(maxErrorBodyBytes)
	if response.StatusCode == http.StatusOK {
		limit = maxBodyBytes
		if response.ContentLength > limit {
			return nil, tooLargeError(limit)
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
	case errors.Is(err, io.EOF): // Not even a gzip header: the body is empty.
		return nil, nil
	case err != nil && !errors.As(err, new(tooLargeError)):
		return body, &decompressionError{err}
	}
	return body, err
}

func readUpTo(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(body)) > limit {
		return body[:limit], tooLargeError(limit)
	}
	return body, err
}

// errorRecorder records the read error of the underlying reader, which a decompressor may replace with its own.
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

// decompressionError reports a body that was received completely, but cannot be decompressed.
type decompressionError struct{ err error }

func (e *decompressionError) Error() string { return "cannot be decompressed: " + e.err.Error() }

func isDecompressionError(err error) bool {
	decompression := (*decompressionError)(nil)
	return errors.As(err, &decompression)
}

// BodyKind is the kind of content in the body of a response.
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

// utf8BOM is the byte order mark in UTF-8, which some servers put at the start of a page or of plain text.
var utf8BOM = []byte("\ufeff")

func hasUTF16BOM(body []byte) bool {
	return bytes.HasPrefix(body, []byte("\xff\xfe")) || bytes.HasPrefix(body, []byte("\xfe\xff"))
}

var titleElement = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// htmlTitle returns the title of a page, or "" if its first maxInspected bytes contain none.
func htmlTitle(page []byte) string {
	if title := titleElement.FindSubmatch(page[:min(len(page), maxInspected)]); title != nil {
		return string(title[1])
	}
	return ""
}
