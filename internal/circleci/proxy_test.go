package circleci_test

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

const (
	proxyUser     = "jane"
	proxyPassword = "~?>pass/w+rd%2F=~?>"
	// behindProxy is a name that a proxy is used for. It is never looked up: the proxies here lead to loopback.
	behindProxy = "https://runner.example.com"
	// proxiedRequest is the request of countBehindProxy, as an error names it.
	proxiedRequest = "GET " + behindProxy + "/api/v3/runner/tasks?resource-class=acme%2Flinux"
)

// setProxy lets the environment name a proxy, with a user unless that is nil, and nothing else about proxies.
func setProxy(t *testing.T, text string, user *url.Userinfo) {
	t.Helper()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"} {
		t.Setenv(name, "")
		t.Setenv(strings.ToLower(name), "")
	}
	if user != nil {
		text = strings.Replace(text, "://", "://"+user.String()+"@", 1)
	}
	t.Setenv("HTTPS_PROXY", text)
}

// startProxied starts a server with a certificate for the name that a proxy is used for, and a proxy to it, which
// requires the password if there is a user.
func startProxied(t *testing.T, user string) (*circlecitest.Server, option, *circlecitest.Proxy) {
	t.Helper()
	server, trusting := startTLSServer(t, circlecitest.NewCA(), "runner.example.com")
	proxy := circlecitest.NewProxy(server, user, proxyPassword)
	t.Cleanup(proxy.Close)
	return server, trusting, proxy
}

// countBehindProxy is countTasks via the proxy of the environment.
func countBehindProxy(t *testing.T, server *circlecitest.Server, opts ...option) result {
	t.Helper()
	behind := func(config *circleci.Config) { config.APIURL = parseURL(t, behindProxy) }
	return <-countTasks(t.Context(), newClient(t, server, append(opts, behind)...))
}

func TestProxy(t *testing.T) {
	for _, user := range []string{proxyUser, ""} {
		server, trusting, proxy := startProxied(t, user)
		setProxy(t, proxy.URL, url.UserPassword(user, proxyPassword))
		if user == "" { // And without a scheme.
			setProxy(t, strings.TrimPrefix(proxy.URL, "http://"), nil)
		}
		equal(t, "result", countBehindProxy(t, server, trusting), result{count: 42})
		equal(t, "targets of the proxy", proxy.Connects(), []string{"runner.example.com:443"})
		header := server.Requests()[0].Header
		equal(t, "token", header["Circle-Token"], []string{circlecitest.PersonalToken})
		equal(t, "password sent to the server", header["Proxy-Authorization"], []string(nil))
	}
}

func TestNoProxy(t *testing.T) {
	memory := (*circlecitest.Server).UseMemory
	server, trusting := startTLSServer(t, circlecitest.NewCA(), "runner.example.com", memory)
	for _, text := range []string{"http://127.0.0.1:1", "http://[::1"} { // The second is invalid.
		setProxy(t, text, nil)
		t.Setenv("NO_PROXY", "runner.example.com")
		equal(t, "result", countBehindProxy(t, server, trusting), result{count: 42})
	}
}

func TestProxyRefuses(t *testing.T) {
	server, trusting, _ := startProxied(t, "")
	for status, isRetryable := range map[int]bool{404: false, 407: false, 429: true, 502: true} {
		proxy := startServer(t)
		proxy.SetHandler(circlecitest.Raw(status, "text/plain", ""))
		setProxy(t, proxy.URL, nil)
		err := countBehindProxy(t, server, trusting).err
		equal(t, "is the proxy's", errorOf[*circleci.StatusError](t, err).FromProxy, true)
		want := fmt.Sprintf("%s: the proxy returned %d %s", proxiedRequest, status, http.StatusText(status))
		assertContains(t, errorText(err), want)
		equal(t, "is retryable after "+want, circleci.IsRetryable(err), isRetryable)
		requests := proxy.Requests()
		equal(t, "requests to the proxy", len(requests), 1)
		equal(t, "token", requests[0].Header["Circle-Token"], []string(nil))
	}
	setProxy(t, "http://127.0.0.1:1", url.UserPassword(proxyUser, proxyPassword)) // Nothing listens there.
	err := countBehindProxy(t, server, trusting).err
	assertContains(t, errorText(err), ": proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused")
	equal(t, "is retryable", circleci.IsRetryable(err), true)
	equal(t, "connections to the server", server.Connections(), 0)
}

