package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

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
	// server receives as many requests as requests says, or accepts as many if it has a rate limit. It may be nil.
	server   *circlecitest.Server
	requests int
	limit    *circlecitest.RateLimit
}

// run writes the configuration at its first run.
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
		if err == nil && !strings.Contains(stdout, fmt.Sprintf("+ n = %d\n", p.n)) {
			err = fmt.Errorf("the output n is not %d", p.n)
		}
		if err != nil && !errors.Is(err, cli.ErrInterrupted) {
			err = fmt.Errorf("the plan %s: %w\n%s%s", p.name, err, stdout, stderr)
		}
		if err != nil || p.server == nil {
			return s, err
		}
		s.Connections = float64(p.server.Connections())
		accepted := len(p.server.Requests())
		if p.limit != nil {
			var refused int
			accepted, refused = p.limit.Counts()
			s.Refused = float64(refused) / float64(accepted+refused)
		}
		if accepted != p.requests {
			err = fmt.Errorf("the plan %s had %d requests accepted, not %d", p.name, accepted, p.requests)
		}
		return s, err
	}
}

func (p plan) prepare() (*cli.Workspace, error) {
	w := &cli.Workspace{CLI: p.cli, Dir: filepath.Join(p.dir, p.name), Env: cli.Environment()}
	// Each plan has its own copy: how fast an executable starts depends on the state of its file in the page cache. The same
	// bytes have been seen to take 15 ms in one file and 9 ms in another.
	executable, err := os.ReadFile(p.provider)
	if err != nil {
		return nil, fmt.Errorf("there is no provider at %s: run `make bench`", p.provider)
	}
	const dir = "provider"
	copied := filepath.Join(dir, cli.Executable)
	if err := errors.Join(w.Write(p.files), w.Write(map[string]string{copied: string(executable)}), w.UseBuild(filepath.Join(w.Dir, dir))); err != nil {
		return nil, err
	}
	return w, os.Chmod(filepath.Join(w.Dir, copied), 0o700) //nolint:gosec // The CLI executes it.
}

// concurrently runs plans at a rate limit, which wait for most of their time. The sample has the worst of all: the time of a
// plan as a share of twice the time that the limit itself costs plus 10 s, and the share of its requests that was refused.
func concurrently(plans []plan) run {
	return func(ctx context.Context) (worst sample, err error) {
		samples := make([]sample, len(plans))
		group, ctx := errgroup.WithContext(ctx)
		for i, p := range plans {
			group.Go(func() (err error) {
				samples[i], err = p.run()(ctx)
				return err
			})
		}
		err = group.Wait()
		for i, p := range plans {
			atLimit := (float64(p.requests) - p.limit.Burst) / p.limit.PerSecond
			worst.Seconds = max(worst.Seconds, samples[i].Seconds/(2*atLimit+10))
			worst.Refused = max(worst.Refused, samples[i].Refused)
		}
		return worst, err
	}
}
