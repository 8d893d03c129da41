package main

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
	"slices"
	"strings"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// workspace is a copy of the configuration in a temporary directory, set up so that the CLI takes the provider from
// this machine and the provider talks to the server.
type workspace struct {
	demo

	cli cli.CLI
	dir string
	env []string
}

func (d demo) newWorkspace(dir string, found cli.CLI, serverURL string) (*workspace, error) {
	w := &workspace{demo: d, cli: found, dir: filepath.Join(dir, "configuration")}
	if err := copyConfiguration(d.configuration, w.dir); err != nil {
		return nil, err
	}
	mirror := filepath.Join(dir, "mirror")
	if err := installProvider(d.provider, mirror); err != nil {
		return nil, err
	}
	// With one method of installation, the CLI uses no other, and so no registry.
	settings := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", filepath.ToSlash(mirror))
	settingsFile := filepath.Join(dir, "cli.tfrc")
	if err := os.WriteFile(settingsFile, []byte(settings), 0o600); err != nil {
		return nil, err
	}

	w.env = append(cli.CleanEnvironment(os.Environ()),
		"CIRCLE_TOKEN="+circlecitest.PersonalToken,
		"CIRCLECI_RUNNER_API_URL="+serverURL,
		"TF_CLI_CONFIG_FILE="+settingsFile,
		"TF_IN_AUTOMATION=1", // leaves out advice on commands to run next
		"TF_INPUT=0",
		"CHECKPOINT_DISABLE=1",
	)
	if !d.color {
		w.env = append(w.env, "TF_CLI_ARGS=-no-color")
	}
	return w, nil
}

// copyConfiguration copies the configuration alone, not the state, the lock file or the variables of a person who tried
// it in its own directory.
func copyConfiguration(from, to string) error {
	files, err := filepath.Glob(filepath.Join(from, "*.tf"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s holds no configuration: run the demo from the top of the repository, as `make demo` does", from)
	}
	for _, file := range files {
		if err := copyFile(file, filepath.Join(to, filepath.Base(file)), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// installProvider makes a mirror that holds the provider for Terraform and for OpenTofu, which look for it under
// different hosts.
func installProvider(executable, mirror string) error {
	if _, err := os.Stat(executable); err != nil {
		return fmt.Errorf("there is no provider at %s: run `make build`", executable)
	}
	const version = "0.0.1" // Any version would do: the mirror holds one.
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		to := filepath.Join(mirror, host, "circleci-community", "circleci", version, runtime.GOOS+"_"+runtime.GOARCH,
			"terraform-provider-circleci_v"+version)
		if runtime.GOOS == "windows" {
			to += ".exe"
		}
		if err := copyFile(executable, to, 0o700); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string, mode os.FileMode) (err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}

// initialize installs the provider. What the CLI says is of interest only when it fails.
func (w *workspace) initialize(ctx context.Context) error {
	var output bytes.Buffer
	err := w.execute(ctx, &output, &output, "init")
	if err != nil && ctx.Err() == nil {
		_, _ = w.stderr.Write(output.Bytes())
	}
	return err
}

// show prints a command as a person would type it, and then what it says.
func (w *workspace) show(ctx context.Context, arguments ...string) error {
	w.say("$ %s %s", w.cli.Name, strings.Join(arguments, " "))
	return w.execute(ctx, w.stdout, w.stderr, arguments...)
}

// interruptGrace is how long the CLI may take to end after an interrupt: a request to a loopback server and a provider
// to be stopped take far less.
const interruptGrace = 10 * time.Second

func (w *workspace) execute(ctx context.Context, stdout, stderr io.Writer, arguments ...string) error {
	command := exec.CommandContext(ctx, w.cli.Path, arguments...)
	command.Dir, command.Env = w.dir, w.env
	command.Stdout, command.Stderr = stdout, stderr
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = interruptGrace
	separate(command)
	err := command.Run()
	endGroup(command)
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return fmt.Errorf("`%s %s` fails: %w", w.cli.Name, strings.Join(arguments, " "), err)
	}
	return nil
}

// check is the outcome of a check block.
type check struct {
	address  string
	status   string
	problems []string
}

func (c check) String() string {
	text := fmt.Sprintf("%-25s %s", c.address, c.status)
	if len(c.problems) > 0 {
		text += ": " + strings.Join(c.problems, " ")
	}
	return text
}

// checks reads the outcome of the check blocks from the state. The CLI itself shows only those that fail.
func (w *workspace) checks(ctx context.Context) ([]check, error) {
	var output, problem bytes.Buffer
	if err := w.execute(ctx, &output, &problem, "show", "-json"); err != nil {
		_, _ = w.stderr.Write(problem.Bytes())
		return nil, err
	}
	var state struct {
		Checks []struct {
			Address struct {
				Display string `json:"to_display"`
			} `json:"address"`
			Status    string `json:"status"`
			Instances []struct {
				Problems []struct {
					Message string `json:"message"`
				} `json:"problems"`
			} `json:"instances"`
		} `json:"checks"`
	}
	if err := json.Unmarshal(output.Bytes(), &state); err != nil {
		return nil, fmt.Errorf("`%s show -json` prints no JSON: %w", w.cli.Name, err)
	}
	var outcomes []check
	for _, c := range state.Checks {
		outcome := check{address: c.Address.Display, status: c.Status}
		for _, instance := range c.Instances {
			for _, p := range instance.Problems {
				outcome.problems = append(outcome.problems, p.Message)
			}
		}
		outcomes = append(outcomes, outcome)
	}
	slices.SortFunc(outcomes, func(a, b check) int { return strings.Compare(a.address, b.address) })
	return outcomes, nil
}
