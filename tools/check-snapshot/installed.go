package main

import (
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
// loopback, which then tells what version the provider said it is. It returns what CLI did so.
func (s *snapshot) checkInstalled(ctx context.Context, dir string) (string, error) {
	found, err := cli.Find(ctx)
	if err != nil {
		return "", err
	}
	archive := s.archive(platform{runtime.GOOS, runtime.GOARCH})
	content, err := os.ReadFile(filepath.Join(s.dist, archive))
	if err != nil {
		return "", err
	}
	mirror := filepath.Join(dir, "mirror")
	files := map[string]string{
		"main.tf": fmt.Sprintf(`terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = %q
    }
  }
}

data "circleci_runner_tasks" "linux" {
  resource_class = "acme/linux"
}
`, s.version),
		// With one method of installation, the CLI uses no other, and so no registry.
		"cli.tfrc": fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", filepath.ToSlash(mirror)),
	}
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		files[filepath.Join("mirror", host, "circleci-community", "circleci", archive)] = string(content)
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return "", err
		}
	}

	server := circlecitest.NewServer()
	defer server.Close()
	server.SetTasks("acme/linux", 1, 0)
	for _, arguments := range [][]string{{"init", "-no-color"}, {"plan", "-no-color"}} {
		command := exec.CommandContext(ctx, found.Path, arguments...)
		command.Dir = dir
		command.Env = append(cli.CleanEnvironment(os.Environ()),
			"CHECKPOINT_DISABLE=1",
			"CIRCLE_TOKEN="+circlecitest.PersonalToken,
			"CIRCLECI_RUNNER_API_URL="+server.URL,
			"TF_CLI_CONFIG_FILE="+filepath.Join(dir, "cli.tfrc"),
			"TF_INPUT=0",
		)
		if output, err := command.CombinedOutput(); err != nil {
			return "", fmt.Errorf("`%s %s`: %w\n%s", found.Name, arguments[0], err, output)
		}
	}
	requests := server.Requests()
	if len(requests) == 0 {
		return "", errors.New("the installed provider sent no request")
	}
	for _, request := range requests {
		if agent := request.Header.Get("User-Agent"); !strings.HasPrefix(agent, project+"/"+s.version+" ") {
			return "", fmt.Errorf("the installed provider says that it is %q", agent)
		}
	}
	return fmt.Sprintf("%s %s", found.Name, found.Version), nil
}
