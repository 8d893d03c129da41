package circleci

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"
)

// minPingTimeout is the least that a connection may take to respond to a ping, however short the request timeout is.
const minPingTimeout = 5 * time.Second

// newTransport returns a transport that keeps connections.
func newTransport(config Config, proxy func(*http.Request) (*url.URL, error)) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = proxy
	transport.OnProxyConnectResponse = checkProxyResponse
	transport.TLSClientConfig = config.TLS
	transport.MaxConnsPerHost = config.MaxConcurrentRequests
	transport.MaxIdleConnsPerHost = config.MaxConcurrentRequests
	transport.MaxIdleConns = 0
	// With HTTP/2, a request that times out does not end its connection, on which all others would time out too.
	ping := min(max(config.RequestTimeout/2, time.Second), DefaultRequestTimeout/2)
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: ping, PingTimeout: max(ping, minPingTimeout)}
	dial := transport.DialContext
	if config.DialContext != nil {
		dial = config.DialContext
	}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		// net/http does not end this together with the request, whose retries would wait for it.
		ctx, cancel := context.WithTimeout(ctx, config.RequestTimeout)
		defer cancel()
		return dial(ctx, network, address)
	}
	return transport
}

// withoutReuse returns a copy of a transport that opens an HTTP/1.1 connection for each request. With HTTP/2, net/http
// may give one connection to several requests, and repeats those for which it was not meant.
func withoutReuse(kept *http.Transport) *http.Transport {
	transport := kept.Clone()
	transport.DisableKeepAlives = true
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	transport.TLSClientConfig.NextProtos = nil
	return transport
}

// checkRedirect lets a redirect lead to the same origin only. Go's own rule would send Circle-Token to any host. What
// writes is not redirected at all: it would be sent again, or become a read.
func checkRedirect(next *http.Request, via []*http.Request) error {
	if via[0].Method != http.MethodGet {
		return http.ErrUseLastResponse
	}
	target := *next.URL
	if err := normalizeHost(&target); err != nil || Origin(&target) != Origin(via[0].URL) {
		return &redirectError{to: Origin(next.URL)}
	}
	next.URL.Host = target.Host
	if len(via) > maxRedirects {
		return errTooManyRedirects
	}
	return nil
}
