package cli

import (
	"context"
	"os"
	"slices"
	"strings"
)

// userSettings are the prefixes of the variables by which a user sets up Terraform, OpenTofu or CircleCI for their own
// work. TF_CLI_CONFIG_FILE may name a missing file, TF_LOG would fill the screen, TF_WORKSPACE and TF_CLI_ARGS would
// change what is run, and a token of theirs has no business in a demo or a test.
//
// The proxy variables are not among them: Go connects to loopback directly whatever they say.
var userSettings = []string{
	"TF_", "TERRAFORM_CONFIG", "TOFU_",
	"CIRCLE_", "CIRCLECI", "LAUNCH_AGENT_",
}

// quiet tells a CLI, whatever it runs, not to check for new versions, and to read no CLI configuration, not
// even the one in the home directory. The null device reads as an empty one.
var quiet = []string{"CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE=" + os.DevNull}

// CleanEnvironment returns the environment, in the form of [os.Environ], without every variable by which a user sets up
// Terraform, OpenTofu or CircleCI.
func CleanEnvironment(environment []string) []string {
	return slices.DeleteFunc(slices.Clone(environment), isUserSetting)
}

// isUserSetting accepts a variable or its name.
func isUserSetting(variable string) bool {
	return slices.ContainsFunc(userSettings, func(prefix string) bool { return strings.HasPrefix(variable, prefix) })
}

// Environment is the process's environment, cleaned, for a CLI that a program runs: it reads no input, and suggests no
// commands to run next. The variables are added to it.
func Environment(variables ...string) []string {
	return slices.Concat(CleanEnvironment(os.Environ()), quiet, []string{"TF_IN_AUTOMATION=1", "TF_INPUT=0"}, variables)
}

// PrepareTests gives the process the environment that acceptance tests need, whatever a user has set: it unsets what
// CleanEnvironment drops, except the variables that begin with TF_ACC, and sets TF_CLI to the CLI that Find finds, so
// that Find finds the same one from then on. Call it in TestMain, before any test runs.
//
// Without TF_ACC no test runs a CLI. Then none needs to exist, and none is searched for.
func PrepareTests() error {
	var prepared []string
	if os.Getenv("TF_ACC") != "" {
		found, err := Find(context.Background())
		if err != nil {
			return err
		}
		prepared = append(slices.Clone(quiet), "TF_CLI="+found.Path, "TF_ACC_TERRAFORM_PATH="+found.Path,
			"TF_ACC_PROVIDER_NAMESPACE=circleci-community")
		if found.Name == OpenTofu {
			prepared = append(prepared, "TF_ACC_PROVIDER_HOST=registry.opentofu.org")
		}
	}
	for _, variable := range os.Environ() {
		if isUserSetting(variable) && !strings.HasPrefix(variable, "TF_ACC") {
			name, _, _ := strings.Cut(variable, "=")
			_ = os.Unsetenv(name) // It cannot fail for a variable that exists.
		}
	}
	for _, variable := range prepared {
		name, value, _ := strings.Cut(variable, "=")
		_ = os.Setenv(name, value) // It fails for invalid names only.
	}
	return nil
}
