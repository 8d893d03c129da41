package provider_test

import (
	"cmp"
	"crypto/tls"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

const countingTasks = "Error counting tasks of resource class acme/linux"

// newTLSServer starts a Runner API with a task count and a certificate for a host.
func newTLSServer(
	t *testing.T, ca *circlecitest.CA, host string, changes ...func(*circlecitest.Server),
) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewTLSServer(ca, host, changes...)
	t.Cleanup(server.Close)
	server.SetTasks("acme/linux", 3, 0)
	return server
}

// readTasks configures the provider for a URL, with a token and these attributes, and reads the tasks of acme/linux
// from a server, or fails with this detail, which shows no secret.
func readTasks(t *testing.T, server *circlecitest.Server, url string, attributes variables, detail string) {
	t.Helper()
	all := variables{"api_url": url, "token": circlecitest.PersonalToken}
	maps.Copy(all, attributes)
	p, got := configureAlone(t, texts(all))
	assertNoDiagnostics(t, got)
	_, got = p.read(t.Context(), linuxTasks.dataSource, linuxTasks.attributes)
	if detail != "" {
		assertDiagnostic(t, got, wantDiagnostic{summary: countingTasks, detail: detail})
		expectNoSecret(t, got)
		expectRequests(t, server)
		return
	}
	assertNoDiagnostics(t, got)
	expectRequests(t, server, linuxTasksURL, linuxRunningURL)
	expectCredential(t, server.Requests()[0], "Circle-Token", circlecitest.PersonalToken)
}

// TestTLS has each setting of TLS. The client's tests have every reason for which a certificate is rejected.
func TestTLS(t *testing.T) {
	ca, clients := circlecitest.NewCA(), circlecitest.NewCA()
	certificate, key := clients.Issue("provider")
	trust := variables{"ca_cert_pem": ca.CertificatePEM}
	withCertificate := variables{"ca_cert_pem": ca.CertificatePEM, "client_cert_pem": certificate, "client_key_pem": key}
	const unknownCA = "certificate signed by unknown authority ... .\n\nIf a private CA issued that certificate, "
	for name, row := range map[string]struct {
		clients     *circlecitest.CA
		host        string           // The host of the certificate, by default that of the server.
		issuer      *circlecitest.CA // The default is ca.
		noTLS       bool
		maxVersion  uint16
		attributes  variables
		environment variables // It is what the configuration leaves unset, and what it overrides.
		detail      string    // Without one, the read succeeds.
	}{
		"bundle with comments and lines": {attributes: variables{
			"ca_cert_pem": "# CAs\n" + clients.CertificatePEM + ca.CertificatePEM + "\n\n",
		}},
		"byte order marks and line breaks of Windows": {
			clients: clients, attributes: variables{
				"ca_cert_pem":     "\ufeff" + strings.ReplaceAll(clients.CertificatePEM+"\ufeff"+ca.CertificatePEM, "\n", "\r\n"),
				"client_cert_pem": "\ufeff" + certificate, "client_key_pem": "\ufeff" + key,
			},
		},
		"key and certificate in one file": {clients: clients, attributes: variables{
			"ca_cert_pem": ca.CertificatePEM, "client_cert_pem": key + certificate, "client_key_pem": key + certificate,
		}},
		"environment": {
			clients: clients, environment: variables{
				"CIRCLECI_CA_CERT_PEM": ca.CertificatePEM, "CIRCLECI_CLIENT_CERT_PEM": certificate, "CIRCLECI_CLIENT_KEY_PEM": key,
			},
		},
		"key alone in the environment": {
			clients: clients, attributes: variables{"ca_cert_pem": ca.CertificatePEM, "client_cert_pem": certificate},
			environment: variables{
				"CIRCLECI_CA_CERT_PEM": "unused", "CIRCLECI_CLIENT_CERT_PEM": "unused", "CIRCLECI_CLIENT_KEY_PEM": key,
			},
		},
		"unknown CA": {detail: unknownCA + "set the provider's ca_cert_pem attribute to the CA's certificate."},
		"other CA": {
			attributes: variables{"ca_cert_pem": clients.CertificatePEM},
			detail:     unknownCA + "add the CA's certificate to ca_cert_pem.",
		},
		"other host": {
			host: "runner.example.com", attributes: trust, detail: "certificate for 127.0.0.1 ... Check the host in api_url.",
		},
		"expired": {
			issuer: ca.Expired(), attributes: trust,
			detail: "has expired ... .\n\nRenew that certificate, and check the clock of this machine.",
		},
		"no TLS": {
			noTLS: true, attributes: trust, detail: "HTTP response ... .\n\nCheck the scheme and the port of api_url.",
		},
		"no client certificate": {
			clients: clients, attributes: trust, detail: "tls: certificate required.\n\n" +
				"The server requires a client certificate that it trusts: set client_cert_pem and client_key_pem.",
		},
		"rejected client certificate": {
			clients: ca, attributes: withCertificate,
			detail: "\n\nThe server rejected client_cert_pem: check its expiry and its issuer.",
		},
		"TLS 1.1": {
			maxVersion: tls.VersionTLS11, attributes: trust,
			detail: "protocol version not supported.\n\nThe server and the provider could not agree on how to use TLS",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range row.environment {
				t.Setenv(name, value)
			}
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
			readTasks(t, server, strings.Replace(server.URL, "http:", "https:", 1), row.attributes, row.detail)
		})
	}
}

func TestInsecureSkipVerify(t *testing.T) {
	t.Parallel()
	server := newTLSServer(t, circlecitest.NewCA(), "127.0.0.1")
	attributes := texts(variables{"api_url": server.URL, "token": circlecitest.PersonalToken})
	attributes["insecure_skip_verify"] = providertest.Bool(true)
	p, got := configureAlone(t, attributes)
	assertDiagnostic(t, got, wantDiagnostic{
		severity: "warning", at: "insecure_skip_verify", summary: "Certificates are not verified",
	})
	_, got = p.read(t.Context(), linuxTasks.dataSource, linuxTasks.attributes)
	assertNoDiagnostics(t, got)
}

// TestProxy reads from a host that is not loopback, because Go uses no proxy for loopback. The proxy leads to the
// test's own server. The client's tests have each error of a proxy, and NO_PROXY.
func TestProxy(t *testing.T) {
	const host = "runner.example.com"
	ca := circlecitest.NewCA()
	for name, row := range map[string]struct{ scheme, password, detail string }{
		"password": {password: "sesame%2Fopen"},
		"wrong password": {password: "sesame-open", detail: "the proxy returned 407 Proxy Authentication Required. ... " +
			"user name and password in HTTPS_PROXY"},
		"no TLS": {scheme: "https", detail: "first record does not look like a TLS handshake.\n\n" +
			"Check the scheme and the port of the proxy in HTTPS_PROXY."},
		"invalid URL": {
			password: "sesame open@%zz", detail: "the proxy in the environment variable HTTPS_PROXY is not a valid URL",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newTLSServer(t, ca, host)
			proxy := circlecitest.NewProxy(server, "user", "sesame/open")
			t.Cleanup(proxy.Close)
			_, address, _ := strings.Cut(proxy.URL, "://")
			t.Setenv("HTTPS_PROXY", cmp.Or(row.scheme, "http")+"://user:"+row.password+"@"+address)
			readTasks(t, server, "https://"+host, variables{"ca_cert_pem": ca.CertificatePEM}, row.detail)
			if want := []string{host + ":443"}; row.detail == "" && !slices.Equal(proxy.Connects(), want) {
				t.Errorf("the proxy connected to %q, want %q", proxy.Connects(), want)
			}
		})
	}
}
