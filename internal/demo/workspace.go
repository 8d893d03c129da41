package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// newWorkspace copies a configuration to a directory and initializes it. What init prints is of interest only when it
// fails.
func (d demo) newWorkspace(ctx context.Context, found cli.CLI, dir, configuration string) (*cli.Workspace, error) {
	// The configuration alone: not the state, the lock file or the variables of a user who tried it in its own directory.
	files, err := filepath.Glob(filepath.Join(configuration, "*.tf"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no configuration: run the demo from the top of the repository, "+
			"as `make demo` does", configuration)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		target := filepath.Join(dir, filepath.Base(file))
		if err := os.WriteFile(target, content, 0o600); err != nil { //nolint:gosec // It is in the demo's own directory.
			return nil, err
		}
	}
	w, err := found.NewWorkspace(dir)
	if err != nil {
		return nil, err
	}
	stdout, stderr, err := w.Output(ctx, "init")
	if err != nil && ctx.Err() == nil {
		_, _ = fmt.Fprint(d.stderr, stdout, stderr)
	}
	return w, err
}

// show prints a command as a user would type it, and then what it prints.
func (d demo) show(ctx context.Context, w *cli.Workspace, arguments ...string) error {
	d.say("$ %s %s", w.CLI.Name, strings.Join(arguments, " "))
	return w.Run(ctx, d.stdout, d.stderr, arguments...)
}

// checkResults returns the results of the check blocks, a line each. The CLI itself shows only those that fail.
func (d demo) checkResults(ctx context.Context, w *cli.Workspace) (string, error) {
	state, err := w.Show(ctx)
	if err != nil {
		return "", err
	}
	var lines []string
	for _, check := range state.Checks {
		line := []string{fmt.Sprintf("  %-25s %s", check.Address.ToDisplay, d.colored(check.Status))}
		for _, instance := range check.Instances {
			for _, problem := range instance.Problems {
				line = append(line, problem.Message)
			}
		}
		lines = append(lines, strings.Join(line, ": "))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n"), nil
}

// colored returns the status of a check block in the colours of the CLI: a check that fails is a warning.
func (d demo) colored(status tfjson.CheckStatus) string {
	color, ok := map[tfjson.CheckStatus]int{tfjson.CheckStatusPass: 32, tfjson.CheckStatusFail: 33}[status]
	if !d.color || !ok {
		return string(status)
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", color, status)
}
