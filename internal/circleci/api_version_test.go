package circleci_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// auto lets a client find out the version of the API.
func auto(config *circleci.Config) { config.APIVersion = circleci.Auto }

// refuse lets a server respond to all requests for a version of the API with one response.
func refuse(server *circlecitest.Server, version string, response http.Handler) {
	server.Intercept(func(r *http.Request) http.Handler {
		if strings.HasPrefix(r.URL.Path, "/api/"+version+"/") {
			return response
		}
		return nil
	})
}

// The requests of a read of acme/linux, and of the classes of its namespace.
const (
	v2Tasks   = "GET /api/v2/runner/tasks?resource-class=acme%2Flinux"
	v3Tasks   = "GET /api/v3/runner/tasks?resource-class=acme%2Flinux"
	v3Running = "GET /api/v3/runner/tasks/running?resource-class=acme%2Flinux"
	v2Classes = "GET /api/v2/runner/resource?namespace=acme"
	v3Classes = "GET /api/v3/runner/resource?namespace=acme"
)

// The first read finds out the version, and the second one is sent to that version alone.
func TestVersionIsFoundOut(t *testing.T) {
	status := func(status int) http.Handler { return circlecitest.Error(status, "no") }
	page := func(status int) http.Handler { return circlecitest.Raw(status, "text/html", "<title>Sign in</title>") }
	cookie, launch := circleci.SessionCookie(circlecitest.SessionCookie), circleci.LaunchToken(circlecitest.LaunchToken)
	both, onlyV2 := []string{v3Tasks, v3Running}, []string{v2Tasks}
	type row struct {
		credential *circleci.Credential
		// refused is the version that gets a response of its own.
		refused  string
		response http.Handler
		// first and second are the requests of the two reads.
		first, second []string
	}
	tests := map[string]row{
		"both":                 {first: both, second: both},
		"v3 alone":             {refused: "v2", response: status(404), first: both, second: both},
		"v2 alone":             {refused: "v3", response: status(404), first: []string{v3Tasks, v3Classes, v2Tasks}, second: onlyV2},
		"v2 and a page for v3": {refused: "v3", response: page(404), first: []string{v3Tasks, v3Classes, v2Tasks}, second: onlyV2},

		"both, with a launch token": {credential: &launch, first: onlyV2, second: onlyV2},
		"both, with a cookie":       {credential: &cookie, first: both, second: both},
		"v2 alone, with a cookie": {
			credential: &cookie, refused: "v3", response: status(404), first: []string{v3Tasks, v3Classes, v2Tasks}, second: onlyV2,
		},
	}
	for _, code := range []int{405, 410, 501} {
		tests[fmt.Sprint("v3 with ", code)] = row{
			refused: "v3", response: status(code), first: []string{v3Tasks, v2Tasks}, second: onlyV2,
		}
	}
	for name, response := range map[string]http.Handler{
		"401": status(401), "403": status(403), "redirect": circlecitest.Redirect("https://login.example.com/"), "page": page(200),
	} {
		tests["v3 does not let a cookie in: "+name] = row{
			credential: &cookie, refused: "v3", response: response, first: []string{v3Tasks, v2Tasks}, second: onlyV2,
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := startServer(t)
			refuse(server, test.refused, test.response)
			client := newClient(t, server, auto, func(config *circleci.Config) {
				if test.credential != nil {
					config.Credential = *test.credential
				}
			})
			for i, want := range [][]string{test.first, test.second} {
				got, err := client.CountTasks(t.Context(), "acme/linux")
				equal(t, "error", errorText(err), "")
				equal(t, "unclaimed tasks", got.Unclaimed, int64(42))
				equal(t, "running tasks are reported", got.Running != nil, slices.Contains(want, v3Running))
				requests := sent(server)
				if i == 1 { // Both counts of a version that is known are read concurrently.
					slices.SortFunc(requests, func(a, b string) int { return len(a) - len(b) })
				}
				equal(t, fmt.Sprint("requests of read ", i+1), requests, want)
				server.ResetRecords()
			}
		})
	}
}

