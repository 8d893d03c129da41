package provider_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// readQueue reads the tasks of acme/linux with a wait.
func (p testProvider) readQueue(ctx context.Context, waitFor providertest.Attributes) []diagnostic {
	p.t.Helper()
	_, got := p.read(ctx, "circleci_runner_tasks", providertest.Attributes{
		"resource_class": providertest.String("acme/linux"),
		"wait_for":       p.Object("circleci_runner_tasks", "wait_for", waitFor),
	})
	return got
}

// TestVersion3Required has what only API v3 has, where API v2 is set, or is what a read finds out.
func TestVersion3Required(t *testing.T) {
	t.Parallel()
	const (
		count = "API v2 does not report how many tasks are running. "
		list  = "API v2 does not list the runners of an organization. "
		unset = `Remove api_version = "v2" from the provider, or use `
		serve = "The installation serves that version: upgrade it, or use "
	)
	found := []string{linuxTasksURL, "/api/v2/runner/tasks?resource-class=acme%2Flinux"}
	limit := providertest.Attributes{"max_running": providertest.Number(0)}
	readLimit := func(p testProvider) []diagnostic { return p.readQueue(p.t.Context(), limit) }
	readOrganization := func(p testProvider) []diagnostic {
		_, got := p.read(p.t.Context(), organizationRunners.dataSource, organizationRunners.attributes)
		return got
	}
	for name, row := range map[string]struct {
		version  string // The default is auto.
		read     func(p testProvider) []diagnostic
		at       string
		detail   string
		requests []string
	}{
		"limit with v2": {
			version: "v2", read: readLimit, at: "wait_for", detail: count + unset + "max_unclaimed.",
		},
		"organization with v2": {
			version: "v2", read: readOrganization, at: "organization_id", detail: list + unset + "circleci_runners.",
		},
		"limit of a data source": {
			read: readLimit, at: "wait_for", detail: count + serve + "max_unclaimed.", requests: found,
		},
		"limit of an action": {
			read: func(p testProvider) []diagnostic {
				const action = "circleci_wait_for_queue"
				attributes := providertest.Attributes{
					"resource_class": providertest.String("acme/linux"), "max_running": providertest.Number(0),
				}
				planned, err := p.Plan(p.t.Context(), action, attributes)
				if err != nil || len(planned) != 0 {
					p.t.Errorf("the plan has error %v and diagnostics %v", err, planned)
				}
				_, got, err := p.Invoke(p.t.Context(), action, attributes)
				if err != nil {
					p.t.Error(err)
				}
				return protocolDiagnostics(got)
			},
			at: "max_running", detail: count + serve + "max_unclaimed.", requests: found,
		},
		"organization, after another read": {
			read: func(p testProvider) []diagnostic {
				_, got := p.read(p.t.Context(), "circleci_runner_tasks", linuxClass)
				return append(got, readOrganization(p)...)
			},
			at: "organization_id", detail: list + serve + "circleci_runners.", requests: found,
		},
		"organization, before any other read": {
			read: readOrganization, requests: []string{"/api/v3/runner?org-id=" + organization},
			detail: "410 Gone ... The installation does not serve API v3, which this needs: upgrade it, or use " +
				"circleci_runners.",
		},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.SetTasks("acme/linux", 1, 2)
			refuseV3(server, 410)
			version := providertest.String(cmp.Or(row.version, "auto"))
			p, start := newProvider(t, server, providertest.Attributes{"api_version": version}), time.Now()
			want := wantDiagnostic{at: row.at, summary: "API v3 required", detail: row.detail}
			if row.at == "" { // The version is not known yet.
				want.summary = organizationRunners.summary
			}
			assertDiagnostic(t, row.read(p), want)
			expectRequests(t, server, row.requests...)
			expectSame(t, "elapsed time", 0, time.Since(start))
		})
	}
}

// TestWaitForVersion has a wait whose poll finds out the version, or waits for a read that does, while the API hangs.
// It ends a second after its timeout, as if the version were known.
func TestWaitForVersion(t *testing.T) {
	t.Parallel()
	for name, hangs := range map[string]string{
		"v3": "/api/v3/runner/tasks", "the listing": "/api/v3/runner/resource", "v2": "/api/v2/runner/tasks",
		"another read": "/api/v3/runner",
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.Intercept(func(r *http.Request) http.Handler {
				if r.URL.Path == hangs {
					return circlecitest.Hang()
				}
				return circlecitest.Error(404, "no")
			})
			p := newProvider(t, server, nil)
			ctx, cancel := context.WithCancel(t.Context())
			var other sync.WaitGroup
			if name == "another read" { // It finds out the version.
				other.Go(func() { p.read(ctx, acmeRunners.dataSource, acmeRunners.attributes) })
				synctest.Wait()
			}
			start := time.Now()
			got := p.readQueue(ctx, providertest.Attributes{
				"max_unclaimed": providertest.Number(0), "timeout": providertest.String("5s"),
			})
			expectSame(t, "elapsed time", 6*time.Second, time.Since(start))
			assertDiagnostic(t, got, wantDiagnostic{summary: countingTasks, detail: "Timed out after 6s waiting for at most 0"})
			cancel()
			other.Wait()
		})
	}
}

// TestWritesWithoutRead creates and deletes a token without a read before, as -refresh=false does. Only a version that
// a read has found gets the write. The client's tests have classes.
func TestWritesWithoutRead(t *testing.T) {
	t.Parallel()
	const listing, classes = "/runner/token?resource-class=acme%2Flinux", "GET /api/v3/runner/resource?namespace=acme"
	for write, row := range map[string]struct{ prior, planned providertest.Attributes }{
		"POST /runner/token": {planned: linuxClass}, "DELETE /runner/token/" + movedToken.ID: {prior: tokenState},
	} {
		for status, reads := range map[int][]string{
			0:   {"GET /api/v3" + listing},
			404: {"GET /api/v3" + listing, classes, "GET /api/v2" + listing}, // It may be the class that is not found.
			410: {"GET /api/v3" + listing, "GET /api/v2" + listing},
		} {
			runInBubble(t, fmt.Sprint(write, ", v3 with ", status), func(t *testing.T) {
				server, version := newMemoryServer(t), "v3"
				server.SetResourceClasses(movedClass)
				server.SetTokens(movedToken)
				if status != 0 {
					version = "v2"
					refuseV3(server, status)
				}
				p := newProvider(t, server, nil)
				assertNoDiagnostics(t, p.change(t.Context(), "circleci_runner_token", row.prior, row.planned))
				got := []string{}
				for _, request := range server.Requests() {
					got = append(got, request.Method+" "+requestURL(request))
				}
				expectSame(t, "requests", append(slices.Clone(reads), strings.Replace(write, " ", " /api/"+version, 1)), got)
			})
		}
	}
}
