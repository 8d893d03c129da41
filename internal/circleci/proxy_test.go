package circleci_test

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
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
	// requestBehindProxy is the request of countBehindProxy, as an error names it.
	requestBehindProxy = "GET " + behindProxy + "/api/v3/runner/tasks?resource-class=acme%2Flinux"
)

// setProxy lets the environment name a proxy, and nothing else that has to do with proxies.
func setProxy(t *testing.T, text string) {
	t.Helper()
	for _, name := range []string{"HTTP_PROXY", "NO_PROXY", "ALL_PROXY"} {
		t.Setenv(name, "")
		t.Setenv(strings.ToLower(name), "")
	}
	t.Setenv("https_proxy", "")
	t.Setenv("HTTPS_PROXY", text)
}

// withUser puts a user name and a password into the URL of a proxy.
func withUser(proxy string, user *url.Userinfo) string {
	return (&url.URL{Scheme: "http", Host: strings.TrimPrefix(proxy, "http://"), User: user}).String()
}

// startProxy starts a proxy to the server with a password, and lets the environment name it with that password.
func startProxy(t *testing.T, server *circlecitest.Server, password string) *circlecitest.Proxy {
	t.Helper()
	proxy := circlecitest.NewProxy(server, proxyUser, password)
	t.Cleanup(proxy.Close)
	setProxy(t, withUser(proxy.URL, url.UserPassword(proxyUser, password)))
	return proxy
}

// startServerBehindProxy starts a server with a certificate for the name that a proxy is used for.
func startServerBehindProxy(t *testing.T) (*circlecitest.Server, func(*circleci.Config)) {
	t.Helper()
	return startTLSServer(t, circlecitest.NewCA(), "runner.example.com")
}

// countBehindProxy counts the tasks of acme/linux via the proxy of the environment.
func countBehindProxy(t *testing.T, server *circlecitest.Server, changes ...func(*circleci.Config)) (int64, error) {
	t.Helper()
	return newClient(t, server, append(changes, func(config *circleci.Config) {
		config.APIURL = parseURL(t, behindProxy)
	})...).UnclaimedTaskCount(t.Context(), "acme/linux")
}

func TestProxyLeadsToTheServer(t *testing.T) {
	for _, user := range []string{proxyUser, ""} {
		server, trusting := startServerBehindProxy(t)
		proxy := startProxy(t, server, proxyPassword)
		if user == "" { // And without a scheme.
			proxy = circlecitest.NewProxy(server, "", "")
			t.Cleanup(proxy.Close)
			setProxy(t, strings.TrimPrefix(proxy.URL, "http://"))
		}
		got, err := countBehindProxy(t, server, trusting)
		equal(t, "error", errorText(err), "")
		equal(t, "count", got, int64(42))
		equal(t, "targets of the proxy", proxy.Connects(), []string{"runner.example.com:443"})
		requests := server.Requests()
		equal(t, "number of requests", len(requests), 1)
		equal(t, "token", requests[0].Header["Circle-Token"], []string{circlecitest.PersonalToken})
		equal(t, "password sent to the server", requests[0].Header["Proxy-Authorization"], []string(nil))
	}
}

func TestNoProxy(t *testing.T) {
	server, trusting := startServerBehindProxy(t)
	setProxy(t, "http://127.0.0.1:1")
	t.Setenv("NO_PROXY", "runner.example.com")
	got, err := countBehindProxy(t, server, trusting, detour(1, dialTo(server.Listener.Addr().String())))
	equal(t, "error", errorText(err), "")
	equal(t, "count", got, int64(42))
}

func TestProxyRefuses(t *testing.T) {
	server, trusting := startServerBehindProxy(t)
	for _, status := range []int{400, 401, 403, 404, 407, 418, 429, 500, 502, 503, 504} {
		proxy := startServer(t)
		proxy.SetHandler(circlecitest.Raw(status, "text/plain", ""))
		setProxy(t, proxy.URL)
		var attempts record
		_, err := countBehindProxy(t, server, trusting, attempts.keep)
		reason := fmt.Sprintf("the proxy returned %d %s", status, http.StatusText(status))
		equal(t, "is the proxy's", errorOf[*circleci.StatusError](t, err).FromProxy, true)
		assertContains(t, errorText(err), requestBehindProxy+": "+reason)
		equal(t, strconv.Itoa(status)+" is retryable", circleci.IsRetryable(err), status == 429 || status >= 500)
		equal(t, "number of attempts", len(attempts.all()), 1)
		requests := proxy.Requests()
		equal(t, "number of requests to the proxy", len(requests), 1)
		equal(t, "method", requests[0].Method, http.MethodConnect)
		equal(t, "token", requests[0].Header["Circle-Token"], []string(nil))
	}
	equal(t, "number of connections to the server", server.Connections(), 0)
}

func TestProxyWithAWrongPassword(t *testing.T) {
	server, trusting := startServerBehindProxy(t)
	proxy := startProxy(t, server, proxyPassword)
	for _, user := range []*url.Userinfo{
		nil, url.User(proxyUser), url.UserPassword(proxyUser, "another"), url.UserPassword("joe", proxyPassword),
	} {
		setProxy(t, withUser(proxy.URL, user))
		_, err := countBehindProxy(t, server, trusting, withRetries(4))
		equal(t, "error", errorText(err), requestBehindProxy+": the proxy returned 407 Proxy Authentication Required")
	}
	equal(t, "targets of the proxy", proxy.Connects(), []string(nil))
}

