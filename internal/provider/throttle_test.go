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

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
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

// TestThrottledFleets has a namespace of 200 resource classes, and a rate limit under which its read completes, or
// exceeds its five minutes. Each 429 is logged.
func TestThrottledFleets(t *testing.T) {
	t.Parallel()
	const classCount = 200
	for name, row := range map[string]struct {
		limit  *circlecitest.RateLimit
		detail string // Without one, the read succeeds.
	}{
		"completes": {limit: &circlecitest.RateLimit{PerSecond: 10, Burst: 10, RetryAfter: time.Second}},
		"exceeds the read timeout": {
			limit: &circlecitest.RateLimit{PerSecond: 0.2, Burst: 20},
			detail: " of 200 resource classes ... 429 Too Many Requests ... ; requests are paused for  ... , which exceeds " +
				"the time that is left ... only_resource_classes",
		},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			runners := make([]circlecitest.Runner, classCount)
			for i := range runners {
				runners[i] = circlecitest.Runner{
					ResourceClass: fmt.Sprintf("acme/%d", i), Name: "runner", LastConnected: "2026-03-02T14:30:12Z",
				}
				server.SetTasks(runners[i].ResourceClass, 1, 0)
			}
			server.SetRunners(runners...)
			server.Intercept(row.limit.Handler)
			var log lockedBuffer
			ctx := tflogtest.RootLogger(t.Context(), &log)
			start := time.Now()
			state, got := newProvider(t, server, nil).read(ctx, acmeFleets.dataSource, acmeFleets.attributes)
			if row.detail != "" {
				assertDiagnostic(t, got, wantDiagnostic{summary: acmeFleets.summary, detail: row.detail})
				if elapsed := time.Since(start); elapsed > circleci.ReadTimeout {
					t.Errorf("the read took %s", elapsed)
				}
				return
			}
			assertNoDiagnostics(t, got)
			expectSame(t, "tasks", providertest.Number(classCount), state["unclaimed_task_count"])
			const warning = `"The Runner API rate-limits requests, so they are sent more slowly"`
			accepted, refused := row.limit.Counts()
			expectSame(t, "accepted requests", 1+2*classCount, accepted)
			if logged := strings.Count(log.String(), warning); refused == 0 || logged != refused {
				t.Errorf("%d requests were refused, with %d messages", refused, logged)
			}
		})
	}
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
