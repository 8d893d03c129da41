package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// refresh reads the class movedClass, whose name is written like this, and asserts how many diagnostics there are.
func (p testProvider) refresh(ctx context.Context, class string, errors int) {
	p.t.Helper()
	state, diagnostics, err := p.ReadResource(ctx, "circleci_runner_resource_class", providertest.Attributes{
		"id": providertest.String(movedClass.ID), "resource_class": providertest.String(class),
	})
	isRead := state["resource_class"].Equal(providertest.String(movedClass.ResourceClass))
	if err != nil || len(diagnostics) != errors || errors == 0 && !isRead {
		p.t.Errorf("got error %v, diagnostics %v and state %v, want %d diagnostics", err, diagnostics, state, errors)
	}
}

// refreshAll reads the class movedClass and the token movedToken.
func (p testProvider) refreshAll(ctx context.Context) {
	p.t.Helper()
	p.refresh(ctx, "acme/linux", 0)
	if _, got, err := p.ReadResource(ctx, "circleci_runner_token", tokenState); err != nil || len(got) != 0 {
		p.t.Errorf("got error %v and diagnostics %v", err, got)
	}
}

// apply creates or deletes a resource.
func (p testProvider) apply(ctx context.Context, resource string, prior, planned providertest.Attributes) {
	p.t.Helper()
	if _, got, err := p.Apply(ctx, resource, prior, planned); err != nil || len(got) != 0 {
		p.t.Errorf("got error %v and diagnostics %v", err, got)
	}
}

// TestListingCache refreshes with virtual time, and counts the requests.
func TestListingCache(t *testing.T) {
	t.Parallel()
	newClass := providertest.Attributes{"resource_class": providertest.String("acme/new")}
	for name, row := range map[string]struct {
		slow  bool           // A listing takes a second.
		first []http.Handler // The first responses; nil is as usual.
		want  int
		test  func(ctx context.Context, cancel func(), p testProvider)
	}{
		"for a minute": {want: 2, test: func(ctx context.Context, _ func(), p testProvider) {
			for range 2 {
				p.refresh(ctx, "acme/linux", 0)
				time.Sleep(time.Minute - 1)
				p.refresh(ctx, "acme/linux", 0)
				time.Sleep(time.Nanosecond)
			}
		}},
		"by the spelling of the namespace": {want: 2, test: func(ctx context.Context, _ func(), p testProvider) {
			for range 2 {
				p.refresh(ctx, "acme/linux", 0)
				p.refresh(ctx, "ACME/linux", 0)
			}
		}},
		"overlapping": {slow: true, want: 1, test: func(ctx context.Context, _ func(), p testProvider) {
			var refreshes sync.WaitGroup
			for range 10 {
				refreshes.Go(func() { p.refresh(ctx, "acme/linux", 0) })
			}
			refreshes.Wait()
		}},
		"for errors about no such class": {want: 10 + 1, test: func(ctx context.Context, _ func(), p testProvider) {
			var reads sync.WaitGroup
			for i := range 10 {
				reads.Go(func() {
					class := fmt.Sprintf("acme/linux%d", i)
					attributes := providertest.Attributes{"resource_class": providertest.String(class)}
					_, got := p.read(ctx, "circleci_runner_tokens", attributes)
					if len(got) != 1 || !strings.Contains(got[0].Detail, "has no resource class "+class) {
						p.t.Errorf("got %s, want one error of %s", formatDiagnostics(got), class)
					}
				})
			}
			reads.Wait()
		}},
		"the first of two is canceled": {slow: true, want: 1, test: func(ctx context.Context, cancel func(), p testProvider) {
			var refreshes sync.WaitGroup
			refreshes.Go(func() { p.refresh(ctx, "acme/linux", 1) })
			synctest.Wait()
			refreshes.Go(func() { p.refresh(context.WithoutCancel(ctx), "acme/linux", 0) })
			synctest.Wait()
			cancel()
			refreshes.Wait()
		}},
		"all are canceled": {slow: true, want: 1, test: func(ctx context.Context, cancel func(), p testProvider) {
			time.AfterFunc(time.Second/2, cancel)
			p.refresh(ctx, "acme/linux", 1)
			p.refresh(context.WithoutCancel(ctx), "acme/linux", 0)
		}},
		"an error is not kept": {
			first: []http.Handler{circlecitest.Error(403, "no")}, want: 2,
			test: func(ctx context.Context, _ func(), p testProvider) {
				p.refresh(ctx, "acme/linux", 1)
				p.refresh(ctx, "acme/linux", 0)
			},
		},
		"nor a cancellation": {
			first: []http.Handler{circlecitest.Hang()}, want: 2,
			test: func(ctx context.Context, cancel func(), p testProvider) {
				time.AfterFunc(time.Second, cancel)
				if got := p.change(ctx, "circleci_runner_resource_class", nil, newClass); len(got) != 1 {
					p.t.Errorf("got %s, want one error", formatDiagnostics(got))
				}
				p.refresh(context.WithoutCancel(ctx), "acme/linux", 0)
			},
		},
		"nor the end of a wait": {
			first: []http.Handler{nil, circlecitest.Error(404, "no"), circlecitest.Hang()}, want: 1 + 2 + 1,
			test: func(ctx context.Context, _ func(), p testProvider) {
				p.refresh(ctx, "acme/linux", 0) // It finds out the version.
				time.Sleep(time.Minute)
				limit := providertest.Attributes{"min_runners": providertest.Number(1), "timeout": providertest.String("1s")}
				attributes := providertest.Attributes{
					"resource_class": providertest.String("acme/linux"), "connected_within": providertest.String("2m"),
					"wait_for": p.Object("circleci_runners", "wait_for", limit),
				}
				if _, got := p.read(ctx, "circleci_runners", attributes); len(got) != 1 {
					p.t.Errorf("got %s, want one error", formatDiagnostics(got))
				}
				p.refresh(ctx, "acme/linux", 0)
			},
		},
		"until something is created": {want: 2 + 2 + 2, test: func(ctx context.Context, _ func(), p testProvider) {
			p.refreshAll(ctx)
			p.apply(ctx, "circleci_runner_resource_class", nil, newClass)
			p.refreshAll(ctx)
		}},
		"until something is deleted": {want: 2 + 1 + 2, test: func(ctx context.Context, _ func(), p testProvider) {
			p.refreshAll(ctx)
			p.apply(ctx, "circleci_runner_token", tokenState, nil)
			p.refreshAll(ctx)
		}},
		"for data sources of one class": {want: 1, test: func(ctx context.Context, _ func(), p testProvider) {
			for _, class := range []string{"acme/linux", "acme/LINUX"} {
				attributes := providertest.Attributes{"resource_class": providertest.String(class)}
				if _, got := p.read(ctx, "circleci_runner_resource_class", attributes); len(got) != 0 {
					p.t.Errorf("got %s, want none", formatDiagnostics(got))
				}
				p.refresh(ctx, "acme/linux", 0)
			}
		}},
		"not for other data sources": {want: 3, test: func(ctx context.Context, _ func(), p testProvider) {
			for range 2 {
				p.refresh(ctx, "acme/linux", 0)
				p.read(ctx, "circleci_runner_resource_classes", acmeNamespace)
			}
		}},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.SetResourceClasses(movedClass)
			server.SetTokens(movedToken)
			if row.slow {
				list := `{"items": [{"id": "` + movedClass.ID + `", "resource_class": "acme/linux", "description": ""}]}`
				server.SetHandler(circlecitest.Delay(time.Second, circlecitest.JSON(list)))
			}
			server.Enqueue(row.first...)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			row.test(ctx, cancel, newProvider(t, server, nil))
			expectSame(t, "number of requests", row.want, len(server.Requests()))
		})
	}
}

