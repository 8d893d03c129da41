package circleci_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// auto lets a client find out the version of the API.
func auto(config *circleci.Config) { config.APIVersion = circleci.Auto }

// respondTo lets a server respond to all requests for a version of the API with one response.
func respondTo(server *circlecitest.Server, version string, response http.Handler) {
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
	personal := circleci.PersonalToken(circlecitest.PersonalToken)
	cookie, launch := circleci.SessionCookie(circlecitest.SessionCookie), circleci.LaunchToken(circlecitest.LaunchToken)
	v3, v2, refused := []string{v3Tasks, v3Running}, []string{v2Tasks}, []string{v3Tasks, v2Tasks}
	missing := circlecitest.Error(404, "no")
	type row struct {
		credential circleci.Credential
		// v3 is the response of version 3, if it is not served.
		v3 http.Handler
		// first and second are the requests of the two reads.
		first, second []string
	}
	tests := map[string]row{
		"both":                      {personal, nil, v3, v3},
		"both, with a launch token": {launch, nil, v2, v2},
		"both, with a cookie":       {cookie, nil, v3, v3},
		"v2":                        {personal, missing, []string{v3Tasks, v3Classes, v2Tasks}, v2},
		"v2, with a cookie":         {cookie, missing, []string{v3Tasks, v3Classes, v2Tasks}, v2},
		"no redirect with a cookie": {cookie, circlecitest.Redirect("https://login.example.com/"), refused, v2},
		"no page with a cookie":     {cookie, circlecitest.JSON("<title>Sign in</title>"), refused, v2},
	}
	for _, status := range []int{405, 410, 501} {
		tests[fmt.Sprint("v2 and ", status)] = row{personal, circlecitest.Error(status, "no"), refused, v2}
	}
	for _, status := range []int{401, 403} {
		tests[fmt.Sprint("v2 and with a cookie ", status)] = row{cookie, circlecitest.Error(status, "no"), refused, v2}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server, client := serve(t, nil, auto, withCredential(test.credential))
			if test.v3 != nil {
				respondTo(server, "v3", test.v3)
			}
			equal(t, "version before", client.APIVersion(), circleci.Auto)
			for i, want := range [][]string{test.first, test.second} {
				got, err := client.CountTasks(t.Context(), "acme/linux")
				equal(t, "unclaimed tasks", result{got.Unclaimed, err}, result{count: 42})
				equal(t, "running tasks are counted", got.Running != nil, slices.Contains(want, v3Running))
				requests := sent(server)
				if i == 1 { // Both counts of a version that is known are read concurrently.
					slices.SortFunc(requests, func(a, b string) int { return len(a) - len(b) })
				}
				equal(t, fmt.Sprint("requests of read ", i+1), requests, want)
				equal(t, "version", "/api/"+string(client.APIVersion()), test.second[0][len("GET "):len("GET /api/v2")])
				server.ResetRecords()
			}
		})
	}
}

// A class that does not exist does not make another version of one that lists the classes of its namespace.
func TestVersionOfUnknownClass(t *testing.T) {
	const other = "/runner/tasks?resource-class=acme%2Fother"
	for served, requests := range map[string][]string{
		"v3": {"GET /api/v3" + other, v3Classes},
		"v2": {"GET /api/v3" + other, v3Classes, "GET /api/v2" + other, v2Classes},
	} {
		server, client := serve(t, nil, auto)
		respondTo(server, map[string]string{"v2": "v3", "v3": "v2"}[served], circlecitest.Error(404, "Not found"))
		_, err := client.CountTasks(t.Context(), "acme/other")
		assertSuffix(t, errorText(err), "/api/"+served+other+` returned 404 Not Found: "resource class not found"`)
		_, err = client.CachedResourceClasses(t.Context(), "acme") // What was listed is not listed again.
		equal(t, served+": error of the listing", errorText(err), "")
		equal(t, served+": requests", sent(server), requests)

		server.ResetRecords()
		equal(t, served+": class that exists", <-countTasks(t.Context(), client), result{count: 42})
		equal(t, served+": its requests", sent(server), []string{strings.Replace(v3Tasks, "v3", served, 1)})
	}
}

