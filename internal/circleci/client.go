package circleci

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpproxy"
)

const (
	// DefaultRequestTimeout bounds one attempt of a request, from the connection to the last byte of the response.
	DefaultRequestTimeout = 30 * time.Second
	// DefaultMaxRetries is how often a request is retried after its first attempt.
	DefaultMaxRetries = 4
	// DefaultMaxConcurrentRequests is how many requests may be in flight.
	DefaultMaxConcurrentRequests = 32

	maxRedirects = 10

	// minSetupTimeout and minPingTimeout are the least that a connection may take to be ready once it is open, and to respond to a
	// ping, however short the request timeout is.
	minSetupTimeout = 10 * time.Second
	minPingTimeout  = 5 * time.Second
)

// Config says how to reach a Runner API.
type Config struct {
	// APIURL is the origin of the API with an optional path prefix, as ParseAPIURL returns it.
	APIURL *url.URL
	// APIVersion is the version in the path. The default is V2.
	APIVersion APIVersion
	// Credential is sent with every request, and nowhere but to the origin of APIURL.
	Credential Credential
	// TLS holds the trusted CAs and the client certificate. The default is the system's CAs, and TLS 1.2 or later.
	TLS *tls.Config
	// UserAgent identifies the program to the server.
	UserAgent string
	// RequestTimeout bounds one attempt of a request; that of a POST may take twice as long. The default is DefaultRequestTimeout.
	RequestTimeout time.Duration
	// MaxRetries is how often a request is retried after transient errors; 0 means never.
	MaxRetries int
	// MaxConcurrentRequests bounds how many requests are in flight, and how many connections are kept. The default is
	// DefaultMaxConcurrentRequests.
	MaxConcurrentRequests int
	// DialContext opens connections. The default is net.Dialer's.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// OnAttempt is called at the end of each attempt. It may be nil.
	OnAttempt func(ctx context.Context, attempt Attempt)
	// OnThrottle is called for each 429, with how the client slows down. It may be nil.
	OnThrottle func(ctx context.Context, throttle Throttle)
}

// Throttle is how a client slows down after a 429.
type Throttle struct {
	// RetryAfter is the wait that the service requested, 0 if none.
	RetryAfter time.Duration
	// Pace is how many requests per second are sent after the wait.
	Pace float64
}

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
	// Err is why the attempt failed, nil for a complete response with an accepted status.
	Err error
}

// Client is a client of one Runner API. It is safe for concurrent use.
type Client struct {
	config Config
	http   *http.Client
	// httpOnce opens a connection for each request, for those that create something: a kept connection that the server closes
	// just then would leave the outcome unknown.
	httpOnce *http.Client
	proxies  proxies
	// redact redacts the credential and the secrets received in responses, redactAll a proxy's password as well. These are
	// functions for the reason that Credential's expose is one.
	redact, redactAll func(string) string
	// addSecret adds a secret received in a response to those that are redacted.
	addSecret func(secret string)
	// containsCredential reports whether a text contains the credential, encoded or not.
	containsCredential func([]byte) bool
	// inFlight holds one element for each request that is in flight.
	inFlight chan struct{}
	throttle *throttle
	// classLock is for creating a resource class, tokenLock for the tokens of one.
	classLock, tokenLock createLock
}

// New returns a client. It sends nothing yet. Proxies are taken from HTTPS_PROXY and NO_PROXY.
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
	proxies := newProxies(httpproxy.FromEnvironment())
	kept := newTransport(config, proxies)
	single := kept.Clone()
	single.DisableKeepAlives = true
	// With HTTP/2, net/http may give one connection to several requests, and repeats those for which it was not meant.
	single.Protocols = new(http.Protocols)
	single.Protocols.SetHTTP1(true)
	single.TLSClientConfig.NextProtos = nil
	credential := newRedactor(config.Credential.secrets()...)
	all := newRedactor(append(config.Credential.secrets(), proxies.secrets...)...)
	redactTold, addSecret := newGrowingRedactor()
	return &Client{
		config:             config,
		http:               &http.Client{Transport: kept, CheckRedirect: checkRedirect},
		httpOnce:           &http.Client{Transport: single, CheckRedirect: checkRedirect},
		proxies:            proxies,
		redact:             func(text string) string { return redactTold(credential.redact(text)) },
		redactAll:          func(text string) string { return redactTold(all.redact(text)) },
		addSecret:          addSecret,
		containsCredential: credential.contains,
		inFlight:           make(chan struct{}, config.MaxConcurrentRequests),
		throttle:           newThrottle(),
	}
}

