package circleci_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// Both counts are read concurrently.
func TestCountTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := serve(t, nil)
		server.Intercept(func(*http.Request) http.Handler {
			time.Sleep(time.Second)
			return nil
		})
		start := time.Now()
		got, err := client.CountTasks(t.Context(), "acme/linux")
		equal(t, "error", errorText(err), "")
		equal(t, "count", got, circleci.TaskCount{Unclaimed: 42, Running: new(int64)})
		equal(t, "elapsed", time.Since(start), time.Second)
	})
}

// If both requests of API v3 fail, the error is always that of the same one.
func TestCountTasksErrors(t *testing.T) {
	unclaimed, running := tasksRequest, strings.Replace(tasksRequest, "/tasks", "/tasks/running", 1)
	good, hang := circlecitest.JSON(goodTasks), circlecitest.Hang()
	a, b := circlecitest.Error(403, "a"), circlecitest.Error(403, "b")
	for name, test := range map[string]struct {
		unclaimed, running http.Handler
		want               string
	}{
		"both":                 {a, b, unclaimed + ` returned 403 Forbidden: "a"`},
		"running tasks only":   {good, b, running + ` returned 403 Forbidden: "b"`},
		"unclaimed tasks only": {a, hang, unclaimed + ` returned 403 Forbidden: "a"`},
		"deadline":             {hang, hang, timedOut + " (attempts: 1, in 300ms)"},
	} {
		synctest.Test(t, func(t *testing.T) {
			server, client := serve(t, nil)
			server.Intercept(func(r *http.Request) http.Handler {
				if strings.HasSuffix(r.URL.Path, "/running") {
					return test.running
				}
				return test.unclaimed
			})
			for range 20 {
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				got, err := client.CountTasks(ctx, "acme/linux")
				cancel()
				equal(t, name+": count", got, circleci.TaskCount{})
				equal(t, name+": error", errorText(err), test.want)
				equal(t, name+": ends at the deadline", time.Since(start) > 0, name == "deadline")
			}
		})
	}
}
