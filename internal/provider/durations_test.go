package provider_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestConnectedWithin has each form of a duration, and a runner for each form of a last_connected.
func TestConnectedWithin(t *testing.T) {
	t.Parallel()
	for duration, want := range map[string]time.Duration{
		"1d": 24 * time.Hour, "2w": 14 * 24 * time.Hour, "1w2d3h4m5s": 9*24*time.Hour + 3*time.Hour + 4*time.Minute + 5*time.Second,
		"1.5d": 36 * time.Hour, ".5d": 12 * time.Hour, "90m": 90 * time.Minute, "1500ms": 1500 * time.Millisecond,
	} {
		runInBubble(t, duration, func(t *testing.T) {
			server, items := newMemoryServer(t), []string{}
			for name, last := range map[string]any{
				"at the limit": time.Now().Add(-want).UTC(), "too old": time.Now().Add(-want - time.Millisecond).UTC(),
				"future": time.Now().Add(time.Hour).UTC(), "zone": time.Now().In(time.FixedZone("", 3600)), "never": nil,
			} {
				encoded, _ := json.Marshal(map[string]any{"resource_class": "acme/linux", "name": name, "last_connected": last})
				items = append(items, string(encoded))
			}
			server.SetHandler(circlecitest.JSON(`{"items": [` + strings.Join(items, ",") + `]}`))
			state, got := newProvider(t, server, nil).read(t.Context(), "circleci_runners", providertest.Attributes{
				"namespace": providertest.String("acme"), "connected_within": providertest.String(duration),
			})
			assertNoDiagnostics(t, got)
			var names []string
			for _, runner := range runnersOf(t, state) {
				names = append(names, runner["name"].String())
			}
			expectSame(t, "runners", []string{`tftypes.String<"at the limit">`, `tftypes.String<"future">`, `tftypes.String<"zone">`}, names)
		})
	}
}
