package cli

import (
	"os"
	"slices"
	"strings"
)

// userSettings are the prefixes of the variables by which a user sets up Terraform, OpenTofu or CircleCI for their own
// work.
var userSettings = []string{"TF_", "TERRAFORM_CONFIG", "TOFU_", "CIRCLE_", "CIRCLECI", "LAUNCH_AGENT_"}

// Isolate removes the user's settings from the process's environment, but for TF_CLI and what begins with TF_ACC. Then
// no CLI reads input or a CLI configuration, not even the one in the home directory: the null device reads as an empty
// one.
func Isolate() {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		isSetting := slices.ContainsFunc(userSettings, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		if isSetting && name != "TF_CLI" && !strings.HasPrefix(name, "TF_ACC") {
			_ = os.Unsetenv(name) // It cannot fail for a variable that exists.
		}
	}
	Setenv("CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0", "TF_CLI_CONFIG_FILE="+os.DevNull)
}

// Setenv sets variables of the process's environment, which every CLI that it runs gets.
func Setenv(variables ...string) {
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		_ = os.Setenv(name, value) // It fails for invalid names only.
	}
}
