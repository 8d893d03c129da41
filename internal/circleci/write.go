package circleci

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"
)

// post sends a request to create something, body as JSON, and returns the body of the response. inspect is that of a call.
func (c *Client) post(ctx context.Context, endpoint string, body any, inspect func([]byte)) (response []byte, request string, err error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, "", err
	}
	return c.do(ctx, call{
		method:   http.MethodPost,
		endpoint: endpoint,
		body:     encoded,
		accepted: []int{http.StatusOK, http.StatusCreated},
		inspect:  inspect,
	})
}

// delete deletes what has an ID. It may be repeated, so it is retried after transient errors. What does not exist is no
// error.
func (c *Client) delete(ctx context.Context, endpoint, id, suffix string) error {
	if !IsUUID(id) { // Of another one the path could be that of something else.
		return fmt.Errorf("ID %q is not a UUID", c.sanitize(id))
	}
	body, request, err := c.do(ctx, call{
		method:   http.MethodDelete,
		endpoint: endpoint + "/" + url.PathEscape(id) + suffix,
		accepted: []int{http.StatusOK, http.StatusNoContent},
	})
	if status := (*StatusError)(nil); errors.As(err, &status) && status.StatusCode == http.StatusNotFound {
		return nil
	}
	if err == nil && classifyBody(body) == BodyHTML { // Of a proxy, a sign-in page for one.
		return c.newResponseError(request, body, errors.New("is an HTML page"))
	}
	return err
}
