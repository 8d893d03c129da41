package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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

// Workspace is a directory with a configuration, and the CLI that runs in it. The zero values of its optional fields do
// nothing.
type Workspace struct {
	CLI
	// Dir is the directory of the configuration.
	Dir string
	// Env is the environment of the CLI, in the form of [os.Environ].
	Env []string
	// Observe is called with all that a command printed, unless Run gave it away already. It is optional.
	Observe func(arguments []string, stdout, stderr string)
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
	return w.configure(fmt.Sprintf("dev_overrides {\n    \"circleci-community/circleci\" = %q\n  }", filepath.ToSlash(dir)))
}

// UseMirror makes the CLI install the provider from a filesystem mirror in the workspace, and from nowhere else. The mirror
// holds one file for either CLI, under this path below the provider's address: Unpacked, or the name of a release's archive.
func (w *Workspace) UseMirror(file, path string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	mirror := filepath.Join(w.Dir, "mirror")
	for _, address := range Addresses {
		installed := filepath.Join(mirror, filepath.FromSlash(address), path)
		if err := os.MkdirAll(filepath.Dir(installed), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(installed, content, 0o700); err != nil { //nolint:gosec // The CLI executes it.
			return err
		}
	}
	return w.configure(fmt.Sprintf("filesystem_mirror {\n    path = %q\n  }", filepath.ToSlash(mirror)))
}

// Unpacked is the path of an executable in a mirror.
func Unpacked(version string) string {
	path := filepath.Join(version, runtime.GOOS+"_"+runtime.GOARCH, Executable+"_v"+version)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	return path
}

// configure writes a CLI configuration with one installation method. With one, the CLI uses no other, and so no registry.
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
	command := exec.CommandContext(ctx, "go", append(append([]string{"build", "-trimpath"}, arguments...), "-o", executable, ".")...)
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

// Run runs the CLI. When ctx ends, the CLI is interrupted and the error is ErrInterrupted; when the CLI fails, the error
// wraps an *exec.ExitError.
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
	stdout, stderr = output.String(), problems.String()
	if w.Observe != nil {
		w.Observe(arguments, stdout, stderr)
	}
	return stdout, stderr, err
}

// Diagnostic is a diagnostic in the CLI's own JSON.
type Diagnostic struct {
	Severity, Summary, Detail, Address string
	Snippet                            *struct{ Context, Code string }
	Range                              *struct{ Start struct{ Line int } }
}

// Plan is the JSON of a saved plan, or of the state: of a plan the values are the planned ones.
type Plan struct {
	Values  Values
	Planned Values `json:"planned_values"`
	Checks  []Check
	Changes []Change `json:"resource_changes"`
}

// Change is what a plan does to a resource.
type Change struct {
	Address, Mode string
	Change        struct{ Actions []string }
}

// Values are the outputs and the resources of a plan or a state.
type Values struct {
	Outputs    map[string]Output
	RootModule struct {
		Resources []struct {
			Address, Mode string
			Values        map[string]any
		}
	} `json:"root_module"`
}

// Output is the type and the value of an output.
type Output struct {
	Type  json.RawMessage
	Value any
}

// Check is the result of a check block.
type Check struct {
	Address struct {
		Display string `json:"to_display"`
	}
	Status    string
	Instances []struct {
		Problems []struct{ Message string }
	}
}

// Diagnostics runs plan, apply or destroy with -json and returns the diagnostics. The CLI may fail, but not without one.
func (w *Workspace) Diagnostics(ctx context.Context, arguments ...string) ([]Diagnostic, error) {
	stdout, stderr, err := w.Output(ctx, arguments...)
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	var all []Diagnostic
	for line := range strings.Lines(stdout) {
		var message struct{ Diagnostic *Diagnostic }
		if err := json.Unmarshal([]byte(line), &message); err != nil {
			return nil, fmt.Errorf("%s prints %q: %w", arguments[0], line, err)
		}
		if message.Diagnostic != nil {
			all = append(all, *message.Diagnostic)
		}
	}
	if len(all) == 0 && err != nil {
		return nil, fmt.Errorf("%w\n%s%s", err, stdout, stderr)
	}
	return all, nil
}

// Validate returns the diagnostics of validate.
func (w *Workspace) Validate(ctx context.Context) ([]Diagnostic, error) {
	var result struct{ Diagnostics []Diagnostic }
	err := w.decode(ctx, &result, "validate", "-json")
	return result.Diagnostics, err
}

// Show returns the state, or a saved plan.
func (w *Workspace) Show(ctx context.Context, plan ...string) (Plan, error) {
	var decoded Plan
	err := w.decode(ctx, &decoded, append([]string{"show", "-json"}, plan...)...)
	return decoded, err
}

// Outputs returns the values of the outputs of the last apply.
func (w *Workspace) Outputs(ctx context.Context) (map[string]any, error) {
	var outputs map[string]Output
	err := w.decode(ctx, &outputs, "output", "-json")
	values := map[string]any{}
	for name, output := range outputs {
		values[name] = output.Value
	}
	return values, err
}

// decode decodes the JSON document that a command prints, also where the command fails with it, as validate does.
func (w *Workspace) decode(ctx context.Context, into any, arguments ...string) error {
	stdout, stderr, err := w.Output(ctx, arguments...)
	if decoding := json.Unmarshal([]byte(stdout), into); decoding != nil {
		return errors.Join(err, fmt.Errorf("`%s %s` prints no JSON: %w\n%s", w.Name, strings.Join(arguments, " "), decoding, stderr))
	}
	return nil
}
