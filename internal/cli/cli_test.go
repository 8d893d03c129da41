package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

const (
	terraformVersion = "Terraform v1.11.4\non linux_amd64\n"
	tofuVersion      = "OpenTofu v1.12.6-dev\non linux_amd64\n"
)

// machine is a PATH that holds nothing but what a test installs, and a repository whose package directory is the working
// directory.
type machine struct {
	t          *testing.T
	path       string
	repository string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	// Find returns absolute paths, and the temporary directory may be reached through a link.
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, path: filepath.Join(top, "path"), repository: filepath.Join(top, "repository")}
	inside := filepath.Join(m.repository, "internal", "provider")
	for _, dir := range []string{m.path, inside} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(m.repository, "go.mod"), []byte("module example.com/m\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(inside)
	t.Setenv("PATH", m.path)
	t.Setenv("TF_CLI", "")
	return m
}

// install writes an executable that prints output for `version` when the environment is the clean one, and fails in
// every other case.
func (m *machine) install(path, output string) string {
	m.t.Helper()
	return m.script(path, `if [ "$*" != version ]; then echo "called with: $*" >&2; exit 3; fi
if [ -n "${TF_LOG+set}${TF_CLI+set}${CIRCLE_TOKEN+set}" ]; then echo "the environment is not clean" >&2; exit 4; fi
if [ "$TF_CLI_CONFIG_FILE" != /dev/null ]; then echo "a CLI configuration is read" >&2; exit 5; fi
printf '%s' '`+output+`'
`)
}

func (m *machine) script(path, script string) string {
	m.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		m.t.Fatal(err)
	}
	return path
}

func (m *machine) onPath(name string) string { return filepath.Join(m.path, name) }

func (m *machine) built() string { return filepath.Join(m.repository, "bin", "tofu") }

func TestFind(t *testing.T) {
	terraform := func(path string) cli.CLI { return cli.CLI{Path: path, Name: cli.Terraform, Version: "1.11.4"} }
	tofu := func(path string) cli.CLI { return cli.CLI{Path: path, Name: cli.OpenTofu, Version: "1.12.6-dev"} }

	for name, install := range map[string]func(m *machine) cli.CLI{
		"TF_CLI is a path": func(m *machine) cli.CLI {
			m.install(m.onPath("terraform"), terraformVersion)
			path := m.install(filepath.Join(m.repository, "elsewhere", "my-cli"), tofuVersion)
			m.t.Setenv("TF_CLI", path)
			return tofu(path)
		},
		"TF_CLI is a path from the top of the repository": func(m *machine) cli.CLI {
			path := m.install(filepath.Join(m.repository, "elsewhere", "my-cli"), tofuVersion)
			m.t.Setenv("TF_CLI", "./elsewhere/my-cli")
			return tofu(path)
		},
		"TF_CLI is a name on the PATH": func(m *machine) cli.CLI {
			m.install(m.onPath("terraform"), terraformVersion)
			path := m.install(m.onPath("tofu"), tofuVersion)
			m.t.Setenv("TF_CLI", "tofu")
			return tofu(path)
		},
		"terraform before tofu": func(m *machine) cli.CLI {
			m.install(m.onPath("tofu"), tofuVersion)
			m.install(m.built(), tofuVersion)
			return terraform(m.install(m.onPath("terraform"), terraformVersion))
		},
		"tofu before the one that make built": func(m *machine) cli.CLI {
			m.install(m.built(), terraformVersion)
			return tofu(m.install(m.onPath("tofu"), tofuVersion))
		},
		"the one that make built": func(m *machine) cli.CLI {
			return tofu(m.install(m.built(), tofuVersion))
		},
		"OpenTofu that is called terraform": func(m *machine) cli.CLI {
			return tofu(m.install(m.onPath("terraform"), tofuVersion))
		},
		"a warning before the version": func(m *machine) cli.CLI {
			return tofu(m.install(m.onPath("tofu"), "\nWarning: something is old\n\n"+tofuVersion))
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			t.Setenv("TF_LOG", "trace")
			t.Setenv("TF_CLI_CONFIG_FILE", "/nonexistent")
			t.Setenv("CIRCLE_TOKEN", "real-token-of-a-user")
			want := install(m)
			got, err := cli.Find(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("Find() = %+v, want %+v", got, want)
			}
		})
	}
}

func TestFindErrors(t *testing.T) {
	for name, test := range map[string]struct {
		install func(m *machine)
		want    string
	}{
		"nothing": {
			install: func(*machine) {},
			want:    "there is no Terraform and no OpenTofu here: put one on the PATH, name one in TF_CLI, or let `make bin/tofu` build one",
		},
		"TF_CLI names nothing": {
			install: func(m *machine) {
				m.install(m.onPath("terraform"), terraformVersion)
				m.t.Setenv("TF_CLI", "tofu")
			},
			want: "TF_CLI is set, but tofu is no executable: set it to the path of a Terraform or OpenTofu, or unset it",
		},
		"another program": {
			install: func(m *machine) { m.install(m.onPath("terraform"), "GNU bash, version 5.2\n") },
			want:    "PATH/terraform does not say that it is Terraform or OpenTofu: set TF_CLI to one that does",
		},
		"one that fails, though another would not": {
			install: func(m *machine) {
				m.script(m.onPath("terraform"), "exit 7\n")
				m.install(m.onPath("tofu"), tofuVersion)
			},
			want: "PATH/terraform does not run (`version` ends with: exit status 7): set TF_CLI to a Terraform or OpenTofu that does",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			test.install(m)
			found, err := cli.Find(t.Context())
			if err == nil {
				t.Fatalf("Find() = %+v, want an error", found)
			}
			if got := strings.ReplaceAll(err.Error(), m.path, "PATH"); got != test.want {
				t.Errorf("Find() fails with %q, want %q", got, test.want)
			}
		})
	}
}
