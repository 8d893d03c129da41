package circleci

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"
)

// Attempt is one request and its result. It contains no secrets.
type Attempt struct {
	Method string
	URL    string
	// Number counts the attempts of one operation from 1.
	Number int
	// StatusCode is the status of the response, 0 if there is none.
	StatusCode int
	// RequestID is what the server calls the request in its own logs. It may be empty.
	RequestID string
	Duration  time.Duration
	// Err is why the attempt failed, nil for a response that was accepted.
	Err error
}

// send is the last handler: it sends a call once, reads the response, and reports both.
func (c *Client) send(ctx context.Context, call call) error {
	start := time.Now()
	attempt := Attempt{Method: call.method, URL: c.credential.redact(c.url(call).String()), Number: call.attempt}
	err := c.exchange(ctx, call, &attempt)
	if c.config.OnAttempt != nil {
		attempt.Duration, attempt.Err = time.Since(start), err
		c.config.OnAttempt(ctx, attempt)
	}
	return err
}

// exchange sends a request and reads its response.
func (c *Client) exchange(ctx context.Context, call call, attempt *Attempt) error {
	ctx, cancel := context.WithTimeout(ctx, c.attemptTimeout(call.method))
	defer cancel()
	request, err := c.newRequest(ctx, call)
	if err != nil {
		return c.newRequestError(call, err)
	}
	client := c.http
	if call.method == http.MethodPost {
		client = c.httpOnce
	}
	response, err := client.Do(request)
	if err != nil {
		return c.newRequestError(call, err)
	}
	defer response.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.
	attempt.StatusCode = response.StatusCode
	attempt.RequestID = c.sanitize(response.Header.Get("X-Request-Id"))
	c.reportDeprecation(call, response.Header)
	body, err := readBody(response)
	if err := c.check(call, response, body, err); err != nil {
		return err
	}
	if err := call.decode(body); err != nil {
		return c.newResponseError(call, body, err)
	}
	return nil
}

// attemptTimeout is the request timeout, and twice that for a POST: it opens a connection first, and what it creates must
// not be lost because that took long.
func (c *Client) attemptTimeout(method string) time.Duration {
	if method == http.MethodPost {
		return 2 * c.config.RequestTimeout
	}
	return c.config.RequestTimeout
}

func (c *Client) newRequest(ctx context.Context, call call) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, call.method, c.url(call).String(), bytes.NewReader(call.body))
	if err != nil {
		return nil, err
	}
	if call.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.config.UserAgent)
	c.config.Credential.authenticate(request)
	return request, nil
}

// check rejects a response unless it is one to decode. err is that of reading its body.
func (c *Client) check(call call, response *http.Response, body []byte, err error) error {
	isRedirect := response.StatusCode >= 300 && response.StatusCode < 400
	if location, noLocation := response.Location(); noLocation == nil && isRedirect {
		return c.newRequestError(call, &redirectError{origin: origin(location)})
	}
	switch tooLarge := errors.As(err, new(tooLargeError)); {
	case !slices.Contains(call.accepted, response.StatusCode):
		return c.newStatusError(call, response, body) // A status says enough, whatever became of the body behind it.
	case tooLarge:
		return &ResponseError{Request: c.request(call), Reason: err.Error()}
	case err != nil:
		return c.newRequestError(call, err)
	case c.credential.contains(body): // Nothing in it is used, so that the credential does not get into a state.
		const reason = "contains the credential that was sent"
		return &ResponseError{Request: c.request(call), Body: classifyBody(body), Reason: reason}
	}
	if err := rejectPaginationHeaders(response.Header); err != nil {
		return c.newResponseError(call, body, err)
	}
	return nil
}
