package circlecitest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// sendVia sends a request to a host that does not exist, via a proxy, with a client that trusts a CA.
func sendVia(t *testing.T, proxy string, ca *circlecitest.Authority) error {
	t.Helper()
	u, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = http.ProxyURL(u)
	transport.TLSClientConfig = trusting(t, ca)
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://runner.invalid/api/v2/runner", nil)
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

func TestProxy(t *testing.T) {
	t.Parallel()
	ca := circlecitest.NewAuthority()
	certificate, key := ca.Issue("runner.invalid")
	server := circlecitest.NewTLSServer(certificate, key, nil)
	t.Cleanup(server.Close)
	open, restricted := circlecitest.NewProxy(server, "", ""), circlecitest.NewProxy(server, "jane", "pass/word")
	t.Cleanup(open.Close)
	t.Cleanup(restricted.Close)
	as := func(user string) string { return strings.Replace(restricted.URL, "http://", "http://"+user+"@", 1) }

	equal(t, "error without a password", sendVia(t, open.URL, ca), nil)
	equal(t, "error with a password", sendVia(t, as("jane:pass%2Fword"), ca), nil)
	for _, proxy := range []string{restricted.URL, as("jane"), as("jane:password"), as("joe:pass%2Fword")} {
		if err := sendVia(t, proxy, ca); err == nil || err.Error() != "Proxy Authentication Required" {
			t.Errorf("%s: got error %v, want Proxy Authentication Required", proxy, err)
		}
	}
	equal(t, "targets of the open proxy", open.Connects(), []string{"runner.invalid:443"})
	equal(t, "targets of the restricted proxy", restricted.Connects(), []string{"runner.invalid:443"})
	equal(t, "number of requests", len(server.Requests()), 2)

	// Only CONNECT is supported.
	w := httptest.NewRecorder()
	open.Config.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://runner.invalid/", nil))
	equal(t, "status of a GET", w.Code, http.StatusMethodNotAllowed)
}
