package provider_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// runnerFields are the fields of a runner in the API. Only a list by organization has the last one.
var runnerFields = strings.Fields(
	"resource_class hostname name first_connected last_connected last_used version ip status")

// runnerForms returns what the API sends for an attribute of a runner: a string, null or, if it sends none, false. The
// lengths are those at which MessagePack changes its form, as it does for a list of more than 15.
func runnerForms() (forms []any) {
	for _, length := range []int{31, 32, 255, 256, 65_535, 65_536} {
		forms = append(forms, strings.Repeat("x", length))
	}
	return slices.Repeat(append(forms, false, nil, "", "aZ9 /\"\\\x00\n\u00e9\u4e16\u202e\U0001f3c3"), 2)
}

// sentRunners returns runners as the API sends them, a runner for each form, and their attributes.
func sentRunners() (items []map[string]any, want []map[string]tftypes.Value) {
	for i, form := range runnerForms() {
		item := map[string]any{"labels": []any{1, map[string]any{}}} // It is not a known field.
		runner := map[string]tftypes.Value{}
		for _, name := range runnerFields {
			value, isSent := form, form != false
			switch text, _ := form.(string); {
			case name == "resource_class":
				value, isSent = "acme/linux", true
			case name == "name":
				value, isSent = fmt.Sprintf("%02d", i), true
			case !isSent, text == "" && (strings.HasSuffix(name, "_connected") || name == "last_used"): // No time.
				value = nil
			case len(text) == 31:
				value = fmt.Sprintf("%-31s", name) // No two attributes have the same value.
			}
			if runner[name] = tftypes.NewValue(tftypes.String, value); isSent {
				item[name] = value
			}
		}
		items, want = append(items, item), append(want, runner)
	}
	return items, want
}

// TestRunnerListEncoder asserts that the schema, the model, the decoder and the encoder of a runner have the same
// attributes with the same values, also with the framework alone, which compares the model with the schema.
func TestRunnerListEncoder(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	items, want := sentRunners()
	encoded, err := json.Marshal(map[string]any{"items": items})
	if err != nil {
		t.Fatal(err)
	}
	server.SetHandler(circlecitest.JSON(string(encoded)))
	for _, read := range []failedRead{organizationRunners, linuxRunners} {
		for _, encoding := range encodings {
			p := encoding.provider(t, server, providertest.Attributes{"api_version": providertest.String("v3")})
			state, got := p.read(t.Context(), read.dataSource, read.attributes)
			assertNoDiagnostics(t, got)
			expectSame(t, read.dataSource+", "+encoding.name, want, runnersOf(t, state))
			for name, value := range read.attributes {
				expectSame(t, name, value, state[name])
			}
		}
		for _, runner := range want {
			delete(runner, "status")
		}
	}
}