// The error of a read that both versions refuse is that of the first, and says what the other responded.
func TestBothVersionsRefuse(t *testing.T) {
	gone, missing, busy := circlecitest.Error(410, "gone"), circlecitest.Error(404, "no"), circlecitest.Error(503, "busy")
	forbidden := circlecitest.Error(403, "not you")
	const (
		classes = "GET http://127.0.0.1:80/api/v3/runner/resource?namespace=acme"
		isBusy  = ` returned 503 Service Unavailable: "busy" (attempts: 1, in 0s)`
	)
	for _, test := range []struct {
		responses []http.Handler
		requests  []string
		want      string
	}{
		{
			[]http.Handler{missing, missing, missing, missing}, []string{v3Tasks, v3Classes, v2Tasks, v2Classes},
			tasksRequest + ` returned 404 Not Found: "no"; API v2 returned 404 Not Found too`,
		},
		{
			[]http.Handler{gone, forbidden}, []string{v3Tasks, v2Tasks},
			tasksRequest + ` returned 410 Gone: "gone"; API v2 returned 403 Forbidden`,
		},
		// What says nothing about the version is the error by itself.
		{[]http.Handler{forbidden}, []string{v3Tasks}, tasksRequest + ` returned 403 Forbidden: "not you"`},
		{[]http.Handler{gone, busy}, []string{v3Tasks, v2Tasks}, strings.Replace(tasksRequest, "v3", "v2", 1) + isBusy},
		// The other version is tried only if the listing says that the first one is not served.
		{[]http.Handler{missing, busy}, []string{v3Tasks, v3Classes}, classes + isBusy},
		{[]http.Handler{missing, forbidden}, []string{v3Tasks, v3Classes}, tasksRequest + ` returned 404 Not Found: "no"`},
	} {
		synctest.Test(t, func(t *testing.T) {
			server, client := serve(t, nil, auto)
			server.Enqueue(test.responses...)
			equal(t, "error", errorText((<-countTasks(t.Context(), client)).err), test.want)
			equal(t, "requests", sent(server), test.requests)
		})
	}
}

// One read finds out the version for all that start meanwhile, and they share its transient error.
func TestVersionIsFoundOutOnce(t *testing.T) {
	const reads = 112
	failedReads := func(ctx context.Context, client *circleci.Client) (failed int) {
		var results []<-chan result
		for range reads {
			results = append(results, countTasks(ctx, client))
		}
		for _, got := range results {
			if (<-got).err != nil {
				failed++
			}
		}
		return failed
	}
	synctest.Test(t, func(t *testing.T) {
		server, client := serve(t, nil, auto)
		respondTo(server, "v3", circlecitest.Delay(time.Second, circlecitest.Error(404, "Not found")))
		equal(t, "failed reads", failedReads(t.Context(), client), 0)
		search := []string{v3Tasks, v3Classes, v2Tasks}
		equal(t, "requests", sent(server), append(search, slices.Repeat([]string{v2Tasks}, reads-1)...))
	})
	synctest.Test(t, func(t *testing.T) {
		server, client := serve(t, circlecitest.Error(503, "busy"), auto, withRetries(1))
		equal(t, "failed reads", failedReads(t.Context(), client), reads)
		equal(t, "requests", sent(server), []string{v3Tasks, v3Tasks})
	})
	// A search that its caller has no time for is done by another one, who does not wait beyond its own time.
	synctest.Test(t, func(t *testing.T) {
		server, client := serve(t, nil, auto)
		server.Enqueue(circlecitest.Hang())
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		first := countTasks(ctx, client)
		synctest.Wait()
		second := countTasks(t.Context(), client)
		shorter, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		equal(t, "error of a shorter one", errorText((<-countTasks(shorter, client)).err), queued+" (attempts: 0, in 1s)")
		equal(t, "error of the first", errorText((<-first).err), timedOut+" (attempts: 1, in 2s)")
		equal(t, "second", <-second, result{count: 42})
	})
}

