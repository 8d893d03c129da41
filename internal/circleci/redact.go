package circleci

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MinSecretLength is the length, in bytes, of the shortest string that is redacted. CircleCI's credentials are
	// longer; redacting a shorter string would garble every message and protect nothing.
	MinSecretLength = 8

	// redacted replaces a secret.
	redacted = "(redacted)"
	// maxMessage limits how many characters of a server's message an error contains.
	maxMessage = 300
)

// redactor finds secrets in what others wrote. It is safe for concurrent use.
type redactor struct {
	// forms returns the forms of all secrets. It is a function for the reason that Credential's expose is one.
	forms func() []string
}

// newRedactor returns a redactor of secrets, without those that are shorter than MinSecretLength.
func newRedactor(secrets ...string) redactor {
	var forms []string
	for _, secret := range secrets {
		if len(secret) >= MinSecretLength {
			forms = append(forms, encodedForms(secret)...)
		}
	}
	return redactor{func() []string { return forms }}
}

// encodedForms returns a secret as it is, as URLs escape it, and as HTTP Basic sends it, but for the padding.
func encodedForms(secret string) []string {
	forms := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), base64.RawStdEncoding.EncodeToString([]byte(secret + ":")),
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// redact replaces each secret in a text.
func (r redactor) redact(text string) string {
	for _, form := range r.forms() {
		text = strings.ReplaceAll(text, form, redacted)
	}
	return text
}

// contains reports whether a body contains a secret.
func (r redactor) contains(body []byte) bool {
	return slices.ContainsFunc(r.forms(), func(form string) bool { return bytes.Contains(body, []byte(form)) })
}

// sanitize makes one line of what a server wrote, fit for a terminal: without control and invisible characters, without
// a secret, and at most maxMessage characters long. Secrets are redacted before it is truncated, so that no part of one
// is left.
func (r redactor) sanitize(text string) string {
	printable := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	return truncate(r.redact(strings.Join(strings.Fields(printable), " ")))
}

// truncate shortens a text to maxMessage characters.
func truncate(text string) string {
	characters := 0
	for i := range text {
		if characters == maxMessage {
			return text[:i] + "…"
		}
		characters++
	}
	return text
}
