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

func TestUnclaimedTaskCount(t *testing.T) {
	for _, version := range []circleci.APIVersion{circleci.V2, circleci.V3} {
		for class, want := range map[string]int64{
			"acme/linux": 42, "Acme/LINUX": 42, "acme/idle": 0, "acme/busy": math.MaxInt64, "acme/a&b=c#d?e+f%20": 5,
		} {
			server := startServer(t)
			server.SetTasks(class, want, 7)
			client := newClient(t, server, func(config *circleci.Config) { config.APIVersion = version })
			got, err := client.UnclaimedTaskCount(t.Context(), class)
			equal(t, "error", errorText(err), "")
			equal(t, "count", got, want)
			query := url.Values{"resource-class": {class}}.Encode()
			equal(t, "requests", sent(server), []string{"GET /api/" + string(version) + "/runner/tasks?" + query})
		}
	}
}

// If both requests of API v3 fail, the error is always that of the same one.
func TestCountTasksErrors(t *testing.T) {
	for _, test := range []struct {
		name               string
		unclaimed, running http.Handler
		// timeout is that of the caller; the default is a minute. repeat is how often to repeat the call.
		timeout time.Duration
		repeat  int
		// want follows the method and the server's URL in the error, and attempts is contained in it.
		want, attempts string
	}{
		{
			name: "both", unclaimed: circlecitest.Error(403, "a"), running: circlecitest.Error(403, "b"), repeat: 100,
			want: `/api/v3/runner/tasks?resource-class=acme%2Flinux returned 403 Forbidden: "a"`,
		},
		{
			name: "running tasks only", unclaimed: circlecitest.JSON(`{"unclaimed_task_count": 1}`), running: circlecitest.Error(403, "b"),
			want: `/api/v3/runner/tasks/running?resource-class=acme%2Flinux returned 403 Forbidden: "b"`,
		},
		{
			name: "unclaimed tasks only", unclaimed: circlecitest.Error(403, "a"), running: circlecitest.Hang(),
			want: `/api/v3/runner/tasks?resource-class=acme%2Flinux returned 403 Forbidden: "a"`,
		},
		{
			name: "deadline", unclaimed: circlecitest.Hang(), running: circlecitest.Hang(), timeout: 300 * time.Millisecond,
			want: "/api/v3/runner/tasks?resource-class=acme%2Flinux: ", attempts: "(tried once in ",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
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
					t.Fatalf("got error %v, want %s and %s", err, test.want, test.attempts)
				}
			}
		})
	}
}
