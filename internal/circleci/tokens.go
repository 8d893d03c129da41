package circleci

import (
	"context"
	"errors"
)

// Token is a runner token, by which machines prove that they belong to a resource class.
//
// Source: GET /runner/token, observed.
type Token struct {
	// ID is the UUID of the token.
	ID string
	// ResourceClass is the class that the token belongs to, namespace/name.
	ResourceClass string
	// Nickname is what the token was created with. It may be empty, and tokens may share one.
	Nickname string
	// CreatedAt is an RFC 3339 date-time, as the API wrote it.
	CreatedAt string
}

// ListTokens returns the tokens of a resource class, namespace/name, sorted by CreatedAt, then ID. No token is an empty
// list. Errors are those of [Client.ListRunners].
//
// Source: GET /runner/token, observed.
func (c *Client) ListTokens(ctx context.Context, class string) ([]Token, error) {
	return nil, errors.New("not implemented")
}

// CreateToken creates a token and returns it with its secret, which the API tells this once. The client redacts the secret
// from then on.
//
// The request is sent again only when it certainly did not reach the service. When its outcome is not known, the error is
// an *UncertainError with the tokens that exist since.
//
// Source: POST /runner/token, observed.
func (c *Client) CreateToken(ctx context.Context, class, nickname string) (token Token, secret string, err error) {
	return Token{}, "", errors.New("not implemented")
}

// DeleteToken deletes a token by its ID. A token that does not exist is no error.
//
// Source: DELETE /runner/token/{id}, observed.
func (c *Client) DeleteToken(ctx context.Context, id string) error {
	return errors.New("not implemented")
}

// UncertainError is a request to create something of which the outcome is not known: it may have been carried out.
type UncertainError struct {
	// Appeared are the IDs of objects that could be the one that was created, because they did not exist before.
	Appeared []string
	// ListErr is why it could not be listed what exists, nil when it could.
	ListErr error
	// Err is why the outcome is not known.
	Err error
}

func (e *UncertainError) Error() string { return e.Err.Error() }

// Unwrap returns why the outcome is not known.
func (e *UncertainError) Unwrap() error { return e.Err }
