package circleci

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// proxies chooses the proxy for each request as net/http does, from HTTPS_PROXY and NO_PROXY as they are when the client is
// made.
// An error never repeats a proxy's URL, which may hold a password.
type proxies struct {
	forURL func(*url.URL) (*url.URL, error)
	// invalid reports whether the proxy for https is not a URL. httpproxy would then use no proxy, contrary to the user's
	// configuration.
	invalid bool
	// secrets are the proxy's password, and the user name and password together, as they are sent.
	secrets []string
}

func newProxies(config *httpproxy.Config) proxies {
	p := proxies{}
	switch proxy := parseProxy(config.HTTPSProxy); {
	case config.HTTPSProxy == "":
	case proxy == nil:
		p.invalid = true
		config.HTTPSProxy = "http://invalid" // Stands for it, so that NO_PROXY still counts.
	case proxy.User != nil:
		if password, isSet := proxy.User.Password(); isSet {
			p.secrets = []string{password, proxy.User.Username() + ":" + password}
		}
	}
	p.forURL = config.ProxyFunc()
	return p
}

// parseProxy reads a proxy's URL, which may lack its scheme, or returns nil. One that has a scheme and is wrong, as with a
// # in its password, gets no second chance: behind another http:// it would be a URL of the host "http". An @ behind the
// host comes from a password with a / or ?, whose beginning would pass for the host and its port.
func parseProxy(text string) *url.URL {
	prefixes := []string{"", "http://"}
	if strings.Contains(text, "://") {
		prefixes = prefixes[:1]
	}
	for _, prefix := range prefixes {
		if u, err := url.Parse(prefix + text); err == nil && u.Scheme != "" && u.Host != "" {
			if strings.Contains(u.Path+u.RawQuery+u.Fragment, "@") {
				return nil
			}
			return u
		}
	}
	return nil
}

// choose returns the proxy for a request, nil for none. Plain http leads to this machine only, so it needs no proxy, and
// one would read the credential.
func (p proxies) choose(r *http.Request) (*url.URL, error) { return p.forRequestTo(r.URL) }

func (p proxies) forRequestTo(u *url.URL) (*url.URL, error) {
	if u.Scheme != "https" {
		return nil, nil
	}
	proxy, err := p.forURL(u)
	if err != nil || proxy != nil && p.invalid {
		return nil, errors.New("the proxy in the environment variable HTTPS_PROXY is not a valid URL")
	}
	return proxy, nil
}

// ProxyError is a proxy that refused to connect to the service.
type ProxyError struct {
	// StatusCode is that of its response.
	StatusCode int
}

func (e *ProxyError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the proxy returned %d %s", e.StatusCode, http.StatusText(e.StatusCode)))
}

// checkProxyResponse rejects a response to CONNECT with an error that contains the status.
func checkProxyResponse(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return &ProxyError{response.StatusCode}
	}
	return nil
}
