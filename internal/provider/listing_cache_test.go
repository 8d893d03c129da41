package provider_test

import (
	"context"
	"net/http"
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
	if err != nil || len(diagnostics) != errors || errors == 0 && !state["resource_class"].Equal(providertest.String(class)) {
		p.t.Errorf("got error %v, diagnostics %v and state %v, want %d diagnostics", err, diagnostics, state, errors)
	}
}

var tokenState = providertest.Attributes{"id": providertest.String(movedToken.ID), "resource_class": providertest.String("acme/linux")}

// refreshAll reads the class movedClass and the token movedToken.
func (p testProvider) refreshAll(ctx context.Context) {
	p.t.Helper()
	p.refresh(ctx, "acme/linux", 0)
	if _, diagnostics, err := p.ReadResource(ctx, "circleci_runner_token", tokenState); err != nil || len(diagnostics) != 0 {
		p.t.Errorf("got error %v and diagnostics %v", err, diagnostics)
	}
}

// apply creates or deletes a resource.
func (p testProvider) apply(ctx context.Context, resource string, prior, planned providertest.Attributes) {
	p.t.Helper()
	if got, err := p.Apply(ctx, resource, prior, planned); err != nil || len(got) != 0 {
		p.t.Errorf("got error %v and diagnostics %v", err, got)
	}
}

// TestListingCache refreshes with virtual time, and counts the requests.
func TestListingCache(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		slow  bool // A listing takes a second.
		first http.Handler
		want  int
		test  func(ctx context.Context, cancel func(), p testProvider)
	}{
		"for a minute": {want: 2, test: func(ctx context.Context, _ func(), p testProvider) {
			for range 2 {
				p.refresh(ctx, "acme/linux", 0)
				time.Sleep(time.Minute)
				p.refresh(ctx, "ACME/Linux", 0)
				time.Sleep(time.Nanosecond)
			}
		}},
		"overlapping": {slow: true, want: 1, test: func(ctx context.Context, _ func(), p testProvider) {
			var refreshes sync.WaitGroup
			for range 10 {
				refreshes.Go(func() { p.refresh(ctx, "acme/linux", 0) })
			}
			refreshes.Wait()
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
		"all are canceled": {slow: true, want: 2, test: func(ctx context.Context, cancel func(), p testProvider) {
			time.AfterFunc(time.Second/2, cancel)
			p.refresh(ctx, "acme/linux", 1)
			p.refresh(context.WithoutCancel(ctx), "acme/linux", 0)
		}},
		"an error is not kept": {first: circlecitest.Error(403, "no"), want: 2, test: func(ctx context.Context, _ func(), p testProvider) {
			p.refresh(ctx, "acme/linux", 1)
			p.refresh(ctx, "acme/linux", 0)
		}},
		"until something is created": {want: 2 + 2 + 2, test: func(ctx context.Context, _ func(), p testProvider) {
			p.refreshAll(ctx)
			p.apply(ctx, "circleci_runner_resource_class", nil, providertest.Attributes{"resource_class": providertest.String("acme/new")})
			p.refreshAll(ctx)
		}},
		"until something is deleted": {want: 2 + 1 + 2, test: func(ctx context.Context, _ func(), p testProvider) {
			p.refreshAll(ctx)
			p.apply(ctx, "circleci_runner_token", tokenState, nil)
			p.refreshAll(ctx)
		}},
		"not for data sources": {want: 3, test: func(ctx context.Context, _ func(), p testProvider) {
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
			if row.first != nil {
				server.Enqueue(row.first)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			row.test(ctx, cancel, newProvider(t, server, nil))
			expectSame(t, "number of requests", row.want, len(server.Requests()))
		})
	}
}
