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
		"sum":           {`provider::circleci::desired_capacity(3, 2, 1, 10)`, 5.0},
		"nothing_to_do": {`provider::circleci::desired_capacity(0, 0, 0, 10)`, 0.0},
		"at_least":      {`provider::circleci::desired_capacity(0, 0, 1, 10)`, 1.0},
		"at_most":       {`provider::circleci::desired_capacity(3, 20, 1, 10)`, 10.0},
		"just_min":      {`provider::circleci::desired_capacity(1, 0, 1, 10)`, 1.0},
		"just_max":      {`provider::circleci::desired_capacity(8, 2, 1, 10)`, 10.0},
		"fixed":         {`provider::circleci::desired_capacity(8, 2, 4, 4)`, 4.0},
		"off":           {`provider::circleci::desired_capacity(8, 2, 0, 0)`, 0.0},
		"text":          {`provider::circleci::desired_capacity("3", "2", "1", "10")`, 5.0},
		"unknown":       {`provider::circleci::desired_capacity(3, terraform_data.two.output, 1, 10)`, 5.0},
		// Sums beyond 64 bits are clamped, and exact where max allows them.
		"clamped_sum": {`provider::circleci::desired_capacity(9223372036854775807, 9223372036854775807, 1, 10)`, 10.0},
		"large_sum":   {`tostring(provider::circleci::desired_capacity(9223372036854775807, 9223372036854775807, 1, 1e30))`, "18446744073709551614"},
		"larger_sum":  {`tostring(provider::circleci::desired_capacity(18446744073709551615, 2, 1, 1e30))`, "18446744073709551617"},
	})
}

func TestDesiredCapacityFunctionErrors(t *testing.T) {
	const (
		negative = "it is below 0. Give a whole number that is 0 or more."
		fraction = "it is not a whole number. Give a whole number that is 0 or more."
		above    = "it is above max. Give a min that is not above max."
		isNull   = "argument must not be null."
		unknown  = "it is null, so nobody knows how many machines are at work. The count of running tasks comes with version 3 " +
			`of the Runner API only: set api_version = "v3" in the provider's configuration.`
	)
	for arguments, want := range map[string]struct{ parameter, problem string }{
		"null, 2, 1, 10":     {"unclaimed", isNull},
		"3, null, 1, 10":     {"running", unknown},
		"3, 2, null, 10":     {"min", isNull},
		"3, 2, 1, null":      {"max", isNull},
		"-1, 2, 1, 10":       {"unclaimed", negative},
		"3, -1, 1, 10":       {"running", negative},
		"3, 2, -1, 10":       {"min", negative},
		"3, 2, 0, -1":        {"max", negative},
		"3, 2, -2, -1":       {"min", negative},
		"-0.5, 2, 1, 10":     {"unclaimed", negative},
		"3.5, 2, 1, 10":      {"unclaimed", fraction},
		"3, 0.1, 1, 10":      {"running", fraction},
		"3, 2, 1.000001, 10": {"min", fraction},
		"3, 2, 1, 10.5":      {"max", fraction},
		"3, 2, 11, 10":       {"min", above},
		"3, 2, 1, 0":         {"min", above},
		"-1, null, 11, 10":   {"running", unknown},
	} {
		t.Run(arguments, func(t *testing.T) {
			t.Parallel()
			expectArgumentError(t, "provider::circleci::desired_capacity("+arguments+")", want.parameter, want.problem)
		})
	}
}

// TestDesiredCapacityFunctionWithV2 has the null that users meet: version 2 of the API has no count of running tasks.
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
	expectFinding(t, w.plan(), finding{
		"value = " + expression, "Invalid function argument",
		`Invalid value for "running" parameter: it is null, so nobody knows how many machines are at work. ` +
			`The count of running tasks comes with version 3 of the Runner API only: set api_version = "v3"`,
	})
}

// TestDesiredCapacityFunctionReadsEveryNull has the forms of a null argument: Terraform encodes it, OpenTofu leaves it empty.
func TestDesiredCapacityFunctionReadsEveryNull(t *testing.T) {
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
				t.Errorf("the error is %+v", failure)
			}
			if arguments[1] != null {
				t.Error("the caller's arguments have changed")
			}
		})
	}
}
