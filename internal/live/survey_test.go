package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

const (
	userAgent    = "terraform-provider-circleci-testlive (+https://github.com/circleci-community/terraform-provider-circleci)"
	maxBodyBytes = 64 << 20
	// badToken belongs to no user.
	badToken = "a-token-that-circleci-never-issued"
)

// survey is one version of the API of an installation, and how requests are sent to it: with the provider's client, and
// without it for what the client does not send or return.
type survey struct {
	installation

	version           circleci.APIVersion
	client, badClient *circleci.Client
	onThrottle        func(wait time.Duration)
	refusals          []*circleci.StatusError // the responses with an error status so far
}

// newClient returns a client that retries once. It calls onThrottle for each 429, with the wait that the service requested, 0
// if none.
func (i installation) newClient(version circleci.APIVersion, token string, onThrottle func(time.Duration)) *circleci.Client {
	return circleci.New(circleci.Config{
		APIURL: i.apiURL, APIVersion: version, Credential: circleci.PersonalToken(token), UserAgent: userAgent, MaxRetries: 1,
		OnThrottle: func(_ context.Context, throttle circleci.Throttle) { onThrottle(throttle.RetryAfter) },
	})
}

// response is a list or a count.
type response struct {
	n       int
	runners []runner  // as the service wrote them; only a request without the client has them
	date    time.Time // of the service, as the runners
}

// runner is a runner as the service wrote it.
type runner map[string]any

// time returns a member that is a time, and the zero time for any other.
func (r runner) time(key string) time.Time {
	text, _ := r[key].(string)
	at, _ := time.Parse(time.RFC3339, text)
	return at
}

// list returns a request of the runners of a class with a client.
func list(ctx context.Context, client *circleci.Client, class string) func() (response, error) {
	return func() (response, error) {
		runners, err := client.ListRunners(ctx, circleci.RunnerFilter{ResourceClass: class})
		return response{n: len(runners)}, err
	}
}

// count returns a request of a number of tasks with a client.
func count(ctx context.Context, tasks func(context.Context, string) (int64, error), class string) func() (response, error) {
	return func() (response, error) {
		n, err := tasks(ctx, class)
		return response{n: int(n)}, err
	}
}

// withoutClient follows no redirect, which could lead elsewhere with the token.
var withoutClient = &http.Client{
	Timeout:       30 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// get requests runners without a client, with this token or without any. A response that is not a list is an error of the
// client's types.
func (s *survey) get(ctx context.Context, token, endpoint string, filters url.Values) (got response, err error) {
	u := s.apiURL.JoinPath("api", string(s.version), endpoint)
	u.RawQuery = filters.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return got, err
	}
	request.Header.Set("User-Agent", userAgent)
	if token != "" {
		request.Header.Set("Circle-Token", token)
	}
	received, err := withoutClient.Do(request)
	if err != nil {
		return got, err
	}
	defer received.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.
	content, err := io.ReadAll(io.LimitReader(received.Body, maxBodyBytes))
	if err != nil {
		return got, err
	}
	var body struct {
		Items   []runner
		Message string
	}
	kind := circleci.BodyJSON
	if json.Unmarshal(content, &body) != nil {
		kind = circleci.BodyText
	}
	if received.StatusCode == http.StatusTooManyRequests {
		wait, _ := time.ParseDuration(received.Header.Get("Retry-After") + "s")
		s.onThrottle(wait)
	}
	switch {
	case received.StatusCode != http.StatusOK:
		return got, &circleci.StatusError{StatusCode: received.StatusCode, Body: kind, Message: body.Message}
	case body.Items == nil:
		return got, &circleci.ResponseError{Body: kind, Reason: "is not a list"}
	}
	got = response{n: len(body.Items), runners: body.Items}
	got.date, err = http.ParseTime(received.Header.Get("Date"))
	return got, err
}

// describe says what came back. The status is 0 without a response, and for one that the client rejected. An error is conclusive
// if it is about the request: not a transient one, and not one without a response.
func describe(got response, err error) (status int, detail string, isConclusive bool) {
	var (
		refusal   *circleci.StatusError
		malformed *circleci.ResponseError
		redirect  *circleci.RedirectError
	)
	switch {
	case err == nil:
		return http.StatusOK, fmt.Sprintf("200 OK, count: %d", got.n), true
	case errors.As(err, &refusal):
		detail = strings.TrimSpace(fmt.Sprintf("%d %s %s", refusal.StatusCode, http.StatusText(refusal.StatusCode), refusal.Message))
		return refusal.StatusCode, detail, !circleci.IsRetryable(err)
	case errors.As(err, &malformed):
		return 0, "200 OK, but the body " + malformed.Reason, true
	}
	return 0, err.Error(), errors.As(err, &redirect)
}
