package provider_test

import (
	"strings"
	"testing"
)

func TestVersionAtLeastFunction(t *testing.T) {
	t.Parallel()
	expectResults(t, map[string]call{
		"number":       {expression: `provider::circleci::version_at_least("1.0.12345-abcdef0", "1.0.9000")`, want: true},
		"older":        {expression: `provider::circleci::version_at_least("1.0.9000", "1.0.12345-abcdef0")`, want: false},
		"equal":        {expression: `provider::circleci::version_at_least("3.1.2", "3.1.2")`, want: true},
		"missing":      {expression: `provider::circleci::version_at_least("3", "3.0.0")`, want: true},
		"missing_more": {expression: `provider::circleci::version_at_least("3.1", "3.1.0.1")`, want: false},
		"five":         {expression: `provider::circleci::version_at_least("5.4.3.2.1", "5.4.3.2.2")`, want: false},
		"build":        {expression: `provider::circleci::version_at_least("3.1.2-aaa", "3.1.2+bbb")`, want: true},
		"huge":         {expression: `provider::circleci::version_at_least("1.18446744073709551616", "1.18446744073709551617")`, want: false},
		// Terraform converts a number to a string.
		"bare_number": {expression: `provider::circleci::version_at_least(3.1, 3)`, want: true},
		"unknown":     {expression: `provider::circleci::version_at_least(terraform_data.version.output, "3.1.10")`, want: false},
	})
}

// TestVersionAtLeastFunctionErrors has an error of either parameter. The client's tests have every invalid version.
func TestVersionAtLeastFunctionErrors(t *testing.T) {
	const want = `. A version is numbers with dots between them, without a v in front, such as "3.1.2" or "1.0.12345-abcdef0".`
	for argument, problem := range map[string]string{
		`""`:       "it is empty" + want,
		`"latest"`: "it has other characters than digits and dots before its build" + want,
		`null`:     "argument must not be null.",
	} {
		t.Run(argument, func(t *testing.T) {
			t.Parallel()
			expectArgumentError(t, `provider::circleci::version_at_least(`+argument+`, "3.1.2")`, "version", problem)
			expectArgumentError(t, `provider::circleci::version_at_least("3.1.2", `+argument+`)`, "minimum", problem)
		})
	}
	t.Run("both", func(t *testing.T) {
		t.Parallel()
		expectArgumentError(t, `provider::circleci::version_at_least("", "latest")`, "version", "it is empty"+want)
	})
}

// TestFunctionErrorsRedactArguments has a secret for a version, as happens with a wrong variable.
func TestFunctionErrorsRedactArguments(t *testing.T) {
	t.Parallel()
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
		detail: `Invalid value for "version" parameter: it has other characters than digits and dots before its build. `,
	})
	expectNoSecret(t, got)
	if stdout, stderr, _ := w.runBoth("plan", "-no-color"); strings.Contains(stdout+stderr, "sesame") {
		t.Errorf("plan prints the secret:\n%s%s", stdout, stderr)
	}
}
