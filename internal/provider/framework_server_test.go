package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestInvokeInvalidAction has values that are known after the plan only, which Terraform does not validate again.
func TestInvokeInvalidAction(t *testing.T) {
	t.Parallel()
	null, fraction := tftypes.NewValue(tftypes.Number, nil), tftypes.NewValue(tftypes.Number, 0.5)
	for _, row := range []struct {
		action, attribute string
		value             tftypes.Value
		summary, detail   string
	}{
		{"queue", "max_running", providertest.Number(0), "API v3 required", `Remove api_version = "v2" from the provider`},
		{"queue", "max_unclaimed", null, "Missing limit", "set max_unclaimed, max_running or both."},
		{"queue", "max_unclaimed", fraction, "Invalid number", "must be an integer of at least 0, got: 0.5."},
		{"queue", "timeout", providertest.String("soon"), "Invalid duration", "The value of timeout is not a duration."},
		{"queue", "poll_interval", providertest.String("1ms"), "Invalid duration", "must be at least 1s."},
		{"runners", "min_runners", null, "Missing Configuration for Required Attribute", ""},
		{"runners", "min_runners", providertest.Number(-1), "Invalid number", "must be an integer of at least 0, got: -1."},
	} {
		server := newServer(t)
		p := newProvider(t, server, parseAttributes("api_version=v2"))
		action, attributes := "circleci_wait_for_"+row.action, parseAttributes("resource_class=acme/linux")
		if row.summary == "Invalid duration" {
			attributes["max_unclaimed"] = providertest.Number(0)
		}
		attributes[row.attribute] = tftypes.NewValue(row.value.Type(), tftypes.UnknownValue)
		got, err := p.Plan(t.Context(), action, attributes)
		if err != nil {
			t.Fatal(err)
		}
		assertNoDiagnostics(t, protocolDiagnostics(got))
		attributes[row.attribute] = row.value
		_, got, err = p.Invoke(t.Context(), action, attributes)
		if err != nil {
			t.Fatal(err)
		}
		want := wantDiagnostic{at: row.attribute, summary: row.summary, detail: row.detail}
		assertDiagnostic(t, protocolDiagnostics(got), want)
		expectRequests(t, server)
	}
}
