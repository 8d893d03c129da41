package circleci

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
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

var (
	titleElement = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	// escapeSequence is what a terminal would take for a command: colours, cursor movements, window titles.
	escapeSequence = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?`)
)

// htmlTitle returns the title of a page, "" when there is none in its first maxInspected bytes.
func htmlTitle(page []byte) string {
	if title := titleElement.FindSubmatch(page[:min(len(page), maxInspected)]); title != nil {
		return string(title[1])
	}
	return ""
}

const (
	// maxMessage is how many characters of a server's words go into an error.
	maxMessage = 300
	// maxInspected is how many bytes of a text are inspected for what goes into an error, which keeps a body of many
	// megabytes cheap.
	maxInspected = 64 << 10
	// maxSecret is how long a secret may be, in any of its encoded forms.
	maxSecret = 32 << 10
)

// Readable makes of a text that the server wrote, such as a runner's name, what may be shown in an error.
func (c *Client) Sanitize(text string) string { return c.sanitize(text) }

// readable makes one line of what a server wrote, fit for a terminal: without control characters, without the
// credential, and not too long.
func (c *Client) sanitize(text string) string {
	inspected := text[:min(len(text), maxInspected)]
	// Redacted here, because what is taken out may be the beginning of a secret, and again below, for a secret that was
	// interrupted by what is taken out.
	line := strings.ToValidUTF8(c.redact(inspected), "")
	line = escapeSequence.ReplaceAllString(line, "")
	line = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, line)
	line = c.redact(strings.Join(strings.Fields(line), " "))
	return shorten(line, len(inspected) < len(text))
}

// Quote quotes a string that the server wrote exactly, as %q does, but without the credential and not too long.
func (c *Client) Quote(text string) string {
	inspected := text[:min(len(text), maxInspected)]
	return strconv.Quote(shorten(c.redact(inspected), len(inspected) < len(text)))
}

// shorten cuts a redacted text to maxMessage characters. Where the text was cut before it was redacted, its end may be the
// beginning of a secret and is left out.
func shorten(text string, wasCut bool) string {
	shown := text
	if wasCut {
		shown = strings.ToValidUTF8(text[:max(0, len(text)-maxSecret)], "")
	}
	if runes := []rune(shown); len(runes) > maxMessage {
		shown = string(runes[:maxMessage])
	}
	if len(shown) < len(text) {
		shown += "…"
	}
	return shown
}

// newHider makes what replaces secrets in a text. Of two that start at the same place the one given first counts.
func newRedactor(secrets ...[]string) func(string) string {
	var pairs []string
	for _, secret := range slices.Concat(secrets...) {
		pairs = append(pairs, secret, "(redacted)")
	}
	return strings.NewReplacer(pairs...).Replace
}
