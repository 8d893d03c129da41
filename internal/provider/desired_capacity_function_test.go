package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

func TestAccDesiredCapacityFunction(t *testing.T) {
	const (
		invalid = " parameter: it must be an integer of at least 0."
		exceeds = " parameter: it must not exceed max."
		unknown = " parameter: it is null: the running count is not known, because API v2 does not report it. " +
			"Use an installation that serves API v3, and do not set api_version to v2."
	)
	testFunction(t, []invalidCalls{
		{`"unclaimed"` + isNull, []string{`desired_capacity(null, 2, 1, 10)`}},
		{`"running"` + unknown, []string{`desired_capacity(3, null, 1, 10)`, `desired_capacity(-1, null, 11, 10)`}},
		{`"min"` + isNull, []string{`desired_capacity(3, 2, null, 10)`}},
		{`"max"` + isNull, []string{`desired_capacity(3, 2, 1, null)`}},
		{`"unclaimed"` + invalid, []string{
			`desired_capacity(-1, 2, 1, 10)`, `desired_capacity(-0.5, 2, 1, 10)`, `desired_capacity(3.5, 2, 1, 10)`,
		}},
		{`"running"` + invalid, []string{`desired_capacity(3, -1, 1, 10)`, `desired_capacity(3, 0.1, 1, 10)`}},
		{`"min"` + invalid, []string{
			`desired_capacity(3, 2, -1, 10)`, `desired_capacity(3, 2, -2, -1)`, `desired_capacity(3, 2, 1.000001, 10)`,
		}},
		{`"max"` + invalid, []string{`desired_capacity(3, 2, 0, -1)`, `desired_capacity(3, 2, 1, 10.5)`}},
		{`"min"` + exceeds, []string{`desired_capacity(3, 2, 11, 10)`, `desired_capacity(3, 2, 1, 0)`}},
	}, map[string]any{
		`desired_capacity(3, 2, 1, 10)`:                                 5,
		`desired_capacity(0, 0, 0, 10)`:                                 0,
		`desired_capacity(0, 0, 1, 10)`:                                 1,
		`desired_capacity(3, 20, 1, 10)`:                                10,
		`desired_capacity(1, 0, 1, 10)`:                                 1,
		`desired_capacity(8, 2, 1, 10)`:                                 10,
		`desired_capacity(8, 2, 4, 4)`:                                  4,
		`desired_capacity(8, 2, 0, 0)`:                                  0,
		`desired_capacity("3", "2", "1", "10")`:                         5,
		`desired_capacity(3, terraform_data.unknown.output.two, 1, 10)`: 5,
		// Sums beyond 64 bits are clamped, and exact where max allows them.
		`desired_capacity(9223372036854775807, 9223372036854775807, 1, 10)`:                          10,
		`desired_capacity(9223372036854775807, 9223372036854775807, 1, 1e30) - 18446744073709551614`: 0,
		`desired_capacity(18446744073709551615, 2, 1, 1e30) - 18446744073709551617`:                  0,
	})
}

// TestDesiredCapacityFunctionNull has the encodings of a null argument: OpenTofu sends none.
func TestDesiredCapacityFunctionNull(t *testing.T) {
	t.Parallel()
	number, err := tfprotov6.NewDynamicValue(tftypes.Number, tftypes.NewValue(tftypes.Number, 3))
	if err != nil {
		t.Fatal(err)
	}
	for name, null := range map[string]*tfprotov6.DynamicValue{
		"JSON": {JSON: []byte("null")}, "empty": {}, "missing": nil,
	} {
		arguments := []*tfprotov6.DynamicValue{&number, null, &number, &number}
		response, err := provider.NewServer("test")().CallFunction(t.Context(), &tfprotov6.CallFunctionRequest{
			Name: "desired_capacity", Arguments: arguments,
		})
		if err != nil {
			t.Fatal(err)
		}
		if failure := response.Error; failure == nil || !strings.HasPrefix(failure.Text, "it is null") {
			t.Errorf("%s: got error %+v", name, failure)
		}
		if arguments[1] != null {
			t.Errorf("%s: the caller's arguments were modified", name)
		}
	}
}
