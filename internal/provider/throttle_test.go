package provider_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestRateLimitPausesAllReads has a read with a 429, which delays the read of another data source, too.
func TestRateLimitPausesAllReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newMemoryServer(t)
		server.SetTasks("acme/linux", 1, 0)
		server.Enqueue(circlecitest.WithHeader(circlecitest.Error(429, "slow down"), "Retry-After", "60"))
		p := newProvider(t, server, nil)
		var reads sync.WaitGroup
		read := func(dataSource string, attributes providertest.Attributes) {
			reads.Go(func() {
				if _, got := p.read(t.Context(), dataSource, attributes); len(got) != 0 {
					t.Errorf("%s: %s", dataSource, formatDiagnostics(got))
				}
			})
		}
		read("circleci_runner_tasks", linuxClass)
		synctest.Wait()
		read("circleci_runners", acmeNamespace)
		time.Sleep(time.Minute - 1)
		if got := len(server.Requests()); got != 1 {
			t.Errorf("got %d requests before the minute of Retry-After ended, want 1", got)
		}
		reads.Wait()
		if got := len(server.Requests()); got != 3 {
			t.Errorf("got %d requests, want 3", got)
		}
	})
}

// readThrottledFleet reads a namespace of 200 resource classes from an API with a rate limit.
func readThrottledFleet(t *testing.T, limit *circlecitest.RateLimit) (state providertest.Attributes, diagnostics []diagnostic, logged string) {
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
	var log lockedBuffer
	state, diagnostics = newProvider(t, server, nil).read(tflogtest.RootLogger(t.Context(), &log), "circleci_runner_fleet", acmeNamespace)
	return state, diagnostics, log.String()
}

// TestThrottledFleet has a fleet that completes under a rate limit, which is logged once.
func TestThrottledFleet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limit := &circlecitest.RateLimit{PerSecond: 10, Burst: 10, RetryAfter: time.Second}
		state, got, logged := readThrottledFleet(t, limit)
		assertNoDiagnostics(t, got)
		if count := state["unclaimed_task_count"]; !count.Equal(providertest.Number(200)) {
			t.Errorf("got %s tasks, want 200", count)
		}
		if accepted, refused := limit.Counts(); accepted != 201 || refused == 0 {
			t.Errorf("%d requests were accepted and %d refused, want 201 and some", accepted, refused)
		}
		if got := strings.Count(logged, `"The Runner API rate-limits requests, so they are sent more slowly"`); got != 1 {
			t.Errorf("got %d log messages about the rate limit, want 1:\n%s", got, logged)
		}
		if !strings.Contains(logged, `"requests_per_second":4,"retry_after_seconds":1`) {
			t.Errorf("the log does not have the rate:\n%s", logged)
		}
	})
}

// TestThrottledFleetExceedsReadTimeout has a rate limit under which the read cannot complete: it ends early.
func TestThrottledFleetExceedsReadTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, got, _ := readThrottledFleet(t, &circlecitest.RateLimit{PerSecond: 0.2, Burst: 20})
		assertDiagnostic(t, got, wantDiagnostic{
			summary: "Error counting tasks of namespace acme",
			detail: " of 200 resource classes ... 429 Too Many Requests ... ; the server accepts  ... requests per second, at which the " +
				"remaining requests exceed the 5m0s read timeout ... max_concurrent_requests",
		})
		if elapsed := time.Since(start); elapsed > time.Minute {
			t.Errorf("the read took %s", elapsed)
		}
	})
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
