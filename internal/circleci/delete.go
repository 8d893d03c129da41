package circleci

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// delete deletes what has an ID. It may be repeated, so it is retried after transient errors.
//
// After a 404, isListed decides whether it is gone: the service responds so to a credential that may not see it, too. What
// is gone is no error. isListed also finds out the version of the API, to which alone a write is sent.
func (c *Client) delete(
	ctx context.Context, endpoint, id, suffix string, isListed func(context.Context) (bool, error),
) error {
	if !IsUUID(id) { // Of another one the path could be that of something else.
		return fmt.Errorf("ID %q is not a UUID", c.sanitize(id))
	}
	c.forgetListings()
	defer c.forgetListings()
	if c.versions.current() == "" {
		if _, err := isListed(ctx); err != nil && !isNotFound(err) {
			return err
		}
	}
	err := c.handle(ctx, call{
		method:   http.MethodDelete,
		endpoint: endpoint + "/" + id + suffix,
		accepted: []int{http.StatusOK, http.StatusNoContent},
		decode: func(body []byte) error {
			if classifyBody(body) == BodyHTML {
				return errors.New("is an HTML page") // Of a proxy, a sign-in page for one.
			}
			return nil
		},
	})
	if !isNotFound(err) {
		return err
	}
	switch listed, listErr := isListed(ctx); {
	case listErr != nil:
		return fmt.Errorf("%w; what exists could not be listed (%w)", err, listErr)
	case listed:
		return err
	}
	return nil
}
