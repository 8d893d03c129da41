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

// trusting is the configuration of a client that trusts a CA.
func trusting(t *testing.T, ca *circlecitest.Authority) *tls.Config {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(ca.CertificatePEM)) {
		t.Fatal("the CA's certificate cannot be parsed")
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// sendTLS sends a request to an HTTPS server, with a client that trusts a CA and may have a certificate.
func sendTLS(t *testing.T, url string, trusted *circlecitest.Authority, certificates ...tls.Certificate) error {
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
	ca, other := circlecitest.NewAuthority(), circlecitest.NewAuthority()
	certificate, key := ca.Issue("127.0.0.1")
	server := circlecitest.NewTLSServer(certificate, key, nil)
	t.Cleanup(server.Close)

	equal(t, "error with the CA", sendTLS(t, server.URL, ca), nil)
	if err := sendTLS(t, server.URL, other); !errors.As(err, new(x509.UnknownAuthorityError)) {
		t.Errorf("got error %v, want an x509.UnknownAuthorityError", err)
	}
	local := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	if err := sendTLS(t, local, ca); !errors.As(err, new(x509.HostnameError)) {
		t.Errorf("got error %v, want an x509.HostnameError", err)
	}

	certificate, key = ca.IssueExpired("127.0.0.1")
	expired := circlecitest.NewTLSServer(certificate, key, nil)
	t.Cleanup(expired.Close)
	var invalid x509.CertificateInvalidError
	if err := sendTLS(t, expired.URL, ca); !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
		t.Errorf("got error %v, want an expired certificate", err)
	}
}

func TestClientCertificate(t *testing.T) {
	t.Parallel()
	ca, clients := circlecitest.NewAuthority(), circlecitest.NewAuthority()
	certificate, key := ca.Issue("127.0.0.1")
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
	equal(t, "error with a certificate", sendTLS(t, server.URL, ca, pair(clients)), nil)
	equal(t, "number of requests", len(server.Requests()), 1)
	for what, err := range map[string]error{
		"without a certificate":            sendTLS(t, server.URL, ca),
		"with a certificate of another CA": sendTLS(t, server.URL, ca, pair(ca)),
	} {
		if err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
	equal(t, "number of requests", len(server.Requests()), 1)
}
