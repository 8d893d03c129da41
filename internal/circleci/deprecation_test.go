package circleci_test

import (
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// The first announcement of an end is reported, once.
func TestDeprecation(t *testing.T) {
	const sunset = "Thu, 05 Mar 2026 00:00:00 GMT"
	for _, test := range []struct{ deprecation, sunset, since, end string }{
		{deprecation: "@1688169599", sunset: sunset, since: "2023-06-30", end: "2026-03-05"},
		{deprecation: "true", sunset: "next year"},
		{sunset: sunset, end: "2026-03-05"},
	} {
		var got []circleci.Deprecation
		server, client := serve(t, nil, func(config *circleci.Config) {
			config.OnDeprecation = func(deprecation circleci.Deprecation) { got = append(got, deprecation) }
		})
		good := circlecitest.JSON(goodTasks)
		announcing := circlecitest.WithHeader(good, "Sunset", test.sunset)
		announcing = circlecitest.WithHeader(announcing, "Deprecation", test.deprecation)
		server.Enqueue(good, announcing, circlecitest.WithHeader(good, "Sunset", "later"))
		for range 3 {
			equal(t, "result", <-countTasks(t.Context(), client), result{count: 42})
		}
		equal(t, "reported", got, []circleci.Deprecation{{Request: tasksRequest, Since: test.since, Sunset: test.end}})
	}
}
