package cli_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// kept and dropped are what a user may have set. The variables of dropped would change a run.
var (
	kept = []string{
		"HOME=/home/anna", "PATH=/usr/bin:/bin", "TMPDIR=/tmp", "EMPTY=", "LANG=C.UTF-8",
		"HTTPS_PROXY=http://proxy.example.com:3128", "no_proxy=example.com", "SSL_CERT_FILE=/etc/ca.pem",
		// Version managers of Terraform and OpenTofu: without these, their terraform and tofu do not run.
		"TFENV_TERRAFORM_VERSION=1.11.4", "TOFUENV_TOFU_VERSION=1.12.6",
	}
	dropped = []string{
		"TF_CLI=tofu", "TF_CLI_CONFIG_FILE=/nonexistent", "TF_CLI_ARGS=-no-color", "TF_CLI_ARGS_plan=-destroy",
		"TF_LOG=trace", "TF_LOG_PATH=/tmp/log", "TF_LOG_CORE=debug", "TF_LOG_PROVIDER_CIRCLECI=trace",
		"TF_DATA_DIR=/tmp/data", "TF_WORKSPACE=production", "TF_VAR_namespace=theirs", "TF_REATTACH_PROVIDERS={}",
		"TF_PLUGIN_CACHE_DIR=/tmp/cache", "TF_INPUT=1", "TERRAFORM_CONFIG=/nonexistent", "TOFU_CPU_PROFILE=/tmp/p",
		"CIRCLE_TOKEN=real-token-of-a-user", "CIRCLECI=true", "CIRCLECI_CLI_TOKEN=real-token-of-a-user",
		"CIRCLECI_RUNNER_API_URL=https://circleci.example.com", "CIRCLECI_RUNNER_API_VERSION=v3",
		"CIRCLECI_RUNNER_API_AUTH_TOKEN=real-token-of-a-user", "CIRCLECI_SESSION_COOKIE=real-cookie-of-a-user",
		"LAUNCH_AGENT_API_AUTH_TOKEN=real-token-of-a-user",
	}
	forTests = []string{"TF_ACC=1", "TF_ACC_LOG=debug", "TF_ACC_PERSIST_WORKING_DIR=1"}
)

func TestCleanEnvironment(t *testing.T) {
	environment := slices.Concat(kept, dropped, forTests)
	before := slices.Clone(environment)
	if got := cli.CleanEnvironment(environment); !slices.Equal(got, kept) {
		t.Errorf("CleanEnvironment leaves\n%q, want\n%q", got, kept)
	}
	if !slices.Equal(environment, before) {
		t.Error("CleanEnvironment changes its argument")
	}
}

func TestPrepareTests(t *testing.T) {
	t.Run("TF_ACC", func(t *testing.T) {
		m := newMachine(t)
		path := m.install(m.onPath("tofu"), tofuVersion)
		replaceEnvironment(t, slices.Concat(dropped, forTests, []string{"PATH=" + m.path, "KEPT=1"}))
		if err := cli.PrepareTests(); err != nil {
			t.Fatal(err)
		}
		assertEnvironment(t, slices.Concat(forTests, []string{
			"PATH=" + m.path, "KEPT=1", "TF_CLI=" + path, "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE=/dev/null",
		}))
	})

	t.Run("TF_ACC without a CLI", func(t *testing.T) {
		newMachine(t)
		t.Setenv("TF_ACC", "1")
		if err := cli.PrepareTests(); err == nil || !strings.HasPrefix(err.Error(), "there is no Terraform and no OpenTofu here: ") {
			t.Errorf("PrepareTests() = %v, want the error of Find", err)
		}
	})

	t.Run("neither TF_ACC nor a CLI", func(t *testing.T) {
		m := newMachine(t)
		replaceEnvironment(t, slices.Concat(dropped, []string{"PATH=" + m.path, "TF_ACC="}))
		if err := cli.PrepareTests(); err != nil {
			t.Fatal(err)
		}
		assertEnvironment(t, []string{"PATH=" + m.path, "TF_ACC="})
	})
}

// replaceEnvironment gives the process this environment until the test ends.
func replaceEnvironment(t *testing.T, environment []string) {
	t.Helper()
	before := os.Environ()
	set := func(variables []string) {
		os.Clearenv()
		for _, variable := range variables {
			name, value, _ := strings.Cut(variable, "=")
			if err := os.Setenv(name, value); err != nil { //nolint:usetesting // t.Setenv cannot unset.
				t.Fatal(err)
			}
		}
	}
	t.Cleanup(func() { set(before) })
	set(environment)
}

func assertEnvironment(t *testing.T, want []string) {
	t.Helper()
	if got := os.Environ(); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("the environment is\n%q, want\n%q", got, want)
	}
}
