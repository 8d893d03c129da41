package circleci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	// DefaultRequestTimeout bounds one attempt of a request, from the connection to the last byte of the answer.
	DefaultRequestTimeout = 30 * time.Second

	maxBodyBytes = 64 << 20
	maxRedirects = 10
)

// Config says how to reach a Runner API.
type Config struct {
	// APIURL is the origin of the API with an optional path prefix, as ParseAPIURL returns it.
	APIURL *url.URL
	// APIVersion is the version in the path. The default is V2.
	APIVersion APIVersion
	// Credential is sent with every request, and nowhere but to the origin of APIURL.
	Credential Credential
	// UserAgent names the program that asks.
	UserAgent string
	// RequestTimeout bounds one attempt of a request. The default is DefaultRequestTimeout.
	RequestTimeout time.Duration
}

// Client asks one Runner API. It is safe for concurrent use.
type Client struct {
	config Config
	http   *http.Client
}

// New returns a client. It sends nothing yet.
func New(config Config) *Client {
	if config.APIVersion == "" {
		config.APIVersion = V2
	}
	if config.RequestTimeout == 0 {
		config.RequestTimeout = DefaultRequestTimeout
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	return &Client{
		config: config,
		http:   &http.Client{Transport: transport, CheckRedirect: checkRedirect},
	}
}

// Close ends the idle connections that the client kept for its next request.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// get asks one endpoint of the API, such as "runner/tasks", and returns the body of its answer.
func (c *Client) get(ctx context.Context, endpoint string, query url.Values) (body []byte, asked string, err error) {
	u := c.config.APIURL.JoinPath("api", string(c.config.APIVersion), endpoint)
	u.RawQuery = query.Encode()
	asked = "GET " + u.String()

	attempt, cancel := context.WithTimeout(ctx, c.config.RequestTimeout)
	defer cancel()
	body, err = c.attempt(attempt, u, asked)
	switch {
	case err == nil:
		return body, asked, nil
	case ctx.Err() != nil:
		return nil, asked, fmt.Errorf("%s: %w", asked, ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		return nil, asked, &RequestError{Request: asked, Reason: fmt.Sprintf("no complete answer within %s", c.config.RequestTimeout), Err: err}
	}
	return nil, asked, err
}

func (c *Client) attempt(ctx context.Context, u *url.URL, asked string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, c.newRequestError(asked, err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.config.UserAgent)
	c.config.Credential.decorate(request)

	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.newRequestError(asked, err)
	}
	defer response.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.

	body, err := io.ReadAll(io.LimitReader(response.Body, maxBodyBytes+1))
	if response.StatusCode != http.StatusOK {
		// A status says enough, whatever became of the body behind it.
		return nil, c.newStatusError(asked, response, body)
	}
	if err != nil {
		return nil, c.newRequestError(asked, err)
	}
	if len(body) > maxBodyBytes {
		return nil, &AnswerError{Request: asked, Reason: fmt.Sprintf("is larger than the limit of %d MiB", maxBodyBytes>>20)}
	}
	return body, nil
}

// checkRedirect lets a redirect lead to the same origin only. Go's own rule would send Circle-Token to any host.
func checkRedirect(next *http.Request, via []*http.Request) error {
	if origin(next.URL) != origin(via[0].URL) {
		return &redirectError{origin: origin(next.URL)}
	}
	if len(via) > maxRedirects {
		return fmt.Errorf("stopped after %d redirects", maxRedirects)
	}
	return nil
}

// origin is the part of a URL that decides who receives a request: scheme, host and port.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port)
}
