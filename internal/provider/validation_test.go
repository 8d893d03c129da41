package provider_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// TestAccInvalid has each validator of each attribute, and what it accepts, with at most one problem a block. The
// client's tests have every invalid resource class, namespace, URL and token.
func TestAccInvalid(t *testing.T) {
	t.Parallel()
	ca := circlecitest.NewCA()
	certificate, key := ca.Issue("provider")
	_, otherKey := ca.Issue("other")
	locals := fmt.Sprintf("locals {\n  certificate = %q\n  key = %q\n  other_key = %q\n}\n", certificate, key, otherKey)
	for _, file := range []string{"data_sources.tf", "provider.tf", "actions.tf"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			if file == "actions.tf" {
				requireVersion(t, "actions", "1.14", "")
			}
			configuration := read(t, "testdata/TestAccInvalid/"+file)
			problems := problemsOf(configuration)
			configuration += locals
			for _, alias := range providerAlias.FindAllStringSubmatch(configuration, -1) {
				configuration += "data \"circleci_runner_tasks\" \"" + alias[1] + "\" {\n  provider = circleci." + alias[1] +
					"\n  resource_class = \"acme/linux\"\n}\n"
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories,
				ErrorCheck:               checkProblems(t, problems),
				Steps:                    []resource.TestStep{{Config: configuration, PlanOnly: true}},
			})
			for line, problem := range problems {
				t.Errorf("line %s: no error, want %s", line, problem.summary)
			}
		})
	}
}

// providerAlias matches the alias of a provider, which Terraform ignores unless something uses it.
var providerAlias = regexp.MustCompile(`(?m)^  alias += "(.*)"$`)

// problemsOf returns the errors that a configuration announces, by their lines: each has a comment above, with its
// summary and, after a colon, a part of its detail.
func problemsOf(configuration string) map[string]wantDiagnostic {
	problems, comment := map[string]wantDiagnostic{}, ""
	for i, line := range strings.Split(configuration, "\n") {
		if text, isComment := strings.CutPrefix(strings.TrimSpace(line), "# "); isComment {
			comment += text + " "
		} else if comment != "" {
			summary, detail, _ := strings.Cut(strings.TrimSpace(comment), ": ")
			problems[strconv.Itoa(i+1)], comment = wantDiagnostic{summary: summary, detail: detail}, ""
		}
	}
	return problems
}

// planError matches an error as the CLI prints it: the summary, the line, and the detail after the text of the line.
var planError = regexp.MustCompile(`(?s)^(.*?)\n\n.*?  on \S+ line (\d+).*?:\n.*?\n\n(.*)$`)

// checkProblems asserts that each error of a plan is one of these, at its line, and shows no secret. It removes what it
// finds.
func checkProblems(t *testing.T, problems map[string]wantDiagnostic) resource.ErrorCheckFunc {
	return func(err error) error {
		for _, text := range strings.Split(err.Error(), "\nError: ")[1:] {
			match := planError.FindStringSubmatch(text)
			if match == nil {
				t.Errorf("an error is not about the configuration: %s", text)
				continue
			}
			detail := strings.Join(strings.Fields(match[3]), " ")
			found := []diagnostic{{Severity: "error", Summary: match[1], Detail: detail}}
			assertDiagnostic(t, found, problems[match[2]])
			expectNoSecret(t, found)
			delete(problems, match[2])
		}
		return nil
	}
}
