package circlecitest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// visitBy asks for a name that no machine has, by a proxy.
func visitBy(t *testing.T, proxy string, authority *circlecitest.Authority) error {
	t.Helper()
	u, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	direct := http.DefaultTransport.(*http.Transport).Clone()
	direct.Proxy = http.ProxyURL(u)
	direct.TLSClientConfig = trusting(t, authority)
	defer direct.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://runner.invalid/api/v2/runner", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := direct.RoundTrip(r)
	if err != nil {
		return err
	}
	equal(t, "status", response.StatusCode, http.StatusUnauthorized)
	return response.Body.Close()
}

func TestProxy(t *testing.T) {
	t.Parallel()
	authority := circlecitest.NewAuthority()
	certificate, key := authority.Issue("runner.invalid")
	server := circlecitest.NewTLSServer(certificate, key, nil)
	t.Cleanup(server.Close)
	open, closed := circlecitest.NewProxy(server, "", ""), circlecitest.NewProxy(server, "jane", "pass/word")
	t.Cleanup(open.Close)
	t.Cleanup(closed.Close)
	as := func(user string) string { return strings.Replace(closed.URL, "http://", "http://"+user+"@", 1) }

	equal(t, "error of the open one", visitBy(t, open.URL, authority), nil)
	equal(t, "error with a password", visitBy(t, as("jane:pass%2Fword"), authority), nil)
	for _, proxy := range []string{closed.URL, as("jane"), as("jane:password"), as("joe:pass%2Fword")} {
		if err := visitBy(t, proxy, authority); err == nil || err.Error() != "Proxy Authentication Required" {
			t.Errorf("%s: got error %v, want a demand for a password", proxy, err)
		}
	}
	equal(t, "targets of the open one", open.Connects(), []string{"runner.invalid:443"})
	equal(t, "targets of the closed one", closed.Connects(), []string{"runner.invalid:443"})
	equal(t, "number of requests", len(server.Requests()), 2)

	// It takes nothing but CONNECT.
	w := httptest.NewRecorder()
	open.Config.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://runner.invalid/", nil))
	equal(t, "status of a GET", w.Code, http.StatusMethodNotAllowed)
}