// TestOutage refreshes classes and tokens while the API is down. All of them pay for one listing with its retries.
func TestOutage(t *testing.T) {
	t.Parallel()
	const attempts, down = 5, `503 Service Unavailable: "down" (attempts: 5, in `
	for _, version := range []string{"auto", "v3"} {
		runInBubble(t, version, func(t *testing.T) {
			server := newMemoryServer(t)
			server.SetHandler(circlecitest.Error(503, "down"))
			p := newProvider(t, server, providertest.Attributes{"api_version": providertest.String(version)})
			plan := func(want int) {
				var refreshes sync.WaitGroup
				for i := range 10 {
					refreshes.Go(func() { p.refresh(t.Context(), fmt.Sprintf("acme/%d", i), 1) })
				}
				refreshes.Wait() // A token that refers to its class is refreshed after it.
				for i := range 10 {
					_, got, err := p.ReadResource(t.Context(), "circleci_runner_token", providertest.Attributes{
						"id": providertest.String(movedToken.ID), "resource_class": providertest.String(fmt.Sprintf("acme/%d", i)),
					})
					if err != nil || len(got) != 1 || !strings.Contains(got[0].Detail, down) {
						t.Errorf("got error %v and %s", err, formatDiagnostics(protocolDiagnostics(got)))
					}
				}
				expectSame(t, "requests", want, len(server.Requests()))
			}
			plan(attempts)
			time.Sleep(10*time.Second - 1)
			plan(attempts)
			time.Sleep(time.Nanosecond)
			plan(2 * attempts)
		})
	}
}
