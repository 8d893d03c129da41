package circlecitest_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// trusting is the configuration of a client that trusts an authority.
func trusting(t *testing.T, authority *circlecitest.Authority) *tls.Config {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(authority.CertificatePEM)) {
		t.Fatal("the authority's certificate cannot be read")
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// visitOverTLS asks an HTTPS server with a client that trusts an authority and may have a certificate.
func visitOverTLS(t *testing.T, url string, trusted *circlecitest.Authority, certificates ...tls.Certificate) error {
	t.Helper()
	config := trusting(t, trusted)
	config.Certificates = certificates
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/v2/runner", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	equal(t, "status", response.StatusCode, http.StatusUnauthorized)
	return response.Body.Close()
}

func TestAuthority(t *testing.T) {
	t.Parallel()
	authority, other := circlecitest.NewAuthority(), circlecitest.NewAuthority()
	certificate, key := authority.Issue("127.0.0.1")
	server := circlecitest.NewTLSServer(certificate, key, nil)
	t.Cleanup(server.Close)

	equal(t, "error for who trusts the authority", visitOverTLS(t, server.URL, authority), nil)
	if err := visitOverTLS(t, server.URL, other); !errors.As(err, new(x509.UnknownAuthorityError)) {
		t.Errorf("got error %v, want an unknown authority", err)
	}
	local := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	if err := visitOverTLS(t, local, authority); !errors.As(err, new(x509.HostnameError)) {
		t.Errorf("got error %v, want another host", err)
	}

	certificate, key = authority.IssueExpired("127.0.0.1")
	expired := circlecitest.NewTLSServer(certificate, key, nil)
	t.Cleanup(expired.Close)
	var invalid x509.CertificateInvalidError
	if err := visitOverTLS(t, expired.URL, authority); !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
		t.Errorf("got error %v, want an expired certificate", err)
	}
}

func TestTLSServerThatAsksForCertificates(t *testing.T) {
	t.Parallel()
	authority, clients := circlecitest.NewAuthority(), circlecitest.NewAuthority()
	certificate, key := authority.Issue("127.0.0.1")
	server := circlecitest.NewTLSServer(certificate, key, clients)
	t.Cleanup(server.Close)
	pair := func(issuer *circlecitest.Authority) tls.Certificate {
		certificate, key := issuer.Issue("a client")
		pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
		if err != nil {
			t.Fatal(err)
		}
		return pair
	}
	equal(t, "error with a certificate", visitOverTLS(t, server.URL, authority, pair(clients)), nil)
	equal(t, "number of requests", len(server.Requests()), 1)
	for what, err := range map[string]error{
		"without a certificate":      visitOverTLS(t, server.URL, authority),
		"with another's certificate": visitOverTLS(t, server.URL, authority, pair(authority)),
	} {
		if err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
	equal(t, "number of requests", len(server.Requests()), 1)
}
