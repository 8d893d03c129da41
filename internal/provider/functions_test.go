package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

// functionWithoutCredential is what OpenTofu 1.7 lacks: it configures a provider before it calls a function.
const functionWithoutCredential = "a function without a credential"

// TestFunctions applies without a credential, which functions do not need. The values of terraform_data are unknown before.
func TestFunctions(t *testing.T) {
	t.Parallel()
	requireVersion(t, functionWithoutCredential, "1.8", "1.8")
	configuration := strings.Builder{}
	for name, value := range map[string]string{"linux": `"acme/linux"`, "two": "2", "version": `"3.1.2"`} {
		fmt.Fprintf(&configuration, "resource \"terraform_data\" %q {\n  input = %s\n}\n", name, value)
	}
	class := func(namespace, name string) map[string]any {
		return map[string]any{"namespace": namespace, "name": name}
	}
	calls := map[string]any{
		`parse_resource_class("acme/linux")`:                          class("acme", "linux"),
		`parse_resource_class("Äcme-1_2.3/línux:€")`:                  class("Äcme-1_2.3", "línux:€"),
		`parse_resource_class("acme/linux").name`:                     "linux",
		`parse_resource_class(terraform_data.linux.output).namespace`: "acme",

		`desired_capacity(3, 2, 1, 10)`:                         5.0,
		`desired_capacity(0, 0, 0, 10)`:                         0.0,
		`desired_capacity(0, 0, 1, 10)`:                         1.0,
		`desired_capacity(3, 20, 1, 10)`:                        10.0,
		`desired_capacity(1, 0, 1, 10)`:                         1.0,
		`desired_capacity(8, 2, 1, 10)`:                         10.0,
		`desired_capacity(8, 2, 4, 4)`:                          4.0,
		`desired_capacity(8, 2, 0, 0)`:                          0.0,
		`desired_capacity("3", "2", "1", "10")`:                 5.0,
		`desired_capacity(3, terraform_data.two.output, 1, 10)`: 5.0,
		// Sums beyond 64 bits are clamped, and exact where max allows them.
		`desired_capacity(9223372036854775807, 9223372036854775807, 1, 10)`:                          10.0,
		`desired_capacity(9223372036854775807, 9223372036854775807, 1, 1e30) - 18446744073709551614`: 0.0,
		`desired_capacity(18446744073709551615, 2, 1, 1e30) - 18446744073709551617`:                  0.0,

		`version_at_least("1.0.12345-abcdef0", "1.0.9000")`:                    true,
		`version_at_least("1.0.9000", "1.0.12345-abcdef0")`:                    false,
		`version_at_least("3.1.2", "3.1.2")`:                                   true,
		`version_at_least("3", "3.0.0")`:                                       true,
		`version_at_least("3.1", "3.1.0.1")`:                                   false,
		`version_at_least("5.4.3.2.1", "5.4.3.2.2")`:                           false,
		`version_at_least("3.1.2-aaa", "3.1.2+bbb")`:                           true,
		`version_at_least("1.18446744073709551616", "1.18446744073709551617")`: false,
		`version_at_least(3.1, 3)`:                                             true, // Terraform converts a number to a string.
		`version_at_least(terraform_data.version.output, "3.1.10")`:            false,
	}
	want := map[string]any{}
	for i, call := range slices.Sorted(maps.Keys(calls)) {
		name := fmt.Sprintf("output%d", i)
		fmt.Fprintf(&configuration, "output %q {\n  value = provider::circleci::%s\n}\n", name, call)
		want[name] = calls[call]
	}
	expectOutputs(t, newWorkspace(t, configuration.String()), want)
}

