package provider_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// waitForQueue returns the attributes of a wait for the queue of acme/linux.
func (p testProvider) waitForQueue(waitFor providertest.Attributes) providertest.Attributes {
	return providertest.Attributes{
		"resource_class": providertest.String("acme/linux"),
		"wait_for":       p.Object("circleci_runner_tasks", "wait_for", waitFor),
	}
}

// drainedIn5s is a wait of five seconds for an empty queue.
var drainedIn5s = providertest.Attributes{"max_unclaimed": providertest.Number(0), "timeout": providertest.String("5s")}

// TestVersionIsFoundOutOnce reads as many classes as were seen in one installation, by a block for each and by one
// fleet, all at once. The client's tests have what each kind of installation responds.
func TestVersionIsFoundOutOnce(t *testing.T) {
	t.Parallel()
	const count = 112
	reads := []failedRead{{dataSource: "circleci_runner_fleet", attributes: providertest.Attributes{
		"namespace": providertest.String("acme"), "resource_classes": classes(count),
	}}}
	for i := range count {
		class := providertest.String(fmt.Sprintf("acme/%d", i))
		attributes := providertest.Attributes{"resource_class": class}
		reads = append(reads, failedRead{dataSource: "circleci_runner_tasks", attributes: attributes})
	}
	for served, want := range map[string]struct {
		requests map[string]int // By version.

	}{
		// One read of v3 is not found, nor is its listing.
		"v2": {requests: map[string]int{"v3": 2, "v2": count + 1 + count}},
		"v3": {requests: map[string]int{"v3": 2*count + 1 + 2*count}},
	} {
		runInBubble(t, served, func(t *testing.T) {
			server := newMemoryServer(t)
			for i := range count {
				server.SetTasks(fmt.Sprintf("acme/%d", i), 1, 2)
			}
			if served == "v2" {
				refuseV3(server, 404)
			}
			p := newProvider(t, server, nil)
			var all sync.WaitGroup
			for _, read := range reads {
				all.Go(func() {
					state, got := p.read(t.Context(), read.dataSource, read.attributes)
					expectReport(t, got)
					if running := state["running_task_count"]; running.IsNull() != (served == "v2") {
						t.Errorf("%s has running tasks: %s", read.dataSource, running)
					}
				})
			}
			all.Wait()
			got := map[string]int{}
			for _, request := range server.Requests() {
				got[strings.Split(request.Path, "/")[2]]++
			}
			expectSame(t, "requests", want.requests, got)
		})
	}
}

// TestVersion2IsFoundOut has what only version 3 of the API has, where a read finds out that version 2 is served.
func TestVersion2IsFoundOut(t *testing.T) {
	t.Parallel()
	const (
		v2Tasks    = "/api/v2/runner/tasks?resource-class=acme%2Flinux"
		byOrg      = "/api/v3/runner?org-id=" + organization
		upgrade    = "The installation serves that version: upgrade it, or use "
		maxRunning = "API v2 does not report how many tasks are running. " + upgrade + "max_unclaimed."
	)
	limit := providertest.Attributes{"max_running": providertest.Number(0)}
	readOrganization := func(t *testing.T, p testProvider) []diagnostic {
		_, got := p.read(t.Context(), organizationRunners.dataSource, organizationRunners.attributes)
		return got
	}
	for name, row := range map[string]struct {
		read     func(t *testing.T, p testProvider) []diagnostic
		want     wantDiagnostic
		requests []string
	}{
		"limit of a data source": {
			read: func(t *testing.T, p testProvider) []diagnostic {
				_, got := p.read(t.Context(), "circleci_runner_tasks", p.waitForQueue(limit))
				return got
			},
			want:     wantDiagnostic{at: "wait_for", summary: "API v3 required", detail: maxRunning},
			requests: []string{linuxTasksURL, v2Tasks},
		},
		"limit of an action": {
			read: func(t *testing.T, p testProvider) []diagnostic {
				attributes := maps.Clone(limit)
				attributes["resource_class"] = providertest.String("acme/linux")
				planned, err := p.Plan(t.Context(), "circleci_wait_for_queue", attributes)
				if err != nil || len(planned) != 0 {
					t.Errorf("the plan has error %v and %s", err, formatDiagnostics(protocolDiagnostics(planned)))
				}
				_, got, err := p.Invoke(t.Context(), "circleci_wait_for_queue", attributes)
				if err != nil {
					t.Error(err)
				}
				return protocolDiagnostics(got)
			},
			want:     wantDiagnostic{at: "max_running", summary: "API v3 required", detail: maxRunning},
			requests: []string{linuxTasksURL, v2Tasks},
		},
		"organization, after another read": {
			read: func(t *testing.T, p testProvider) []diagnostic {
				_, got := p.read(t.Context(), "circleci_runner_tasks", linuxClass)
				assertNoDiagnostics(t, got)
				return readOrganization(t, p)
			},
			want: wantDiagnostic{
				at: "organization_id", summary: "API v3 required",
				detail: "API v2 does not list the runners of an organization. " + upgrade + "circleci_runners.",
			},
			requests: []string{linuxTasksURL, v2Tasks},
		},
		"organization, before any other read": {
			read: readOrganization,
			want: wantDiagnostic{
				summary: organizationRunners.summary,
				detail: "410 Gone ... The installation does not serve API v3, which this needs: upgrade it, or use " +
					"circleci_runners.",
			},
			requests: []string{byOrg},
		},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.SetTasks("acme/linux", 1, 2)
			refuseV3(server, 410)
			start := time.Now()
			assertDiagnostic(t, row.read(t, newProvider(t, server, nil)), row.want)
			expectRequests(t, server, row.requests...)
			expectSame(t, "elapsed time", 0, time.Since(start))
		})
	}
}

