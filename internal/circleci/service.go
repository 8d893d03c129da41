package circleci

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"
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
	// Credential is sent with every request, and nowhere but to the origin of APIURL and, for the fleet API, to that of
	// FleetAPIURL.
	Credential Credential
	// TLS holds the trusted CAs and the client certificate. The default is the system's CAs, and TLS 1.2 or later.
	TLS *tls.Config
	// UserAgent identifies the program to the server.
	UserAgent string
	// RequestTimeout bounds one attempt of a request; that of a creation may take twice as long. The default is
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

// Deprecation is the announcement of a response that its endpoint is about to end.
//
// Source: the headers Deprecation (RFC 9745) and Sunset (RFC 8594), observed.
type Deprecation struct {
	// Request is the request: method and URL.
	Request string
	// Since is when the endpoint was deprecated, and Sunset when it ends, as a date such as "2026-03-05". Each may be
	// empty.
	Since, Sunset string
}

// service is the Runner API as requests reach it: where it is, with which credential, and what no error may contain.
type service struct {
	config Config
	// credential redacts the credential, secrets a proxy's password as well.
	credential, secrets redactor
}

func (s *service) url(call apiCall) *url.URL {
	u := s.config.APIURL
	if call.isFleetAPI {
		u = FleetAPIURL(u)
	}
	u = u.JoinPath("api", string(call.version), call.endpoint)
	u.RawQuery = call.query.Encode()
	return u
}

// redactedURL is the URL of a call as errors have it. The query may hold what a server wrote, such as a class.
func (s *service) redactedURL(call apiCall) string { return s.credential.redact(s.url(call).String()) }

// request is a call as errors name it: method and URL.
func (s *service) request(call apiCall) string { return call.method + " " + s.redactedURL(call) }

func (s *service) newRequest(ctx context.Context, call apiCall) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, call.method, s.url(call).String(), bytes.NewReader(call.body))
	if err != nil {
		return nil, err
	}
	if call.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", s.config.UserAgent)
	credential := s.config.Credential
	if call.isFleetAPI {
		credential = credential.forFleetAPI()
	}
	credential.authenticate(request)
	return request, nil
}

// attemptTimeout is the request timeout, and twice that for a creation: it opens a connection first, and what it
// creates must not be lost because that took long.
func (s *service) attemptTimeout(call apiCall) time.Duration {
	if call.creates() {
		return 2 * s.config.RequestTimeout
	}
	return s.config.RequestTimeout
}
