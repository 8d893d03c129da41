package provider_test

import (
	"cmp"
	"crypto/tls"
	"slices"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

const countingTasks = "Error counting tasks of resource class acme/linux"

// expectCount asserts that a plan reads the tasks of acme/linux.
func expectCount(t *testing.T, w *workspace, server *circlecitest.Server) {
	t.Helper()
	assertNoDiagnostics(t, w.plan())
	expectRequests(t, server, linuxTasksURL, linuxRunningURL)
	expectCredential(t, server.Requests()[0], "Circle-Token", circlecitest.PersonalToken)
}

// newTLSServer starts a Runner API with a task count and a certificate for a host.
func newTLSServer(t *testing.T, ca *circlecitest.CA, host string, changes ...func(*circlecitest.Server)) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewTLSServer(ca, host, changes...)
	t.Cleanup(server.Close)
	server.SetTasks("acme/linux", 3, 0)
	return server
}

// TestTLS has each setting of TLS. The client's tests have every reason for which a certificate is rejected.
func TestTLS(t *testing.T) {
	ca, clients := circlecitest.NewCA(), circlecitest.NewCA()
	certificate, key := clients.Issue("provider")
	trust := line("ca_cert_pem", ca.CertificatePEM)
	const unknownCA = "tls: failed to verify certificate: x509: certificate signed by unknown authority ... .\n\n"
	for name, row := range map[string]struct {
		clients    *circlecitest.CA
		host       string           // The host of the certificate, by default that of the server.
		issuer     *circlecitest.CA // The default is ca.
		noTLS      bool
		maxVersion uint16
		attributes []string
		// environment is what the configuration leaves unset, and what it overrides.
		environment variables
		detail      string // Without one, the read succeeds.
	}{
		"private CA":                     {attributes: []string{trust}},
		"bundle with comments and lines": {attributes: []string{line("ca_cert_pem", "# CAs\n"+clients.CertificatePEM+ca.CertificatePEM+"\n\n")}},
		"byte order marks and line breaks of Windows": {
			clients: clients, attributes: []string{
				line("ca_cert_pem", "\ufeff"+strings.ReplaceAll(clients.CertificatePEM+"\ufeff"+ca.CertificatePEM, "\n", "\r\n")),
				line("client_cert_pem", "\ufeff"+certificate), line("client_key_pem", "\ufeff"+key),
			},
		},
		"key and certificate in one file": {
			clients: clients, attributes: []string{trust, line("client_cert_pem", key+certificate), line("client_key_pem", key+certificate)},
		},
		"client certificate": {
			clients: clients, attributes: []string{trust, line("client_cert_pem", certificate), line("client_key_pem", key)},
		},
		"environment": {
			clients: clients, environment: variables{
				"CIRCLECI_CA_CERT_PEM": ca.CertificatePEM, "CIRCLECI_CLIENT_CERT_PEM": certificate, "CIRCLECI_CLIENT_KEY_PEM": key,
			},
		},
		"key alone in the environment": {
			clients: clients, attributes: []string{trust, line("client_cert_pem", certificate)},
			environment: variables{"CIRCLECI_CA_CERT_PEM": "unused", "CIRCLECI_CLIENT_CERT_PEM": "unused", "CIRCLECI_CLIENT_KEY_PEM": key},
		},
		"unknown CA": {
			detail: unknownCA + "If a private CA issued that certificate, set the provider's attribute ca_cert_pem to the certificate of that CA.",
		},
		"other CA": {
			attributes: []string{line("ca_cert_pem", clients.CertificatePEM)},
			detail:     unknownCA + "If a private CA issued that certificate, add the certificate of that CA to ca_cert_pem.",
		},
		"other host": {
			host: "runner.example.com", attributes: []string{trust},
			detail: "x509: cannot validate certificate for 127.0.0.1 ... .\n\nCheck the host in api_url.",
		},
		"expired": {
			issuer: ca.Expired(), attributes: []string{trust},
			detail: "x509: certificate has expired or is not yet valid: ... .\n\nRenew that certificate, and check the clock of this machine.",
		},
		"no TLS": {
			noTLS: true, attributes: []string{trust}, detail: "http: server gave HTTP response to HTTPS client.\n\nCheck the scheme and the port of api_url.",
		},
		"no client certificate": {
			clients: clients, attributes: []string{trust},
			detail: "tls: certificate required.\n\nThe server requires a client certificate that it trusts: give one in client_cert_pem and",
		},
		"rejected client certificate": {
			clients: ca, attributes: []string{trust, line("client_cert_pem", certificate), line("client_key_pem", key)},
			detail: "\n\nThe server rejected client_cert_pem: check its expiry and its issuer.",
		},
		"TLS 1.1": {
			maxVersion: tls.VersionTLS11, attributes: []string{trust},
			detail: "remote error: tls: protocol version not supported.\n\nThe server and the provider could not agree on how to use TLS",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if row.environment == nil {
				t.Parallel()
			}
			setenv(t, row.environment, "")
			server := newTLSServer(t, cmp.Or(row.issuer, ca), cmp.Or(row.host, "127.0.0.1"), func(s *circlecitest.Server) {
				if row.maxVersion != 0 {
					s.TLS.MinVersion, s.TLS.MaxVersion = tls.VersionTLS10, row.maxVersion
				}
				if row.clients != nil {
					s.RequireClients(row.clients)
				}
			})
			if row.noTLS {
				server = newServer(t)
			}
			w := newWorkspace(t, tokenProviderBlock(strings.Replace(server.URL, "http:", "https:", 1), row.attributes...)+tasksBlock)
			if row.detail == "" {
				expectCount(t, w, server)
				return
			}
			assertDiagnostic(t, w.plan(), wantDiagnostic{summary: countingTasks, detail: row.detail})
			expectRequests(t, server)
		})
	}
}

