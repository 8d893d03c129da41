package provider_test

import (
	"context"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// tasks is what the server counts for acme/linux when it answers as usual.
const tasks = 1234

// fault is something that goes wrong on the way to a task count.
type fault struct {
	// arrange makes the server misbehave; what it returns adjusts the client.
	arrange func(*circlecitest.Server) func(*circleci.Config)
	// tls puts the server on HTTPS.
	tls bool
	// retries and timeout are the provider's max_retries and request_timeout; unset they are 4 and 30s.
	retries int64
	timeout string
	// want is in the detail of the one error that the user gets; without it the read gives the right count.
	want []string
	// requests is how often the server is asked, when that is certain.
	requests int
}

// next queues answers, behind which the server answers as usual.
func next(answers ...http.Handler) func(*circlecitest.Server) func(*circleci.Config) {
	return func(s *circlecitest.Server) func(*circleci.Config) {
		s.Enqueue(answers...)
		return nil
	}
}

// always gives one answer to everything.
func always(answer http.Handler) func(*circlecitest.Server) func(*circleci.Config) {
	return func(s *circlecitest.Server) func(*circleci.Config) {
		s.SetHandler(answer)
		return nil
	}
}

// refuse closes the next n connections.
func refuse(n int) func(*circlecitest.Server) func(*circleci.Config) {
	return func(s *circlecitest.Server) func(*circleci.Config) {
		s.ResetConnections(n)
		return nil
	}
}

// dial fails n times in a way that a server cannot make, and then reaches the server.
func dial(n int32, failure error) func(*circlecitest.Server) func(*circleci.Config) {
	return func(*circlecitest.Server) func(*circleci.Config) {
		return func(c *circleci.Config) {
			var dialed atomic.Int32
			memory := c.DialContext
			c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				if dialed.Add(1) <= n {
					return nil, failure
				}
				return memory(ctx, network, address)
			}
		}
	}
}

const (
	wholeBody = `{"unclaimed_task_count": 9}`
	overLimit = 32<<20 + 1
)