// A proxy that is down may come back.
func TestProxyDown(t *testing.T) {
	server, trusting := startServerBehindProxy(t)
	address := closedPort(t)
	setProxy(t, withUser(address, url.UserPassword(proxyUser, proxyPassword)))
	_, err := countBehindProxy(t, server, trusting)
	equal(t, "retryable", circleci.IsRetryable(err), true)
	equal(t, "reason", errorOf[*circleci.RequestError](t, err).Reason, "proxyconnect tcp: dial tcp "+address+": connect: connection refused")
}

func TestInvalidProxyURL(t *testing.T) {
	server, trusting := startServerBehindProxy(t)
	for _, text := range []string{
		"http://jane:secret-password@[::1", "://secret-password", "http://jane:secret%zzpassword@127.0.0.1:1",
		"http://jane:secret#password@127.0.0.1:1", "http://jane:secret/password@127.0.0.1:1", "jane:secret%zzpassword@127.0.0.1:1",
		"http://jane:12/Password@127.0.0.1:1", "http://jane:12?Password@127.0.0.1:1", "jane:12#Password@127.0.0.1:1",
	} {
		setProxy(t, text)
		_, err := countBehindProxy(t, server, trusting, withRetries(4))
		assertRequestError(t, err, requestBehindProxy, "the proxy in the environment variable HTTPS_PROXY is not a valid URL")
	}
	equal(t, "number of connections", server.Connections(), 0)
}

// A proxy may repeat what it was sent, and so may a server that received it from the proxy.
func TestEchoedProxyPasswordIsRedacted(t *testing.T) {
	server, trusting := startServerBehindProxy(t)
	basic := base64.StdEncoding.EncodeToString([]byte(proxyUser + ":" + proxyPassword))
	startProxy(t, server, proxyPassword)
	for _, text := range []string{proxyPassword, url.QueryEscape(proxyPassword), strings.TrimRight(basic, "=")} {
		server.Enqueue(circlecitest.Error(403, "no "+text+"!"))
		_, err := countBehindProxy(t, server, trusting)
		equal(t, "message of the server", errorOf[*circleci.StatusError](t, err).Message, "no (redacted)!")
	}

	proxy := startServer(t)
	proxy.SetHandler(circlecitest.Bytes("HTTP/1.1-" + basic + "\r\n\r\n"))
	setProxy(t, withUser(proxy.URL, url.UserPassword(proxyUser, proxyPassword)))
	_, err := countBehindProxy(t, server, trusting)
	assertSuffix(t, errorOf[*circleci.RequestError](t, err).Reason, `malformed HTTP response "HTTP/1.1-(redacted)"`)
}

// Plain http leads to this machine only, whatever the case of its name.
func TestPlainHTTPUsesNoProxy(t *testing.T) {
	server := startServer(t)
	proxy := startServer(t)
	setProxy(t, "")
	t.Setenv("HTTP_PROXY", proxy.URL)
	for _, host := range []string{"127.0.0.1", "localhost", "LOCALHOST"} {
		server.ResetRecords()
		address := strings.Replace(server.URL, "127.0.0.1", host, 1)
		other := strings.Replace(server.URL, "127.0.0.1", strings.ToUpper(host), 1)
		server.Enqueue(circlecitest.Redirect(other + "/api/v3/runner/tasks?resource-class=acme%2Flinux"))
		client := newClient(t, server, func(config *circleci.Config) { config.APIURL = parseURL(t, address) })
		equal(t, host, <-readTasks(t.Context(), client), outcome{count: 42})
		equal(t, host+": requests", len(server.Requests()), 2)
	}
	equal(t, "connections to the proxy", proxy.Connections(), 0)
}

// An https:// proxy has a certificate of its own, and ends TLS by itself.
func TestHTTPSProxy(t *testing.T) {
	server, trusting := startServerBehindProxy(t)
	proxy, _ := startTLSServer(t, circlecitest.NewCA(), "127.0.0.1")
	setProxy(t, proxy.URL)
	_, err := countBehindProxy(t, server)
	untrusted := errorOf[*circleci.RequestError](t, err)
	equal(t, "error", untrusted.Error(), untrusted.Request+": proxyconnect tcp: tls: failed to verify certificate: x509: certificate "+
		"signed by unknown authority")

	old := circlecitest.NewTLSServer(circlecitest.NewCA(), "127.0.0.1", func(s *circlecitest.Server) {
		s.TLS.MinVersion, s.TLS.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	})
	t.Cleanup(old.Close)
	setProxy(t, old.URL)
	_, err = countBehindProxy(t, server, trusting)
	equal(t, "alert", circleci.TLSAlert(err), tls.AlertError(70).Error())
	equal(t, "is retryable", circleci.IsRetryable(err), false)

	plain := startServer(t)
	setProxy(t, strings.Replace(plain.URL, "http:", "https:", 1))
	_, err = countBehindProxy(t, server, trusting, withRetries(4))
	equal(t, "error without TLS", errorText(err), requestBehindProxy+": proxyconnect tcp: tls: first record does not look like a TLS handshake")
	equal(t, "connections without TLS", plain.Connections(), 1)
}