// TestWaitForVersion has a wait whose poll finds out the version, or waits for a read that does, while the API hangs.
// It ends a second after its timeout, as if the version were known.
func TestWaitForVersion(t *testing.T) {
	t.Parallel()
	const v2Tasks, v3Classes = "/api/v2/runner/tasks", "/api/v3/runner/resource"
	notFound, hang := circlecitest.Error(404, "no"), circlecitest.Hang()
	for name, row := range map[string]struct {
		responses   map[string]http.Handler // By path; the default is 404.
		isSearching bool                    // Another read finds out the version.
	}{
		"v3 hangs":             {responses: map[string]http.Handler{"/api/v3/runner/tasks": hang}},
		"the listing hangs":    {responses: map[string]http.Handler{v3Classes: hang}},
		"v2 hangs":             {responses: map[string]http.Handler{v2Tasks: hang}},
		"another read's hangs": {responses: map[string]http.Handler{"/api/v3/runner": hang}, isSearching: true},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.Intercept(func(r *http.Request) http.Handler {
				if response := row.responses[r.URL.Path]; response != nil {
					return response
				}
				return notFound
			})
			p := newProvider(t, server, nil)
			ctx, cancel := context.WithCancel(t.Context())
			var others sync.WaitGroup
			if row.isSearching {
				others.Go(func() { p.read(ctx, acmeRunners.dataSource, acmeRunners.attributes) })
				synctest.Wait()
			}
			start := time.Now()
			_, got := p.read(ctx, "circleci_runner_tasks", p.waitForQueue(drainedIn5s))
			expectSame(t, "elapsed time", 6*time.Second, time.Since(start))
			assertDiagnostic(t, got, wantDiagnostic{summary: countingTasks, detail: "Timed out after 6s waiting for at most 0"})
			cancel()
			others.Wait()
		})
	}
}

// TestVersionAfterWait has a wait that is over before the version is found out. A read that waited too does not fail.
func TestVersionAfterWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newMemoryServer(t)
		server.SetTasks("acme/linux", 1, 2)
		server.Enqueue(circlecitest.Hang())
		p := newProvider(t, server, nil)
		var (
			wait     sync.WaitGroup
			timedOut []diagnostic
		)
		wait.Go(func() {
			_, timedOut = p.read(t.Context(), "circleci_runner_tasks", p.waitForQueue(drainedIn5s))
		})
		synctest.Wait()
		_, got := p.read(t.Context(), "circleci_runner_tasks", linuxClass)
		assertNoDiagnostics(t, got)
		wait.Wait()
		assertDiagnostic(t, timedOut, wantDiagnostic{summary: countingTasks, detail: "Timed out after 6s"})
	})
}

// TestWritesWithoutRead creates and deletes without a read before, as -refresh=false does. Only a version that a read
// has found gets the write.
func TestWritesWithoutRead(t *testing.T) {
	t.Parallel()
	const class, token = "circleci_runner_resource_class", "circleci_runner_token"
	listing := map[string]string{
		class: "/runner/resource?namespace=acme", token: "/runner/token?resource-class=acme%2Flinux",
	}
	for name, row := range map[string]struct {
		resource       string
		prior, planned providertest.Attributes
		write          string // The method and the path after the version.
	}{
		"create a class": {
			resource: class, write: "POST /runner/resource",
			planned: providertest.Attributes{"resource_class": providertest.String("acme/new")},
		},
		"create a token": {resource: token, planned: linuxClass, write: "POST /runner/token"},
		"delete a class": {resource: class, prior: classState, write: "DELETE /runner/resource/" + movedClass.ID},
		"delete a token": {resource: token, prior: tokenState, write: "DELETE /runner/token/" + movedToken.ID},
	} {
		for status, version := range map[int]string{0: "v3", 404: "v2", 410: "v2"} {
			runInBubble(t, fmt.Sprint(name, ", v3 with ", status), func(t *testing.T) {
				server := newMemoryServer(t)
				server.SetResourceClasses(movedClass)
				if strings.HasSuffix(name, "token") {
					server.SetTokens(movedToken)
				}
				if status != 0 {
					refuseV3(server, status)
				}
				assertNoDiagnostics(t, newProvider(t, server, nil).change(t.Context(), row.resource, row.prior, row.planned))
				read := listing[row.resource]
				want := []string{"GET /api/v3" + read}
				if row.resource == token && status == 404 { // It may be the class that is not found.
					want = append(want, "GET /api/v3"+listing[class])
				}
				if version == "v2" {
					want = append(want, "GET /api/v2"+read)
				}
				want = append(want, strings.Replace(row.write, " ", " /api/"+version, 1))
				got := []string{}
				for _, request := range server.Requests() {
					got = append(got, request.Method+" "+requestURL(request))
				}
				expectSame(t, "requests", want, got)
			})
		}
	}
}
