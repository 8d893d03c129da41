package provider_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// heredoc returns an attribute with a value of several lines.
func heredoc(attribute, value string) string {
	return fmt.Sprintf("  %s = <<-EOT\n%sEOT\n", attribute, value)
}

// expectCount asserts that a plan reads the tasks of acme/linux with one request and without a diagnostic.
func expectCount(t *testing.T, w *workspace, server *circlecitest.Server) {
	t.Helper()
	if got := w.plan(); len(got) != 0 {
		t.Fatalf("plan reports %+v", got)
	}
	requests := server.Requests()
	if len(requests) != 1 {
		t.Fatalf("there were %d requests", len(requests))
	}
	expectRequest(t, requests[0], "/api/v2/runner/tasks?resource-class=acme%2Flinux")
	expectCredential(t, requests[0], "Circle-Token", circlecitest.PersonalToken)
}

// newTLSServer starts a Runner API with a task count and a certificate for its own address.
func newTLSServer(t *testing.T, ca *circlecitest.Authority, clients *circlecitest.Authority) *circlecitest.Server {
	t.Helper()
	certificate, key := ca.Issue("127.0.0.1")
	return startTLSServer(t, certificate, key, clients)
}

func startTLSServer(t *testing.T, certificate, key string, clients *circlecitest.Authority) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewTLSServer(certificate, key, clients)
	t.Cleanup(server.Close)
	server.SetTasks("acme/linux", 3, 0)
	return server
}

// tlsProviderBlock points the provider at a server with further attributes.
func tlsProviderBlock(url, attributes string) string {
	return fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n  token = %q\n%s}\n", url, circlecitest.PersonalToken, attributes)
}

func TestPrivateAuthority(t *testing.T) {
	t.Parallel()
	ca, other := circlecitest.NewAuthority(), circlecitest.NewAuthority()
	server := newTLSServer(t, ca, nil)
	for name, bundle := range map[string]string{
		"alone":                 ca.CertificatePEM,
		"in a bundle":           "# CAs\n" + other.CertificatePEM + ca.CertificatePEM,
		"with a trailing break": ca.CertificatePEM + "\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			server.ResetRecords()
			expectCount(t, newWorkspace(t, tlsProviderBlock(server.URL, heredoc("ca_cert_pem", bundle))+tasksBlock), server)
		})
	}
}

func TestCertificateErrors(t *testing.T) {
	t.Parallel()
	ca, other := circlecitest.NewAuthority(), circlecitest.NewAuthority()
	for name, row := range map[string]struct {
		issue  func(string) (string, string)
		name   string
		trust  *circlecitest.Authority
		reason string
	}{
		"unknown CA": {ca.Issue, "127.0.0.1", nil, "x509: certificate signed by unknown authority"},
		"other CA":   {ca.Issue, "127.0.0.1", other, "x509: certificate signed by unknown authority"},
		"other host": {ca.Issue, "runner.example.com", ca, "x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"},
		"expired":    {ca.IssueExpired, "127.0.0.1", ca, "x509: certificate has expired or is not yet valid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			certificate, key := row.issue(row.name)
			server := startTLSServer(t, certificate, key, nil)
			attributes := ""
			if row.trust != nil {
				attributes = heredoc("ca_cert_pem", row.trust.CertificatePEM)
			}
			got := newWorkspace(t, tlsProviderBlock(server.URL, attributes)+tasksBlock).plan()
			for _, part := range []string{"the certificate of 127.0.0.1 was not accepted: " + row.reason, "ca_cert_pem"} {
				assertDiagnostic(t, got, wantDiagnostic{summary: "Error counting tasks of resource class acme/linux", detail: part})
			}
			if requests := server.Requests(); len(requests) != 0 {
				t.Errorf("got requests %+v, want none", requests)
			}
		})
	}
}

// TestOldTLS has a server that speaks nothing newer than TLS 1.1.
func TestOldTLS(t *testing.T) {
	t.Parallel()
	ca := circlecitest.NewAuthority()
	certificate, key := ca.Issue("127.0.0.1")
	server := circlecitest.NewUnstartedTLSServer(certificate, key, nil)
	server.TLS.MinVersion, server.TLS.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	server.StartTLS()
	t.Cleanup(server.Close)
	got := newWorkspace(t, tlsProviderBlock(server.URL, heredoc("ca_cert_pem", ca.CertificatePEM))+tasksBlock).plan()
	assertDiagnostic(t, got, wantDiagnostic{summary: "Error counting tasks of resource class acme/linux", detail: "remote error: tls: protocol version not supported.\n\nThe server and the provider could not agree on how to use TLS"})
	if requests := server.Requests(); len(requests) != 0 {
		t.Errorf("got requests %+v, want none", requests)
	}
}

