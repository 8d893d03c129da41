package circleci_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// startTLSServer starts a server on HTTPS and returns it with what makes a client trust it.
func startTLSServer(t *testing.T, ca *circlecitest.Authority) (*circlecitest.Server, func(*circleci.Config)) {
	t.Helper()
	certificate, key := ca.Issue("127.0.0.1")
	server := circlecitest.NewTLSServer(certificate, key, nil)
	t.Cleanup(server.Close)
	return server, trust(t, ca)
}

func trust(t *testing.T, ca *circlecitest.Authority) func(*circleci.Config) {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(ca.CertificatePEM)) {
		t.Fatal("the CA's certificate cannot be parsed")
	}
	return func(config *circleci.Config) { config.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12} }
}

// The credential is not sent to a server with which TLS cannot be agreed on.
func TestTLSErrorIsNotRetried(t *testing.T) {
	t.Parallel()
	ca := circlecitest.NewAuthority()
	expectOne := func(t *testing.T, server *circlecitest.Server, kind error, text string, changes ...func(*circleci.Config)) {
		t.Helper()
		var attempts record
		_, err := newClient(t, server, append(changes, withRetries(4), attempts.keep)...).UnclaimedTaskCount(t.Context(), "acme/linux")
		equal(t, "type of error", fmt.Sprintf("%T", err), fmt.Sprintf("%T", kind))
		if !strings.HasSuffix(errorText(err), text) {
			t.Errorf("got error %v\nwant it to end in %s", err, text)
		}
		equal(t, "number of attempts", len(attempts.all()), 1)
		equal(t, "number of connections", server.Connections(), 1)
		equal(t, "number of requests", len(server.Requests()), 0)
	}
	t.Run("unknown CA", func(t *testing.T) {
		t.Parallel()
		server, _ := startTLSServer(t, ca)
		expectOne(t, server, (*circleci.CertificateError)(nil), "x509: certificate signed by unknown authority")
	})
	t.Run("other host", func(t *testing.T) {
		t.Parallel()
		certificate, key := ca.Issue("runner.example.com")
		server := circlecitest.NewTLSServer(certificate, key, nil)
		t.Cleanup(server.Close)
		expectOne(t, server, (*circleci.CertificateError)(nil),
			"x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs", trust(t, ca))
	})
	t.Run("expired", func(t *testing.T) {
		t.Parallel()
		certificate, key := ca.IssueExpired("127.0.0.1")
		server := circlecitest.NewTLSServer(certificate, key, nil)
		t.Cleanup(server.Close)
		_, err := newClient(t, server, trust(t, ca), withRetries(4)).UnclaimedTaskCount(t.Context(), "acme/linux")
		if reason := errorOf[*circleci.CertificateError](t, err).Reason; !strings.HasPrefix(reason, "x509: certificate has expired") {
			t.Errorf("got reason %s", reason)
		}
		equal(t, "number of connections", server.Connections(), 1)
	})
	// A version is what the server refuses before the client has sent anything that could cross its alert.
	t.Run("alert", func(t *testing.T) {
		t.Parallel()
		server, trusting := startTLSServer(t, ca)
		expectOne(t, server, (*circleci.TLSAlertError)(nil), "remote error: tls: protocol version not supported", trusting,
			func(config *circleci.Config) {
				config.TLS.MinVersion, config.TLS.MaxVersion = tls.VersionTLS11, tls.VersionTLS11
			})
	})
	t.Run("no TLS", func(t *testing.T) {
		t.Parallel()
		server := startServer(t)
		var attempts record
		_, err := newClient(t, server, withRetries(4), attempts.keep, func(config *circleci.Config) {
			config.APIURL = parseURL(t, strings.Replace(server.URL, "http:", "https:", 1))
		}).UnclaimedTaskCount(t.Context(), "acme/linux")
		equal(t, "reason", errorOf[*circleci.RequestError](t, err).Reason, "http: server gave HTTP response to HTTPS client")
		equal(t, "number of attempts", len(attempts.all()), 1)
	})
	t.Run("TLS where none is expected", func(t *testing.T) {
		t.Parallel()
		server, _ := startTLSServer(t, ca)
		var attempts record
		_, err := newClient(t, server, withRetries(4), attempts.keep, func(config *circleci.Config) {
			config.APIURL = parseURL(t, strings.Replace(server.URL, "https:", "http:", 1))
		}).UnclaimedTaskCount(t.Context(), "acme/linux")
		e := errorOf[*circleci.StatusError](t, err)
		equal(t, "status", e.StatusCode, 400)
		equal(t, "message", e.Message, "Client sent an HTTP request to an HTTPS server.")
		equal(t, "number of attempts", len(attempts.all()), 1)
	})
}
