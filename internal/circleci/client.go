package circleci

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync"
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
)

// Config says how to reach a Runner API.
type Config struct {
	// APIURL is the origin of the API with an optional path prefix, as ParseAPIURL returns it.
	APIURL *url.URL
	// APIVersion is the version in the path. The default is Auto.
	APIVersion APIVersion
	// Credential is sent with every request, and nowhere but to the origin of APIURL.
	Credential Credential
	// TLS holds the trusted CAs and the client certificate. The default is the system's CAs, and TLS 1.2 or later.
	TLS *tls.Config
	// UserAgent identifies the program to the server.
	UserAgent string
	// RequestTimeout bounds one attempt of a request; that of a POST may take twice as long. The default is
	// DefaultRequestTimeout.
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
	// OnDeprecation is called for the first response that announces the end of its endpoint. It may be nil.
	OnDeprecation func(deprecation Deprecation)
}

// Client is a client of one Runner API. It is safe for concurrent use.
type Client struct {
	config Config
	http   *http.Client
	// httpOnce opens a connection for each request, for those that create something: a kept connection that the server
	// closes just then would leave the outcome unknown.
	httpOnce *http.Client
	// credential redacts the credential, secrets a proxy's password as well.
	credential, secrets redactor
	// handle sends a call: the chain of handlers, the outermost first.
	handle   handler
	versions *versions
	throttle *throttle
	// inFlight holds one element for each request that is in flight.
	inFlight    chan struct{}
	deprecation sync.Once
	// classes and tokens are the listings that refreshes share. Whatever writes forgets them.
	classes listings[ResourceClass]
	tokens  listings[Token]
	outage  outage
	// classLock is for creating a resource class, tokenLock for the tokens of one.
	classLock, tokenLock createLock
}

// New returns a client. It sends nothing yet. Proxies are taken from HTTPS_PROXY and NO_PROXY.
func New(config Config) *Client {
	if config.TLS == nil {
		config.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.RequestTimeout == 0 {
		config.RequestTimeout = DefaultRequestTimeout
	}
	if config.MaxConcurrentRequests == 0 {
		config.MaxConcurrentRequests = DefaultMaxConcurrentRequests
	}
	proxy, proxySecrets := newProxy(httpproxy.FromEnvironment())
	kept := newTransport(config, proxy)
	c := &Client{
		config:     config,
		http:       &http.Client{Transport: kept, CheckRedirect: checkRedirect},
		httpOnce:   &http.Client{Transport: withoutReuse(kept), CheckRedirect: checkRedirect},
		credential: newRedactor(config.Credential.secrets()...),
		secrets:    newRedactor(append(config.Credential.secrets(), proxySecrets...)...),
		versions:   newVersions(config.APIVersion, config.Credential),
		throttle:   newThrottle(),
		inFlight:   make(chan struct{}, config.MaxConcurrentRequests),
	}
	c.handle = limitTime(c.findVersion(c.retry(once(c.send))))
	return c
}

// Close ends the idle connections that the client kept for its next request.
func (c *Client) Close() { c.http.CloseIdleConnections() }
