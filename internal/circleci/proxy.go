package circleci

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// newProxy returns the Proxy of a transport, from HTTPS_PROXY and NO_PROXY as they are when the client is made, and the
// proxy's password, plain and as it is sent, which no error may contain. httpproxy ignores a proxy that is not a URL.
func newProxy(config *httpproxy.Config) (proxy func(*http.Request) (*url.URL, error), secrets []string) {
	config.HTTPProxy = "" // Plain http leads to this machine only, and a proxy would read the credential.
	configured, invalid := parseProxy(config.HTTPSProxy)
	if invalid != nil {
		config.HTTPSProxy = "http://invalid" // Stands for it, so that NO_PROXY still counts.
	} else if password, isSet := configured.User.Password(); isSet {
		basic := base64.RawStdEncoding.EncodeToString([]byte(configured.User.Username() + ":" + password))
		secrets = []string{password, basic}
	}
	choose := config.ProxyFunc()
	return func(request *http.Request) (*url.URL, error) {
		chosen, err := choose(request.URL)
		if chosen != nil && invalid != nil {
			return nil, invalid
		}
		return chosen, err
	}, secrets
}

// parseProxy reads a proxy's URL, which may be empty or lack its scheme. An @ behind the host comes from a password
// with an unescaped #, / or ?, whose beginning would pass for the host and its port.
func parseProxy(text string) (*url.URL, error) {
	if text == "" {
		return &url.URL{}, nil
	}
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || strings.Contains(u.Path+u.RawQuery+u.Fragment, "@") {
		return nil, errInvalidProxy
	}
	return u, nil
}

// checkProxyResponse rejects a response to CONNECT with an error that contains the status.
func checkProxyResponse(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return &StatusError{StatusCode: response.StatusCode, FromProxy: true}
	}
	return nil
}
