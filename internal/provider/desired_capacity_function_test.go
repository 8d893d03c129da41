package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

func TestDesiredCapacityFunction(t *testing.T) {
	t.Parallel()
	expectResults(t, map[string]call{
		"sum":           {expression: `provider::circleci::desired_capacity(3, 2, 1, 10)`, want: 5.0},
		"nothing_to_do": {expression: `provider::circleci::desired_capacity(0, 0, 0, 10)`, want: 0.0},
		"at_least":      {expression: `provider::circleci::desired_capacity(0, 0, 1, 10)`, want: 1.0},
		"at_most":       {expression: `provider::circleci::desired_capacity(3, 20, 1, 10)`, want: 10.0},
		"just_min":      {expression: `provider::circleci::desired_capacity(1, 0, 1, 10)`, want: 1.0},
		"just_max":      {expression: `provider::circleci::desired_capacity(8, 2, 1, 10)`, want: 10.0},
		"fixed":         {expression: `provider::circleci::desired_capacity(8, 2, 4, 4)`, want: 4.0},
		"off":           {expression: `provider::circleci::desired_capacity(8, 2, 0, 0)`, want: 0.0},
		"strings":       {expression: `provider::circleci::desired_capacity("3", "2", "1", "10")`, want: 5.0},
		"unknown":       {expression: `provider::circleci::desired_capacity(3, terraform_data.two.output, 1, 10)`, want: 5.0},
		// Sums beyond 64 bits are clamped, and exact where max allows them.
		"clamped_sum": {expression: `provider::circleci::desired_capacity(9223372036854775807, 9223372036854775807, 1, 10)`, want: 10.0},
		"large_sum":   {expression: `tostring(provider::circleci::desired_capacity(9223372036854775807, 9223372036854775807, 1, 1e30))`, want: "18446744073709551614"},
		"larger_sum":  {expression: `tostring(provider::circleci::desired_capacity(18446744073709551615, 2, 1, 1e30))`, want: "18446744073709551617"},
	})
}

func TestDesiredCapacityFunctionErrors(t *testing.T) {
	const (
		invalid = "it must be an integer of at least 0."
		exceeds = "it must not exceed max."
		isNull  = "argument must not be null."
		unknown = `it is null, so the running count is not known. Only version 3 of the Runner API reports it: ` +
			`set api_version = "v3" in the provider's configuration.`
	)
	for arguments, want := range map[string]struct{ parameter, problem string }{
		"null, 2, 1, 10":     {parameter: "unclaimed", problem: isNull},
		"3, null, 1, 10":     {parameter: "running", problem: unknown},
		"3, 2, null, 10":     {parameter: "min", problem: isNull},
		"3, 2, 1, null":      {parameter: "max", problem: isNull},
		"-1, 2, 1, 10":       {parameter: "unclaimed", problem: invalid},
		"3, -1, 1, 10":       {parameter: "running", problem: invalid},
		"3, 2, -1, 10":       {parameter: "min", problem: invalid},
		"3, 2, 0, -1":        {parameter: "max", problem: invalid},
		"3, 2, -2, -1":       {parameter: "min", problem: invalid},
		"-0.5, 2, 1, 10":     {parameter: "unclaimed", problem: invalid},
		"3.5, 2, 1, 10":      {parameter: "unclaimed", problem: invalid},
		"3, 0.1, 1, 10":      {parameter: "running", problem: invalid},
		"3, 2, 1.000001, 10": {parameter: "min", problem: invalid},
		"3, 2, 1, 10.5":      {parameter: "max", problem: invalid},
		"3, 2, 11, 10":       {parameter: "min", problem: exceeds},
		"3, 2, 1, 0":         {parameter: "min", problem: exceeds},
		"-1, null, 11, 10":   {parameter: "running", problem: unknown},
	} {
		t.Run(arguments, func(t *testing.T) {
			t.Parallel()
			expectArgumentError(t, "provider::circleci::desired_capacity("+arguments+")", want.parameter, want.problem)
		})
	}
}

// TestDesiredCapacityFunctionWithV2 has a null running count: API v2 does not report it.
func TestDesiredCapacityFunctionWithV2(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetTasks("acme/linux", 3, 2)
	const expression = `provider::circleci::desired_capacity(local.tasks.unclaimed_task_count, local.tasks.running_task_count, 1, 10)`
	w := newWorkspace(t, providerBlock(server)+`
data "circleci_runner_tasks" "linux" {
  resource_class = "acme/linux"
}
locals {
  tasks = data.circleci_runner_tasks.linux
}
output "machines" {
  value = `+expression+`
}
`)
	assertDiagnostic(t, w.plan(), wantDiagnostic{
		at: "value = " + expression, summary: "Invalid function argument",
		detail: `Invalid value for "running" parameter: it is null, so the running count is not known.`,
	})
}

// TestDesiredCapacityFunctionNull has the encodings of a null argument: OpenTofu sends none.
func TestDesiredCapacityFunctionNull(t *testing.T) {
	t.Parallel()
	number := func(value any) *tfprotov6.DynamicValue {
		encoded, err := tfprotov6.NewDynamicValue(tftypes.Number, tftypes.NewValue(tftypes.Number, value))
		if err != nil {
			t.Fatal(err)
		}
		return &encoded
	}
	for name, null := range map[string]*tfprotov6.DynamicValue{
		"encoded": number(nil), "JSON": {JSON: []byte("null")}, "empty": {}, "missing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arguments := []*tfprotov6.DynamicValue{number(3), null, number(1), number(10)}
			response, err := provider.NewServer("test")().CallFunction(t.Context(), &tfprotov6.CallFunctionRequest{
				Name: "desired_capacity", Arguments: arguments,
			})
			if err != nil {
				t.Fatal(err)
			}
			failure := response.Error
			if failure == nil || failure.FunctionArgument == nil || *failure.FunctionArgument != 1 || !strings.HasPrefix(failure.Text, "it is null") {
				t.Errorf("got error %+v", failure)
			}
			if arguments[1] != null {
				t.Error("the caller's arguments were modified")
			}
		})
	}
}
