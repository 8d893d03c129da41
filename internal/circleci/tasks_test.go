package circleci_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// If both requests of API v3 fail, the error is always that of the same one.
func TestCountTasksErrors(t *testing.T) {
	const unclaimed, running = "/api/v3/runner/tasks?resource-class=acme%2Flinux", "/api/v3/runner/tasks/running?resource-class=acme%2Flinux"
	one, hang := circlecitest.JSON(`{"unclaimed_task_count": 1}`), circlecitest.Hang()
	a, b := circlecitest.Error(403, "a"), circlecitest.Error(403, "b")
	for name, test := range map[string]struct {
		unclaimed, running http.Handler
		// want follows the method and the server's URL in the error.
		want string
	}{
		"both":                 {unclaimed: a, running: b, want: unclaimed + ` returned 403 Forbidden: "a"`},
		"running tasks only":   {unclaimed: one, running: b, want: running + ` returned 403 Forbidden: "b"`},
		"unclaimed tasks only": {unclaimed: a, running: hang, want: unclaimed + ` returned 403 Forbidden: "a"`},
		"deadline":             {unclaimed: hang, running: hang, want: unclaimed + ": " + readTimedOut + " (attempts: 1, in 300ms)"},
	} {
		v3 := func(config *circleci.Config) { config.APIVersion = circleci.V3 }
		inBubble(t, nil, v3, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			server.Intercept(func(r *http.Request) http.Handler {
				if strings.HasSuffix(r.URL.Path, "/running") {
					return test.running
				}
				return test.unclaimed
			})
			for range 100 {
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				got, err := client.CountTasks(ctx, "acme/linux")
				cancel()
				equal(t, name+": count", got, circleci.TaskCount{})
				equal(t, name+": error", errorText(err), "GET "+server.URL+test.want)
				equal(t, name+": ends at the deadline", time.Since(start) > 0, name == "deadline")
			}
		})
	}
}
