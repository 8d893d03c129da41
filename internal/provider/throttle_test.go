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
		server.SetRunners(fleet...)
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
		expectSame(t, "requests", 1+3, len(server.Requests()))
	})
}

// readThrottledFleet reads a namespace of 200 resource classes from an API with a rate limit.
func readThrottledFleet(t *testing.T, limit *circlecitest.RateLimit) (
	state providertest.Attributes, got []diagnostic, logged string,
) {
	t.Helper()
	server := newMemoryServer(t)
	runners := []circlecitest.Runner{}
	for i := range 200 {
		class := fmt.Sprintf("acme/%d", i)
		server.SetTasks(class, 1, 0)
		runner := circlecitest.Runner{ResourceClass: class, Name: "runner", LastConnected: "2026-03-02T14:30:12Z"}
		runners = append(runners, runner)
	}
	server.SetRunners(runners...)
	server.Intercept(limit.Handler)
	var log lockedBuffer
	ctx := tflogtest.RootLogger(t.Context(), &log)
	state, got = newProvider(t, server, nil).read(ctx, "circleci_runner_fleet", acmeNamespace)
	return state, got, log.String()
}

// TestThrottledFleet has a fleet that completes under a rate limit, which is logged for each 429.
func TestThrottledFleet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const warning = `"The Runner API rate-limits requests, so they are sent more slowly"`
		limit := &circlecitest.RateLimit{PerSecond: 10, Burst: 10, RetryAfter: time.Second}
		state, got, logged := readThrottledFleet(t, limit)
		assertNoDiagnostics(t, got)
		expectSame(t, "tasks", providertest.Number(200), state["unclaimed_task_count"])
		const want = 1 + 2*200
		messages := strings.Count(logged, warning)
		if accepted, refused := limit.Counts(); accepted != want || refused == 0 || messages != refused {
			t.Errorf("%d requests were accepted and %d refused, with %d messages, want %d accepted, and a message for each refused one",
				accepted, refused, messages, want)
		}
	})
}

// TestThrottledFleetExceedsReadTimeout has a rate limit under which the read cannot complete.
func TestThrottledFleetExceedsReadTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, got, _ := readThrottledFleet(t, &circlecitest.RateLimit{PerSecond: 0.2, Burst: 20})
		assertDiagnostic(t, got, wantDiagnostic{
			summary: "Error counting tasks of namespace acme",
			detail: " of 200 resource classes ... 429 Too Many Requests ... ; requests are paused for  ... , " +
				"which exceeds the time that is left ... only_resource_classes",
		})
		if elapsed := time.Since(start); elapsed > 5*time.Minute {
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
