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
	cli      cli.CLI
	dir      string // its own, and of no other plan
	provider string // the provider's executable, as make bench builds it
	files    map[string]string
	n        int // what the output must be
	// server receives as many requests as requests says, or accepts as many if it has a rate limit.
	server   *circlecitest.Server
	requests int
	limit    *circlecitest.RateLimit
}

// run plans once.
func (p plan) run(ctx context.Context) (sample, error) {
	w, err := p.workspace()
	if err != nil {
		return nil, err
	}
	p.server.ResetRecords()
	start := time.Now()
	stdout, stderr, err := w.Output(ctx, "plan", "-no-color")
	s := sample{"seconds": time.Since(start).Seconds()}
	if err != nil || !strings.Contains(stdout, fmt.Sprintf("+ n = %d\n", p.n)) {
		return nil, errors.Join(err, fmt.Errorf("%s does not plan an output n of %d:\n%s%s", p.dir, p.n, stdout, stderr))
	}
	s["connections"] = float64(p.server.Connections())
	accepted := len(p.server.Requests())
	if p.limit != nil {
		var rejected int
		accepted, rejected = p.limit.Counts()
		s["refused"] = float64(rejected) / float64(accepted+rejected)
	}
	if accepted != p.requests {
		err = fmt.Errorf("%s: %d requests were accepted, not %d", p.dir, accepted, p.requests)
	}
	return s, err
}

// workspace writes the configuration at the first run.
func (p plan) workspace() (*cli.Workspace, error) {
	w := &cli.Workspace{CLI: p.cli, Dir: p.dir, Env: cli.Environment(
		"CIRCLE_TOKEN="+circlecitest.PersonalToken, "CIRCLECI_RUNNER_API_URL="+p.server.URL)}
	// Each plan has its own copy: how fast an executable starts depends on the state of its file in the page cache. The same
	// bytes have been seen to take 15 ms in one file and 9 ms in another.
	copied := filepath.Join(p.dir, "provider", cli.Executable)
	if _, err := os.Stat(copied); err != nil {
		executable, err := os.ReadFile(p.provider)
		p.files["provider/"+cli.Executable] = string(executable)
		if err := errors.Join(err, w.Write(p.files)); err != nil {
			return nil, err
		}
	}
	err := os.Chmod(copied, 0o700) //nolint:gosec // The CLI executes it.
	return w, errors.Join(err, w.UseBuild(filepath.Dir(copied)))
}

// concurrently runs plans at a rate limit, which wait for most of their time. The sample has the worst of all: the time of a
// plan as a share of twice the time that the limit itself costs plus 10 s, and the share of its requests that was refused.
func concurrently(plans []plan) run {
	return func(ctx context.Context) (sample, error) {
		samples := make([]sample, len(plans))
		group, ctx := errgroup.WithContext(ctx)
		for i, p := range plans {
			group.Go(func() (err error) {
				samples[i], err = p.run(ctx)
				return err
			})
		}
		err := group.Wait()
		worst := sample{}
		for i, p := range plans {
			atLimit := (float64(p.requests) - p.limit.Burst) / p.limit.PerSecond
			worst["seconds"] = max(worst["seconds"], samples[i]["seconds"]/(2*atLimit+10))
			worst["refused"] = max(worst["refused"], samples[i]["refused"])
		}
		return worst, err
	}
}
