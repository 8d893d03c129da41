package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// newWorkspace copies a configuration to a directory, and initializes it with the provider from this machine, which
// reads from the server. What init prints is of interest only when it fails.
func (d demo) newWorkspace(
	ctx context.Context, found cli.CLI, dir, configuration, serverURL string,
) (*cli.Workspace, error) {
	w := &cli.Workspace{CLI: found, Dir: dir, Env: cli.Environment(
		"CIRCLE_TOKEN="+circlecitest.PersonalToken, "CIRCLECI_RUNNER_API_URL="+serverURL)}
	if !d.color {
		w.Env = append(w.Env, "TF_CLI_ARGS=-no-color")
	}
	// The configuration alone: not the state, the lock file or the variables of a user who tried it in its own
	// directory.
	files, err := filepath.Glob(filepath.Join(configuration, "*.tf"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no configuration: run the demo from the top of the repository, "+
			"as `make demo` does", configuration)
	}
	contents := map[string]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		contents[filepath.Base(file)] = string(content)
	}
	if err := w.Write(contents); err != nil {
		return nil, err
	}
	if _, err := os.Stat(d.provider); err != nil {
		return nil, fmt.Errorf("there is no provider at %s: run `make build`", d.provider)
	}
	if err := w.UseMirror(d.provider, "0.1.0"); err != nil { // A version that examples require.
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
	d.say("$ %s %s", w.Name, strings.Join(arguments, " "))
	return w.Run(ctx, d.stdout, d.stderr, arguments...)
}

// checkResults returns the results of the check blocks, a line each. The CLI itself shows only those that fail.
func checkResults(ctx context.Context, w *cli.Workspace) (string, error) {
	var state struct {
		Checks []struct {
			Address struct {
				ToDisplay string `json:"to_display"`
			}
			Status    string
			Instances []struct{ Problems []struct{ Message string } }
		}
	}
	stdout, stderr, err := w.Output(ctx, "show", "-json")
	if err := cmp.Or(err, json.Unmarshal([]byte(stdout), &state)); err != nil {
		return "", fmt.Errorf("%w\n%s", err, stderr)
	}
	var lines []string
	for _, check := range state.Checks {
		line := []string{fmt.Sprintf("  %-25s %s", check.Address.ToDisplay, check.Status)}
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
