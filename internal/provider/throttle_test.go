package provider_test

import (
	"bytes"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// newThrottledFleet is a provider for a namespace of 200 resource classes, whose API has a rate limit.
func newThrottledFleet(t *testing.T, limit *circlecitest.RateLimit) testProvider {
	t.Helper()
	server := newMemoryServer(t)
	runners := []circlecitest.Runner{}
	for i := range 200 {
		class := fmt.Sprintf("acme/%d", i)
		server.SetTasks(class, 1, 0)
		runners = append(runners, circlecitest.Runner{ResourceClass: class, Name: "runner", LastConnected: "2026-03-02T14:30:12Z"})
	}
	server.SetRunners(runners...)
	server.Intercept(limit.Handler)
	return newMemoryProvider(t, server)
}

// lockedBuffer takes a log from several goroutines.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func readFleet(t *testing.T, p testProvider) (count int64, detail, logged string) {
	t.Helper()
	var log lockedBuffer
	ctx := tflogtest.RootLogger(t.Context(), &log)
	state, diagnostics := p.read(ctx, "circleci_runner_fleet", providertest.Attributes{"namespace": providertest.String("acme")})
	if len(diagnostics) > 0 {
		return 0, diagnostics[0].Detail, log.String()
	}
	var number big.Float
	if err := state["unclaimed_task_count"].As(&number); err != nil {
		t.Fatal(err)
	}
	count, _ = number.Int64()
	return count, "", log.String()
}

// A fleet completes under a rate limit, and the log says once that there is one.
func TestThrottledFleet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limit := &circlecitest.RateLimit{PerSecond: 10, Burst: 10, RetryAfter: time.Second}
		count, detail, logged := readFleet(t, newThrottledFleet(t, limit))
		if count != 200 {
			t.Errorf("the count is %d, not 200: %s", count, detail)
		}
		if accepted, refused := limit.Counts(); accepted != 201 || refused == 0 {
			t.Errorf("%d requests were accepted and %d refused", accepted, refused)
		}
		const message = `"The Runner API rate-limits requests, so they are sent more slowly"`
		if got := strings.Count(logged, message); got != 1 {
			t.Errorf("the log says %d times that requests are rate-limited:\n%s", got, logged)
		}
		if !strings.Contains(logged, `"requests_per_second":4,"retry_after_seconds":1`) {
			t.Errorf("the log does not give the pace:\n%s", logged)
		}
	})
}

// A rate limit under which the time does not suffice ends a fleet as soon as that is known.
func TestThrottledFleetExceedsReadTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, detail, _ := readFleet(t, newThrottledFleet(t, &circlecitest.RateLimit{PerSecond: 0.2, Burst: 20}))
		for _, want := range []string{
			" of 200 resource classes could not be counted", "requests per second", "which", "exceed the 5m0s read timeout",
			"max_concurrent_requests",
		} {
			if !strings.Contains(detail, want) {
				t.Errorf("the detail is\n%s\nwithout %q", detail, want)
			}
		}
		if elapsed := time.Since(start); elapsed > time.Minute {
			t.Errorf("the read took %s", elapsed)
		}
	})
}
