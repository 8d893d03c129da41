package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestParseResourceClassFunction(t *testing.T) {
	t.Parallel()
	expectResults(t, map[string]call{
		"plain":   {expression: `provider::circleci::parse_resource_class("acme/linux")`, want: map[string]any{"namespace": "acme", "name": "linux"}},
		"unicode": {expression: `provider::circleci::parse_resource_class("Äcme-1_2.3/línux:€")`, want: map[string]any{"namespace": "Äcme-1_2.3", "name": "línux:€"}},
		"part":    {expression: `provider::circleci::parse_resource_class("acme/linux").name`, want: "linux"},
		"unknown": {expression: `provider::circleci::parse_resource_class(terraform_data.linux.output).namespace`, want: "acme"},
	})
}

// The client's tests have every invalid resource class.
func TestParseResourceClassFunctionErrors(t *testing.T) {
	const want = `. A resource class is namespace/name, such as "acme/linux".`
	for argument, problem := range map[string]string{
		`"linux"`: "it has no slash between namespace and name" + want,
		`null`:    "argument must not be null.",
	} {
		t.Run(argument, func(t *testing.T) {
			t.Parallel()
			expectArgumentError(t, "provider::circleci::parse_resource_class("+argument+")", "resource_class", problem)
		})
	}
}

// call is an expression that calls a function, and its value.
type call struct {
	expression string
	want       any
}

// expectResults asserts the values of calls after an apply without a credential, which functions do not need. The calls may
// use values that are unknown before the apply: terraform_data.linux.output, "acme/linux", terraform_data.two.output, 2, and
// terraform_data.version.output, "3.1.2".
func expectResults(t *testing.T, calls map[string]call) {
	t.Helper()
	var configuration strings.Builder
	for name, value := range map[string]string{"linux": `"acme/linux"`, "two": "2", "version": `"3.1.2"`} {
		fmt.Fprintf(&configuration, "resource \"terraform_data\" %q {\n  input = %s\n}\n", name, value)
	}
	want := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		fmt.Fprintf(&configuration, "output %q {\n  value = %s\n}\n", name, calls[name].expression)
		want[name] = calls[name].want
	}
	expectOutputs(t, newWorkspace(t, configuration.String()), want)
}

// expectArgumentError asserts that validate reports exactly this problem of this parameter.
func expectArgumentError(t *testing.T, expression, parameter, problem string) {
	t.Helper()
	w := newWorkspace(t, "output \"test\" {\n  value = "+expression+"\n}\n")
	got := w.validate()
	assertDiagnostic(t, got, wantDiagnostic{at: "value = " + expression, summary: "Invalid function argument"})
	expectSame(t, "details", fmt.Sprintf("Invalid value for %q parameter: %s", parameter, problem), got[0].Detail)
}