// newTransport returns a transport that keeps connections.
func newTransport(config Config, proxies proxies) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = proxies.choose
	transport.OnProxyConnectResponse = checkProxyResponse
	transport.TLSClientConfig = config.TLS
	transport.MaxConnsPerHost = config.MaxConcurrentRequests
	transport.MaxIdleConnsPerHost = config.MaxConcurrentRequests
	transport.MaxIdleConns = 0
	// With HTTP/2, a request that times out does not end its connection. Only a ping finds out that all others would time out, too.
	ping := min(max(config.RequestTimeout/2, time.Second), DefaultRequestTimeout/2)
	transport.HTTP2 = &http.HTTP2Config{
		SendPingTimeout: ping, PingTimeout: max(ping, minPingTimeout),
	}
	dial := transport.DialContext
	if config.DialContext != nil {
		dial = config.DialContext
	}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		// net/http ends neither this nor the handshake with a proxy together with the request, whose retries would wait for them.
		ctx, cancel := context.WithTimeout(ctx, config.RequestTimeout)
		defer cancel()
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		// A kept connection whose handshake outlasts its request serves the next attempt. traceConn removes the deadline.
		_ = c.SetDeadline(time.Now().Add(max(config.RequestTimeout, minSetupTimeout)))
		return newConn(c), nil
	}
	return transport
}

// Close ends the idle connections that the client kept for its next request.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// call is one request to the API, whatever it takes to send it.
type call struct {
	method string
	// endpoint is the path after the version, such as "runner/tasks".
	endpoint string
	query    url.Values
	// body is the JSON that is sent, nil for none.
	body []byte
	// accepted are the statuses of success.
	accepted []int
	// inspect is given the body of each response before an error can quote it. It may be nil.
	inspect func(body []byte)
}

// get sends a GET request to one endpoint of the API, such as "runner/tasks", and returns the body of the response. It
// retries after transient errors.
func (c *Client) get(ctx context.Context, endpoint string, query url.Values) (body []byte, request string, err error) {
	return c.do(ctx, call{method: http.MethodGet, endpoint: endpoint, query: query, accepted: []int{http.StatusOK}})
}

// do sends a request and returns the body of the response. It retries after transient errors; a POST only as long as it
// was not carried out. The error is an *UncertainError when that is not known.
func (c *Client) do(ctx context.Context, call call) (body []byte, request string, err error) {
	u := c.config.APIURL.JoinPath("api", string(c.config.APIVersion), call.endpoint)
	u.RawQuery = call.query.Encode()
	// The query may hold what a server wrote: the classes that it listed.
	redactedURL := c.redact(u.String())
	request = call.method + " " + redactedURL

	limited, cancel := context.WithTimeout(ctx, ReadTimeout)
	defer cancel()
	start, attempts := time.Now(), 0
	send := func(ctx context.Context, attempt int) ([]byte, error) {
		attempts = attempt
		return c.reportedAttempt(ctx, call, u, Attempt{Method: call.method, URL: redactedURL, Number: attempt})
	}
	if call.method == http.MethodPost {
		send = sendOnce(send)
	}
	body, err = c.retry(limited, request, send)
	isUncertain, cause := unwrapUncertain(err)
	switch {
	case err == nil:
		return body, request, nil
	case call.method == http.MethodPost && isRejection(err) && !isRateLimited(err):
		err = cause // Although the response came after the end of ctx.
	case errors.Is(ctx.Err(), context.Canceled):
		err = fmt.Errorf("%s: %w", request, context.Cause(ctx))
	case limited.Err() != nil && !isRateLimited(err):
		timeout := &RequestError{Request: request, Reason: "timed out waiting for a complete response", Err: cause}
		if attempts == 0 {
			timeout.Reason = fmt.Sprintf("timed out after %s waiting for other requests to complete, and was not sent",
				time.Since(start).Round(time.Millisecond))
		}
		err = &RetryError{Attempts: attempts, Elapsed: time.Since(start), Err: timeout}
	default:
		err = cause
	}
	if isUncertain {
		err = &UncertainError{Err: err}
	}
	return nil, request, err
}

// reportedAttempt is attempt, and calls OnAttempt at its end.
func (c *Client) reportedAttempt(ctx context.Context, call call, u *url.URL, attempt Attempt) ([]byte, error) {
	start := time.Now()
	body, err := c.attempt(ctx, call, u, attempt.Method+" "+attempt.URL, &attempt)
	if c.config.OnAttempt != nil {
		attempt.Duration, attempt.Err = time.Since(start), err
		c.config.OnAttempt(ctx, attempt)
	}
	return body, err
}