// A class that does not exist does not make another version of one that lists the classes of its namespace.
func TestVersionOfUnknownClass(t *testing.T) {
	const other = "resource-class=acme%2Fother"
	for served, requests := range map[string][]string{
		"v3": {"GET /api/v3/runner/tasks?" + other, v3Classes},
		"v2": {"GET /api/v3/runner/tasks?" + other, v3Classes, "GET /api/v2/runner/tasks?" + other, v2Classes},
	} {
		server := startServer(t)
		refuse(server, map[string]string{"v2": "v3", "v3": "v2"}[served], circlecitest.Error(404, "Not found"))
		client := newClient(t, server, auto)
		_, err := client.CountTasks(t.Context(), "acme/other")
		equal(t, served+": error", errorText(err),
			"GET "+server.URL+"/api/"+served+"/runner/tasks?"+other+` returned 404 Not Found: "resource class not found"`)
		_, err = client.CachedResourceClasses(t.Context(), "acme") // What was listed is not listed again.
		equal(t, served+": error of the listing", errorText(err), "")
		equal(t, served+": requests", sent(server), requests)

		server.ResetRecords()
		_, err = client.UnclaimedTaskCount(t.Context(), "acme/linux")
		equal(t, served+": error of a class that exists", errorText(err), "")
		equal(t, served+": its requests", sent(server), []string{"GET /api/" + served + "/runner/tasks?resource-class=acme%2Flinux"})
	}
}

// The error of a read that both versions refuse is that of the first, and says what the other responded.
func TestBothVersionsRefuse(t *testing.T) {
	gone, missing, busy := circlecitest.Error(410, "gone"), circlecitest.Error(404, "no"), circlecitest.Error(503, "busy")
	forbidden := circlecitest.Error(403, "not you")
	for _, test := range []struct {
		responses []http.Handler
		requests  []string
		want      string
	}{
		{
			responses: []http.Handler{missing, missing, missing, missing}, requests: []string{v3Tasks, v3Classes, v2Tasks, v2Classes},
			want: `v3 returned 404 Not Found: "no"; API v2 returned 404 Not Found too`,
		},
		{
			responses: []http.Handler{gone, missing, missing}, requests: []string{v3Tasks, v2Tasks, v2Classes},
			want: `v3 returned 410 Gone: "gone"; API v2 returned 404 Not Found`,
		},
		{
			responses: []http.Handler{gone, forbidden}, requests: []string{v3Tasks, v2Tasks},
			want: `v3 returned 410 Gone: "gone"; API v2 returned 403 Forbidden`,
		},
		// What says nothing about the version is the error by itself.
		{responses: []http.Handler{forbidden}, requests: []string{v3Tasks}, want: `v3 returned 403 Forbidden: "not you"`},
		{
			responses: []http.Handler{gone, busy}, requests: []string{v3Tasks, v2Tasks},
			want: `v2 returned 503 Service Unavailable: "busy" (attempts: 1, in 0s)`,
		},
		// The other version is tried only if the listing says that the first one is not served.
		{
			responses: []http.Handler{missing, busy}, requests: []string{v3Tasks, v3Classes},
			want: `v3/runner/resource?namespace=acme returned 503 Service Unavailable: "busy" (attempts: 1, in 0s)`,
		},
		{
			responses: []http.Handler{missing, forbidden}, requests: []string{v3Tasks, v3Classes},
			want: `v3 returned 404 Not Found: "no"`,
		},
	} {
		inBubble(t, nil, withRetries(0), func(t *testing.T, server *circlecitest.Server, _ *circleci.Client) {
			client := newClient(t, server, auto)
			server.Enqueue(test.responses...)
			_, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
			text := strings.ReplaceAll(errorText(err), "GET "+server.URL+"/api/", "")
			equal(t, "error", strings.ReplaceAll(text, "/runner/tasks?resource-class=acme%2Flinux", ""), test.want)
			equal(t, "requests", sent(server), test.requests)
		})
	}
}

