package circleci

import (
	"net/http"
	"strings"
	"unicode"
)

// Credential proves to the Runner API who is asking. It decorates each request with one header; nothing else in
// the client knows which kind of credential it is. Its value is never printed, not even with %v or %#v.
type Credential struct {
	// reveal returns what the credential is made of; it is nil for none. It is a function because fmt prints
	// the fields of a value that lies in an unexported field, such as a Client's, without asking its methods, and
	// follows pointers when a verb does not fit; of a function it knows an address only.
	reveal func() parts
}

// parts is what a credential is made of.
type parts struct {
	header string
	value  string
	// secrets are the texts that must not appear in an error, should a server send them back.
	secrets []string
}

func newCredential(p parts) Credential { return Credential{reveal: func() parts { return p }} }

// PersonalToken is a personal API token, sent in the Circle-Token header.
//
// Source: https://circleci.com/docs/api/v2/, "Authentication", api_key_header.
func PersonalToken(token string) Credential {
	return newCredential(parts{header: "Circle-Token", value: token, secrets: []string{token}})
}

// String hides the value from fmt.
func (c Credential) String() string { return "(credential hidden)" }

// GoString hides the value from %#v.
func (c Credential) GoString() string { return c.String() }

func (c Credential) decorate(r *http.Request) {
	if c.reveal != nil {
		p := c.reveal()
		r.Header.Set(p.header, p.value)
	}
}

// redact replaces what must not be seen in a text that a server wrote.
func (c Credential) redact(text string) string {
	if c.reveal == nil {
		return text
	}
	for _, secret := range c.reveal().secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "(redacted)")
		}
	}
	return text
}

// CheckSecret tells what is wrong with the text of a credential: it is empty, or holds white space or a control
// character, as a value pasted with its line break does. The text is "" when nothing is wrong. It completes a
// sentence that starts with the credential's name and never holds the value.
func CheckSecret(secret string) string {
	switch {
	case secret == "":
		return "is empty"
	case strings.ContainsFunc(secret, unicode.IsSpace):
		return "holds white space, such as a line break that was pasted along"
	case strings.ContainsFunc(secret, unicode.IsControl):
		return "holds a control character"
	}
	return ""
}
