package circleci

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

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

// delete deletes what has an ID. It may be repeated, so it is retried after transient errors.
//
// After a 404, isListed decides whether it is gone: the service responds so to a credential that may not see it, too. What is
// gone is no error.
func (c *Client) delete(ctx context.Context, endpoint, id, suffix string, isListed func(context.Context) (bool, error)) error {
	if !IsUUID(id) { // Of another one the path could be that of something else.
		return fmt.Errorf("ID %q is not a UUID", c.sanitize(id))
	}
	body, request, err := c.do(ctx, call{
		method:   http.MethodDelete,
		endpoint: endpoint + "/" + url.PathEscape(id) + suffix,
		accepted: []int{http.StatusOK, http.StatusNoContent},
	})
	if isNotFound(err) {
		switch listed, listErr := isListed(ctx); {
		case listErr != nil:
			return fmt.Errorf("%w; what exists could not be listed (%w)", err, listErr)
		case listed:
			return err
		}
		return nil
	}
	if err == nil && classifyBody(body) == BodyHTML { // Of a proxy, a sign-in page for one.
		return c.newResponseError(request, body, errors.New("is an HTML page"))
	}
	return err
}

func isNotFound(err error) bool {
	status := (*StatusError)(nil)
	return errors.As(err, &status) && status.StatusCode == http.StatusNotFound
}

// createLock lets one object at a time be created under a name. Otherwise what another call creates meanwhile would look like
// the object of a request of which the outcome is not known. It is safe for concurrent use.
type createLock struct {
	mu sync.Mutex
	// inFlight holds, by ResourceClassKey, a channel that is full while an object is being created.
	inFlight map[string]chan struct{}
}

// acquire waits for its turn. The caller calls release when it is done.
func (l *createLock) acquire(ctx context.Context, name string) (release func(), err error) {
	key := ResourceClassKey(name)
	l.mu.Lock()
	if l.inFlight == nil {
		l.inFlight = map[string]chan struct{}{}
	}
	turn := l.inFlight[key]
	if turn == nil {
		turn = make(chan struct{}, 1)
		l.inFlight[key] = turn
	}
	l.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
