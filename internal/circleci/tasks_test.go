package circleci_test

import (
	"math"
	"net/http"
	"net/url"
	"testing"

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
