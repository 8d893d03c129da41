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

// startServer starts a server with 42 tasks of acme/linux.
func startServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	server.SetTasks("acme/linux", 42, 0)
	return server
}

// newClient returns a client of the server with the personal token that the server accepts. It does not retry.
func newClient(t *testing.T, server *circlecitest.Server, changes ...func(*circleci.Config)) *circleci.Client {
	t.Helper()
	config := circleci.Config{
		APIURL:      parseURL(t, server.URL),
		APIVersion:  circleci.V3,
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

// inBubble runs a test with virtual time, a server with 42 tasks of acme/linux, and a client with the default limits unless
// config changes them. The response is that of all requests; it may be nil.
func inBubble(
	t *testing.T, response http.Handler, config func(*circleci.Config),
	test func(t *testing.T, server *circlecitest.Server, client *circleci.Client),
) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := circlecitest.NewMemoryServer()
		t.Cleanup(server.Close)
		server.SetTasks("acme/linux", 42, 0)
		server.SetHandler(response)
		opts := []func(*circleci.Config){withRetries(circleci.DefaultMaxRetries)}
		if config != nil {
			opts = append(opts, config)
		}
		test(t, server, newClient(t, server, opts...))
	})
}

// runInBubble is inBubble in a subtest.
func runInBubble(
	t *testing.T, name string, response http.Handler, config func(*circleci.Config),
	test func(t *testing.T, server *circlecitest.Server, client *circleci.Client),
) {
	t.Helper()
	t.Run(name, func(t *testing.T) { inBubble(t, response, config, test) })
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
	// good is a complete response, want the result, and nothing the result with an error.
	good          string
	want, nothing any
	do            func(context.Context, *circleci.Client) (any, error)
}

var calls = []call{
	{
		name: "runners", target: "/runner?namespace=acme", good: `{"items":[{"resource_class":"acme/linux","name":"one"}]}`,
		want: []circleci.Runner{{ResourceClass: "acme/linux", Name: "one"}}, nothing: []circleci.Runner(nil),
		do: func(ctx context.Context, client *circleci.Client) (any, error) {
			return client.ListRunners(ctx, circleci.RunnerFilter{Namespace: "acme"})
		},
	},
	{
		name: "unclaimed tasks", target: "/runner/tasks?resource-class=acme%2Flinux", good: `{"unclaimed_task_count":42}`,
		want: int64(42), nothing: int64(0),
		do: func(ctx context.Context, client *circleci.Client) (any, error) {
			return client.UnclaimedTaskCount(ctx, "acme/linux")
		},
	},
}

// requestTo is the request as an error names it.
func (c call) requestTo(server *circlecitest.Server) string {
	return "GET " + server.URL + "/api/v3" + c.target
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
	client := newClient(t, server)
	equal(t, "first", <-readTasks(t.Context(), client), outcome{count: 42})
	equal(t, "second", <-readTasks(t.Context(), client), outcome{count: 42})
	equal(t, "connections", server.Connections(), 1)
	client.Close()
	equal(t, "third", <-readTasks(t.Context(), client), outcome{count: 42})
	equal(t, "connections after Close", server.Connections(), 2)
}

func TestOnAttempt(t *testing.T) {
	type key struct{}
	var attempts record
	config := func(config *circleci.Config) {
		attempts.keep(config)
		keep := config.OnAttempt
		config.OnAttempt = func(ctx context.Context, attempt circleci.Attempt) {
			equal(t, "value in the context", ctx.Value(key{}), "the caller's")
			keep(ctx, attempt)
		}
	}
	inBubble(t, nil, config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		response := func(seconds int, id string, handler http.Handler) http.Handler {
			return circlecitest.Delay(time.Duration(seconds)*time.Second, circlecitest.WithHeader(handler, "X-Request-Id", id))
		}
		server.Enqueue(
			response(2, "one\t\u202e1", retryAfter(503, "1")), response(3, "two", circlecitest.Raw(429, "text/plain", "slow\ndown")),
			response(1, "three", circlecitest.JSON(`{"unclaimed_task_count":42}`)),
			response(4, "", circlecitest.JSON(`{"unclaimed_task_count":-1}`)), response(5, "", circlecitest.Redirect("https://login.example.com/")),
			response(6, "", circlecitest.TruncatedBody(`{"unclaimed_task_count":42}`)),
		)
		ctx := context.WithValue(t.Context(), key{}, "the caller's")
		equal(t, "outcome", <-readTasks(ctx, client), outcome{count: 42})
		_ = errorOf[*circleci.ResponseError](t, (<-readTasks(ctx, client)).err)
		_ = errorOf[*circleci.RequestError](t, (<-readTasks(ctx, client)).err)
		ctx, cancel := context.WithTimeout(ctx, 6500*time.Millisecond)
		defer cancel()
		equal(t, "attempts", errorOf[*circleci.RetryError](t, (<-readTasks(ctx, client)).err).Attempts, 1)

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
			{Number: 1, StatusCode: 200, Duration: 4 * time.Second, Err: request + ": the response has -1 for unclaimed_task_count, which is not " +
				"a whole number from 0 to 9223372036854775807 in plain digits"},
			{Number: 1, Duration: 5 * time.Second, Err: request + " was redirected to https://login.example.com:443, which was not followed"},
			{Number: 1, StatusCode: 200, Duration: 6 * time.Second, Err: request + ": the connection was closed in the middle of the response"},
		})
	})
}

func TestMaxConcurrentRequests(t *testing.T) {
	const reads = 200
	for _, limit := range []int{1, 3, 32, 0} {
		config := func(config *circleci.Config) { config.MaxConcurrentRequests = limit }
		runInBubble(t, strconv.Itoa(limit), nil, config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			limit := cmp.Or(limit, circleci.DefaultMaxConcurrentRequests)
			server.Intercept(func(*http.Request) http.Handler {
				time.Sleep(time.Second)
				return nil
			})
			start := time.Now()
			countAll(t, server, client, reads, reads)
			equal(t, "elapsed", time.Since(start), time.Duration((reads+limit-1)/limit)*time.Second)
			// Each connection has one request in flight.
			equal(t, "number of connections", server.Connections(), limit)
			equal(t, "number of requests", len(server.Requests()), reads)
		})
	}
}
