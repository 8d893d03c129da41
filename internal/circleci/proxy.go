package circleci

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// proxies chooses the proxy for each request as net/http does, from the environment as it is when the client is made.
// An error never repeats a proxy's URL, which may hold a password.
type proxies struct {
	forURL func(*url.URL) (*url.URL, error)
	// invalid says that the proxy for https is not a URL. httpproxy would go on without a proxy then, which is not what
	// the user asked for.
	invalid bool
	// secrets are the proxies' passwords, in the spellings that could appear.
	secrets []string
}

func newProxies(config *httpproxy.Config) proxies {
	p := proxies{}
	for _, text := range []string{config.HTTPProxy, config.HTTPSProxy} {
		if proxy := parseProxy(text); proxy != nil && proxy.User != nil {
			password, _ := proxy.User.Password()
			p.secrets = append(p.secrets, encodedForms(password)...)
			p.secrets = append(p.secrets, base64.StdEncoding.EncodeToString([]byte(proxy.User.Username()+":"+password)))
		}
	}
	if config.HTTPSProxy != "" && parseProxy(config.HTTPSProxy) == nil {
		p.invalid = true
		config.HTTPSProxy = "http://invalid" // Stands for it, so that NO_PROXY still counts.
	}
	p.forURL = config.ProxyFunc()
	return p
}

// parseProxy reads a proxy's URL, which may lack its scheme, or returns nil. One that has a scheme and is wrong, as with a
// # in its password, gets no second chance: behind another http:// it would be a URL of the host "http".
func parseProxy(text string) *url.URL {
	prefixes := []string{"", "http://"}
	if strings.Contains(text, "://") {
		prefixes = prefixes[:1]
	}
	for _, prefix := range prefixes {
		if u, err := url.Parse(prefix + text); err == nil && u.Scheme != "" && u.Host != "" {
			return u
		}
	}
	return nil
}

func (p proxies) choose(r *http.Request) (*url.URL, error) {
	proxy, err := p.forURL(r.URL)
	if err != nil || proxy != nil && p.invalid {
		return nil, errors.New("the proxy in the environment variable HTTPS_PROXY is not a valid URL")
	}
	return proxy, nil
}

// proxyError is a proxy that does not lead to the service.
type proxyError struct{ statusCode int }

func (e *proxyError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the proxy answered %d %s", e.statusCode, http.StatusText(e.statusCode)))
}

// checkProxyAnswer refuses an answer to CONNECT with an error that tells the status.
func checkProxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return &proxyError{answer.StatusCode}
	}
	return nil
}
