package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

// invalidCalls are calls that have the same error: a part of its detail, which begins with the name of the parameter.
type invalidCalls struct {
	detail string
	calls  []string
}

// isNull is the error of an argument that is null.
const isNull = " parameter: argument must not be null."

// testFunction checks the errors of invalid calls, and the values of others. The provider has no credential, which
// functions do not need. OpenTofu 1.7 configures it nevertheless.
func testFunction(t *testing.T, invalid []invalidCalls, values map[string]any) {
	t.Helper()
	t.Parallel()
	requireVersion(t, "a function without a credential", "1.8", "1.8")
	var errors, arguments, attributes strings.Builder
	for _, row := range invalid {
		for _, call := range row.calls {
			fmt.Fprintf(&arguments, "    provider::circleci::%s,\n", call)
			fmt.Fprintf(&errors, ".*%s", cliError("Invalid value for "+row.detail))
		}
	}
	for call := range values {
		fmt.Fprintf(&attributes, "    %q = provider::circleci::%s\n", call, call)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config:      fmt.Sprintf("output \"test\" {\n  value = [\n%s  ]\n}\n", &arguments),
				ExpectError: regexp.MustCompile("(?s)" + errors.String()),
			},
			{
				Config: fmt.Sprintf(`
resource "terraform_data" "unknown" { # Until the apply.
  input = { class = "acme/linux", two = 2, version = "3.1.2" }
}
output "test" {
  value = {
%s  }
}
`, &attributes),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("test", exactly{values})},
			},
		},
	})
}
