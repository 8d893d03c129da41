package circleci

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"
)

// sender sends requests, and reads their responses.
type sender struct {
	*service
	http *http.Client
	// httpOnce opens a connection for each request, for those that create something: a kept connection that the server
	// closes just then would leave the outcome unknown.
	httpOnce     *http.Client
	deprecations deprecations
}

// send is the last handler: it sends a call once, reads the response, and reports both.
func (s *sender) send(ctx context.Context, call apiCall) error {
	start := time.Now()
	attempt := Attempt{Method: call.method, URL: s.redactedURL(call), Number: call.attempt}
	err := s.exchange(ctx, call, &attempt)
	if s.config.OnAttempt != nil {
		attempt.Duration, attempt.Err = time.Since(start), err
		s.config.OnAttempt(ctx, attempt)
	}
	return err
}

// exchange sends a request and reads its response.
func (s *sender) exchange(ctx context.Context, call apiCall, attempt *Attempt) error {
	ctx, cancel := context.WithTimeout(ctx, s.attemptTimeout(call))
	defer cancel()
	request, err := s.newRequest(ctx, call)
	if err != nil {
		return s.newRequestError(call, err)
	}
	client := s.http
	if call.creates() {
		client = s.httpOnce
	}
	response, err := client.Do(request)
	if err != nil {
		return s.newRequestError(call, err)
	}
	defer response.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.
	attempt.StatusCode = response.StatusCode
	attempt.RequestID = s.secrets.sanitize(response.Header.Get("X-Request-Id"))
	s.deprecations.observe(s.request(call), response.Header)
	body, err := readBody(response)
	if err := s.check(call, response, body, err); err != nil {
		return err
	}
	if err := call.decode(body); err != nil {
		return s.newResponseError(call, body, err)
	}
	return nil
}

// check rejects a response unless it is one to decode. err is that of reading its body.
func (s *sender) check(call apiCall, response *http.Response, body []byte, err error) error {
	isRedirect := response.StatusCode >= 300 && response.StatusCode < 400
	if location, noLocation := response.Location(); noLocation == nil && isRedirect {
		return s.newRequestError(call, &redirectError{to: Origin(location)})
	}
	switch tooLarge := errors.As(err, new(tooLargeError)); {
	case !slices.Contains(call.accepted, response.StatusCode):
		return s.newStatusError(call, response, body) // A status says enough, whatever became of the body behind it.
	case tooLarge:
		return &ResponseError{Request: s.request(call), Reason: err.Error()}
	case err != nil:
		return s.newRequestError(call, err)
	case s.credential.contains(body): // Nothing in it is used, so that the credential does not get into a state.
		const reason = "contains the credential that was sent"
		return &ResponseError{Request: s.request(call), Body: classifyBody(body), Reason: reason}
	}
	if err := rejectPaginationHeaders(response.Header); err != nil && !call.isFleetAPI { // Its body tells the next page.
		return s.newResponseError(call, body, err)
	}
	return nil
}
