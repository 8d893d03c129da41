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
		for _, read := range []failedRead{linuxTasks, acmeRunners} {
			reads.Go(func() {
				_, got := p.read(t.Context(), read.dataSource, read.attributes)
				expectReport(t, got)
			})
			synctest.Wait()
		}
		time.Sleep(time.Minute - 1)
		expectSame(t, "requests before the minute of Retry-After ended", 1, len(server.Requests()))
		reads.Wait()
		expectSame(t, "requests", 3, len(server.Requests()))
	})
}

// readThrottledFleet reads a namespace of 200 resource classes from an API with a rate limit.
func readThrottledFleet(t *testing.T, limit *circlecitest.RateLimit) (state providertest.Attributes, got []diagnostic, logged string) {
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
	state, got = newProvider(t, server, nil).read(tflogtest.RootLogger(t.Context(), &log), "circleci_runner_fleet", acmeNamespace)
	return state, got, log.String()
}

// TestThrottledFleet has a fleet that completes under a rate limit, which is logged once.
func TestThrottledFleet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limit := &circlecitest.RateLimit{PerSecond: 10, Burst: 10, RetryAfter: time.Second}
		state, got, logged := readThrottledFleet(t, limit)
		assertNoDiagnostics(t, got)
		expectSame(t, "tasks", providertest.Number(200), state["unclaimed_task_count"])
		if accepted, refused := limit.Counts(); accepted != 201 || refused == 0 {
			t.Errorf("%d requests were accepted and %d refused, want 201 and some", accepted, refused)
		}
		const warning = `"The Runner API rate-limits requests, so they are sent more slowly"`
		if strings.Count(logged, warning) != 1 || !strings.Contains(logged, `"requests_per_second":4,"retry_after_seconds":1`) {
			t.Errorf("the log does not have one message with the rate:\n%s", logged)
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
				"remaining requests exceed the 5m0s read timeout ... only_resource_classes",
		})
		if elapsed := time.Since(start); elapsed > time.Minute {
			t.Errorf("the read took %s", elapsed)
		}
	})
}

// lockedBuffer takes a log from several goroutines.
type lockedBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(p)
}
