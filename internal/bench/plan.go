package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/bench/runnerlist"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// terraform is the CLI, set up so that it takes the provider from this machine and no setting of a person disturbs it.
type terraform struct {
	cli.CLI

	dir      string
	provider string // the provider's executable
}

func newTerraform(ctx context.Context, dir, provider string) (*terraform, error) {
	found, err := cli.Find(ctx)
	return &terraform{found, dir, provider}, err
}

// plan is a configuration to plan, with an output n.
type plan struct {
	*terraform

	name  string // of its directory, and of no other plan
	files map[string]string
	n     int // what the output must be
	// server is asked as often as requests says, and forgets before. It may be nil.
	server   *circlecitest.Server
	requests int
}

// prepare writes the configuration. What it returns plans it.
func (p plan) prepare() (run, error) {
	dir := filepath.Join(p.dir, p.name)
	// Each plan has a copy of its own. How fast an executable starts depends on how its file came into the memory of the
	// system: the same bytes have been seen to take 15 ms in one place and 9 ms in another.
	executable, err := os.ReadFile(p.provider)
	if err != nil {
		return nil, fmt.Errorf("there is no provider at %s: run `make bench`", p.provider)
	}
	for _, directory := range []string{"configuration", "provider"} {
		if err := os.MkdirAll(filepath.Join(dir, directory), 0o700); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "provider", filepath.Base(p.provider)), executable, 0o700); err != nil { //nolint:gosec // It is run.
		return nil, err
	}
	settings := filepath.Join(dir, "cli.tfrc")
	files := map[string]string{settings: fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"circleci-community/circleci\" = %q\n  }\n}\n",
		filepath.ToSlash(filepath.Join(dir, "provider")))}
	for name, content := range p.files {
		files[filepath.Join(dir, "configuration", name)] = content
	}
	for path, content := range files {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	environment := append(cli.CleanEnvironment(os.Environ()),
		"TF_CLI_CONFIG_FILE="+settings, "TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1")
	return func(ctx context.Context) (sample, error) {
		if p.server != nil {
			p.server.ResetRecords()
		}
		command := exec.CommandContext(ctx, p.Path, "plan", "-no-color")
		command.Dir, command.Env = filepath.Join(dir, "configuration"), environment
		var output bytes.Buffer
		command.Stdout, command.Stderr = &output, &output
		// A Ctrl-C in the terminal reaches the CLI by itself. At a second interrupt it would leave its provider running.
		command.Cancel = func() error { return nil }
		command.WaitDelay = 10 * time.Second
		start := time.Now()
		err := command.Run()
		elapsed := time.Since(start)
		return sample{Seconds: elapsed.Seconds()}, p.check(ctx, err, output.String())
	}, nil
}

// check makes sure that a plan did what it is measured for.
func (p plan) check(ctx context.Context, err error, output string) error {
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case err != nil:
		return fmt.Errorf("the plan %s fails: %w\n%s", p.name, err, output)
	case !strings.Contains(output, fmt.Sprintf("+ n = %d\n", p.n)):
		return fmt.Errorf("the plan %s puts out another n than %d:\n%s", p.name, p.n, output)
	case p.server != nil && len(p.server.Requests()) != p.requests:
		return fmt.Errorf("the plan %s asked %d times, not %d", p.name, len(p.server.Requests()), p.requests)
	}
	return nil
}

// providerBlocks is a configuration of the provider that leads to a server.
func providerBlocks(server *circlecitest.Server) string {
	return fmt.Sprintf(`terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}

provider "circleci" {
  api_url = %q
  token   = %q
}
`, server.URL, circlecitest.PersonalToken)
}

// newListPlan makes a plan of how long a list of n runners is.
func newListPlan(t *terraform, name string, server *circlecitest.Server, n int) plan {
	return plan{
		terraform: t, name: name, n: n, server: server, requests: 1,
		files: map[string]string{"main.tf": providerBlocks(server) + fmt.Sprintf(`
data "circleci_runners" "all" {
  namespace = %q
}

output "n" {
  value = length(data.circleci_runners.all.runners)
}
`, runnerlist.Namespace)},
	}
}

// measureLongList compares a plan of a long list with what people do without a provider, at its fastest: the list is in
// a file already.
func measureLongList(ctx context.Context, t *terraform) (table, error) {
	server := circlecitest.NewServer()
	defer server.Close()
	const runners = 10_000
	body := runnerlist.JSON(runners, 3)
	server.SetHandler(runnerlist.Answer(body))
	withProvider, err := newListPlan(t, "long-list", server, runners).prepare()
	if err != nil {
		return nil, err
	}
	withFile, err := plan{
		terraform: t, name: "jsondecode", n: runners,
		files: map[string]string{
			"main.tf":      "output \"n\" {\n  value = length(jsondecode(file(\"runners.json\")).items)\n}\n",
			"runners.json": string(body),
		},
	}.prepare()
	if err != nil {
		return nil, err
	}
	pairs, err := runPairs(ctx, 7, withProvider, withFile)
	if err != nil {
		return nil, err
	}
	return table{ratio("plan with 10,000 runners against jsondecode(file(...)) without a provider, time of the plan", 0.85, pairs, seconds)}, nil
}

