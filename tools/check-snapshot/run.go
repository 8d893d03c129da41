package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
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
	archive := s.archive(runtime.GOOS + "_" + runtime.GOARCH)
	if err := w.UseMirror(filepath.Join(s.dist, archive), archive); err != nil {
		return found, err
	}
	for _, command := range []string{"init", "plan"} {
		if stdout, stderr, err := w.Output(ctx, command, "-no-color"); err != nil {
			return found, fmt.Errorf("%w\n%s%s", err, stdout, stderr)
		}
	}
	var agents []string
	for _, request := range server.Requests() {
		agents = append(agents, request.Header.Get("User-Agent"))
	}
	if len(agents) != 1 || !strings.HasPrefix(agents[0], project+"/"+s.version+" ") {
		return found, fmt.Errorf("the installed provider sent %d requests, with the User-Agents %q", len(agents), agents)
	}
	return found, nil
}

// checkRebuilt builds the same sources in another directory, with an empty build cache, and in another time zone.
func (s *snapshot) checkRebuilt(ctx context.Context, platform string, want []byte, dir string) error {
	goreleaser, err := filepath.Abs(filepath.Join("bin", "goreleaser"))
	if err != nil {
		return err
	}
	// The copy is a clone, whose index gets the files of the working directory: changed and new ones, without deleted ones.
	sources := filepath.Join(dir, "sources")
	for _, arguments := range [][]string{
		{"clone", "--quiet", "--no-checkout", ".", sources},
		{"--git-dir=" + filepath.Join(sources, ".git"), "--work-tree=.", "add", "--all"},
		{"-C", sources, "checkout-index", "--all"},
	} {
		if output, err := exec.CommandContext(ctx, "git", arguments...).CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w\n%s", strings.Join(arguments, " "), err, output)
		}
	}
	goos, goarch, _ := strings.Cut(platform, "_")
	command := exec.CommandContext(ctx, goreleaser, "build", "--snapshot", "--single-target")
	command.Dir = sources
	command.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "GOCACHE="+filepath.Join(dir, "cache"), "TZ=Asia/Kathmandu")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("goreleaser build: %w\n%s", err, output)
	}
	found, err := filepath.Glob(filepath.Join(sources, "dist", "*", s.executable(platform)))
	if err != nil || len(found) != 1 {
		return errors.Join(fmt.Errorf("%q were built, not one %s", found, s.executable(platform)), err)
	}
	got, err := os.ReadFile(found[0])
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return errors.New("the executables differ")
	}
	return os.RemoveAll(dir)
}
