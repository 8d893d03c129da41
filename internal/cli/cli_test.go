package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// scripts are executables by their paths in a repository, whose directory "path" is the PATH.
type scripts map[string]string

// TestFind has executables that print a version.
func TestFind(t *testing.T) {
	const (
		terraform = "printf 'Terraform v1.11.4\\non linux_amd64\\n'"
		tofu      = "printf '\\nWarning: something is old\\n\\nOpenTofu v1.12.6-dev\\non linux_amd64\\n'"
	)
	isTerraform := func(path string) cli.CLI { return cli.CLI{Path: path, Name: cli.Terraform, Version: "1.11.4"} }
	isTofu := func(path string) cli.CLI { return cli.CLI{Path: path, Name: cli.OpenTofu, Version: "1.12.6-dev"} }
	for name, row := range map[string]struct {
		installed scripts
		named     string // by TF_CLI
		want      cli.CLI
		fails     string
	}{
		"a path in TF_CLI": {
			installed: scripts{"path/terraform": terraform, "a/cli": tofu}, named: "TOP/a/cli", want: isTofu("TOP/a/cli"),
		},
		"a path from the top": {
			installed: scripts{"path/terraform": terraform, "a/cli": tofu}, named: "./a/cli", want: isTofu("TOP/a/cli"),
		},
		"a name in TF_CLI": {
			installed: scripts{"path/terraform": terraform, "path/tofu": tofu}, named: "tofu", want: isTofu("TOP/path/tofu"),
		},
		"terraform first": {
			installed: scripts{"path/terraform": terraform, "path/tofu": tofu}, want: isTerraform("TOP/path/terraform"),
		},
		"tofu before bin/tofu": {
			installed: scripts{"path/tofu": tofu, "bin/tofu": terraform}, want: isTofu("TOP/path/tofu"),
		},
		"bin/tofu":              {installed: scripts{"bin/tofu": tofu}, want: isTofu("TOP/bin/tofu")},
		"OpenTofu as terraform": {installed: scripts{"path/terraform": tofu}, want: isTofu("TOP/path/terraform")},
		"nothing": {
			fails: "no executable terraform, tofu, TOP/bin/tofu: put Terraform or OpenTofu on the PATH, name one in TF_CLI, " +
				"or let `make bin/tofu` build one",
		},
		"TF_CLI without a file": {
			installed: scripts{"path/terraform": terraform}, named: "tofu", fails: "no executable tofu: ",
		},
		"another program": {
			installed: scripts{"path/terraform": "echo bash 5.2", "path/tofu": tofu},
			fails: "TOP/path/terraform does not print the version of Terraform or OpenTofu (exit status 0): " +
				"set TF_CLI to one that does",
		},
		"one that fails": {
			installed: scripts{"path/terraform": "exit 7", "path/tofu": tofu}, fails: " (exit status 7): ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			top, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(top, "go.mod"), "module example.com/m\n")
			write(t, filepath.Join(top, "internal/provider/provider.go"), "package provider\n")
			for path, script := range row.installed {
				write(t, filepath.Join(top, path), "#!/bin/sh\n[ $* = version ] || exit 3\n"+script+"\n")
			}
			t.Chdir(filepath.Join(top, "internal/provider"))
			t.Setenv("PATH", filepath.Join(top, "path"))
			t.Setenv("TF_CLI", strings.ReplaceAll(row.named, "TOP", top))
			got, err := cli.Find(t.Context())
			got.Path = strings.ReplaceAll(got.Path, top, "TOP")
			switch {
			case row.fails == "" && (err != nil || got != row.want):
				t.Errorf("Find() = %+v, %v, want %+v", got, err, row.want)
			case !strings.Contains(strings.ReplaceAll(fmt.Sprint(err), top, "TOP"), row.fails):
				t.Errorf("Find() = %+v, %v, want the error %s", got, err, row.fails)
			}
		})
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestIsolate(t *testing.T) {
	before := os.Environ()
	t.Cleanup(func() {
		os.Clearenv()
		cli.Setenv(before...)
	})
	kept := []string{
		"HOME=/home/anna", "PATH=/usr/bin:/bin", "TMPDIR=/tmp", "EMPTY=", "HTTPS_PROXY=http://proxy.example.com:3128",
		"no_proxy=example.com", "SSL_CERT_FILE=/etc/ca.pem", "TF_CLI=tofu", "TF_ACC=1", "TF_ACC_LOG=debug",
		// Version managers of Terraform and OpenTofu: without these, their terraform and tofu do not run.
		"TFENV_TERRAFORM_VERSION=1.11.4", "TOFUENV_TOFU_VERSION=1.12.6",
	}
	os.Clearenv()
	cli.Setenv(kept...)
	cli.Setenv("TF_CLI_CONFIG_FILE=/nonexistent", "TF_CLI_ARGS=-no-color", "TF_CLI_ARGS_plan=-destroy", "TF_LOG=trace",
		"TF_LOG_PROVIDER_CIRCLECI=trace", "TF_DATA_DIR=/tmp/data", "TF_WORKSPACE=production", "TF_VAR_namespace=theirs",
		"TF_REATTACH_PROVIDERS={}", "TF_PLUGIN_CACHE_DIR=/tmp/cache", "TF_INPUT=1", "TERRAFORM_CONFIG=/nonexistent",
		"TOFU_CPU_PROFILE=/tmp/p", "CIRCLE_TOKEN=real-token-of-a-user", "CIRCLECI=true", "CIRCLECI_CLI_TOKEN=real-token",
		"CIRCLECI_RUNNER_API_URL=https://circleci.example.com", "LAUNCH_AGENT_API_AUTH_TOKEN=real-token-of-a-user")
	cli.Isolate()
	want := append(kept, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0", "TF_CLI_CONFIG_FILE=/dev/null")
	if got := os.Environ(); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("the environment is\n%q, want\n%q", got, want)
	}
}
