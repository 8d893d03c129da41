package provider_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestDurations reads a runner that connected a little less than a duration ago, and then a little more.
func TestDurations(t *testing.T) {
	t.Parallel()
	for duration, want := range map[string]time.Duration{
		"1d": 24 * time.Hour, "2w": 14 * 24 * time.Hour, "1w2d3h4m5s": 9*24*time.Hour + 3*time.Hour + 4*time.Minute + 5*time.Second,
		"1.5d": 36 * time.Hour, ".5d": 12 * time.Hour, "90m": 90 * time.Minute, "1500ms": 1500 * time.Millisecond,
	} {
		t.Run(duration, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newMemoryServer(t)
				p := newProvider(t, server, nil)
				for count, connected := range map[int]time.Time{
					1: time.Now().Add(-want), 0: time.Now().Add(-want - time.Millisecond),
				} {
					server.SetRunners(circlecitest.Runner{ResourceClass: "acme/linux", Name: "a", LastConnected: connected.UTC().Format(time.RFC3339Nano)})
					state, got := p.read(t.Context(), "circleci_runners", providertest.Attributes{
						"namespace": providertest.String("acme"), "connected_within": providertest.String(duration),
					})
					assertNoDiagnostics(t, got)
					if runners := runnersOf(t, state); len(runners) != count {
						t.Errorf("%d runners are connected, want %d", len(runners), count)
					}
				}
			})
		})
	}
}
