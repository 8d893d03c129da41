package circleci

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Token is a runner token, by which machines prove that they belong to a resource class.
//
// Source: GET /runner/token, observed.
type Token struct {
	// ID is the UUID of the token.
	ID string `json:"id"`
	// ResourceClass is the class that the token belongs to, namespace/name.
	ResourceClass string `json:"resource_class"`
	// Nickname is what the token was created with. It may be empty, and tokens may share one.
	Nickname string `json:"nickname"`
	// CreatedAt is an RFC 3339 date-time, as the API wrote it.
	CreatedAt string `json:"created_at"`
}

func (token Token) id() string { return token.ID }

// createdToken is a token as it is when it was created.
type createdToken struct {
	Token

	Secret string `json:"token"`
}

const tokenEndpoint = "runner/token"

// ListTokens returns the tokens of a resource class, namespace/name, sorted by the time of CreatedAt, then ID. No token is
// an empty list. Errors are those of [Client.ListRunners].
//
// Source: GET /runner/token, observed.
func (c *Client) ListTokens(ctx context.Context, class string) (tokens []Token, err error) {
	listing := call{endpoint: tokenEndpoint, query: url.Values{"resource-class": {class}}}
	listing = reading(listing, &tokens, func(body []byte) ([]Token, error) {
		tokens, err := decodeTokens(body)
		for _, token := range tokens {
			if name := token.ResourceClass; !SameName(name, class) {
				return nil, fmt.Errorf("lists a token of resource class %q, though only %s was requested", c.sanitize(name), class)
			}
		}
		return tokens, err
	})
	err = c.outage.list(ctx, func() error { return c.handle(ctx, listing) })
	return tokens, err
}

// decodeTokens returns the tokens of a list, sorted.
func decodeTokens(body []byte) ([]Token, error) {
	known := ids{}
	tokens, err := decodeList(body, func(token *Token) error { return token.check(known) })
	slices.SortFunc(tokens, compareTokens)
	return tokens, err
}

func (token Token) check(known ids) error {
	_, noTime := ParseTime(token.CreatedAt)
	switch err := known.add(token.ID, token.ResourceClass); {
	case err != nil:
		return err
	case noTime != nil:
		return errors.New("has no RFC 3339 date-time for created_at")
	}
	return nil
}

func compareTokens(a, b Token) int {
	// Decoding has seen to it that both are times.
	timeA, _ := ParseTime(a.CreatedAt)
	timeB, _ := ParseTime(b.CreatedAt)
	return cmp.Or(timeA.Compare(timeB), strings.Compare(a.ID, b.ID))
}

// CachedTokens is ListTokens, or the result of another call that is less than a minute old. The caller does not change it.
func (c *Client) CachedTokens(ctx context.Context, class string) ([]Token, error) {
	return c.tokens.get(ctx, class, c.ListTokens)
}

// CreateToken creates a token and returns it as the service does, which may have changed its nickname, with its secret,
// which the API returns only once. Errors are those of [Client.ListRunners], and *UncertainError, with the tokens of this
// nickname that exist since.
//
// Source: POST /runner/token, observed.
func (c *Client) CreateToken(ctx context.Context, class, nickname string) (token Token, secret string, err error) {
	if _, _, err := ParseResourceClass(class); err != nil {
		return Token{}, "", fmt.Errorf("resource class %q %w", class, err)
	}
	token, _, err = create(ctx, c, creation[Token]{
		lock: &c.tokenLock, class: class,
		list: func(ctx context.Context) ([]Token, error) { return c.ListTokens(ctx, class) },
		post: func(ctx context.Context, before []Token) (Token, error) {
			created, err := c.postToken(ctx, class, nickname, before)
			secret = created.Secret
			return created.Token, err
		},
		isWanted: func(found Token) bool { return found.Nickname == nickname },
	})
	return token, secret, err
}

// postToken sends the request to create a token. A response that is wrong is an *UncertainError.
func (c *Client) postToken(
	ctx context.Context, class, nickname string, before []Token,
) (created createdToken, err error) {
	fields := struct {
		ResourceClass string `json:"resource_class"`
		Nickname      string `json:"nickname"`
	}{class, nickname}
	err = c.post(ctx, call{endpoint: tokenEndpoint, isSecret: true, decode: func(body []byte) (err error) {
		created, err = decodeCreatedToken(body)
		return cmp.Or(err, checkCreated(created.ID, created.ResourceClass, class, before))
	}}, fields)
	if err != nil {
		return createdToken{}, err
	}
	return created, nil
}

func decodeCreatedToken(body []byte) (created createdToken, err error) {
	err = cmp.Or(decodeInto(&created, body), created.check(ids{}))
	if err == nil && created.Secret == "" {
		err = errors.New("has no token, which is the secret")
	}
	return created, err
}

// DeleteToken deletes a token by its ID. A token that its class does not list, or whose class is not listed, is no error. A
// *StatusError of 404 says that it was not found, although it is listed or may be.
//
// Source: DELETE /runner/token/{id}, observed.
func (c *Client) DeleteToken(ctx context.Context, token Token) error {
	return c.delete(ctx, tokenEndpoint, token.ID, "", func(ctx context.Context) (bool, error) {
		tokens, err := c.ListTokens(ctx, token.ResourceClass)
		if !isNotFound(err) {
			return contains(tokens, token.ID), err
		}
		return c.HasResourceClass(ctx, token.ResourceClass)
	})
}
