package circleci

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"unicode"
)

// Credential authenticates requests to the Runner API. It sets one header of each request. Its value is never printed,
// not even with %v or %#v.
type Credential struct {
	// expose returns the values of the credential; it is nil for none. It is a function because fmt prints
	// the fields of a value in an unexported field, such as a Client's, without calling its methods, and
	// follows pointers when a verb does not fit; of a function it knows an address only.
	expose func() authHeader
	kind   credentialKind
}

// credentialKind decides how the version of the API is found out, and what the fleet API gets. Which kind it is matters
// nowhere else.
type credentialKind int

const (
	personalToken credentialKind = iota
	basicToken
	launchToken
	sessionCookie
)

// authHeader is the header that a credential sets, and the secret in its value.
type authHeader struct{ name, value, secret string }

func newCredential(header, prefix, value, secret string) Credential {
	return Credential{expose: func() authHeader { return authHeader{header, prefix + value, secret} }}
}

// PersonalToken is a personal API token, sent in the Circle-Token header.
//
// Source: https://circleci.com/docs/api/v2/, "Authentication", api_key_header.
func PersonalToken(token string) Credential {
	return newCredential("Circle-Token", "", token, token)
}

// BasicToken is a personal API token, sent as the user name of HTTP Basic authentication with an empty password.
//
// Source: https://circleci.com/docs/api/v2/, "Authentication", basic_auth.
func BasicToken(token string) Credential {
	credential := newCredential("Authorization", "Basic ", base64.StdEncoding.EncodeToString([]byte(token+":")), token)
	credential.kind = basicToken
	return credential
}

// BearerToken is a personal API token, sent as a Bearer token, as CircleCI's own CLI does.
func BearerToken(token string) Credential {
	return newCredential("Authorization", "Bearer ", token, token)
}

// LaunchToken is a runner's token, which later references call resource class token, sent as a Bearer token.
//
// Source: https://circleci.com/docs/api/v2/, "Runner"; later references list it for claiming tasks only.
func LaunchToken(token string) Credential {
	credential := newCredential("Authorization", "Bearer ", token, token)
	credential.kind = launchToken
	return credential
}

// SessionCookie is the value of the cookie ring-session of a browser that is signed in at BrowserAPIURL.
//
// Source: https://circleci.com/docs/api/v2/, "Runner".
func SessionCookie(value string) Credential {
	credential := newCredential("Cookie", "ring-session=", value, value)
	credential.kind = sessionCookie
	return credential
}

// isPersonal reports whether the credential is a personal token, in any header, or none at all.
func (c Credential) isPersonal() bool { return c.kind == personalToken || c.kind == basicToken }

// forFleetAPI returns the credential as the fleet API accepts it: not with HTTP Basic.
func (c Credential) forFleetAPI() Credential {
	if c.kind == basicToken {
		return PersonalToken(c.expose().secret)
	}
	return c
}

// String redacts the value in fmt.
func (c Credential) String() string { return "(credential redacted)" }

// GoString redacts the value in %#v.
func (c Credential) GoString() string { return c.String() }

func (c Credential) authenticate(r *http.Request) {
	if c.expose != nil {
		header := c.expose()
		r.Header.Set(header.name, header.value)
	}
}

// secrets returns the strings that must not appear in an error.
func (c Credential) secrets() []string {
	if c.expose == nil {
		return nil
	}
	return []string{c.expose().secret}
}

// ValidateSecret returns an error if the value of a credential is empty, or contains white space, a control character
// or an invisible one, as a pasted value may. The error completes a sentence that starts with the credential's name,
// and never contains the value.
func ValidateSecret(secret string) error {
	switch {
	case secret == "":
		return errors.New("is empty")
	case strings.ContainsFunc(secret, unicode.IsSpace):
		return errors.New("contains white space, such as a pasted line break")
	case strings.ContainsFunc(secret, unicode.IsControl):
		return errors.New("contains a control character")
	case strings.ContainsFunc(secret, func(r rune) bool { return unicode.Is(unicode.Cf, r) }):
		return errors.New("contains an invisible character")
	}
	return nil
}