// One read finds out the version for all that start meanwhile, and they share its transient error.
func TestVersionIsFoundOutOnce(t *testing.T) {
	const reads = 112
	readAll := func(ctx context.Context, client *circleci.Client) (failed int) {
		var (
			mu  sync.Mutex
			all sync.WaitGroup
		)
		for range reads {
			all.Go(func() {
				if _, err := client.UnclaimedTaskCount(ctx, "acme/linux"); err != nil {
					mu.Lock()
					defer mu.Unlock()
					failed++
				}
			})
		}
		all.Wait()
		return failed
	}
	inBubble(t, nil, nil, func(t *testing.T, server *circlecitest.Server, _ *circleci.Client) {
		client := newClient(t, server, auto)
		refuse(server, "v3", circlecitest.Delay(time.Second, circlecitest.Error(404, "Not found")))
		equal(t, "failed reads", readAll(t.Context(), client), 0)
		requests := sent(server)
		equal(t, "search", requests[:3], []string{v3Tasks, v3Classes, v2Tasks})
		equal(t, "others", requests[3:], slices.Repeat([]string{v2Tasks}, reads-1))
	})
	inBubble(t, nil, nil, func(t *testing.T, server *circlecitest.Server, _ *circleci.Client) {
		client := newClient(t, server, auto, withRetries(1))
		server.SetHandler(circlecitest.Error(503, "busy"))
		equal(t, "failed reads", readAll(t.Context(), client), reads)
		equal(t, "requests", sent(server), []string{v3Tasks, v3Tasks})
	})
	// A search that its caller gives up is done by another one.
	inBubble(t, nil, nil, func(t *testing.T, server *circlecitest.Server, _ *circleci.Client) {
		client := newClient(t, server, auto)
		server.Enqueue(circlecitest.Hang())
		ctx, cancel := context.WithCancel(t.Context())
		given := readTasks(ctx, client)
		synctest.Wait()
		waiting := readTasks(t.Context(), client)
		synctest.Wait()
		cancel()
		equal(t, "the first is canceled", errors.Is((<-given).err, context.Canceled), true)
		equal(t, "outcome of the second", <-waiting, outcome{count: 42})
	})
}

// A write is sent to the version that a read has found, and never to two.
func TestVersionOfWrites(t *testing.T) {
	for _, version := range []string{"v2", "v3"} {
		inBubble(t, nil, nil, func(t *testing.T, server *circlecitest.Server, _ *circleci.Client) {
			client := newClient(t, server, auto)
			server.SetResourceClasses(circlecitest.ResourceClass{ID: oldClassID, ResourceClass: "acme/old"})
			var search []string
			if version == "v2" {
				refuse(server, "v3", circlecitest.Error(410, "gone"))
				search = []string{v3Classes}
			}
			listing := "GET /api/" + version + "/runner/resource?namespace=acme"
			err := client.DeleteResourceClass(t.Context(), circleci.ResourceClass{ID: oldClassID, ResourceClass: "acme/old"}, false)
			equal(t, "error", errorText(err), "")
			deletion := "DELETE /api/" + version + "/runner/resource/" + oldClassID
			equal(t, "requests", sent(server), append(search, listing, deletion))

			server.ResetRecords()
			_, err = client.CreateResourceClass(t.Context(), "acme/new", "")
			equal(t, "error", errorText(err), "")
			post := "POST /api/" + version + `/runner/resource application/json {"resource_class":"acme/new","description":""}`
			equal(t, "requests", sent(server), []string{listing, post})
		})
	}
}

// What only version 3 has is not asked of version 2.
func TestVersion3Required(t *testing.T) {
	const organization = "b9291e0d-a11e-41fb-8517-c545388b5953"
	server := startServer(t)
	refuse(server, "v3", circlecitest.Error(410, "gone"))
	client := newClient(t, server, auto)
	_, err := client.ListRunners(t.Context(), circleci.RunnerFilter{OrganizationID: organization})
	equal(t, "status before the version is known", errorOf[*circleci.StatusError](t, err).StatusCode, 410)
	_, err = client.UnclaimedTaskCount(t.Context(), "acme/linux")
	equal(t, "error", errorText(err), "")
	server.ResetRecords()
	_, err = client.ListRunners(t.Context(), circleci.RunnerFilter{OrganizationID: organization})
	equal(t, "the error says so", errors.Is(err, circleci.ErrVersion3Required), true)
	equal(t, "requests", len(sent(server)), 0)
}

// The first announcement of an end is reported, once.
func TestDeprecation(t *testing.T) {
	var got []circleci.Deprecation
	server := startServer(t)
	client := newClient(t, server, func(config *circleci.Config) {
		config.OnDeprecation = func(deprecation circleci.Deprecation) { got = append(got, deprecation) }
	})
	good := circlecitest.JSON(`{"unclaimed_task_count":42}`)
	for _, header := range []struct{ name, value string }{
		{"X-Other", "1"}, {"Sunset", "Thu, 05 Mar 2026 00:00:00 GMT"}, {"Deprecation", "@1688169599"},
	} {
		server.Enqueue(circlecitest.WithHeader(good, header.name, header.value))
		equal(t, "outcome", <-readTasks(t.Context(), client), outcome{count: 42})
	}
	equal(t, "reported", got, []circleci.Deprecation{{Request: calls[1].requestTo(server), Sunset: "2026-03-05"}})
}