func TestInsecureSkipVerify(t *testing.T) {
	t.Parallel()
	server := newTLSServer(t, circlecitest.NewAuthority(), nil)
	got := newWorkspace(t, tlsProviderBlock(server.URL, "  insecure_skip_verify = true\n")+tasksBlock).plan()
	if len(got) != 1 || got[0].Severity != "warning" || got[0].Summary != "Certificates are not verified" {
		t.Errorf("plan reports %+v", got)
	}
	if requests := server.Requests(); len(requests) != 1 {
		t.Errorf("there were %d requests", len(requests))
	}
}

func TestMutualTLS(t *testing.T) {
	t.Parallel()
	ca, clients := circlecitest.NewAuthority(), circlecitest.NewAuthority()
	certificate, key := clients.Issue("provider")
	trust := heredoc("ca_cert_pem", ca.CertificatePEM)
	t.Run("with a certificate", func(t *testing.T) {
		t.Parallel()
		server := newTLSServer(t, ca, clients)
		expectCount(t, newWorkspace(t, tlsProviderBlock(server.URL,
			trust+heredoc("client_cert_pem", certificate)+heredoc("client_key_pem", key))+tasksBlock), server)
	})
	t.Run("without one", func(t *testing.T) {
		t.Parallel()
		server := newTLSServer(t, ca, clients)
		got := newWorkspace(t, tlsProviderBlock(server.URL, trust)+tasksBlock).plan()
		for _, part := range []string{"tls: certificate required", "client_cert_pem"} {
			assertDiagnostic(t, got, wantDiagnostic{summary: "Error counting tasks of resource class acme/linux", detail: part})
		}
		if requests := server.Requests(); len(requests) != 0 {
			t.Errorf("got requests %+v, want none", requests)
		}
	})
}

func TestValidatePEM(t *testing.T) {
	t.Parallel()
	ca := circlecitest.NewAuthority()
	certificate, key := ca.Issue("provider")
	_, otherKey := ca.Issue("other")
	const unreadable = "-----BEGIN CERTIFICATE-----\nc2VzYW1l\n-----END CERTIFICATE-----\n"
	for name, row := range map[string]struct {
		attributes string
		want       wantDiagnostic
	}{
		"no PEM": {
			attributes: "  ca_cert_pem = \"ca.pem\"\n",
			want:       wantDiagnostic{at: `ca_cert_pem = "ca.pem"`, summary: "Invalid CA certificates", detail: "The value of ca_cert_pem holds no certificate in PEM form."},
		},
		"empty": {
			attributes: "  ca_cert_pem = \"\"\n",
			want:       wantDiagnostic{at: `ca_cert_pem = ""`, summary: "Invalid CA certificates", detail: "holds no certificate in PEM form."},
		},
		"a key among the certificates": {
			attributes: heredoc("ca_cert_pem", certificate+key),
			want:       wantDiagnostic{summary: "Invalid CA certificates", detail: "holds a block that is not a certificate."},
		},
		"a certificate that cannot be read": {
			attributes: heredoc("ca_cert_pem", certificate+unreadable),
			want:       wantDiagnostic{summary: "Invalid CA certificates", detail: "holds a certificate that cannot be read."},
		},
		"certificate without key": {
			attributes: heredoc("client_cert_pem", certificate),
			want:       wantDiagnostic{summary: "Incomplete mutual TLS configuration", detail: "client_cert_pem is set without client_key_pem. Give both, or neither."},
		},
		"key without certificate": {
			attributes: heredoc("client_key_pem", key),
			want:       wantDiagnostic{summary: "Incomplete mutual TLS configuration", detail: "client_key_pem is set without client_cert_pem. Give both, or neither."},
		},
		"no certificate": {
			attributes: heredoc("client_cert_pem", key) + heredoc("client_key_pem", key),
			want:       wantDiagnostic{summary: "Invalid client certificate", detail: "The value of client_cert_pem holds no certificate in PEM form."},
		},
		"key of another certificate": {
			attributes: heredoc("client_cert_pem", certificate) + heredoc("client_key_pem", otherKey),
			want:       wantDiagnostic{summary: "Invalid client key", detail: "is not the unencrypted private key, in PEM form, of the certificate in client_cert_pem."},
		},
		"no key": {
			attributes: heredoc("client_cert_pem", certificate) + "  client_key_pem = \"key.pem\"\n",
			want:       wantDiagnostic{at: `client_key_pem = "key.pem"`, summary: "Invalid client key", detail: "is not the unencrypted private key"},
		},
		"plain http that is not verified either": {
			attributes: "  insecure_skip_verify = true\n",
			want:       wantDiagnostic{at: `api_url = "http://runner.example.com"`, summary: "Invalid API URL", detail: "is plain http, which would send the credential unencrypted"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := "https://runner.example.com"
			if row.want.summary == "Invalid API URL" {
				url = "http://runner.example.com"
			}
			assertDiagnostic(t, newWorkspace(t, tlsProviderBlock(url, row.attributes)+tasksBlock).validate(), row.want)
		})
	}
}

