package circleci

import (
	"bytes"
	"encoding/base64"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MinSecretLength is the length, in bytes, of the shortest string that is redacted. CircleCI's credentials are longer;
	// redacting a shorter string would garble every message and protect nothing.
	MinSecretLength = 8

	// redacted replaces a secret.
	redacted = "(redacted)"
	// maxEncodings is how many encodings, one inside of the other, are decoded to find a secret.
	maxEncodings = 4
	// maxMessage limits how many characters of a server's message an error contains.
	maxMessage = 300
	// maxInspected limits how many bytes of a string are processed for an error, which keeps a body of many megabytes cheap.
	maxInspected = 64 << 10
	// maxSecret is the maximum length of a secret, in any of its encoded forms.
	maxSecret = 32 << 10
)

// redactor finds secrets in what others wrote. Its fields are functions for the reason that Credential's expose is one.
type redactor struct {
	// redact replaces each secret by (redacted). A text in which a secret is encoded in any way is left out entirely.
	redact func(text string) string
	// contains reports whether a text contains a secret, encoded or not.
	contains func(text []byte) bool
}

func newRedactor(secrets ...string) redactor {
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(secret string) bool { return len(secret) < MinSecretLength })
	// The longest first, so that nothing is left of one that contains another.
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	var r redactor
	var forms [][]byte
	for _, secret := range secrets {
		for _, form := range encodedForms(secret) {
			forms = append(forms, []byte(form))
		}
	}
	r.contains = func(text []byte) bool {
		if len(forms) == 0 {
			return false
		}
		for range maxEncodings {
			if slices.ContainsFunc(forms, func(form []byte) bool { return bytes.Contains(text, form) }) {
				return true
			}
			if !slices.ContainsFunc([]byte(`%\&`), func(c byte) bool { return bytes.IndexByte(text, c) >= 0 }) {
				break // Without an escape there is nothing to decode, which spares nearly every list the work.
			}
			text = []byte(decode(string(text)))
		}
		return false
	}
	r.redact = func(text string) string {
		for _, secret := range secrets {
			// What is redacted already is not redacted again, not even for a secret such as "redacted".
			parts := []string{text}
			if strings.Contains(redacted, secret) {
				parts = strings.Split(text, redacted)
			}
			for i := range parts {
				parts[i] = strings.ReplaceAll(parts[i], secret, redacted)
			}
			text = strings.Join(parts, redacted)
		}
		rest := strings.ReplaceAll(text, redacted, "\ufffd")
		if r.contains([]byte(rest)) || r.contains([]byte(compact(rest))) {
			return redacted
		}
		return text
	}
	return r
}

// encodedForms returns the strings by which a secret is found in a decoded text: the secret, what it stands for when it is
// encoded itself, as a cookie's value is, and the base64 of each.
func encodedForms(secret string) []string {
	var forms []string
	for range maxEncodings {
		forms = append(append(forms, secret), base64Forms(secret)...)
		decoded := decode(secret)
		if decoded == secret || len(decoded) < MinSecretLength {
			break
		}
		secret = decoded
	}
	return forms
}

// base64Forms returns the parts of an encoded text that do not depend on what surrounds the secret: one for each offset at
// which it may start in a group of three bytes, in the standard and the URL alphabet.
func base64Forms(secret string) []string {
	var forms []string
	for offset, start := range []int{0, 2, 3} {
		encoded := base64.RawStdEncoding.EncodeToString([]byte("\x00\x00"[:offset] + secret))
		form := encoded[start : (offset+len(secret))*8/6]
		forms = append(forms, form)
		if url := strings.NewReplacer("+", "-", "/", "_").Replace(form); url != form {
			forms = append(forms, url)
		}
	}
	return forms
}

// decode undoes one layer of encoding: the escapes of JSON and of Go's %q, those of URLs and those of HTML. It drops what
// compact does, by which a secret may be interrupted.
func decode(text string) string {
	text = decodeEscapes(text)
	text = html.UnescapeString(text)
	return compact(text)
}

// compact drops white space and what is invisible.
func compact(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || isInvisible(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

func isInvisible(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == '\x7f'
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// decodeEscapes undoes %2F, \u002f, \x2f, \/ and the like.
func decodeEscapes(text string) string {
	var decoded strings.Builder
	decoded.Grow(len(text))
	for {
		at := strings.IndexAny(text, `%\`)
		if at < 0 || at+1 == len(text) {
			decoded.WriteString(text)
			return decoded.String()
		}
		decoded.WriteString(text[:at])
		escape := text[at:]
		switch c := escape[1]; {
		case escape[0] == '%' && len(escape) >= 3 && isHex(escape[1:3]):
			decoded.WriteByte(byte(parseHex(escape[1:3]))) //nolint:gosec // Two digits make a byte.
			text = escape[3:]
		case escape[0] == '%':
			decoded.WriteByte('%')
			text = escape[1:]
		case c == 'x' && len(escape) >= 4 && isHex(escape[2:4]):
			decoded.WriteByte(byte(parseHex(escape[2:4]))) //nolint:gosec // Two digits make a byte.
			text = escape[4:]
		case c == 'u' && len(escape) >= 6 && isHex(escape[2:6]):
			if r := parseHex(escape[2:6]); utf8.ValidRune(r) { // Half of a surrogate pair is invisible.
				decoded.WriteRune(r)
			}
			text = escape[6:]
		case strings.IndexByte("abfnrtv", c) >= 0: // White space and control characters.
			text = escape[2:]
		case strings.IndexByte(`"'/\`, c) >= 0:
			decoded.WriteByte(c)
			text = escape[2:]
		default:
			decoded.WriteByte('\\')
			text = escape[1:]
		}
	}
}

func isHex(digits string) bool { return strings.Trim(digits, "0123456789abcdefABCDEF") == "" }

func parseHex(digits string) rune {
	n, _ := strconv.ParseUint(digits, 16, 32)
	return rune(n) //nolint:gosec // There are four digits at most.
}

// escapeSequence is what a terminal would take for a command: colours, cursor movements, window titles.
var escapeSequence = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?`)

// Sanitize returns a string from the server, such as a runner's name, in a form that is safe in an error message.
func (c *Client) Sanitize(text string) string { return c.sanitize(text) }

// sanitize makes one line of what a server wrote, fit for a terminal: without control characters, without a secret, and at
// most maxMessage characters long. Secrets are redacted before anything is cut, so that no part of one is left.
func (c *Client) sanitize(text string) string {
	inspected := text[:min(len(text), maxInspected)]
	line := escapeSequence.ReplaceAllString(strings.ToValidUTF8(inspected, ""), "")
	line = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case isInvisible(r):
			return -1
		}
		return r
	}, line)
	return shorten(c.redactAll(strings.Join(strings.Fields(line), " ")), len(inspected) < len(text))
}

// Quote quotes a string that the server wrote exactly, as %q does, but without a secret and not too long.
func (c *Client) Quote(text string) string {
	inspected := text[:min(len(text), maxInspected)]
	return strconv.Quote(shorten(c.redactAll(inspected), len(inspected) < len(text)))
}

// shorten truncates a redacted string to maxMessage characters. Where it was truncated before it was redacted, its end may be the
// beginning of a secret and is left out.
func shorten(text string, isTruncated bool) string {
	shortened := text
	if isTruncated {
		shortened = strings.ToValidUTF8(text[:max(0, len(text)-maxSecret)], "")
	}
	if runes := []rune(shortened); len(runes) > maxMessage {
		shortened = string(runes[:maxMessage])
	}
	if len(shortened) < len(text) {
		shortened += "…"
	}
	return shortened
}
