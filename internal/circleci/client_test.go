package circleci_test

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func startServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	return server
}

// newClient returns a client of the server with the personal token that the server accepts. It does not retry.
func newClient(t *testing.T, server *circlecitest.Server, changes ...func(*circleci.Config)) *circleci.Client {
	t.Helper()
	config := circleci.Config{
		APIURL:      parseURL(t, server.URL),
		Credential:  circleci.PersonalToken(circlecitest.PersonalToken),
		UserAgent:   "circleci-test/1.0",
		DialContext: server.DialContext,
	}
	for _, change := range changes {
		change(&config)
	}
	client := circleci.New(config)
	t.Cleanup(client.Close)
	return client
}

// respond starts a server that gives one response to every request, and returns it with a client.
func respond(t *testing.T, response http.Handler, changes ...func(*circleci.Config)) (*circlecitest.Server, *circleci.Client) {
	t.Helper()
	server := startServer(t)
	server.SetHandler(response)
	return server, newClient(t, server, changes...)
}

func withRetries(n int) func(*circleci.Config) {
	return func(config *circleci.Config) { config.MaxRetries = n }
}

// startMemoryServer starts a server with connections in memory, for tests in a bubble of testing/synctest.
func startMemoryServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewMemoryServer()
	t.Cleanup(server.Close)
	return server
}

// inBubble runs a test with virtual time, a server with 42 tasks of acme/linux, and a client with the default limits unless
// config changes them. The response is that of all requests; it may be nil.
func inBubble(
	t *testing.T, response http.Handler, config func(*circleci.Config),
	test func(t *testing.T, server *circlecitest.Server, client *circleci.Client),
) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := startMemoryServer(t)
		server.SetTasks("acme/linux", 42, 0)
		server.SetHandler(response)
		opts := []func(*circleci.Config){withRetries(circleci.DefaultMaxRetries)}
		if config != nil {
			opts = append(opts, config)
		}
		test(t, server, newClient(t, server, opts...))
	})
}

func parseURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := circleci.ParseAPIURL(text, "")
	if err != nil {
		t.Fatalf("%s %v", text, err)
	}
	return u
}

// record records the attempts of a client.
type record struct {
	mu       sync.Mutex
	attempts []circleci.Attempt
	ends     []time.Time
}

// keep makes a client record its attempts.
func (r *record) keep(config *circleci.Config) {
	config.OnAttempt = func(_ context.Context, attempt circleci.Attempt) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.attempts = append(r.attempts, attempt)
		r.ends = append(r.ends, time.Now())
	}
}

func (r *record) all() []circleci.Attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.attempts)
}

// waits returns the times from the end of each attempt to the start of the next.
func (r *record) waits() []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	var waits []time.Duration
	for i := 1; i < len(r.attempts); i++ {
		waits = append(waits, r.ends[i].Add(-r.attempts[i].Duration).Sub(r.ends[i-1]))
	}
	return waits
}

func (r *record) last(t *testing.T) circleci.Attempt {
	t.Helper()
	all := r.all()
	if len(all) == 0 {
		t.Fatal("no attempt was reported")
	}
	return all[len(all)-1]
}

// call is one of the client's methods. Errors of transport, status and format are the same for each of them.
type call struct {
	name string
	// target is the path and query of the request, after the API version.
	target string
	// good is a complete response, and want the result.
	good string
	want any
	do   func(context.Context, *circleci.Client) (any, error)
	// nothing is the result with an error.
	nothing any
}

var calls = []call{
	{
		name:   "runners",
		target: "/runner?namespace=acme",
		good:   `{"items":[{"resource_class":"acme/linux","name":"one"}]}`,
		want:   []circleci.Runner{{ResourceClass: "acme/linux", Name: "one"}},
		do: func(ctx context.Context, client *circleci.Client) (any, error) {
			return client.ListRunners(ctx, circleci.RunnerFilter{Namespace: "acme"})
		},
		nothing: []circleci.Runner(nil),
	},
	{
		name:   "unclaimed tasks",
		target: "/runner/tasks?resource-class=acme%2Flinux",
		good:   `{"unclaimed_task_count":42}`,
		want:   int64(42),
		do: func(ctx context.Context, client *circleci.Client) (any, error) {
			return client.UnclaimedTaskCount(ctx, "acme/linux")
		},
		nothing: int64(0),
	},
}

