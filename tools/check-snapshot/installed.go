package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// checkInstalled has the CLI install the archive for this machine, as from a registry, and read from a Runner API on
// loopback, to which the provider sends its version. It returns the CLI.
func (s *snapshot) checkInstalled(ctx context.Context, dir string) (found cli.CLI, err error) {
	if found, err = cli.Find(ctx); err != nil {
		return found, err
	}
	server := circlecitest.NewServer()
	defer server.Close()
	server.SetTasks("acme/linux", 1, 0)
	w := &cli.Workspace{CLI: found, Dir: dir, Env: cli.Environment(
		"CIRCLE_TOKEN="+circlecitest.PersonalToken, "CIRCLECI_RUNNER_API_URL="+server.URL)}
	// A version that is not released is found under its exact version only.
	source := `source = "circleci-community/circleci"`
	err = w.Write(map[string]string{"main.tf": strings.Replace(cli.RequiredProviders, source, fmt.Sprintf("%s\n version = %q", source, s.version), 1) +
		"data \"circleci_runner_tasks\" \"linux\" {\n  resource_class = \"acme/linux\"\n}\n"})
	if err != nil {
		return found, err
	}
	archive := s.archive(platform{runtime.GOOS, runtime.GOARCH})
	if err := w.UseMirror(filepath.Join(s.dist, archive), archive); err != nil {
		return found, err
	}
	for _, command := range []string{"init", "plan"} {
		if stdout, stderr, err := w.Output(ctx, command, "-no-color"); err != nil {
			return found, fmt.Errorf("%w\n%s%s", err, stdout, stderr)
		}
	}
	requests := server.Requests()
	if len(requests) != 1 {
		return found, fmt.Errorf("the installed provider sent %d requests, not 1", len(requests))
	}
	if agent := requests[0].Header.Get("User-Agent"); !strings.HasPrefix(agent, project+"/"+s.version+" ") {
		return found, fmt.Errorf("the User-Agent of the installed provider is %q", agent)
	}
	return found, nil
}