// A write is sent to the version that a read has found, and never to two.
func TestVersionOfWrites(t *testing.T) {
	for _, version := range []string{"v2", "v3"} {
		server, client := serve(t, nil, auto)
		server.SetResourceClasses(circlecitest.ResourceClass{ID: oldClassID, ResourceClass: "acme/old"})
		var search []string
		if version == "v2" {
			respondTo(server, "v3", circlecitest.Error(410, "gone"))
			search = []string{v3Classes}
		}
		listing := "GET /api/" + version + "/runner/resource?namespace=acme"
		deletion := "DELETE /api/" + version + "/runner/resource/" + oldClassID
		const body = `application/json {"resource_class":"acme/new","description":""}`
		creation := "POST /api/" + version + `/runner/resource ` + body
		old := circleci.ResourceClass{ID: oldClassID, ResourceClass: "acme/old"}
		err := client.DeleteResourceClass(t.Context(), old, false)
		equal(t, "error", errorText(err), "")
		_, err = client.CreateResourceClass(t.Context(), "acme/new", "")
		equal(t, "error", errorText(err), "")
		equal(t, "requests", sent(server), append(search, listing, deletion, listing, creation))
	}
}

// What only version 3 has is not asked of version 2.
func TestVersion3Required(t *testing.T) {
	organization := circleci.RunnerFilter{OrganizationID: "b9291e0d-a11e-41fb-8517-c545388b5953"}
	server, client := serve(t, nil, auto)
	respondTo(server, "v3", circlecitest.Error(410, "gone"))
	_, err := client.ListRunners(t.Context(), organization)
	equal(t, "status before the version is known", errorOf[*circleci.StatusError](t, err).StatusCode, 410)
	equal(t, "result", <-countTasks(t.Context(), client), result{count: 42})
	server.ResetRecords()
	_, err = client.ListRunners(t.Context(), organization)
	equal(t, "the error says so", errors.Is(err, circleci.ErrVersion3Required), true)
	equal(t, "requests", len(sent(server)), 0)
}

// A read that has less time than the service needs finds out no version, and does not fail those that wait for it.
func TestShortReadSharesNoError(t *testing.T) {
	for _, status := range []int{429, 503} {
		synctest.Test(t, func(t *testing.T) {
			server, client := serve(t, nil, auto, withRetries(1))
			busy := circlecitest.WithHeader(circlecitest.Error(status, "busy"), "Retry-After", "10")
			server.Enqueue(circlecitest.Delay(time.Second, busy))
			short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			first := countTasks(short, client)
			synctest.Wait()
			second := countTasks(t.Context(), client)
			assertContains(t, errorText((<-first).err), "exceeds the time that is left")
			equal(t, "a read with more time", <-second, result{count: 42})
		})
	}
}

// Reads that both versions refuse do not wait for each other.
func TestRefusedReadsAreConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := circlecitest.Delay(time.Second, circlecitest.Error(404, "no"))
		_, client := serve(t, refused, auto)
		start := time.Now()
		var reads []<-chan result
		for range 20 {
			reads = append(reads, countTasks(t.Context(), client))
		}
		for _, read := range reads {
			equal(t, "status", errorOf[*circleci.StatusError](t, (<-read).err).StatusCode, http.StatusNotFound)
		}
		// Each read sends four requests: of each version one for the tasks, and one for the classes.
		equal(t, "elapsed", time.Since(start), 8*time.Second)
	})
}

// With an expired cookie, the error is that of the first version, whatever the other responds.
func TestExpiredCookie(t *testing.T) {
	const login = "https://login.example.com:443"
	for want, other := range map[string]http.Handler{
		"the response is an HTML page, not JSON":                  circlecitest.JSON("<title>"),
		"was redirected to " + login + ", which was not followed": circlecitest.Redirect(login),
	} {
		server, client := serve(t, nil, auto, withCredential(circleci.SessionCookie("expired-session-cookie")))
		server.Intercept(func(r *http.Request) http.Handler {
			if r.URL.Path == "/api/v3/runner/tasks" {
				return circlecitest.Error(401, "session expired")
			}
			return other
		})
		err := (<-countTasks(t.Context(), client)).err
		equal(t, "status", errorOf[*circleci.StatusError](t, err).StatusCode, http.StatusUnauthorized)
		assertContains(t, errorText(err), `/v3/runner/tasks?resource-class=acme%2Flinux returned 401 Unauthorized: `)
		assertSuffix(t, errorText(err), want)
	}
}
