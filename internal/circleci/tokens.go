package circleci

import (
	"cmp"
	"context"
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
	ID string
	// ResourceClass is the class that the token belongs to, namespace/name.
	ResourceClass string
	// Nickname is what the token was created with. It may be empty, and tokens may share one.
	Nickname string
	// CreatedAt is an RFC 3339 date-time, as the API wrote it.
	CreatedAt string
}

// ListTokens returns the tokens of a resource class, namespace/name, sorted by the time of CreatedAt, then ID. No token is
// an empty list. Errors are those of [Client.ListRunners].
//
// Source: GET /runner/token, observed.
func (c *Client) ListTokens(ctx context.Context, class string) ([]Token, error) {
	body, request, err := c.get(ctx, "runner/token", url.Values{"resource-class": {class}})
	if err != nil {
		return nil, err
	}
	tokens, err := decodeList(body, (*decoder).token, func(token Token) string { return token.ID })
	if err != nil {
		return nil, c.newResponseError(request, body, err)
	}
	for _, token := range tokens {
		if !SameName(token.ResourceClass, class) {
			return nil, &ResponseError{Request: request, Reason: fmt.Sprintf("lists a token of resource class %q, though only %s was requested",
				c.sanitize(token.ResourceClass), class)}
		}
	}
	slices.SortFunc(tokens, compareTokens)
	return tokens, nil
}

func compareTokens(a, b Token) int {
	// Decoding has seen to it that both are times.
	timeA, _ := ParseTime(a.CreatedAt)
	timeB, _ := ParseTime(b.CreatedAt)
	return cmp.Or(timeA.Compare(timeB), strings.Compare(a.ID, b.ID))
}

// CreateToken creates a token and returns it as the service does, which may have changed its nickname, with its secret,
// which the API returns only once. The client redacts the secret from then on. It lists the tokens of the class first, and
// sends nothing else when that fails. It creates one token of a class at a time.
//
// The request is sent again only when it certainly did not reach the service. When its outcome is not known, the error is
// an *UncertainError with the tokens that exist since.
//
// Source: POST /runner/token, observed.
func (c *Client) CreateToken(ctx context.Context, class, nickname string) (token Token, secret string, err error) {
	if _, _, err := ParseResourceClass(class); err != nil {
		return Token{}, "", fmt.Errorf("resource class %q %w", class, err)
	}
	release, err := c.tokenLock.acquire(ctx, class)
	if err != nil {
		return Token{}, "", err
	}
	defer release()
	before, err := c.ListTokens(ctx, class)
	if err != nil {
		return Token{}, "", err
	}
	token, secret, err = c.postToken(ctx, class, nickname, before)
	isUncertain, cause := unwrapUncertain(err)
	if !isUncertain {
		return token, secret, err
	}

	verify, cancel := outlive(ctx, func() bool { return true })
	defer cancel()
	uncertain := &UncertainError{Err: cause}
	tokens, listErr := c.ListTokens(verify, class)
	uncertain.ListErr = listErr
	for _, found := range tokens {
		if !containsToken(before, found.ID) {
			uncertain.Appeared = append(uncertain.Appeared, found.ID)
		}
	}
	return Token{}, "", uncertain
}

// postToken sends the request to create a token. A response that is wrong is an *UncertainError.
func (c *Client) postToken(ctx context.Context, class, nickname string, before []Token) (Token, string, error) {
	fields := struct {
		ResourceClass string `json:"resource_class"`
		Nickname      string `json:"nickname"`
	}{class, nickname}
	body, request, err := c.post(ctx, "runner/token", fields, c.addTokens)
	if err != nil {
		return Token{}, "", err
	}
	created, err := decodeObject(body, (*decoder).createdToken)
	switch {
	case err != nil:
		return Token{}, "", &UncertainError{Err: c.newResponseError(request, body, err)}
	case !SameName(created.ResourceClass, class):
		return Token{}, "", &UncertainError{Err: &ResponseError{Request: request, Reason: fmt.Sprintf(
			"is about a token of resource class %q, though one of %s was to be created", c.sanitize(created.ResourceClass), class)}}
	case containsToken(before, created.ID):
		return Token{}, "", &UncertainError{Err: &ResponseError{Request: request, Reason: fmt.Sprintf(
			"has the ID %s, of a token that existed before", created.ID)}}
	}
	c.addSecret(created.secret)
	return created.Token, created.secret, nil
}

func containsToken(tokens []Token, id string) bool {
	return slices.ContainsFunc(tokens, func(token Token) bool { return strings.EqualFold(token.ID, id) })
}

// DeleteToken deletes a token by its ID. A token that its class does not list, or whose class is not listed, is no error. A
// *StatusError of 404 says that it was not found, although it is listed or may be.
//
// Source: DELETE /runner/token/{id}, observed.
func (c *Client) DeleteToken(ctx context.Context, token Token) error {
	return c.delete(ctx, "runner/token", token.ID, "", func(ctx context.Context) (bool, error) {
		tokens, err := c.ListTokens(ctx, token.ResourceClass)
		if !isNotFound(err) {
			return containsToken(tokens, token.ID), err
		}
		return c.HasResourceClass(ctx, token.ResourceClass)
	})
}