// TestFunctionErrors has the errors of each parameter. The client's tests have every invalid resource class and version.
func TestFunctionErrors(t *testing.T) {
	const (
		class   = `it has no slash between namespace and name. A resource class is namespace/name, such as "acme/linux".`
		invalid = "it must be an integer of at least 0."
		exceeds = "it must not exceed max."
		isNull  = "argument must not be null."
		unknown = "it is null, so the running count is not known: API v2 was used, which does not report it. " +
			"Use an installation that serves API v3, and do not set api_version to v2."
		version = `. A version is numbers with dots between them, without a v in front, such as "3.1.2" or "1.0.12345-abcdef0".`
		latest  = "it does not consist of numbers with dots between them, before its build" + version
	)
	detail := func(parameter, problem string) string {
		return fmt.Sprintf("Invalid value for %q parameter: %s", parameter, problem)
	}
	for want, calls := range map[string][]string{
		detail("resource_class", class):  {`parse_resource_class("linux")`},
		detail("resource_class", isNull): {`parse_resource_class(null)`},

		detail("unclaimed", isNull): {`desired_capacity(null, 2, 1, 10)`},
		detail("running", unknown):  {`desired_capacity(3, null, 1, 10)`, `desired_capacity(-1, null, 11, 10)`},
		detail("min", isNull):       {`desired_capacity(3, 2, null, 10)`},
		detail("max", isNull):       {`desired_capacity(3, 2, 1, null)`},
		detail("unclaimed", invalid): {
			`desired_capacity(-1, 2, 1, 10)`, `desired_capacity(-0.5, 2, 1, 10)`, `desired_capacity(3.5, 2, 1, 10)`,
		},
		detail("running", invalid): {`desired_capacity(3, -1, 1, 10)`, `desired_capacity(3, 0.1, 1, 10)`},
		detail("min", invalid):     {`desired_capacity(3, 2, -1, 10)`, `desired_capacity(3, 2, -2, -1)`, `desired_capacity(3, 2, 1.000001, 10)`},
		detail("max", invalid):     {`desired_capacity(3, 2, 0, -1)`, `desired_capacity(3, 2, 1, 10.5)`},
		detail("min", exceeds):     {`desired_capacity(3, 2, 11, 10)`, `desired_capacity(3, 2, 1, 0)`},

		detail("version", latest): {
			`version_at_least("latest", "3.1.2")`, `version_at_least("vnext", "3.1.2")`, `version_at_least("", "3.1.2")`,
			`version_at_least("", "latest")`,
		},
		detail("version", `"v3.1" is not a version: remove the "v".`): {`version_at_least("v3.1", "3.1.2")`, `version_at_least("v3.1-a", "3.1.2")`},
		detail("version", isNull):                                     {`version_at_least(null, "3.1.2")`},
		detail("minimum", latest):                                     {`version_at_least("3.1.2", "latest")`, `version_at_least("3.1.2", "")`},
		detail("minimum", isNull):                                     {`version_at_least("3.1.2", null)`},
	} {
		for _, call := range calls {
			t.Run(call, func(t *testing.T) {
				t.Parallel()
				value := "value = provider::circleci::" + call
				got := newWorkspace(t, "output \"test\" {\n  "+value+"\n}\n").validate()
				assertDiagnostic(t, got, wantDiagnostic{at: value, summary: "Invalid function argument"})
				expectSame(t, "details", want, got[0].Detail)
			})
		}
	}
}

// TestFunctionErrorsRedactArguments has a secret for a version, as happens with a wrong variable.
func TestFunctionErrorsRedactArguments(t *testing.T) {
	t.Parallel()
	requireVersion(t, functionWithoutCredential, "1.8", "1.8")
	w := newWorkspace(t, `
variable "token" {
  type      = string
  sensitive = true
  default   = "sesame-open"
}
output "test" {
  sensitive = true
  value = provider::circleci::version_at_least(var.token, "3.1.2")
}
`)
	got := w.plan()
	assertDiagnostic(t, got, wantDiagnostic{
		at: `value = provider::circleci::version_at_least(var.token, "3.1.2")`, summary: "Invalid function argument",
		detail: `Invalid value for "version" parameter: it does not consist of numbers with dots between them, before its build. `,
	})
	expectNoSecret(t, got)
	if stdout, stderr, _ := w.runBoth("plan", "-no-color"); strings.Contains(stdout+stderr, "sesame") {
		t.Errorf("plan prints the secret:\n%s%s", stdout, stderr)
	}
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
		arguments := []*tfprotov6.DynamicValue{number(3), null, number(1), number(10)}
		response, err := provider.NewServer("test")().CallFunction(t.Context(), &tfprotov6.CallFunctionRequest{
			Name: "desired_capacity", Arguments: arguments,
		})
		if err != nil {
			t.Fatal(err)
		}
		failure := response.Error
		if failure == nil || failure.FunctionArgument == nil || *failure.FunctionArgument != 1 || !strings.HasPrefix(failure.Text, "it is null") {
			t.Errorf("%s: got error %+v", name, failure)
		}
		if arguments[1] != null {
			t.Errorf("%s: the caller's arguments were modified", name)
		}
	}
}