func faults() map[string]fault {
	all := map[string]fault{
		"connection refused": {
			arrange: func(s *circlecitest.Server) func(*circleci.Config) { s.Close(); return nil },
			want:    []string{"connection refused (tried 5 times in "},
		},
		"connection refused once":          {arrange: dial(1, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), requests: 1},
		"connection reset":                 {arrange: refuse(2), requests: 1},
		"connection reset for ever":        {arrange: refuse(1000), want: []string{"(tried 5 times in ", "Check api_url, the network"}},
		"closed before the answer":         {arrange: next(circlecitest.AbortConnection()), requests: 2},
		"closed in mid-body":               {arrange: next(circlecitest.TruncatedBody(wholeBody), circlecitest.TruncatedBody(wholeBody[:9])), requests: 3},
		"closed in mid-chunk":              {arrange: next(circlecitest.TruncatedChunks(wholeBody), circlecitest.TruncatedChunks(wholeBody[:9])), requests: 3},
		"closed in mid-body for ever":      {arrange: always(circlecitest.TruncatedBody(wholeBody)), want: []string{"the connection was closed in the middle of the response (tried 5 times in "}, requests: 5},
		"closed in mid-chunk, two retries": {arrange: always(circlecitest.TruncatedChunks(wholeBody)), retries: 2, want: []string{"in the middle of the response (tried 3 times in "}, requests: 3},
		"TLS handshake cut":                {arrange: refuse(2), tls: true, requests: 1},
		"TLS handshake cut for ever":       {arrange: refuse(1000), tls: true, want: []string{"(tried 5 times in "}},
		"DNS failure that passes":          {arrange: dial(3, &net.DNSError{Err: "server misbehaving", Name: "runner.example.com", IsTemporary: true}), requests: 1},
		"DNS failure that stays":           {arrange: dial(1000, &net.DNSError{Err: "no such host", Name: "runner.example.com", IsNotFound: true}), want: []string{"lookup runner.example.com: no such host (tried 5 times in "}},
		"attempt that takes too long":      {arrange: next(circlecitest.Hang()), timeout: "500ms", requests: 2},
		"answer that never comes": {
			arrange: always(circlecitest.Hang()), timeout: "300ms", retries: 1,
			want: []string{"timed out after 300ms waiting for a complete response (tried twice in "}, requests: 2,
		},
		"one byte at a time": {
			arrange: always(circlecitest.SlowBody(100*time.Millisecond, wholeBody)), timeout: "300ms", retries: 1,
			want: []string{"timed out after 300ms waiting for a complete response (tried twice in "}, requests: 2,
		},

		"Retry-After in seconds": {arrange: next(circlecitest.WithHeader(circlecitest.Error(503, "busy"), "Retry-After", "120")), requests: 2},
		"Retry-After that does not fit": {
			arrange: next(circlecitest.WithHeader(circlecitest.Error(503, "busy"), "Retry-After", "301")),
			want:    []string{`"busy" (tried once in 0s); the server asked to retry after 5m1s, which exceeds the 5m0s read timeout.`}, requests: 1,
		},
		"Retry-After of 429 that does not fit": {
			arrange: next(circlecitest.WithHeader(circlecitest.Error(429, "slow down"), "Retry-After", "3600")),
			want:    []string{"the server asked to retry after 1h0m0s, which exceeds the 5m0s read timeout", "lower max_concurrent_requests, or ask CircleCI for a higher limit."}, requests: 1,
		},
		"Retry-After beyond all numbers": {
			arrange: next(circlecitest.WithHeader(circlecitest.Error(503, "busy"), "Retry-After", strings.Repeat("9", 40))),
			want:    []string{"which exceeds the 5m0s read timeout"}, requests: 1,
		},
		"Retry-After as a date":              {arrange: retryAt(100 * time.Second), requests: 2},
		"Retry-After as a date, too far off": {arrange: retryAt(time.Hour), want: []string{"which exceeds the 5m0s read timeout"}, requests: 1},
		"Retry-After as a date gone by":      {arrange: retryAt(-time.Hour), requests: 2},
		"Retry-After that says nothing":      {arrange: next(circlecitest.WithHeader(circlecitest.Error(503, "busy"), "Retry-After", "soon")), requests: 2},

		"a malformed answer": {arrange: always(circlecitest.JSON(`{"unclaimed_task_count": 4.0}`)), want: []string{"has unclaimed_task_count 4.0"}, requests: 1},
		"a body over the limit": {
			arrange: always(circlecitest.LargeBody(wholeBody, overLimit)),
			want:    []string{"the answer is larger than the limit of 32 MiB."}, requests: 1,
		},
		"a body over the limit by gzip": {
			arrange: always(circlecitest.GzipBody(wholeBody, overLimit)),
			want:    []string{"the answer is larger than the limit of 32 MiB."}, requests: 1,
		},
		"a packed body":     {arrange: next(circlecitest.GzipBody(fmt.Sprintf(`{"unclaimed_task_count": %d}`, tasks), 1<<20)), requests: 1},
		"a deep body":       {arrange: always(circlecitest.JSON(`{"a": ` + strings.Repeat("[", 100_000))), want: []string{"is not valid JSON"}, requests: 1},
		"a long number":     {arrange: always(circlecitest.JSON(`{"unclaimed_task_count": ` + strings.Repeat("7", 1_000_000) + `}`)), want: []string{"not a whole number from 0 to 9223372036854775807"}, requests: 1},
		"an ignored number": {arrange: next(circlecitest.JSON(fmt.Sprintf(`{"a": %s, "unclaimed_task_count": %d}`, strings.Repeat("7", 1_000_000), tasks))), requests: 1},
		"HTML":              {arrange: always(circlecitest.Raw(200, "text/html", "<html><title>Log in</title></html>")), want: []string{`the answer is an HTML page, not JSON; its title is "Log in".`, "login page"}, requests: 1},
		"no HTTP":           {arrange: always(garbage()), want: []string{"malformed HTTP status code", "Check api_url"}, requests: 1},

		"redirects within the origin": {arrange: next(circlecitest.Redirect("/elsewhere"), circlecitest.Redirect("/api/v2/runner/tasks?resource-class=acme/linux")), requests: 3},
		"ten redirects":               {arrange: redirects(10), requests: 11},
		"eleven redirects":            {arrange: redirects(11), want: []string{"it was redirected more than 10 times."}, requests: 11},
		"redirect to another scheme": {
			arrange: func(s *circlecitest.Server) func(*circleci.Config) {
				s.SetHandler(circlecitest.Redirect(strings.Replace(s.URL, "http://", "https://", 1) + "/api"))
				return nil
			},
			want: []string{"was redirected to https://127.0.0.1:", "The credential was not sent there. If the Runner API is served at https://127.0.0.1:", "set api_url to it"}, requests: 1,
		},
		"redirect to another host": {arrange: always(circlecitest.Redirect("//runner.example.com/api")), want: []string{"was redirected to http://runner.example.com:80, which was not followed."}, requests: 1},
		"redirect to a subdomain":  {arrange: always(circlecitest.Redirect("http://api.127.0.0.1/")), want: []string{"was redirected to http://api.127.0.0.1:80, which was not followed."}, requests: 1},
	}
	for _, status := range []int{500, 502, 503, 504} {
		name := fmt.Sprintf("status %d", status)
		all[name] = fault{arrange: next(circlecitest.Error(status, "once"), circlecitest.Error(status, "twice")), requests: 3}
		all[name+" for ever"] = fault{
			arrange: always(circlecitest.Error(status, "always")), requests: 5,
			want: []string{fmt.Sprintf(`answered %d %s: "always" (tried 5 times in `, status, http.StatusText(status))},
		}
	}
	for _, status := range []int{400, 401, 403, 404, 405, 410, 422, 501, 505} {
		requests := 1
		if status == 404 {
			requests = 2 // The second one probes the other API version.
		}
		all[fmt.Sprintf("status %d", status)] = fault{
			arrange: always(circlecitest.Error(status, "no")), requests: requests,
			want: []string{fmt.Sprintf(`answered %d %s: "no".`, status, http.StatusText(status))},
		}
	}
	return all
}

