package circleci_test

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestUnclaimedTaskCountReadsTheReferencesExample(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.SetHandler(circlecitest.JSON(example(t, "v2-tasks.json")))

	got, err := newClient(t, server).UnclaimedTaskCount(t.Context(), "test-namespace/test-resource")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "count", got, int64(42))
}

func TestUnclaimedTaskCount(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		version circleci.APIVersion
		class   string
		want    int64
	}{
		{"v2", circleci.V2, "acme/linux", 42},
		{"v3", circleci.V3, "acme/linux", 42},
		{"another case", circleci.V2, "Acme/LINUX", 42},
		{"none", circleci.V2, "acme/idle", 0},
		{"as many as 64 bits hold", circleci.V2, "acme/busy", math.MaxInt64},
		{"characters that mean something in a URL", circleci.V2, "acme/a&b=c#d?e+f%20", 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.SetTasks("acme/linux", 42, 7)
			server.SetTasks("acme/idle", 0, 7)
			server.SetTasks("acme/busy", math.MaxInt64, 7)
			server.SetTasks("acme/a&b=c#d?e+f%20", 5, 7)
			client := newClient(t, server, func(config *circleci.Config) { config.APIVersion = test.version })

			got, err := client.UnclaimedTaskCount(t.Context(), test.class)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "count", got, test.want)
			requests := server.Requests()
			equal(t, "number of requests", len(requests), 1)
			equal(t, "method", requests[0].Method, "GET")
			equal(t, "path", requests[0].Path, "/api/"+string(test.version)+"/runner/tasks")
			equal(t, "query", requests[0].Query, url.Values{"resource-class": {test.class}})
		})
	}
}

// TestCountTasksErrors counts with V3 where both requests fail: the error is always that of the same one.
func TestCountTasksErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name               string
		unclaimed, running http.Handler
		// timeout is that of the caller; the default is a minute. repeat is how often to count beyond the first time.
		timeout time.Duration
		repeat  int
		// want is how the error goes on behind the method and the server's URL, and attempts is in it where it says how many.
		want, attempts string
	}{
		{
			name: "both", unclaimed: circlecitest.Error(403, "a"), running: circlecitest.Error(403, "b"), repeat: 100,
			want: `/api/v3/runner/tasks?resource-class=acme%2Flinux answered 403 Forbidden: "a"`,
		},
		{
			name: "running tasks only", unclaimed: circlecitest.JSON(`{"unclaimed_task_count": 1}`), running: circlecitest.Error(403, "b"),
			want: `/api/v3/runner/tasks/running?resource-class=acme%2Flinux answered 403 Forbidden: "b"`,
		},
		{
			name: "unclaimed tasks only", unclaimed: circlecitest.Error(403, "a"), running: circlecitest.Hang(),
			want: `/api/v3/runner/tasks?resource-class=acme%2Flinux answered 403 Forbidden: "a"`,
		},
		{
			name: "deadline", unclaimed: circlecitest.Hang(), running: circlecitest.Hang(), timeout: 300 * time.Millisecond,
			want: "/api/v3/runner/tasks?resource-class=acme%2Flinux: ", attempts: "(tried once in ",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.Intercept(func(r *http.Request) http.Handler {
				if strings.HasSuffix(r.URL.Path, "/running") {
					return test.running
				}
				return test.unclaimed
			})
			client := newClient(t, server, func(config *circleci.Config) { config.APIVersion = circleci.V3 })
			for range 1 + test.repeat {
				ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(test.timeout, time.Minute))
				got, err := client.CountTasks(ctx, "acme/linux")
				cancel()
				equal(t, "count", got, circleci.TaskCount{})
				if err == nil || !strings.HasPrefix(err.Error(), "GET "+server.URL+test.want) || !strings.Contains(err.Error(), test.attempts) {
					t.Fatalf("the error is %v, without %s or %s", err, test.want, test.attempts)
				}
			}
		})
	}
}

func TestUnclaimedTaskCountOfAnUnknownClass(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	got, err := newClient(t, server).UnclaimedTaskCount(t.Context(), "acme/typo")
	equal(t, "count", got, int64(0))
	equal(t, "error", *errorOf[*circleci.StatusError](t, err), circleci.StatusError{
		Request:    "GET " + server.URL + "/api/v2/runner/tasks?resource-class=acme%2Ftypo",
		StatusCode: http.StatusNotFound,
		Body:       circleci.BodyJSON,
		Message:    "resource class not found",
	})
}
