package circleci

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
)

const (
	// DefaultRequestTimeout bounds one attempt of a request, from the connection to the last byte of the answer.
	DefaultRequestTimeout = 30 * time.Second
	// DefaultMaxRetries is how often a request is tried again after its first attempt.
	DefaultMaxRetries = 4
	// DefaultMaxConcurrentRequests is how many requests are under way at once.
	DefaultMaxConcurrentRequests = 32

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
	// TLS says whom to trust and by which certificate to be known. The default is the system's roots and TLS 1.2 at least.
	TLS *tls.Config
	// UserAgent names the program that asks.
	UserAgent string
	// RequestTimeout bounds one attempt of a request. The default is DefaultRequestTimeout.
	RequestTimeout time.Duration
	// MaxRetries is how often a request is tried again after faults that pass; 0 means never.
	MaxRetries int
	// MaxConcurrentRequests bounds how many requests are under way at once, and so the connections. The default is
	// DefaultMaxConcurrentRequests.
	MaxConcurrentRequests int
	// Clock is where time comes from. The default is the machine's.
	Clock Clock
	// DialContext opens connections. The default is net.Dialer's.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// OnAttempt is told of each attempt when it is over. It may be nil.
	OnAttempt func(ctx context.Context, attempt Attempt)
}

// Attempt is one request and what became of it. Nothing in it is secret.
type Attempt struct {
	Method string
	URL    string
	// Number counts the attempts of one read from 1.
	Number int
	// StatusCode is the status of the answer, 0 when none came.
	StatusCode int
	// RequestID is what the server calls the request in its own logs. It may be empty.
	RequestID string
	Duration  time.Duration
	// Err is why the attempt failed, nil when a whole answer of status 200 came.
	Err error
}

// Client asks one Runner API. It is safe for concurrent use.
type Client struct {
	config Config
	http   *http.Client
	// hide replaces every spelling of every secret that the client knows. It is a function for the reason that
	// Credential's reveal is one.
	redact func(string) string
	// places holds one element for each request that is under way.
	inFlight  chan struct{}
	rateLimit rateLimit
}

// New returns a client. It sends nothing yet. Proxies are taken from HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
func New(config Config) *Client {
	if config.APIVersion == "" {
		config.APIVersion = V2
	}
	if config.TLS == nil {
		config.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.RequestTimeout == 0 {
		config.RequestTimeout = DefaultRequestTimeout
	}
	if config.MaxConcurrentRequests == 0 {
		config.MaxConcurrentRequests = DefaultMaxConcurrentRequests
	}
	if config.Clock == nil {
		config.Clock = systemClock{}
	}
	proxies := newProxies(httpproxy.FromEnvironment())
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = proxies.choose
	transport.OnProxyConnectResponse = checkProxyAnswer
	transport.TLSClientConfig = config.TLS
	transport.MaxConnsPerHost = config.MaxConcurrentRequests
	transport.MaxIdleConnsPerHost = config.MaxConcurrentRequests
	transport.MaxIdleConns = 0
	if config.DialContext != nil {
		transport.DialContext = config.DialContext
	}
	return &Client{
		config:   config,
		http:     &http.Client{Transport: transport, CheckRedirect: checkRedirect},
		redact:   newRedactor(config.Credential.secrets(), proxies.secrets),
		inFlight: make(chan struct{}, config.MaxConcurrentRequests),
	}
}

// Close ends the idle connections that the client kept for its next request.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// readDeadline is the key of the time, by the client's clock, at which a read must have ended.
type readDeadline struct{}

// StartRead makes one read of several requests: with the context that it returns they all end, retries included, within
// d. A read within a read ends with it.
func (c *Client) StartRead(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	deadline := c.Now().Add(d)
	if outer, within := ctx.Value(readDeadline{}).(time.Time); within && outer.Before(deadline) {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(context.WithValue(ctx, readDeadline{}, deadline), d)
}

// Now returns the time by the client's clock.
func (c *Client) Now() time.Time { return c.config.Clock.Now() }

// Sleep waits on the client's clock. It returns nil after d, or the context's error when that ends first.
func (c *Client) Sleep(ctx context.Context, d time.Duration) error {
	return c.config.Clock.Sleep(ctx, d)
}

// get asks one endpoint of the API, such as "runner/tasks", and returns the body of its answer. It tries again after
// faults that pass.
func (c *Client) get(ctx context.Context, endpoint string, query url.Values) (body []byte, asked string, err error) {
	u := c.config.APIURL.JoinPath("api", string(c.config.APIVersion), endpoint)
	u.RawQuery = query.Encode()
	// Hidden, because a server's own words may be asked about: the classes that it listed.
	shown := c.redact(u.String())
	asked = http.MethodGet + " " + shown

	read, cancel := c.StartRead(ctx, ReadTimeout)
	defer cancel()
	begun, attempts := c.config.Clock.Now(), 0
	body, err = c.retry(read, func(ctx context.Context, number int) ([]byte, error) {
		attempts = number
		attempt := Attempt{Method: http.MethodGet, URL: shown, Number: number}
		start := c.config.Clock.Now()
		body, err := c.attempt(ctx, u, asked, &attempt)
		if c.config.OnAttempt != nil {
			attempt.Duration, attempt.Err = c.config.Clock.Now().Sub(start), err
			c.config.OnAttempt(ctx, attempt)
		}
		return body, err
	})
	switch {
	case err == nil:
		return body, asked, nil
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, asked, fmt.Errorf("%s: %w", asked, ctx.Err())
	case read.Err() != nil:
		cause := &RequestError{Request: asked, Reason: "no complete answer in the time that the read had", Err: err}
		return nil, asked, &RetryError{Attempts: attempts, Elapsed: c.config.Clock.Now().Sub(begun), Err: cause}
	}
	return nil, asked, err
}

// attempt sends one request and reads its answer.
func (c *Client) attempt(ctx context.Context, u *url.URL, asked string, attempt *Attempt) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.RequestTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, c.newRequestError(asked, err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.config.UserAgent)
	c.config.Credential.authenticate(request)

	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.newRequestError(asked, err)
	}
	defer response.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.
	attempt.StatusCode = response.StatusCode
	attempt.RequestID = c.sanitize(response.Header.Get("X-Request-Id"))

	body, err := readBody(response)
	switch tooLarge := errors.Is(err, errTooLarge); {
	case response.StatusCode != http.StatusOK:
		// A status says enough, whatever became of the body behind it.
		return nil, c.newStatusError(asked, response, body)
	case tooLarge, isDecompressionError(err):
		return nil, &ResponseError{Request: asked, Reason: c.sanitize(err.Error())}
	case err != nil:
		return nil, c.newRequestError(asked, err)
	}
	return body, nil
}

// checkRedirect lets a redirect lead to the same origin only. Go's own rule would send Circle-Token to any host.
func checkRedirect(next *http.Request, via []*http.Request) error {
	// What is shown keeps its case, or a secret in it would not be recognized.
	if target := origin(next.URL); !strings.EqualFold(target, origin(via[0].URL)) {
		return &redirectError{origin: target}
	}
	if len(via) > maxRedirects {
		return fmt.Errorf("it was redirected more than %d times", maxRedirects)
	}
	return nil
}

// origin is the part of a URL that decides who receives a request: scheme, host and port. Its case does not matter.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port)
}
