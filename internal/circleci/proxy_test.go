package circleci_test

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// behindProxy is a name that a proxy is used for. It is never looked up: the proxies here lead to loopback.
const behindProxy = "https://runner.example.com"

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

// withPassword puts the user name and a password into a proxy's URL.
func withPassword(t *testing.T, proxy, password string) string {
	t.Helper()
	u, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(proxyUser, password)
	return u.String()
}

// requestBehindProxy is the request of countBehindProxy, as an error names it.
const requestBehindProxy = "GET " + behindProxy + "/api/v2/runner/tasks?resource-class=acme%2Flinux"

// countBehindProxy counts the tasks of acme/linux via the proxy of the environment.
func countBehindProxy(t *testing.T, server *circlecitest.Server, changes ...func(*circleci.Config)) (int64, error) {
	t.Helper()
	return newClient(t, server, append(changes, func(config *circleci.Config) {
		config.APIURL = parseURL(t, behindProxy)
	})...).UnclaimedTaskCount(t.Context(), "acme/linux")
}

// startProxy starts a proxy to the server for the user jane, and lets the environment name it with a password.
func startProxy(t *testing.T, server *circlecitest.Server, password, given string) *circlecitest.Proxy {
	t.Helper()
	proxy := circlecitest.NewProxy(server, proxyUser, password)
	t.Cleanup(proxy.Close)
	setProxy(t, withPassword(t, proxy.URL, given))
	return proxy
}

// startServerBehindProxy starts a server with a certificate for the name that a proxy is used for.
func startServerBehindProxy(t *testing.T) (*circlecitest.Server, func(*circleci.Config)) {
	t.Helper()
	ca := circlecitest.NewCA()
	certificate, key := ca.Issue("runner.example.com")
	server := circlecitest.NewTLSServer(certificate, key, nil)
	t.Cleanup(server.Close)
	return server, trust(t, ca)
}

const (
	proxyUser     = "jane"
	proxyPassword = "~?>pass/w+rd%2F=~?>"
)

func TestProxyLeadsToTheServer(t *testing.T) {
	for _, name := range []string{"with a password", "without a scheme"} {
		t.Run(name, func(t *testing.T) {
			server, trusting := startServerBehindProxy(t)
			server.SetTasks("acme/linux", 42, 0)
			proxy := startProxy(t, server, proxyPassword, proxyPassword)
			if name == "without a scheme" {
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
		})
	}
}

func TestNoProxy(t *testing.T) {
	server, trusting := startServerBehindProxy(t)
	setProxy(t, "http://127.0.0.1:1")
	t.Setenv("NO_PROXY", "runner.example.com")
	server.SetTasks("acme/linux", 42, 0)
	got, err := countBehindProxy(t, server, trusting, detour(1, dialTo(server.Listener.Addr().String())))
	equal(t, "error", errorText(err), "")
	equal(t, "count", got, int64(42))
}

func TestProxyThatRefuses(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 407, 418, 429, 500, 502, 503, 504} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			server, trusting := startServerBehindProxy(t)
			connects := 0
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				equal(t, "method", r.Method, http.MethodConnect)
				equal(t, "token", r.Header["Circle-Token"], []string(nil))
				connects++
				w.WriteHeader(status)
			}))
			t.Cleanup(proxy.Close)
			setProxy(t, proxy.URL)
			var attempts record
			_, err := countBehindProxy(t, server, trusting, attempts.keep)
			reason := fmt.Sprintf("the proxy returned %d %s", status, http.StatusText(status))
			e := errorOf[*circleci.RequestError](t, err)
			equal(t, "reason", e.Reason, reason)
			equal(t, "cause", e.Error(), requestBehindProxy+": "+reason)
			equal(t, "retryable", circleci.IsRetryable(err), status == 429 || status >= 500)
			equal(t, "number of attempts", len(attempts.all()), 1)
			equal(t, "number of requests to the proxy", connects, 1)
			equal(t, "number of connections to the server", server.Connections(), 0)
		})
	}
}

func TestProxyWithAWrongPassword(t *testing.T) {
	server, trusting := startServerBehindProxy(t)
	proxy := startProxy(t, server, proxyPassword, "another")
	for _, user := range []*url.Userinfo{nil, url.User(proxyUser), url.UserPassword(proxyUser, "another"), url.UserPassword("joe", proxyPassword)} {
		setProxy(t, (&url.URL{Scheme: "http", Host: proxy.Listener.Addr().String(), User: user}).String())
		_, err := countBehindProxy(t, server, trusting, withRetries(4))
		assertRequestError(t, err, requestBehindProxy, "the proxy returned 407 Proxy Authentication Required")
	}
	equal(t, "targets of the proxy", proxy.Connects(), []string(nil))
}

