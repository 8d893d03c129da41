package provider_test

import (
	"strings"
	"testing"
)

func TestVersionAtLeastFunction(t *testing.T) {
	t.Parallel()
	expectResults(t, map[string]call{
		"number":       {`provider::circleci::version_at_least("1.0.12345-abcdef0", "1.0.9000")`, true},
		"older":        {`provider::circleci::version_at_least("1.0.9000", "1.0.12345-abcdef0")`, false},
		"equal":        {`provider::circleci::version_at_least("3.1.2", "3.1.2")`, true},
		"missing":      {`provider::circleci::version_at_least("3", "3.0.0")`, true},
		"missing_more": {`provider::circleci::version_at_least("3.1", "3.1.0.1")`, false},
		"five":         {`provider::circleci::version_at_least("5.4.3.2.1", "5.4.3.2.2")`, false},
		"build":        {`provider::circleci::version_at_least("3.1.2-aaa", "3.1.2+bbb")`, true},
		"huge":         {`provider::circleci::version_at_least("1.18446744073709551616", "1.18446744073709551617")`, false},
		// Terraform turns a number into a text.
		"bare_number": {`provider::circleci::version_at_least(3.1, 3)`, true},
		"unknown":     {`provider::circleci::version_at_least(terraform_data.version.output, "3.1.10")`, false},
	})
}

func TestVersionAtLeastFunctionErrors(t *testing.T) {
	const want = `. A version is numbers with dots between them, without a v in front, such as "3.1.2" or "1.0.12345-abcdef0".`
	for argument, problem := range map[string]string{
		`""`:          "it is empty" + want,
		`"v3.1.2"`:    "it has other characters than digits and dots before its build" + want,
		`"latest"`:    "it has other characters than digits and dots before its build" + want,
		`"3..1"`:      "it has a dot without a number on both sides" + want,
		`"3.1."`:      "it has a dot without a number on both sides" + want,
		`"-abcdef0"`:  "it has no number before its build" + want,
		`" 3.1.2"`:    "it holds white space" + want,
		`"3.1.2\n"`:   "it holds white space" + want,
		`"3.1\u0000"`: "it holds a control character" + want,
		`null`:        "argument must not be null.",
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

// TestFunctionErrorsHideArguments has a secret in the place of a version, as happens with a wrong variable.
func TestFunctionErrorsHideArguments(t *testing.T) {
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
	expectFinding(t, got, finding{
		`value = provider::circleci::version_at_least(var.token, "3.1.2")`, "Invalid function argument",
		`Invalid value for "version" parameter: it has other characters than digits and dots before its build. `,
	})
	expectNoSecret(t, got)
	if stdout, stderr, _ := w.runBoth("plan", "-no-color"); strings.Contains(stdout+stderr, "sesame") {
		t.Errorf("plan prints the secret:\n%s%s", stdout, stderr)
	}
}
