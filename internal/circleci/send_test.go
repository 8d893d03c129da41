package circleci_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// The credential is sent in its header and no other, and what is queried is escaped.
func TestRequest(t *testing.T) {
	const class, secret = "acme/a&namespace=b=c#d?e+f%20", "~?>~?>/+=%2F&;," // Base64 writes it with + and /.
	for _, credential := range credentials {
		server, client := serve(t, circlecitest.JSON(goodTasks), withCredential(credential.make(secret)),
			func(config *circleci.Config) { config.APIURL = config.APIURL.JoinPath("circle/ci") })
		_, err := client.UnclaimedTaskCount(t.Context(), class)
		equal(t, "error", errorText(err), "")
		header := http.Header{
			"Accept": {"application/json"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"circleci-test/1.0"},
			credential.header: {credential.value(secret)},
		}
		want := circlecitest.Request{
			Method: "GET", Path: "/circle/ci/api/v3/runner/tasks", Query: url.Values{"resource-class": {class}}, Header: header,
		}
		equal(t, "requests with "+credential.name, server.Requests(), []circlecitest.Request{want})
	}
}

func TestOnAttempt(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		var attempts recorder
		server, client := serve(t, nil, withRetries(1), attempts.record, func(config *circleci.Config) {
			record := config.OnAttempt
			config.OnAttempt = func(ctx context.Context, attempt circleci.Attempt) {
				equal(t, "value in the context", ctx.Value(key{}), "the caller's")
				record(ctx, attempt)
			}
		})
		respond := func(seconds int, id string, handler http.Handler) {
			handler = circlecitest.WithHeader(handler, "X-Request-Id", id)
			server.Enqueue(circlecitest.Delay(time.Duration(seconds)*time.Second, handler))
		}
		respond(2, "one\t\u202e1", retryAfter(503, "1"))
		respond(3, "two", retryAfter(429, "1"))
		respond(1, "three", circlecitest.JSON(goodTasks))
		respond(4, "", circlecitest.JSON("{}"))
		respond(5, "", circlecitest.Redirect("https://a.example.com/"))
		ctx := context.WithValue(t.Context(), key{}, "the caller's")
		equal(t, "result", <-countTasks(ctx, client), result{count: 42})
		_, _ = <-countTasks(ctx, client), <-countTasks(ctx, client)

		type reported struct {
			Number, StatusCode int
			RequestID          string
			Duration           time.Duration
			Err                string
		}
		var got []reported
		for _, a := range attempts.all() {
			equal(t, "request", a.Method+" "+a.URL, tasksRequest)
			got = append(got, reported{a.Number, a.StatusCode, a.RequestID, a.Duration, errorText(a.Err)})
		}
		equal(t, "attempts", got, []reported{
			{1, 503, "one 1", 2 * time.Second, tasksRequest + ` returned 503 Service Unavailable: "later"`},
			{2, 429, "two", 3 * time.Second, tasksRequest + ` returned 429 Too Many Requests: "later"`},
			{3, 200, "three", time.Second, ""},
			{1, 200, "", 4 * time.Second, tasksRequest + ": the response has no unclaimed_task_count"},
			{1, 0, "", 5 * time.Second, tasksRequest + " was redirected to https://a.example.com:443, which was not followed"},
		})
	})
}
