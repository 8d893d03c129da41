package cli

import (
	"context"
	"os"
	"slices"
	"strings"
)

// userSettings are the beginnings of the variables by which a person sets up Terraform, OpenTofu or CircleCI for their
// own work. TF_CLI_CONFIG_FILE may point to no file, TF_LOG would fill the screen, TF_WORKSPACE and TF_CLI_ARGS would
// change what is run, and a token of theirs has no business in a demo or a test.
//
// The proxy variables are not among them: Go reaches loopback directly whatever they say.
var userSettings = []string{
	"TF_", "TERRAFORM_CONFIG", "TOFU_",
	"CIRCLE_", "CIRCLECI", "LAUNCH_AGENT_",
}

// testSettings is the beginning of the variables that steer acceptance tests.
const testSettings = "TF_ACC"

// quiet is what a CLI is told whatever it runs: not to ask its vendor for news, and to read no CLI configuration, not
// even the one in the home directory. The null device reads as an empty one.
var quiet = []string{"CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE=" + os.DevNull}

// CleanEnvironment returns the environment, in the form of [os.Environ], without every variable by which a person sets
// up Terraform, OpenTofu or CircleCI.
func CleanEnvironment(environment []string) []string {
	return slices.DeleteFunc(slices.Clone(environment), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return isUserSetting(name)
	})
}

func isUserSetting(name string) bool {
	return slices.ContainsFunc(userSettings, func(beginning string) bool { return strings.HasPrefix(name, beginning) })
}

// PrepareTests gives the process the environment that acceptance tests need, whatever a person has set: it unsets what
// CleanEnvironment drops, except the variables that begin with TF_ACC, and says in TF_ACC_TERRAFORM_PATH which CLI to
// drive, the one that Find finds. TF_CLI names it too, so that Find finds the same one from then on. Call it in TestMain,
// before any test runs.
//
// Terraform and OpenTofu take the provider from different registries, so plugin-testing is told the address by which this
// CLI knows it.
//
// Without TF_ACC no test drives a CLI. Then none needs to be there, and none is looked for.
func PrepareTests() error {
	prepared := map[string]string{}
	if os.Getenv("TF_ACC") != "" {
		found, err := Find(context.Background())
		if err != nil {
			return err
		}
		prepared = testEnvironment(found)
	}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if !isUserSetting(name) || strings.HasPrefix(name, testSettings) {
			continue
		}
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	for name, value := range prepared {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

func testEnvironment(found CLI) map[string]string {
	host := "registry.terraform.io"
	if found.Name == OpenTofu {
		host = "registry.opentofu.org"
	}
	environment := map[string]string{
		"TF_CLI":                    found.Path,
		"TF_ACC_TERRAFORM_PATH":     found.Path,
		"TF_ACC_PROVIDER_HOST":      host,
		"TF_ACC_PROVIDER_NAMESPACE": "circleci-community",
	}
	for _, variable := range quiet {
		name, value, _ := strings.Cut(variable, "=")
		environment[name] = value
	}
	return environment
}