// retryAt responds once with a Retry-After some time from then.
func retryAt(d time.Duration) func(*circlecitest.Server) func(*circleci.Config) {
	return next(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		date := time.Now().Add(d).UTC().Format(http.TimeFormat)
		circlecitest.WithHeader(circlecitest.Error(503, "busy"), "Retry-After", date).ServeHTTP(w, r)
	}))
}

// redirects leads to the same origin n times.
func redirects(n int) func(*circlecitest.Server) func(*circleci.Config) {
	answers := make([]http.Handler, n)
	for i := range answers {
		answers[i] = circlecitest.Redirect("/api/v2/runner/tasks?resource-class=acme/linux")
	}
	return next(answers...)
}

// garbage answers with what is not HTTP.
func garbage() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = connection.Write([]byte("220 mail.example.com\r\n\r\n"))
		_ = connection.Close()
	})
}

// newServer starts a server with a fault, in memory, and returns what adjusts the client.
func (f fault) newServer(t *testing.T, authority *circlecitest.Authority) (*circlecitest.Server, func(*circleci.Config)) {
	t.Helper()
	var server *circlecitest.Server
	if f.tls {
		certificate, key := authority.Issue("127.0.0.1")
		server = circlecitest.NewUnstartedTLSServer(certificate, key, nil)
		server.UseMemory()
		server.StartTLS()
	} else {
		server = circlecitest.NewMemoryServer()
	}
	t.Cleanup(server.Close)
	server.SetTasks("acme/linux", tasks, 0)
	adjust := f.arrange(server)
	return server, func(c *circleci.Config) {
		c.DialContext = server.DialContext
		if adjust != nil {
			adjust(c)
		}
	}
}

func (f fault) expectRequests(t *testing.T, server *circlecitest.Server) {
	t.Helper()
	if got := len(server.Requests()); f.requests > 0 && got != f.requests {
		t.Errorf("the server was asked %d times, not %d", got, f.requests)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, row := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { row.test(t, circlecitest.NewAuthority()) })
		})
	}
}

func (f fault) test(t *testing.T, authority *circlecitest.Authority) {
	server, adjust := f.newServer(t, authority)
	attributes := providertest.Attributes{
		"api_url": providertest.String(server.URL), "token": providertest.String(circlecitest.PersonalToken),
	}
	if f.tls {
		attributes["ca_cert_pem"] = providertest.String(authority.CertificatePEM)
	}
	if f.retries > 0 {
		attributes["max_retries"] = providertest.Number(f.retries)
	}
	if f.timeout != "" {
		attributes["request_timeout"] = providertest.String(f.timeout)
	}
	p := newProvider(t, attributes, adjust)
	state, diagnostics := p.read(t.Context(), "circleci_runner_tasks", providertest.Attributes{"resource_class": providertest.String("acme/linux")})
	f.expectRequests(t, server)
	if len(f.want) == 0 {
		if len(diagnostics) != 0 {
			t.Fatalf("the provider reports %s: %s", diagnostics[0].Summary, diagnostics[0].Detail)
		}
		var count big.Float
		if err := state["unclaimed_task_count"].As(&count); err != nil || count.Cmp(big.NewFloat(tasks)) != 0 {
			t.Errorf("the count is %s (%v), not %d", &count, err, tasks)
		}
		return
	}
	if len(diagnostics) != 1 || diagnostics[0].Severity != tfprotov6.DiagnosticSeverityError {
		t.Fatalf("the provider reports %d diagnostics, not one error: %+v", len(diagnostics), diagnostics)
	}
	for _, want := range f.want {
		if !strings.Contains(diagnostics[0].Detail, want) {
			t.Errorf("the detail is\n%s\nwithout\n%s", diagnostics[0].Detail, want)
		}
	}
}