// A proxy that is down may come back.
func TestProxyThatIsDown(t *testing.T) {
	server, trusting := startServerBehindProxy(t)
	address := closedPort(t)
	setProxy(t, withPassword(t, "http://"+address, proxyPassword))
	_, err := countBehindProxy(t, server, trusting)
	equal(t, "retryable", circleci.IsRetryable(err), true)
	equal(t, "reason", errorOf[*circleci.RequestError](t, err).Reason, "proxyconnect tcp: dial tcp "+address+": connect: connection refused")
}

func TestProxyThatIsNoURL(t *testing.T) {
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

// A proxy may repeat what it was sent, and so may a server to which the proxy told it.
func TestEchoedProxyPasswordIsRedacted(t *testing.T) {
	server, trusting := startServerBehindProxy(t)
	basic := base64.RawStdEncoding.EncodeToString([]byte(proxyUser + ":" + proxyPassword))
	tests := []struct{ name, text, want string }{
		{"password", proxyPassword, "no (redacted)!"},
		{"user name and password", proxyUser + ":" + proxyPassword, "no (redacted)!"},
		{"as it was sent", basic, "(redacted)"},
		{"escaped", url.QueryEscape(proxyPassword), "(redacted)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			startProxy(t, server, proxyPassword, proxyPassword)
			server.Enqueue(circlecitest.Error(403, "no "+test.text+"!"))
			_, err := countBehindProxy(t, server, trusting)
			equal(t, "message of the server", errorOf[*circleci.StatusError](t, err).Message, test.want)
		})
	}
	t.Run("by the proxy", func(t *testing.T) {
		proxy := httptest.NewServer(circlecitest.Bytes("HTTP/1.1-" + basic + "\r\n\r\n"))
		t.Cleanup(proxy.Close)
		setProxy(t, withPassword(t, proxy.URL, proxyPassword))
		_, err := countBehindProxy(t, server, trusting)
		equal(t, "reason", errorOf[*circleci.RequestError](t, err).Reason, "(redacted)")
	})
	// What the user wrote is no secret, even if the proxy's password is a part of it.
	t.Run("not in the URL", func(t *testing.T) {
		startProxy(t, server, "runner.example", "runner.example")
		server.Enqueue(circlecitest.Error(403, "no"))
		_, err := countBehindProxy(t, server, trusting)
		equal(t, "error", errorText(err), requestBehindProxy+` returned 403 Forbidden: "no"`)
	})
}

// Plain http leads to this machine only, whatever the case of its name.
func TestPlainHTTPUsesNoProxy(t *testing.T) {
	server := startServer(t)
	server.SetTasks("acme/linux", 42, 0)
	proxy := startServer(t)
	setProxy(t, "")
	t.Setenv("HTTP_PROXY", proxy.URL)
	for _, host := range []string{"127.0.0.1", "localhost", "LOCALHOST", "\uff2cocalhost"} {
		server.ResetRecords()
		address := strings.Replace(server.URL, "127.0.0.1", host, 1)
		server.Enqueue(circlecitest.Redirect(strings.Replace(server.URL, "127.0.0.1", strings.ToUpper(host), 1) + "/api/v2/runner/tasks?resource-class=acme%2Flinux"))
		client := newClient(t, server, func(config *circleci.Config) { config.APIURL = parseURL(t, address) })
		got, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
		equal(t, host+": error", errorText(err), "")
		equal(t, host+": count", got, int64(42))
		equal(t, host+": requests", len(server.Requests()), 2)
	}
	equal(t, "connections to the proxy", proxy.Connections(), 0)
}

// An https:// proxy has a certificate of its own, and ends TLS by itself.
func TestHTTPSProxy(t *testing.T) {
	server, trusting := startServerBehindProxy(t)
	start := func(t *testing.T, adjust func(*tls.Config)) {
		t.Helper()
		proxy := httptest.NewUnstartedServer(http.NotFoundHandler())
		proxy.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		adjust(proxy.TLS)
		proxy.Config.ErrorLog = log.New(io.Discard, "", 0)
		proxy.StartTLS()
		t.Cleanup(proxy.Close)
		setProxy(t, proxy.URL)
	}
	insecure := func(config *circleci.Config) { config.TLS.InsecureSkipVerify = true }
	t.Run("untrusted certificate", func(t *testing.T) {
		start(t, func(*tls.Config) {})
		_, err := countBehindProxy(t, server, trusting)
		e := errorOf[*circleci.CertificateError](t, err)
		equal(t, "host", e.Host, "127.0.0.1")
		equal(t, "error", e.Error(), e.Request+": the certificate of the proxy 127.0.0.1 was not accepted: x509: certificate signed by unknown authority")
	})
	t.Run("alert", func(t *testing.T) {
		start(t, func(config *tls.Config) { config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 })
		_, err := countBehindProxy(t, server, trusting, insecure)
		e := errorOf[*circleci.TLSAlertError](t, err)
		equal(t, "alert", e.Alert, tls.AlertError(70))
		equal(t, "is about a client certificate", e.IsAboutClientCertificate(), false)
		equal(t, "is retryable", circleci.IsRetryable(err), false)
	})
}
