package circleci

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// RunnerToken is a runner token. Machines authenticate with it as runners of a resource class.
//
// Source: GET /runner/token, observed.
type RunnerToken struct {
	// ID is the UUID of the token.
	ID string `json:"id"`
	// ResourceClass is the class that the token belongs to, namespace/name.
	ResourceClass string `json:"resource_class"`
	// Nickname is what the token was created with. It may be empty, and tokens may share one.
	Nickname string `json:"nickname"`
	// CreatedAt is an RFC 3339 date-time, as the API wrote it.
	CreatedAt string `json:"created_at"`
}

func (token RunnerToken) id() string { return token.ID }

// createdToken is a token as it is when it was created.
type createdToken struct {
	RunnerToken

	Secret string `json:"token"`
}

const tokenEndpoint = "runner/token"

// decodeTokens returns the tokens of a list, sorted.
func decodeTokens(body []byte) ([]RunnerToken, error) {
	known := ids{}
	tokens, err := decodeList(body, func(token *RunnerToken) error { return token.check(known) })
	slices.SortFunc(tokens, compareTokens)
	return tokens, err
}

func (token RunnerToken) check(known ids) error {
	_, noTime := ParseTime(token.CreatedAt)
	switch err := known.add(token.ID, token.ResourceClass); {
	case err != nil:
		return err
	case noTime != nil:
		return errors.New("has no RFC 3339 date-time for created_at")
	}
	return nil
}

func compareTokens(a, b RunnerToken) int {
	// Decoding has seen to it that both are times.
	timeA, _ := ParseTime(a.CreatedAt)
	timeB, _ := ParseTime(b.CreatedAt)
	return cmp.Or(timeA.Compare(timeB), strings.Compare(a.ID, b.ID))
}

func decodeCreatedToken(body []byte) (created createdToken, err error) {
	err = cmp.Or(decodeInto(&created, body), created.check(ids{}))
	if err == nil && created.Secret == "" {
		err = errors.New("has no token, which is the secret")
	}
	return created, err
}
