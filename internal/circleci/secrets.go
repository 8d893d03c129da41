package circleci

import (
	"regexp"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// extendRedactor returns a redactor to which secrets can be added while it is in use. Both are functions for the reason
// that Credential's expose is one.
func extendRedactor(redact func(string) string) (extended func(string) string, add func(secret string)) {
	var (
		mu      sync.Mutex
		secrets [][]string
		added   = func(text string) string { return text }
	)
	extended = func(text string) string {
		mu.Lock()
		defer mu.Unlock()
		return added(redact(text))
	}
	add = func(secret string) {
		mu.Lock()
		defer mu.Unlock()
		secrets = append(secrets, encodedForms(secret))
		added = newRedactor(secrets...)
	}
	return extended, add
}

// tokenMember matches the secret of a runner token in a response, even in one that is malformed or truncated.
var tokenMember = regexp.MustCompile(`"token"\s*:\s*"((?:[^"\\]|\\.)*)`)

// addTokens adds the secrets that a response holds.
func (c *Client) addTokens(body []byte) {
	for _, match := range tokenMember.FindAllSubmatch(body, -1) {
		c.addSecret(string(match[1]))
		if secret, err := jsontext.AppendUnquote[[]byte](nil, append(append([]byte{'"'}, match[1]...), '"')); err == nil {
			c.addSecret(string(secret))
		}
	}
}
