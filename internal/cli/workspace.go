package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Addresses are the provider's addresses for Terraform and for OpenTofu: the same source, in either's registry.
var Addresses = []string{
	"registry.terraform.io/circleci-community/circleci",
	"registry.opentofu.org/circleci-community/circleci",
}

// Executable is the name of the provider's executable.
const Executable = "terraform-provider-circleci"

// RequiredProviders is a terraform block that requires the provider in any version.
const RequiredProviders = `
terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}
`

// Workspace is a directory with a configuration, and the CLI that runs in it.
type Workspace struct {
	CLI
	// Dir is the directory of the configuration.
	Dir string
	// Env is the environment of the CLI, in the form of [os.Environ].
	Env []string
}

// Write writes files, by their paths in the workspace, and creates the directories that they need.
func (w *Workspace) Write(files map[string]string) error {
	for name, content := range files {
		path := filepath.Join(w.Dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// UseBuild makes the CLI take the provider from a directory with its executable (development overrides), without init.
// Every plan then warns of it.
func (w *Workspace) UseBuild(dir string) error {
	const override = "dev_overrides {\n    \"circleci-community/circleci\" = %q\n  }"
	return w.configure(fmt.Sprintf(override, filepath.ToSlash(dir)))
}

// UseMirror makes the CLI install the provider's executable, as this version, from a filesystem mirror in the
// workspace, and from nowhere else.
func (w *Workspace) UseMirror(executable, version string) error {
	content, err := os.ReadFile(executable)
	if err != nil {
		return err
	}
	mirror, suffix := filepath.Join(w.Dir, "mirror"), ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	for _, address := range Addresses {
		dir := filepath.Join(mirror, filepath.FromSlash(address), version, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		installed := filepath.Join(dir, Executable+"_v"+version+suffix)
		if err := os.WriteFile(installed, content, 0o700); err != nil { //nolint:gosec // The CLI executes it.
			return err
		}
	}
	return w.configure(fmt.Sprintf("filesystem_mirror {\n    path = %q\n  }", filepath.ToSlash(mirror)))
}

// configure writes a CLI configuration with one installation method. With one, the CLI uses no other, and so no
// registry.
func (w *Workspace) configure(method string) error {
	const name = "cli.tfrc"
	w.Env = append(w.Env, "TF_CLI_CONFIG_FILE="+filepath.Join(w.Dir, name))
	return w.Write(map[string]string{name: "provider_installation {\n  " + method + "\n}\n"})
}

// BuildProvider builds the provider's executable, with further arguments for go build.
func BuildProvider(ctx context.Context, executable string, arguments ...string) error {
	root, err := repository()
	if err != nil {
		return err
	}
	build := slices.Concat([]string{"build", "-trimpath"}, arguments, []string{"-o", executable, "."})
	command := exec.CommandContext(ctx, "go", build...)
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, output)
	}
	return nil
}

// ErrInterrupted is the error of a command whose context ended.
var ErrInterrupted = errors.New("interrupted")

// interruptGrace is how long the CLI may take to exit after an interrupt: a request to a loopback server and a provider
// to be stopped take far less.
const interruptGrace = 10 * time.Second

// Run runs the CLI. When ctx ends, the CLI is interrupted and the error is ErrInterrupted; when the CLI fails, the
// error wraps an *exec.ExitError.
func (w *Workspace) Run(ctx context.Context, stdout, stderr io.Writer, arguments ...string) error {
	command := exec.CommandContext(ctx, w.Path, arguments...)
	command.Dir, command.Env = w.Dir, w.Env
	command.Stdout, command.Stderr = stdout, stderr
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = interruptGrace
	separate(command)
	err := command.Run()
	endGroup(command)
	switch {
	case ctx.Err() != nil:
		return ErrInterrupted
	case err != nil:
		return fmt.Errorf("`%s %s` failed: %w", w.Name, strings.Join(arguments, " "), err)
	}
	return nil
}

// Output runs the CLI and returns what it prints.
func (w *Workspace) Output(ctx context.Context, arguments ...string) (stdout, stderr string, err error) {
	var output, problems bytes.Buffer
	err = w.Run(ctx, &output, &problems, arguments...)
	return output.String(), problems.String(), err
}
