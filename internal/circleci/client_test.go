package circleci_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// tasksRequest is the request of countTasks to a server in memory, as errors name it.
const tasksRequest = "GET http://127.0.0.1:80/api/v3/runner/tasks?resource-class=acme%2Flinux"

// goodTasks is a complete response to countTasks.
const goodTasks = `{"unclaimed_task_count":42}`

type option = func(*circleci.Config)

func withRetries(n int) option {
	return func(config *circleci.Config) { config.MaxRetries = n }
}

func withConcurrency(n int) option {
	return func(config *circleci.Config) { config.MaxConcurrentRequests = n }
}

// startServer starts a server on loopback with 42 tasks of acme/linux.
func startServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	server.SetTasks("acme/linux", 42, 0)
	return server
}

// startTLSServer starts a server on HTTPS with a certificate for a host, and returns it with the option to trust it.
func startTLSServer(
	t *testing.T, ca *circlecitest.CA, host string, changes ...func(*circlecitest.Server),
) (*circlecitest.Server, option) {
	t.Helper()
	server := circlecitest.NewTLSServer(ca, host, changes...)
	t.Cleanup(server.Close)
	server.SetTasks("acme/linux", 42, 0)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(ca.CertificatePEM)) {
		t.Fatal("the CA's certificate cannot be parsed")
	}
	return server, func(config *circleci.Config) {
		config.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
}

// serve starts a server in memory with 42 tasks of acme/linux, and returns it with a client. All responses are those of
// the handler, unless it is nil. In a bubble of testing/synctest, time is virtual.
func serve(t *testing.T, handler http.Handler, opts ...option) (*circlecitest.Server, *circleci.Client) {
	t.Helper()
	server := circlecitest.NewMemoryServer()
	t.Cleanup(server.Close)
	server.SetTasks("acme/linux", 42, 0)
	server.SetHandler(handler)
	return server, newClient(t, server, opts...)
}

// newClient returns a client of a server, with a token that the server accepts. It does not retry.
func newClient(t *testing.T, server *circlecitest.Server, opts ...option) *circleci.Client {
	t.Helper()
	config := circleci.Config{
		APIURL:      parseURL(t, server.URL),
		APIVersion:  circleci.V3,
		Credential:  circleci.PersonalToken(circlecitest.PersonalToken),
		UserAgent:   "circleci-test/1.0",
		DialContext: server.DialContext,
	}
	for _, opt := range opts {
		opt(&config)
	}
	client := circleci.New(config)
	t.Cleanup(client.Close)
	return client
}

func parseURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := circleci.ParseAPIURL(text, "")
	if err != nil {
		t.Fatalf("%s %v", text, err)
	}
	return u
}

// result is that of countTasks.
type result struct {
	count int64
	err   error
}

// countTasks counts the tasks of acme/linux concurrently.
func countTasks(ctx context.Context, client *circleci.Client) <-chan result {
	results := make(chan result, 1)
	go func() {
		count, err := client.UnclaimedTaskCount(ctx, "acme/linux")
		results <- result{count, err}
	}()
	return results
}

// recorder records the attempts of a client.
type recorder struct {
	mu       sync.Mutex
	attempts []circleci.Attempt
	ends     []time.Time
}

// record makes a client record its attempts.
func (r *recorder) record(config *circleci.Config) {
	config.OnAttempt = func(_ context.Context, attempt circleci.Attempt) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.attempts = append(r.attempts, attempt)
		r.ends = append(r.ends, time.Now())
	}
}

func (r *recorder) all() []circleci.Attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.attempts)
}

// waits returns the times from the end of each attempt to the start of the next.
func (r *recorder) waits() (waits []time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := 1; i < len(r.attempts); i++ {
		waits = append(waits, r.ends[i].Add(-r.attempts[i].Duration).Sub(r.ends[i-1]))
	}
	return waits
}

// sent returns the requests that a server received, one a line.
func sent(server *circlecitest.Server) (lines []string) {
	for _, r := range server.Requests() {
		line := r.Method + " " + r.Path
		if len(r.Query) > 0 {
			line += "?" + r.Query.Encode()
		}
		if r.Body != "" {
			line += " " + r.Header.Get("Content-Type") + " " + r.Body
		}
		lines = append(lines, line)
	}
	return lines
}

// equal asserts equality, and distinguishes nil from empty.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, format(got), format(want))
	}
}

// format formats a value as JSON, which, unlike %v, dereferences pointers.
func format(value any) string {
	if result, isResult := value.(result); isResult {
		value = []any{result.count, errorText(result.err)}
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// errorText is "" for no error.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// errorOf returns err as an E.
func errorOf[E error](t *testing.T, err error) (e E) {
	t.Helper()
	if !errors.As(err, &e) {
		t.Fatalf("got error %T %v, want a %T", err, err, e)
	}
	return e
}

func assertSuffix(t *testing.T, got, want string) {
	t.Helper()
	if !strings.HasSuffix(got, want) {
		t.Errorf("got %s\nwant the suffix %s", got, want)
	}
}

func assertContains(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("got %s\nwant a part %s", got, want)
	}
}

func TestClose(t *testing.T) {
	server, client := serve(t, nil)
	equal(t, "first", <-countTasks(t.Context(), client), result{count: 42})
	equal(t, "second", <-countTasks(t.Context(), client), result{count: 42})
	equal(t, "connections, which are reused", server.Connections(), 1)
	client.Close()
	equal(t, "third", <-countTasks(t.Context(), client), result{count: 42})
	equal(t, "connections after Close", server.Connections(), 2)
}

func TestMaxConcurrentRequests(t *testing.T) {
	const reads = 200
	for _, limit := range []int{3, 0} {
		synctest.Test(t, func(t *testing.T) {
			server, client := serve(t, nil, withConcurrency(limit))
			server.Intercept(func(*http.Request) http.Handler {
				time.Sleep(time.Second)
				return nil
			})
			limit = cmp.Or(limit, circleci.DefaultMaxConcurrentRequests)
			start := time.Now()
			countAll(t, server, client, reads, reads)
			equal(t, "elapsed", time.Since(start), time.Duration((reads+limit-1)/limit)*time.Second)
			equal(t, "connections", server.Connections(), limit)
		})
	}
}
