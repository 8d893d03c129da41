package circleci_test

import (
	"crypto/tls"
	"net/url"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// The credential is not sent to a server with which TLS cannot be agreed on, and such an error is not retried.
func TestTLSErrorIsNotRetried(t *testing.T) {
	scheme := func(scheme string) option {
		return func(config *circleci.Config) { config.APIURL = &url.URL{Scheme: scheme, Host: config.APIURL.Host} }
	}
	const unencrypted = `400 Bad Request with plain text instead of JSON: "Client sent an HTTP request to an HTTPS`
	ca := circlecitest.NewCA()
	for name, test := range map[string]struct {
		// issued is what the certificate is issued for, "" for a server on plain HTTP.
		ca     *circlecitest.CA
		issued string
		opt    option
		want   string
	}{
		"unknown CA": {ca, "127.0.0.1", func(c *circleci.Config) { c.TLS = nil }, "signed by unknown authority"},
		"other host": {ca, "192.0.2.1", nil, "x509: certificate is valid for 192.0.2.1, not 127.0.0.1"},
		"expired":    {ca.Expired(), "127.0.0.1", nil, "x509: certificate has expired or is not yet valid"},
		"alert": { // A version is what the server refuses before the client has sent anything that could cross its alert.
			ca, "127.0.0.1", func(config *circleci.Config) {
				config.TLS.MinVersion, config.TLS.MaxVersion = tls.VersionTLS11, tls.VersionTLS11
			}, "remote error: tls: protocol version not supported",
		},
		"no TLS":                     {ca, "", scheme("https"), "server gave HTTP response to HTTPS client"},
		"TLS where none is expected": {ca, "127.0.0.1", scheme("http"), unencrypted},
	} {
		t.Run(name, func(t *testing.T) {
			server, trusting := startServer(t), func(*circleci.Config) {}
			if test.issued != "" {
				server, trusting = startTLSServer(t, test.ca, test.issued)
			}
			opts := []option{trusting, withRetries(4)}
			if test.opt != nil {
				opts = append(opts, test.opt)
			}
			err := (<-countTasks(t.Context(), newClient(t, server, opts...))).err
			assertContains(t, errorText(err), test.want)
			equal(t, "is retryable", circleci.IsRetryable(err), false)
			equal(t, "connections and requests", [2]int{server.Connections(), len(server.Requests())}, [2]int{1, 0})
		})
	}
}
