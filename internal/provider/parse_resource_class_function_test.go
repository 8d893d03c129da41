package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseResourceClassFunction(t *testing.T) {
	t.Parallel()
	expectResults(t, map[string]call{
		"plain":   {`provider::circleci::parse_resource_class("acme/linux")`, map[string]any{"namespace": "acme", "name": "linux"}},
		"unicode": {`provider::circleci::parse_resource_class("Äcme-1_2.3/línux:€")`, map[string]any{"namespace": "Äcme-1_2.3", "name": "línux:€"}},
		"part":    {`provider::circleci::parse_resource_class("acme/linux").name`, "linux"},
		"unknown": {`provider::circleci::parse_resource_class(terraform_data.linux.output).namespace`, "acme"},
	})
}

func TestParseResourceClassFunctionErrors(t *testing.T) {
	const want = `. A resource class is namespace/name, such as "acme/linux".`
	for argument, problem := range map[string]string{
		`""`:                 "it has no slash between namespace and name" + want,
		`"linux"`:            "it has no slash between namespace and name" + want,
		`"acme/linux/large"`: "it has more than one slash" + want,
		`"/linux"`:           "it has nothing before the slash" + want,
		`"acme/"`:            "it has nothing after the slash" + want,
		`"acme/big linux"`:   "it holds white space" + want,
		`"acme/li\u0007nux"`: "it holds a control character" + want,
		`null`:               "argument must not be null.",
	} {
		t.Run(argument, func(t *testing.T) {
			t.Parallel()
			expectArgumentError(t, "provider::circleci::parse_resource_class("+argument+")", "resource_class", problem)
		})
	}
}

// call is an expression that calls a function, and the value that it must have.
type call struct {
	expression string
	want       any
}

// expectResults asserts the values of calls after an apply without any credential, which functions do not need. The calls
// may use terraform_data.linux.output, which is "acme/linux", terraform_data.two.output, which is 2, and
// terraform_data.version.output, which is "3.1.2": all unknown before the apply.
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
	w := newWorkspace(t, configuration.String())
	if got := w.apply(); len(got) != 0 {
		t.Fatalf("apply reports %+v", got)
	}
	if difference := cmp.Diff(want, w.outputs()); difference != "" {
		t.Errorf("the results differ (-want +got):\n%s", difference)
	}
}

// expectArgumentError asserts that validate reports the call, and nothing but this problem of this parameter.
func expectArgumentError(t *testing.T, expression, parameter, problem string) {
	t.Helper()
	w := newWorkspace(t, "output \"test\" {\n  value = "+expression+"\n}\n")
	want := fmt.Sprintf("Invalid value for %q parameter: %s", parameter, problem)
	got := w.validate()
	expectFinding(t, got, finding{"value = " + expression, "Invalid function argument", want})
	if got[0].Detail != want {
		t.Errorf("the detail is\n%s\nnot\n%s", got[0].Detail, want)
	}
}
