package live_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

const (
	userAgent    = "terraform-provider-circleci-testlive (+https://github.com/circleci-community/terraform-provider-circleci)"
	maxBodyBytes = 64 << 20
	// badToken belongs to no user.
	badToken = "a-token-that-circleci-never-issued"
)

// request is a GET request for runners or for a count.
type request struct {
	version circleci.APIVersion
	path    string // below the version
	query   string
	token   string // "" sends none
}

// response is what the service sent.
type response struct {
	status     int    // 0 without a response
	detail     string // what came back, in a line
	message    string // of an error
	retryAfter string
	isJSON     bool
	isValid    bool // with status 200, the complete list or the count
	runners    []runner
	n          int // the count, or the number of runners
}

// runner is a runner as the service wrote it.
type runner map[string]any

// time returns a member that is a time, and the zero time for any other.
func (r runner) time(key string) time.Time {
	text, _ := r[key].(string)
	at, _ := time.Parse(time.RFC3339, text)
	return at
}

// isConclusive reports whether the response is about the request, rather than a transient error.
func (r response) isConclusive() bool {
	return r.status != 0 && !circleci.IsRetryable(&circleci.StatusError{StatusCode: r.status})
}

// survey is the responses of an installation. Each request is sent once, and without the provider's client, which would not
// send all of them.
type survey struct {
	apiURL    *url.URL
	responses map[request]response
}

func (s survey) get(ctx context.Context, r request) response {
	if _, found := s.responses[r]; !found {
		got, err := s.send(ctx, r)
		if err != nil {
			got = response{detail: err.Error()}
		}
		s.responses[r] = got
	}
	return s.responses[r]
}

// client follows no redirect, which could lead elsewhere with the token.
var client = &http.Client{
	Timeout:       30 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (s survey) send(ctx context.Context, r request) (got response, err error) {
	u := s.apiURL.JoinPath("api", string(r.version), r.path)
	u.RawQuery = r.query
	sent, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return got, err
	}
	sent.Header.Set("User-Agent", userAgent)
	if r.token != "" {
		sent.Header.Set("Circle-Token", r.token)
	}
	received, err := client.Do(sent)
	if err != nil {
		return got, err
	}
	defer received.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.
	content, err := io.ReadAll(io.LimitReader(received.Body, maxBodyBytes))
	if err != nil {
		return got, err
	}
	var body map[string]json.RawMessage
	got.status, got.retryAfter = received.StatusCode, received.Header.Get("Retry-After")
	got.isJSON = json.Unmarshal(content, &body) == nil
	_ = json.Unmarshal(body["message"], &got.message)
	got.detail = fmt.Sprintf("%d %s %s", got.status, http.StatusText(got.status), got.message)
	if got.status != http.StatusOK {
		return got, nil
	}
	switch _, isPart := body["next_page_token"]; {
	case r.path == "runner/tasks":
		got.isValid = json.Unmarshal(body["unclaimed_task_count"], &got.n) == nil
	case r.path == "runner/tasks/running":
		got.isValid = json.Unmarshal(body["running_runner_tasks"], &got.n) == nil
	case !isPart:
		got.isValid = json.Unmarshal(body["items"], &got.runners) == nil
		got.n = len(got.runners)
	}
	got.detail = fmt.Sprintf("200 OK, count: %d", got.n)
	if !got.isValid {
		got.detail = "200 OK, but the body is not the complete list or the count"
	}
	return got, nil
}
