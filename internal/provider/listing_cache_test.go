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

// refresh reads the class movedClass, whose name is written like this, and returns how many diagnostics there are.
func (p testProvider) refresh(ctx context.Context, class string) int {
	p.t.Helper()
	state, diagnostics, err := p.ReadResource(ctx, "circleci_runner_resource_class", providertest.Attributes{
		"id": providertest.String(movedClass.ID), "resource_class": providertest.String(class),
	})
	if err != nil {
		p.t.Error(err)
	}
	if len(diagnostics) == 0 && !state["resource_class"].Equal(providertest.String(class)) {
		p.t.Errorf("the state is %v", state)
	}
	return len(diagnostics)
}

// TestListingCache refreshes with virtual time, and counts the listings.
func TestListingCache(t *testing.T) {
	t.Parallel()
	slow := func(s *circlecitest.Server) {
		s.Intercept(func(*http.Request) http.Handler {
			return circlecitest.Delay(time.Second, circlecitest.JSON(`{"items": [{"id": "`+movedClass.ID+`", "resource_class": "acme/linux", "description": ""}]}`))
		})
	}
	for name, row := range map[string]struct {
		test func(t *testing.T, s *circlecitest.Server, p testProvider)
		want int
	}{
		"for a minute": {
			test: func(t *testing.T, _ *circlecitest.Server, p testProvider) {
				for range 2 {
					p.refresh(t.Context(), "acme/linux")
					time.Sleep(time.Minute)
					p.refresh(t.Context(), "ACME/Linux")
					time.Sleep(time.Nanosecond)
				}
			},
			want: 2,
		},
		"overlapping": {
			test: func(t *testing.T, s *circlecitest.Server, p testProvider) {
				slow(s)
				var refreshes sync.WaitGroup
				for range 10 {
					refreshes.Go(func() { p.refresh(t.Context(), "acme/linux") })
				}
				refreshes.Wait()
			},
			want: 1,
		},
		"the first of two is canceled": {
			test: func(t *testing.T, s *circlecitest.Server, p testProvider) {
				slow(s)
				ctx, cancel := context.WithCancel(t.Context())
				var refreshes sync.WaitGroup
				refreshes.Go(func() {
					if p.refresh(ctx, "acme/linux") != 1 {
						t.Error("the canceled refresh reports nothing")
					}
				})
				synctest.Wait()
				refreshes.Go(func() {
					if p.refresh(t.Context(), "acme/linux") != 0 {
						t.Error("the other refresh fails")
					}
				})
				synctest.Wait()
				cancel()
				refreshes.Wait()
			},
			want: 1,
		},
		"all are canceled": {
			test: func(t *testing.T, s *circlecitest.Server, p testProvider) {
				slow(s)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second/2, cancel)
				p.refresh(ctx, "acme/linux")
				p.refresh(t.Context(), "acme/linux")
			},
			want: 2,
		},
		"an error is not kept": {
			test: func(t *testing.T, s *circlecitest.Server, p testProvider) {
				s.Enqueue(circlecitest.Error(403, "no"))
				if p.refresh(t.Context(), "acme/linux") != 1 || p.refresh(t.Context(), "acme/linux") != 0 {
					t.Error("the refreshes do not report one error")
				}
			},
			want: 2,
		},
		"not for data sources": {
			test: func(t *testing.T, _ *circlecitest.Server, p testProvider) {
				for range 2 {
					p.refresh(t.Context(), "acme/linux")
					p.read(t.Context(), "circleci_runner_resource_classes", providertest.Attributes{"namespace": providertest.String("acme")})
				}
			},
			want: 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newMemoryServer(t)
				server.SetResourceClasses(movedClass)
				row.test(t, server, newProvider(t, server, nil))
				if got := len(server.Requests()); got != row.want {
					t.Errorf("the classes were listed %d times, want %d", got, row.want)
				}
			})
		})
	}
}
