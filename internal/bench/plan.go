package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// plan is a configuration to plan, with an output n.
type plan struct {
	bench

	name     string // of its directory, and of no other plan
	provider string // the provider's executable
	files    map[string]string
	n        int // what the output must be
	// server receives as many requests as requests says. It may be nil.
	server   *circlecitest.Server
	requests int
}

// run writes the configuration at its first run, which does not count.
func (p plan) run() run {
	var w *cli.Workspace
	return func(ctx context.Context) (s sample, err error) {
		if w == nil {
			if w, err = p.prepare(); err != nil {
				return s, err
			}
		}
		if p.server != nil {
			p.server.ResetRecords()
		}
		start := time.Now()
		stdout, stderr, err := w.Output(ctx, "plan", "-no-color")
		s.Seconds = time.Since(start).Seconds()
		if p.server != nil {
			s.Connections = float64(p.server.Connections())
		}
		return s, p.check(err, stdout+stderr)
	}
}

func (p plan) prepare() (*cli.Workspace, error) {
	w := &cli.Workspace{CLI: p.cli, Dir: filepath.Join(p.dir, p.name), Env: cli.Environment()}
	// Each plan has a copy of its own. How fast an executable starts depends on how its file came into the memory of the
	// system: the same bytes have been seen to take 15 ms in one place and 9 ms in another.
	executable, err := os.ReadFile(p.provider)
	if err != nil {
		return nil, fmt.Errorf("there is no provider at %s: run `make bench`", p.provider)
	}
	const dir = "provider"
	copied := filepath.Join(dir, filepath.Base(p.provider))
	if err := errors.Join(w.Write(p.files), w.Write(map[string]string{copied: string(executable)}), w.UseBuild(filepath.Join(w.Dir, dir))); err != nil {
		return nil, err
	}
	return w, os.Chmod(filepath.Join(w.Dir, copied), 0o700) //nolint:gosec // The CLI executes it.
}

// check makes sure that a plan did what it is measured for.
func (p plan) check(err error, output string) error {
	switch {
	case errors.Is(err, cli.ErrInterrupted):
		return err
	case err != nil:
		return fmt.Errorf("the plan %s: %w\n%s", p.name, err, output)
	case !strings.Contains(output, fmt.Sprintf("+ n = %d\n", p.n)):
		return fmt.Errorf("the plan %s has another output n than %d:\n%s", p.name, p.n, output)
	case p.server != nil && len(p.server.Requests()) != p.requests:
		return fmt.Errorf("the plan %s sent %d requests, not %d", p.name, len(p.server.Requests()), p.requests)
	}
	return nil
}

// providerBlock is a configuration of the provider that leads to a server.
func providerBlock(server *circlecitest.Server) string {
	return cli.RequiredProviders + fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n  token   = %q\n}\n", server.URL, circlecitest.PersonalToken)
}
