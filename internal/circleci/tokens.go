package circleci

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
)

// ListTokens returns the tokens of a resource class, namespace/name, sorted by the time of CreatedAt, then ID. No token
// is an empty list. Errors are those of [Client.ListRunners].
//
// Source: GET /runner/token, observed.
func (c *Client) ListTokens(ctx context.Context, class string) ([]RunnerToken, error) {
	return listUnlessOut(&c.outage, func() ([]RunnerToken, error) { return c.listTokensNow(ctx, class) })
}

// listTokensNow is ListTokens, but sends its request in an outage too: what a write did must be found out.
func (c *Client) listTokensNow(ctx context.Context, class string) ([]RunnerToken, error) {
	listing := apiCall{endpoint: tokenEndpoint, query: url.Values{"resource-class": {class}}}
	return read(ctx, c, listing, func(body []byte) ([]RunnerToken, error) {
		tokens, err := decodeTokens(body)
		for _, token := range tokens {
			if !SameName(token.ResourceClass, class) {
				return nil, fmt.Errorf("lists a token of resource class %q, though only %s was requested",
					c.Sanitize(token.ResourceClass), class)
			}
		}
		return tokens, err
	})
}

// CachedTokens is ListTokens, or the result of another call that is less than a minute old. The caller does not change
// it.
func (c *Client) CachedTokens(ctx context.Context, class string) ([]RunnerToken, error) {
	return c.tokens.get(ctx, class, c.ListTokens)
}

// CreateToken creates a token and returns it as the service does, which may have changed its nickname, with its secret,
// which the API returns only once. Errors are those of [Client.ListRunners], and *UncertainError, with the tokens of
// this nickname that exist since.
//
// Source: POST /runner/token, observed.
func (c *Client) CreateToken(ctx context.Context, class, nickname string) (token RunnerToken, secret string, err error) {
	if _, _, err := ParseResourceClass(class); err != nil {
		return RunnerToken{}, "", fmt.Errorf("resource class %q %w", class, err)
	}
	token, _, err = create(ctx, creation[RunnerToken]{
		lock: &c.tokenLock, class: class, forget: c.forgetListings,
		list: func(ctx context.Context) ([]RunnerToken, error) { return c.listTokensNow(ctx, class) },
		post: func(ctx context.Context, before []RunnerToken) (RunnerToken, error) {
			created, err := c.postToken(ctx, class, nickname, before)
			secret = created.Secret
			return created.RunnerToken, err
		},
		isWanted: func(found RunnerToken) bool { return found.Nickname == nickname },
	})
	return token, secret, err
}

// postToken sends the request to create a token. A response that is wrong is an *UncertainError.
func (c *Client) postToken(
	ctx context.Context, class, nickname string, before []RunnerToken,
) (createdToken, error) {
	fields := struct {
		ResourceClass string `json:"resource_class"`
		Nickname      string `json:"nickname"`
	}{class, nickname}
	call := apiCall{endpoint: tokenEndpoint, isSecret: true}
	return postJSON(ctx, c, call, fields, func(body []byte) (createdToken, error) {
		created, err := decodeCreatedToken(body)
		return created, cmp.Or(err, checkCreated(c, created.ID, created.ResourceClass, class, before))
	})
}

// DeleteToken deletes a token by its ID. A token that its class does not list, or whose class is not listed, is no
// error. A *StatusError of 404 says that it was not found, although it is listed or may be.
//
// Source: DELETE /runner/token/{id}, observed.
func (c *Client) DeleteToken(ctx context.Context, token RunnerToken) error {
	return c.delete(ctx, tokenEndpoint, token.ID, "", func(ctx context.Context) (bool, error) {
		tokens, err := c.listTokensNow(ctx, token.ResourceClass)
		if !isNotFound(err) {
			return hasID(tokens, token.ID), err
		}
		return c.HasResourceClass(ctx, token.ResourceClass)
	})
}