func TestInvalidProxyURL(t *testing.T) {
	server, trusting, _ := startProxied(t, "")
	for _, text := range []string{
		"http://jane:secret-password@[::1", "://secret-password", "jane:secret%zzpassword@127.0.0.1:1",
		"http://jane:secret#password@127.0.0.1:1", "http://jane:12/Password@127.0.0.1:1", "jane:12?Password@127.0.0.1:1",
	} {
		setProxy(t, text, nil)
		err := countBehindProxy(t, server, trusting, withRetries(4)).err
		const want = ": the proxy in the environment variable HTTPS_PROXY is not a valid URL"
		equal(t, text, errorText(err), proxiedRequest+want)
	}
	equal(t, "connections", server.Connections(), 0)
}

// A proxy may repeat what it was sent, and so may a server that received it from the proxy.
func TestEchoedProxyPasswordIsRedacted(t *testing.T) {
	server, trusting, proxy := startProxied(t, proxyUser)
	user := url.UserPassword(proxyUser, proxyPassword)
	setProxy(t, proxy.URL, user)
	basic := base64.RawStdEncoding.EncodeToString([]byte(proxyUser + ":" + proxyPassword))
	for _, text := range []string{proxyPassword, url.QueryEscape(proxyPassword), basic} {
		server.Enqueue(circlecitest.Error(403, "no "+text+"!"))
		assertSuffix(t, errorText(countBehindProxy(t, server, trusting).err), `"no (redacted)!"`)
	}

	echo := startServer(t)
	echo.SetHandler(circlecitest.Bytes("HTTP/1.1-" + basic + "\r\n\r\n"))
	setProxy(t, echo.URL, user)
	err := countBehindProxy(t, server, trusting).err
	assertContains(t, errorText(err), `malformed HTTP response "HTTP/1.1-(redacted)"`)
}

// Plain http leads to this machine only, whatever the case of its name.
func TestPlainHTTPUsesNoProxy(t *testing.T) {
	server, proxy := startServer(t), startServer(t)
	setProxy(t, "", nil)
	t.Setenv("HTTP_PROXY", proxy.URL)
	localhost := strings.Replace(server.URL, "127.0.0.1", "LOCALHOST", 1)
	server.Enqueue(circlecitest.Redirect(localhost + "/api/v3/runner/tasks?resource-class=acme%2Flinux"))
	client := newClient(t, server, func(config *circleci.Config) { config.APIURL = parseURL(t, localhost) })
	equal(t, "result", <-countTasks(t.Context(), client), result{count: 42})
	equal(t, "requests", len(server.Requests()), 2)
	equal(t, "connections to the proxy", proxy.Connections(), 0)
}

// An https:// proxy has a certificate of its own, and ends TLS by itself.
func TestHTTPSProxy(t *testing.T) {
	server, trusting, _ := startProxied(t, "")
	proxy, _ := startTLSServer(t, circlecitest.NewCA(), "127.0.0.1")
	old, _ := startTLSServer(t, circlecitest.NewCA(), "127.0.0.1", func(s *circlecitest.Server) {
		s.TLS.MinVersion, s.TLS.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	})
	for text, want := range map[string]string{
		proxy.URL: "tls: failed to verify certificate: x509: certificate signed by unknown authority",
		old.URL:   "remote error: tls: protocol version not supported",
		strings.Replace(startServer(t).URL, "http:", "https:", 1): "tls: first record does not look like a TLS handshake",
	} {
		setProxy(t, text, nil)
		err := countBehindProxy(t, server, trusting, withRetries(4)).err
		assertContains(t, errorText(err), proxiedRequest+": proxyconnect tcp: "+want)
		equal(t, "is retryable", circleci.IsRetryable(err), false)
	}
}
