package circleci

import (
	"regexp"
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
		secrets = append(secrets, secret)
		current = newRedactor(secrets...)
	}
	return redact, add
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
