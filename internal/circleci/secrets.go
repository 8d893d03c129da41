package circleci

import (
	"regexp"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// newGrowingRedactor returns a redactor to which secrets can be added while it is in use.
func newGrowingRedactor() (redact func(text string) string, add func(secret string)) {
	var (
		mu      sync.Mutex
		secrets []string
		current = newRedactor()
	)
	redact = func(text string) string {
		mu.Lock()
		defer mu.Unlock()
		return current.redact(text)
	}
	add = func(secret string) {
		mu.Lock()
		defer mu.Unlock()
		if slices.Contains(secrets, secret) {
			return
		}
		secrets = append(secrets, secret)
		current = newRedactor(secrets...)
	}
	return redact, add
}

// tokenMember matches the secret of a runner token in a response, even in one that is malformed or truncated.
var tokenMember = regexp.MustCompile(`"token"\s*:\s*"((?:[^"\\]|\\.)*)`)

// maxTokens is far more than the tokens in a response, which has one.
const maxTokens = 16

// addTokens adds the secrets that a response holds.
func (c *Client) addTokens(body []byte) {
	for _, match := range tokenMember.FindAllSubmatch(body, maxTokens) {
		c.addSecret(string(match[1]))
		if secret, err := jsontext.AppendUnquote[[]byte](nil, append(append([]byte{'"'}, match[1]...), '"')); err == nil {
			c.addSecret(string(secret))
		}
	}
}
