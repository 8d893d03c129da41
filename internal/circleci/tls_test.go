package circleci_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// startTLSServer starts a server on HTTPS with a certificate for a host, and returns it with what makes a client trust it.
func startTLSServer(t *testing.T, ca *circlecitest.CA, host string) (*circlecitest.Server, func(*circleci.Config)) {
	t.Helper()
	server := circlecitest.NewTLSServer(ca, host)
	t.Cleanup(server.Close)
	server.SetTasks("acme/linux", 42, 0)
	return server, trust(t, ca)
}

func trust(t *testing.T, ca *circlecitest.CA) func(*circleci.Config) {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(ca.CertificatePEM)) {
		t.Fatal("the CA's certificate cannot be parsed")
	}
	return func(config *circleci.Config) { config.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12} }
}

// otherProtocol is a connection to a server that speaks neither TLS nor HTTP.
type otherProtocol struct{ net.Conn }

func (c otherProtocol) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	copy(p[:n], "SSH-2.0-")
	return n, err
}

// The credential is not sent to a server with which TLS cannot be agreed on.
func TestTLSErrorIsNotRetried(t *testing.T) {
	ca := circlecitest.NewCA()
	scheme := func(scheme string) func(*circleci.Config) {
		return func(config *circleci.Config) { config.APIURL = &url.URL{Scheme: scheme, Host: config.APIURL.Host} }
	}
	type row struct {
		// issued is what the certificate is issued for, "" for a server on plain HTTP.
		issued  string
		expired bool
		config  func(*circleci.Config)
		// want is a part of the error.
		want string
	}
	for name, test := range map[string]row{
		"unknown CA": {
			issued: "127.0.0.1", config: func(config *circleci.Config) { config.TLS = nil },
			want: "x509: certificate signed by unknown authority",
		},
		"other host": {
			issued: "runner.example.com",
			want:   "x509: cannot validate certificate for 127.0.0.1",
		},
		"other address": {
			issued: "192.0.2.1", want: "x509: certificate is valid for 192.0.2.1, not 127.0.0.1",
		},
		"expired": {issued: "127.0.0.1", expired: true, want: "x509: certificate has expired or is not yet valid"},
		"alert": { // A version is what the server refuses before the client has sent anything that could cross its alert.
			issued: "127.0.0.1", want: "remote error: tls: protocol version not supported",
			config: func(config *circleci.Config) {
				config.TLS.MinVersion, config.TLS.MaxVersion = tls.VersionTLS11, tls.VersionTLS11
			},
		},
		"no TLS": {
			config: scheme("https"), want: "server gave HTTP response to HTTPS client",
		},
		"neither TLS nor HTTP": {
			want: "first record does not look like a TLS handshake", config: func(config *circleci.Config) {
				scheme("https")(config)
				config.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					c, err := (&net.Dialer{}).DialContext(ctx, network, address)
					return otherProtocol{c}, err
				}
			},
		},
		"TLS where none is expected": {
			issued: "127.0.0.1", config: scheme("http"),
			want: `400 Bad Request with plain text instead of JSON: "Client sent an HTTP request to an HTTPS server."`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, issuer := startServer(t), ca
			if test.expired {
				issuer = ca.Expired()
			}
			if test.issued != "" {
				server, _ = startTLSServer(t, issuer, test.issued)
			}
			var attempts record
			_, err := newClient(t, server, trust(t, ca), withRetries(4), attempts.keep, func(config *circleci.Config) {
				if test.config != nil {
					test.config(config)
				}
			}).UnclaimedTaskCount(t.Context(), "acme/linux")
			assertContains(t, errorText(err), test.want)
			equal(t, "is retryable", circleci.IsRetryable(err), false)
			equal(t, "number of attempts", len(attempts.all()), 1)
			equal(t, "connections and requests", [2]int{server.Connections(), len(server.Requests())}, [2]int{1, 0})
		})
	}
}