// requestTo is the request as an error names it.
func (c call) requestTo(server *circlecitest.Server) string {
	return "GET " + server.URL + "/api/v2" + c.target
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
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// outcome is the result of a read.
type outcome struct {
	count int64
	err   error
}

// readTasks counts the tasks of acme/linux concurrently.
func readTasks(ctx context.Context, client *circleci.Client) <-chan outcome {
	out := make(chan outcome, 1)
	go func() {
		count, err := client.UnclaimedTaskCount(ctx, "acme/linux")
		out <- outcome{count, err}
	}()
	return out
}

func TestConnectionIsReused(t *testing.T) {
	server := startServer(t)
	server.SetTasks("acme/linux", 1, 0)
	client := newClient(t, server)
	equal(t, "first", <-readTasks(t.Context(), client), outcome{count: 1})
	equal(t, "second", <-readTasks(t.Context(), client), outcome{count: 1})
	equal(t, "connections", server.Connections(), 1)
	client.Close()
	equal(t, "third", <-readTasks(t.Context(), client), outcome{count: 1})
	equal(t, "connections after Close", server.Connections(), 2)
}

func TestOnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := startMemoryServer(t)
		server.Enqueue(
			circlecitest.Delay(2*time.Second, circlecitest.WithHeader(retryAfter(503, "1"), "X-Request-Id", "one\t\u202e1")),
			circlecitest.Delay(3*time.Second, circlecitest.WithHeader(circlecitest.Raw(429, "text/plain", "slow\ndown"), "X-Request-Id", "two")),
			circlecitest.Delay(time.Second, circlecitest.WithHeader(circlecitest.JSON(`{"unclaimed_task_count":42}`), "X-Request-Id", "three")),
			circlecitest.Delay(4*time.Second, circlecitest.JSON(`{"unclaimed_task_count":-1}`)),
			circlecitest.Delay(5*time.Second, circlecitest.Redirect("https://login.example.com/")),
			circlecitest.Delay(6*time.Second, circlecitest.TruncatedBody(`{"unclaimed_task_count":42}`)),
		)
		var attempts record
		type key struct{}
		ctx := context.WithValue(t.Context(), key{}, "the caller's")
		client := newClient(t, server, withRetries(2), attempts.keep, func(config *circleci.Config) {
			keep := config.OnAttempt
			config.OnAttempt = func(ctx context.Context, attempt circleci.Attempt) {
				equal(t, "value in the context", ctx.Value(key{}), "the caller's")
				keep(ctx, attempt)
			}
		})
		equal(t, "outcome", <-readTasks(ctx, client), outcome{count: 42})
		_, err := client.UnclaimedTaskCount(ctx, "acme/linux")
		_ = errorOf[*circleci.ResponseError](t, err)
		_, err = client.UnclaimedTaskCount(ctx, "acme/linux")
		_ = errorOf[*circleci.RedirectError](t, err)
		ctx, cancel := context.WithTimeout(ctx, 6500*time.Millisecond)
		defer cancel()
		_, err = client.UnclaimedTaskCount(ctx, "acme/linux")
		equal(t, "attempts", errorOf[*circleci.RetryError](t, err).Attempts, 1)

		request := calls[1].requestTo(server)
		type reported struct {
			Number, StatusCode int
			RequestID          string
			Duration           time.Duration
			Err                string
		}
		var got []reported
		for _, a := range attempts.all() {
			equal(t, "method", a.Method, "GET")
			equal(t, "URL", a.URL, strings.TrimPrefix(request, "GET "))
			got = append(got, reported{a.Number, a.StatusCode, a.RequestID, a.Duration, errorText(a.Err)})
		}
		equal(t, "attempts", got, []reported{
			{Number: 1, StatusCode: 503, RequestID: "one 1", Duration: 2 * time.Second, Err: request + ` returned 503 Service Unavailable: "later"`},
			{
				Number: 2, StatusCode: 429, RequestID: "two", Duration: 3 * time.Second,
				Err: request + ` returned 429 Too Many Requests with plain text instead of JSON: "slow down"`,
			},
			{Number: 3, StatusCode: 200, RequestID: "three", Duration: time.Second},
			{Number: 1, StatusCode: 200, Duration: 4 * time.Second}, // The body is decoded later.
			{Number: 1, Duration: 5 * time.Second, Err: request + " was redirected to https://login.example.com:443, which was not followed"},
			{Number: 1, StatusCode: 200, Duration: 6 * time.Second, Err: request + ": the connection was closed in the middle of the response"},
		})
	})
}

func TestMaxConcurrentRequests(t *testing.T) {
	const reads = 200
	for _, limit := range []int{1, 3, 32, 0} {
		t.Run(strconv.Itoa(limit), func(t *testing.T) {
			config := func(config *circleci.Config) { config.MaxConcurrentRequests = limit }
			inBubble(t, nil, config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
				limit := cmp.Or(limit, circleci.DefaultMaxConcurrentRequests)
				var mu sync.Mutex
				inFlight, peak := 0, 0
				count := func(n int) {
					mu.Lock()
					defer mu.Unlock()
					inFlight += n
					peak = max(peak, inFlight)
				}
				server.Intercept(func(*http.Request) http.Handler {
					count(1)
					defer count(-1)
					time.Sleep(time.Second)
					return nil
				})
				start := time.Now()
				countAll(t, server, client, reads, reads)
				equal(t, "elapsed", time.Since(start), time.Duration((reads+limit-1)/limit)*time.Second)
				equal(t, "peak of requests in flight", peak, limit)
				equal(t, "number of connections", server.Connections(), limit)
				equal(t, "number of requests", len(server.Requests()), reads)
			})
		})
	}
}
