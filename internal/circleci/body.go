package circleci

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
)

// BodyKind says what the body of an answer is.
type BodyKind int

// The kinds of a body.
const (
	BodyJSON BodyKind = iota
	BodyHTML
	BodyText
	BodyEmpty
)

func kindOf(body []byte) BodyKind {
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

// readable makes one line of what a server wrote, fit for a terminal: without control characters, without the
// credential, and not too long.
func (c *Client) readable(text string) string {
	// What can be shown has far less than this; the bound keeps a body of many megabytes cheap.
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
	text = c.config.Credential.redact(strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > maxMessage {
		text = string(runes[:maxMessage]) + "…"
	}
	return text
}
