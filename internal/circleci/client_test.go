package circleci_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func startServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	return server
}

// newClient returns a client of the server, with the personal token that the server takes. It tries each request once,
// and does not wait for its clock.
func newClient(t *testing.T, server *circlecitest.Server, changes ...func(*circleci.Config)) *circleci.Client {
	t.Helper()
	config := circleci.Config{
		APIURL:     parseURL(t, server.URL),
		Credential: circleci.PersonalToken(circlecitest.PersonalToken),
		UserAgent:  "circleci-test/1.0",
		Clock:      circlecitest.NewClock(),
	}
	for _, change := range changes {
		change(&config)
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

// record keeps what a client tells of its attempts.
type record struct {
	mu       sync.Mutex
	attempts []circleci.Attempt
}

// keep makes a client tell the record.
func (r *record) keep(config *circleci.Config) {
	config.OnAttempt = func(_ context.Context, attempt circleci.Attempt) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.attempts = append(r.attempts, attempt)
	}
}

func (r *record) all() []circleci.Attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.attempts)
}

func (r *record) last(t *testing.T) circleci.Attempt {
	t.Helper()
	all := r.all()
	if len(all) == 0 {
		t.Fatal("no attempt was told of")
	}
	return all[len(all)-1]
}

// call is one of the client's questions. What goes wrong on the way goes wrong for each of them.
type call struct {
	name string
	// asked is the question's path and query, after the API version.
	asked string
	// good is a complete answer to it, and want what it means.
	good string
	want any
	do   func(context.Context, *circleci.Client) (any, error)
	// nothing is what comes with an error.
	nothing any
}

var calls = []call{
	{
		name:  "runners",
		asked: "/runner?namespace=acme",
		good:  `{"items":[{"resource_class":"acme/linux","name":"one"}]}`,
		want:  []circleci.Runner{{ResourceClass: "acme/linux", Name: "one"}},
		do: func(ctx context.Context, client *circleci.Client) (any, error) {
			return client.ListRunners(ctx, circleci.RunnerFilter{Namespace: "acme"})
		},
		nothing: []circleci.Runner(nil),
	},
	{
		name:  "unclaimed tasks",
		asked: "/runner/tasks?resource-class=acme%2Flinux",
		good:  `{"unclaimed_task_count":42}`,
		want:  int64(42),
		do: func(ctx context.Context, client *circleci.Client) (any, error) {
			return client.UnclaimedTaskCount(ctx, "acme/linux")
		},
		nothing: int64(0),
	},
}

// requestTo is what an error calls the request.
func (c call) requestTo(server *circlecitest.Server) string {
	return "GET " + server.URL + "/api/v2" + c.asked
}

// equal compares with nil and empty told apart.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, show(got), show(want))
	}
}

// show writes a value as JSON, which unlike %v follows pointers.
func show(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// errorOf returns err as an E.
func errorOf[E error](t *testing.T, err error) E {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Fatalf("got error %T %v, want a %T", err, err, e)
	}
	return e
}

func TestClientSendsExactlyThis(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		prefix  string
		version circleci.APIVersion
		path    string
	}{
		{name: "v2 is the default", path: "/api/v2/runner"},
		{name: "v2", version: circleci.V2, path: "/api/v2/runner"},
		{name: "v3", version: circleci.V3, path: "/api/v3/runner"},
		{name: "path prefix", prefix: "/circle/ci", version: circleci.V3, path: "/circle/ci/api/v3/runner"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.Always(circlecitest.JSON(`{"items":[]}`))
			client := newClient(t, server, func(config *circleci.Config) {
				config.APIURL = parseURL(t, server.URL+test.prefix)
				config.APIVersion = test.version
			})

			filter := circleci.RunnerFilter{ResourceClass: "acme/linux&namespace=other"}
			if _, err := client.ListRunners(t.Context(), filter); err != nil {
				t.Fatal(err)
			}
			equal(t, "requests", server.Requests(), []circlecitest.Request{{
				Method: "GET",
				Path:   test.path,
				Query:  url.Values{"resource-class": {"acme/linux&namespace=other"}},
				Header: http.Header{
					"Accept":          {"application/json"},
					"Accept-Encoding": {"gzip"},
					"Circle-Token":    {circlecitest.PersonalToken},
					"User-Agent":      {"circleci-test/1.0"},
				},
			}})
		})
	}
}

func TestClientWithoutCredentialSendsNone(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	client := newClient(t, server, func(config *circleci.Config) { config.Credential = circleci.Credential{} })

	_, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
	equal(t, "status", errorOf[*circleci.StatusError](t, err).StatusCode, http.StatusUnauthorized)
	if _, found := server.Requests()[0].Header["Circle-Token"]; found {
		t.Error("sent a Circle-Token header")
	}
}

func TestClientKeepsItsConnection(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.SetTasks("acme/linux", 1, 0)
	client := newClient(t, server)
	ask := func() {
		t.Helper()
		if _, err := client.UnclaimedTaskCount(t.Context(), "acme/linux"); err != nil {
			t.Fatal(err)
		}
	}

	ask()
	ask()
	equal(t, "connections", server.Connections(), 1)
	client.Close()
	ask()
	equal(t, "connections after Close", server.Connections(), 2)
}