// measureGrowth compares lists with those that are ten times as long.
func measureGrowth(ctx context.Context, t *terraform) (table, error) {
	type step struct {
		name       string
		n          int
		plan, read run
	}
	steps := []step{{name: "1,000", n: 1_000}, {name: "10,000", n: 10_000}, {name: "100,000", n: 100_000}}
	for i := range steps {
		s := &steps[i]
		server := circlecitest.NewServer()
		defer server.Close()
		server.SetHandler(runnerlist.Answer(runnerlist.JSON(s.n, 3)))
		s.read = read{"direct", server.URL, s.n}.run
		var err error
		if s.plan, err = newListPlan(t, fmt.Sprintf("growth-%d", s.n), server, s.n).prepare(); err != nil {
			return nil, err
		}
	}
	const target = 12
	var rows table
	for i, larger := range steps[1:] {
		smaller := steps[i]
		plans, err := runPairs(ctx, 3, larger.plan, smaller.plan)
		if err != nil {
			return nil, err
		}
		reads, err := runPairs(ctx, 5, larger.read, smaller.read)
		if err != nil {
			return nil, err
		}
		growth := "growth from " + smaller.name + " to " + larger.name + " runners, "
		rows = append(rows,
			ratio(growth+"time of the plan", target, plans, seconds),
			ratio(growth+"the provider's peak memory", target, reads, peak),
		)
	}
	return rows, nil
}

// measureFleet compares one block for many classes with one block for each, from a server that takes its time.
func measureFleet(ctx context.Context, t *terraform) (table, error) {
	const classes = 200
	server := circlecitest.NewServer()
	defer server.Close()
	list := runnerlist.Answer(runnerlist.JSON(classes, classes))
	oneTask := circlecitest.JSON(`{"unclaimed_task_count": 1}`)
	server.Intercept(func(r *http.Request) http.Handler {
		answer := list
		if strings.HasSuffix(r.URL.Path, "/tasks") {
			answer = oneTask
		}
		return circlecitest.Delay(100*time.Millisecond, answer)
	})
	fleet, err := plan{
		terraform: t, name: "fleet", n: classes, server: server, requests: 1 + classes,
		files: map[string]string{"main.tf": providerBlocks(server) + fmt.Sprintf(`
data "circleci_runner_fleet" "all" {
  namespace = %q
}

output "n" {
  value = data.circleci_runner_fleet.all.unclaimed_task_count
}
`, runnerlist.Namespace)},
	}.prepare()
	if err != nil {
		return nil, err
	}
	var blocks, sum strings.Builder
	for i := range classes {
		fmt.Fprintf(&blocks, "\ndata \"circleci_runner_tasks\" \"pool_%03d\" {\n  resource_class = %q\n}\n", i, runnerlist.Class(i))
		fmt.Fprintf(&sum, "    data.circleci_runner_tasks.pool_%03d.unclaimed_task_count,\n", i)
	}
	tasks, err := plan{
		terraform: t, name: "tasks", n: classes, server: server, requests: classes,
		files: map[string]string{"main.tf": providerBlocks(server) + blocks.String() + "\noutput \"n\" {\n  value = sum([\n" + sum.String() + "  ])\n}\n"},
	}.prepare()
	if err != nil {
		return nil, err
	}
	connections := 0
	pairs, err := runPairs(ctx, 5, func(ctx context.Context) (sample, error) {
		s, err := fleet(ctx)
		connections = max(connections, server.Connections())
		return s, err
	}, tasks)
	if err != nil {
		return nil, err
	}
	return table{
		ratio("200 classes, 100 ms per answer: one fleet block against 200 tasks blocks, time of the plan", 0.5, pairs, seconds),
		count("connections for 200 task counts at concurrency 32", 32, connections),
	}, nil
}

// measureShortList compares a plan of a short list with the same plan by a provider that does next to nothing.
func measureShortList(ctx context.Context, t *terraform, emptyProvider string) (table, error) {
	server := circlecitest.NewServer()
	defer server.Close()
	const runners = 10
	server.SetHandler(runnerlist.Answer(runnerlist.JSON(runners, 3)))
	listPlan := newListPlan(t, "short-list", server, runners)
	ours, err := listPlan.prepare()
	if err != nil {
		return nil, err
	}
	listPlan.name, listPlan.requests = "empty-provider", 0
	listPlan.terraform = &terraform{t.CLI, t.dir, emptyProvider}
	empty, err := listPlan.prepare()
	if err != nil {
		return nil, err
	}
	pairs, err := runPairs(ctx, 21, ours, empty)
	if err != nil {
		return nil, err
	}
	return table{ratio("plan with 10 runners against the same with an otherwise empty provider, time of the plan", 1.1, pairs, seconds)}, nil
}
