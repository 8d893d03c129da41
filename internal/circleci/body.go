package circleci

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// maxBodyBytes bounds what is kept of one answer, unpacked. 100,000 runners take less than half of it.
const maxBodyBytes = 64 << 20

var errTooLarge = fmt.Errorf("is larger than the limit of %d MiB", maxBodyBytes>>20)

// readBody reads an answer up to the limit. With an error it returns what came until then.
func readBody(response *http.Response) ([]byte, error) {
	if response.ContentLength > maxBodyBytes {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBodyBytes+1))
	if len(body) > maxBodyBytes {
		return body[:maxBodyBytes], errTooLarge
	}
	return body, err
}

// isCorrupt tells whether a packed answer came, but cannot be unpacked.
func isDecompressionError(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)
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
	text := bytes.TrimSpace(body)
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

var (
	htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	// escapeSequence is what a terminal would take for a command: colours, cursor movements, window titles.
	escapeSequence = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?`)
)

// maxMessage is how many characters of a server's words go into an error.
const maxMessage = 300

// Readable makes of a text that the server wrote, such as a runner's name, what may be shown in an error.
func (c *Client) Sanitize(text string) string { return c.sanitize(text) }

// readable makes one line of what a server wrote, fit for a terminal: without control characters, without the
// credential, and not too long.
func (c *Client) sanitize(text string) string {
	// Hidden before anything is cut, so that no half of a secret stays; and again below, for one that was interrupted by
	// what is taken out. What can be shown is far less than the bound, which keeps a body of many megabytes cheap.
	text = c.redact(text)
	text = strings.ToValidUTF8(text[:min(len(text), 64<<10)], "")
	text = escapeSequence.ReplaceAllString(text, "")
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, text)
	text = c.redact(strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > maxMessage {
		text = string(runes[:maxMessage]) + "…"
	}
	return text
}

// newHider makes what replaces secrets in a text. Of two that start at the same place the one given first counts.
func newRedactor(secrets ...[]string) func(string) string {
	var pairs []string
	for _, secret := range slices.Concat(secrets...) {
		pairs = append(pairs, secret, "(redacted)")
	}
	return strings.NewReplacer(pairs...).Replace
}