// testProvider is a configured provider without the CLI.
type testProvider struct {
	*providertest.Server
	t *testing.T
}

func newProvider(t *testing.T, attributes providertest.Attributes, adjust ...func(*circleci.Config)) testProvider {
	t.Helper()
	server, err := providertest.NewServer(t.Context(), adjust...)
	if err != nil {
		t.Fatal(err)
	}
	diagnostics, err := server.Configure(t.Context(), attributes)
	if err != nil || len(diagnostics) != 0 {
		t.Fatalf("the provider is not configured: %v, %+v", err, diagnostics)
	}
	return testProvider{server, t}
}

// newMemoryServer starts a server whose connections are in memory, for a test in a bubble of testing/synctest.
func newMemoryServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewMemoryServer()
	t.Cleanup(server.Close)
	return server
}

// newMemoryProvider is a provider that is configured for such a server.
func newMemoryProvider(t *testing.T, server *circlecitest.Server, opts ...func(*circleci.Config)) testProvider {
	t.Helper()
	return newProvider(t, providertest.Attributes{
		"api_url": providertest.String(server.URL), "token": providertest.String(circlecitest.PersonalToken),
	}, append([]func(*circleci.Config){func(c *circleci.Config) { c.DialContext = server.DialContext }}, opts...)...)
}

func (p testProvider) read(ctx context.Context, dataSource string, attributes providertest.Attributes) (providertest.Attributes, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	state, diagnostics, err := p.Read(ctx, dataSource, attributes)
	if err != nil {
		p.t.Error(err)
	}
	return state, diagnostics
}

// TestRedirectKeepsCredential leads to a second server, which must not be asked at all, with each kind of credential.
func TestRedirectKeepsCredential(t *testing.T) {
	t.Parallel()
	for _, attribute := range []string{"token", "launch_token", "session_cookie"} {
		t.Run(attribute, func(t *testing.T) {
			t.Parallel()
			other, server := newServer(t), newServer(t)
			server.SetHandler(circlecitest.Redirect(other.URL + "/api/v2/runner/tasks?resource-class=acme/linux"))
			p := newProvider(t, providertest.Attributes{"api_url": providertest.String(server.URL), attribute: providertest.String("sesame-open")})
			_, diagnostics := p.read(t.Context(), "circleci_runner_tasks", providertest.Attributes{"resource_class": providertest.String("acme/linux")})
			if len(diagnostics) != 1 || !strings.Contains(diagnostics[0].Detail, "was redirected to "+other.URL+", which was not followed.") {
				t.Errorf("the provider reports %+v", diagnostics)
			}
			if got := len(server.Requests()); got != 1 {
				t.Errorf("the server was asked %d times", got)
			}
			if connections := other.Connections(); connections != 0 {
				t.Errorf("the other server got %d connections", connections)
			}
		})
	}
}

// TestTooManyRequestsPausesAll has one read refused with a 429 and shows that another, of another data source, waits too.
func TestTooManyRequestsPausesAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newMemoryServer(t)
		server.SetTasks("acme/linux", tasks, 0)
		server.Enqueue(circlecitest.WithHeader(circlecitest.Error(429, "slow down"), "Retry-After", "60"))
		p := newMemoryProvider(t, server)
		var reads sync.WaitGroup
		read := func(dataSource, attribute, value string) {
			reads.Go(func() {
				_, diagnostics := p.read(t.Context(), dataSource, providertest.Attributes{attribute: providertest.String(value)})
				if len(diagnostics) != 0 {
					t.Errorf("%s reports %+v", dataSource, diagnostics[0])
				}
			})
		}
		read("circleci_runner_tasks", "resource_class", "acme/linux")
		synctest.Wait()
		read("circleci_runners", "namespace", "acme")
		time.Sleep(time.Minute - 1)
		if got := len(server.Requests()); got != 1 {
			t.Errorf("the server got %d requests within the minute that it wanted", got)
		}
		reads.Wait()
		if got := len(server.Requests()); got != 3 {
			t.Errorf("the server got %d requests, not 3", got)
		}
	})
}