// attempt sends one request and reads its response.
func (c *Client) attempt(ctx context.Context, call call, u *url.URL, request string, attempt *Attempt) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.attemptTimeout(call.method))
	defer cancel()
	ctx, cancelRepeats := context.WithCancelCause(ctx)
	defer cancelRepeats(nil)
	used := newConn(nil)
	traced := httptrace.WithClientTrace(c.limitSends(ctx, cancelRepeats), traceConn(&used))
	httpRequest, err := c.newHTTPRequest(traced, call, u)
	if err != nil {
		return nil, c.newRequestError(request, err)
	}
	client := c.http
	if call.method == http.MethodPost {
		client = c.httpOnce
	}
	response, err := client.Do(httpRequest)
	switch {
	case err != nil && errors.Is(context.Cause(ctx), errTooManySends):
		return nil, c.newRequestError(request, errTooManySends)
	case err != nil:
		return nil, c.newRequestError(request, asTruncated(err, used))
	}
	defer response.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.
	if used.hasSurplusBytes() {
		return nil, c.newRequestError(request, errSurplusBytes) // They may be what was taken for the response.
	}
	attempt.StatusCode = response.StatusCode
	attempt.RequestID = c.sanitize(response.Header.Get("X-Request-Id"))
	return c.readResponse(call, request, response, used)
}

// readResponse returns the body of a response, or an error unless it is one to build on.
func (c *Client) readResponse(call call, request string, response *http.Response, used *conn) ([]byte, error) {
	body, err := readBody(response)
	if call.inspect != nil {
		call.inspect(body)
	}
	if location, noLocation := response.Location(); noLocation == nil && isRedirect(response.StatusCode) {
		return nil, &RedirectError{Request: request, Origin: c.sanitize(origin(location))}
	}
	switch tooLarge := errors.As(err, new(tooLargeError)); {
	case !slices.Contains(call.accepted, response.StatusCode):
		// A status says enough, whatever became of the body behind it.
		return nil, c.newStatusError(request, call, response, body)
	case tooLarge, isDecompressionError(err):
		return nil, &ResponseError{Request: request, Reason: c.sanitize(err.Error())}
	case err != nil:
		return nil, c.newRequestError(request, asTruncated(err, used))
	case c.containsCredential(body):
		// Nothing in it is used, so that the credential does not get into a state.
		return nil, &ResponseError{Request: request, Body: classifyBody(body), Reason: "contains the credential that was sent"}
	}
	if err := rejectPaginationHeaders(response.Header); err != nil {
		return nil, c.newResponseError(request, body, err)
	}
	return body, nil
}

// attemptTimeout is the request timeout, and twice that for a POST: it opens a connection first, and what it creates must not be
// lost because that took long.
func (c *Client) attemptTimeout(method string) time.Duration {
	if method == http.MethodPost {
		return 2 * c.config.RequestTimeout
	}
	return c.config.RequestTimeout
}

func (c *Client) newHTTPRequest(ctx context.Context, call call, u *url.URL) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, call.method, u.String(), bytes.NewReader(call.body))
	if err != nil {
		return nil, err
	}
	if call.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Accept-Encoding", acceptEncoding)
	request.Header.Set("User-Agent", c.config.UserAgent)
	c.config.Credential.authenticate(request)
	return request, nil
}

var errTooManySends = errors.New("the server resets the request each time that it is sent")

// limitSends returns a context with a trace that cancels it when net/http sends a request too often in one attempt. It may send it
// again after each redirect, and on each kept connection that has ended. It has no limit of its own for a request that an HTTP/2
// server resets.
func (c *Client) limitSends(ctx context.Context, cancel context.CancelCauseFunc) context.Context {
	limit := int64(1 + maxRedirects + c.config.MaxConcurrentRequests)
	var sends atomic.Int64
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		if sends.Add(1) > limit {
			cancel(errTooManySends)
		}
	}})
}

func isRedirect(status int) bool {
	return slices.Contains([]int{
		http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect,
	}, status)
}

var errTooManyRedirects = fmt.Errorf("it was redirected more than %d times", maxRedirects)

// checkRedirect lets a redirect lead to the same origin only. Go's own rule would send Circle-Token to any host. What
// writes is not redirected at all: it would be sent again, or become a read.
func checkRedirect(next *http.Request, via []*http.Request) error {
	if via[0].Method != http.MethodGet {
		return http.ErrUseLastResponse
	}
	target := *next.URL
	if err := normalizeHost(&target); err != nil || origin(&target) != origin(via[0].URL) {
		return &redirectError{origin: origin(next.URL)}
	}
	next.URL.Host = target.Host
	if len(via) > maxRedirects {
		return errTooManyRedirects
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