// TestProxy reads from a host that is not loopback, because Go uses no proxy for loopback. The proxy leads to the test's
// own server.
func TestProxy(t *testing.T) {
	const host = "runner.example.com"
	ca := circlecitest.NewAuthority()
	certificate, key := ca.Issue(host)
	server := startTLSServer(t, certificate, key, nil)
	configuration := tlsProviderBlock("https://"+host, heredoc("ca_cert_pem", ca.CertificatePEM)) + tasksBlock

	newProxy := func(t *testing.T, username, password string) *circlecitest.Proxy {
		proxy := circlecitest.NewProxy(server, username, password)
		t.Cleanup(proxy.Close)
		server.ResetRecords()
		return proxy
	}
	withUser := func(t *testing.T, proxy *circlecitest.Proxy, user *url.Userinfo) string {
		u, err := url.Parse(proxy.URL)
		if err != nil {
			t.Fatal(err)
		}
		u.User = user
		return u.String()
	}
	expectConnect := func(t *testing.T, proxy *circlecitest.Proxy) {
		if got := proxy.Connects(); !slices.Equal(got, []string{host + ":443"}) {
			t.Errorf("the proxy got CONNECT %q", got)
		}
	}

	t.Run("without a password", func(t *testing.T) {
		proxy := newProxy(t, "", "")
		t.Setenv("HTTPS_PROXY", proxy.URL)
		expectCount(t, newWorkspace(t, configuration), server)
		expectConnect(t, proxy)
	})
	t.Run("with a password", func(t *testing.T) {
		proxy := newProxy(t, "user", "sesame/open")
		t.Setenv("HTTPS_PROXY", withUser(t, proxy, url.UserPassword("user", "sesame/open")))
		expectCount(t, newWorkspace(t, configuration), server)
		expectConnect(t, proxy)
	})
	t.Run("with a wrong password", func(t *testing.T) {
		proxy := newProxy(t, "user", "other")
		t.Setenv("HTTPS_PROXY", withUser(t, proxy, url.UserPassword("user", "sesame-open")))
		got := newWorkspace(t, configuration).plan()
		assertDiagnostic(t, got, wantDiagnostic{summary: "Error counting tasks of resource class acme/linux", detail: "the proxy answered 407 Proxy Authentication Required."})
		assertDiagnostic(t, got, wantDiagnostic{summary: "Error counting tasks of resource class acme/linux", detail: "HTTPS_PROXY"})
		expectNoSecret(t, got)
		if requests := server.Requests(); len(requests) != 0 {
			t.Errorf("got requests %+v, want none", requests)
		}
	})
	t.Run("that is no URL", func(t *testing.T) {
		t.Setenv("HTTPS_PROXY", "http://user:sesame open@127.0.0.1:%zz")
		got := newWorkspace(t, configuration).plan()
		assertDiagnostic(t, got, wantDiagnostic{summary: "Error counting tasks of resource class acme/linux", detail: "the proxy in the environment variable HTTPS_PROXY is not a valid URL"})
		expectNoSecret(t, got)
	})
	t.Run("that is down", func(t *testing.T) {
		proxy := newProxy(t, "", "")
		t.Setenv("HTTPS_PROXY", withUser(t, proxy, url.UserPassword("user", "sesame-open")))
		proxy.Close()
		got := newWorkspace(t, configuration).plan()
		assertDiagnostic(t, got, wantDiagnostic{summary: "Error counting tasks of resource class acme/linux", detail: "connection refused (tried once in "})
		expectNoSecret(t, got)
	})
	t.Run("that NO_PROXY excludes", func(t *testing.T) {
		proxy := newProxy(t, "", "")
		t.Setenv("HTTPS_PROXY", proxy.URL)
		t.Setenv("NO_PROXY", ".invalid")
		// The dialer replaces the network: the test reaches no other machine.
		var dialed []string
		w := newWorkspace(t, strings.ReplaceAll(configuration, host, "runner.invalid"), func(c *circleci.Config) {
			c.MaxRetries = 0
			c.DialContext = func(_ context.Context, _, address string) (net.Conn, error) {
				dialed = append(dialed, address)
				return nil, errors.New("no way there")
			}
		})
		assertDiagnostic(t, w.plan(), wantDiagnostic{summary: "Error counting tasks of resource class acme/linux", detail: "no way there."})
		if !slices.Equal(dialed, []string{"runner.invalid:443"}) {
			t.Errorf("the provider dialed %q", dialed)
		}
		if connects := proxy.Connects(); len(connects) != 0 {
			t.Errorf("the proxy got CONNECT %q", connects)
		}
	})
	t.Run("that loopback does not use", func(t *testing.T) {
		proxy := newProxy(t, "", "")
		t.Setenv("HTTP_PROXY", proxy.URL)
		plain := newServer(t)
		plain.SetTasks("acme/linux", 1, 0)
		expectCount(t, newWorkspace(t, providerBlock(plain)+tasksBlock), plain)
	})
}
