package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
)

// Workspace is a directory in which the CLI runs: with the methods of terraform-exec, or with Run, which also runs what
// they lack, such as `apply -invoke`.
type Workspace struct {
	*tfexec.Terraform
	CLI CLI
}

// NewWorkspace returns a workspace in a directory, which must exist.
func (c CLI) NewWorkspace(dir string) (*Workspace, error) {
	terraform, err := tfexec.NewTerraform(dir, c.Path)
	return &Workspace{terraform, c}, err
}

// Run runs the CLI. When ctx ends, the CLI is interrupted, has ten seconds to exit, and the error is that of ctx. When
// the CLI fails, the error wraps an *exec.ExitError.
func (w *Workspace) Run(ctx context.Context, stdout, stderr io.Writer, arguments ...string) error {
	command := exec.CommandContext(ctx, w.ExecPath(), arguments...)
	command.Dir, command.Stdout, command.Stderr = w.WorkingDir(), stdout, stderr
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	separate(command)
	err := command.Run()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("`%s %s` failed: %w", w.CLI.Name, strings.Join(arguments, " "), err)
	}
	return nil
}

// Output runs the CLI and returns what it prints.
func (w *Workspace) Output(ctx context.Context, arguments ...string) (stdout, stderr string, err error) {
	var output, problems strings.Builder
	err = w.Run(ctx, &output, &problems, arguments...)
	return output.String(), problems.String(), err
}