func TestInsecureSkipVerify(t *testing.T) {
	t.Parallel()
	server := newTLSServer(t, circlecitest.NewCA(), "127.0.0.1")
	got := newWorkspace(t, tokenProviderBlock(server.URL, "insecure_skip_verify = true")+tasksBlock).plan()
	assertDiagnostic(t, got, wantDiagnostic{severity: "warning", summary: "Certificates are not verified"})
	expectRequests(t, server, linuxTasksURL, linuxRunningURL)
}

// TestProxy reads from a host that is not loopback, because Go uses no proxy for loopback. The proxy leads to the test's own
// server. The client's tests have each error of a proxy, and NO_PROXY.
func TestProxy(t *testing.T) {
	const host = "runner.example.com"
	ca := circlecitest.NewCA()
	for name, row := range map[string]struct{ scheme, password, detail string }{
		"password":       {password: "sesame%2Fopen"},
		"wrong password": {password: "sesame-open", detail: "the proxy returned 407 Proxy Authentication Required. ... user name and password in HTTPS_PROXY"},
		"no TLS":         {scheme: "https", detail: "first record does not look like a TLS handshake.\n\nCheck the scheme and the port of the proxy in HTTPS_PROXY."},
		"invalid URL":    {password: "sesame open@%zz", detail: "the proxy in the environment variable HTTPS_PROXY is not a valid URL"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newTLSServer(t, ca, host)
			proxy := circlecitest.NewProxy(server, "user", "sesame/open")
			t.Cleanup(proxy.Close)
			t.Setenv("HTTPS_PROXY", strings.Replace(strings.Replace(proxy.URL, "http", cmp.Or(row.scheme, "http"), 1), "://", "://user:"+row.password+"@", 1))
			w := newWorkspace(t, tokenProviderBlock("https://"+host, line("ca_cert_pem", ca.CertificatePEM))+tasksBlock)
			if row.detail == "" {
				expectCount(t, w, server)
				if got := proxy.Connects(); !slices.Equal(got, []string{host + ":443"}) {
					t.Errorf("the proxy connected to %q", got)
				}
				return
			}
			got := w.plan()
			assertDiagnostic(t, got, wantDiagnostic{summary: countingTasks, detail: row.detail})
			expectNoSecret(t, got)
			expectRequests(t, server)
		})
	}
}
