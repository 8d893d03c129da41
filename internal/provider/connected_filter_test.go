package provider_test

import (
	"maps"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestConnectedWithin has each form of a duration, and a runner for each form of a last_connected.
func TestConnectedWithin(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for duration, want := range map[string]time.Duration{
		"1d": day, "2w": 14 * day, "1w2d3h4m5s": 9*day + 3*time.Hour + 4*time.Minute + 5*time.Second,
		"1.5d": 36 * time.Hour, ".5d": 12 * time.Hour, "90m": 90 * time.Minute, "1500ms": 1500 * time.Millisecond,
	} {
		runInBubble(t, duration, func(t *testing.T) {
			server, runners := newMemoryServer(t), []circlecitest.Runner{{ResourceClass: "acme/linux", Name: "never"}}
			for name, last := range map[string]time.Time{
				"at the limit": time.Now().Add(-want).UTC(), "too old": time.Now().Add(-want - time.Millisecond).UTC(),
				"future": time.Now().Add(time.Hour).UTC(), "zone": time.Now().In(time.FixedZone("", 3600)),
			} {
				at := last.Format(time.RFC3339Nano)
				runners = append(runners, circlecitest.Runner{ResourceClass: "acme/linux", Name: name, LastConnected: at})
			}
			server.SetRunners(runners...)
			attributes := maps.Clone(acmeNamespace)
			attributes["connected_within"] = providertest.String(duration)
			state, got := newProvider(t, server, nil).read(t.Context(), "circleci_runners", attributes)
			assertNoDiagnostics(t, got)
			var names []tftypes.Value
			for _, runner := range runnersOf(t, state) {
				names = append(names, runner["name"])
			}
			expectSame(t, "runners", []tftypes.Value{
				providertest.String("at the limit"), providertest.String("future"), providertest.String("zone"),
			}, names)
		})
	}
}
