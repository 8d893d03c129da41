// Package cli runs Terraform or OpenTofu for tests, the demo and benchmarks, with terraform-exec. It finds the CLI,
// keeps the user's settings away from it, and adds what terraform-exec lacks.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// The names of the CLIs.
const (
	Terraform = "terraform"
	OpenTofu  = "tofu"
)

// CLI is a Terraform or an OpenTofu on this machine.
type CLI struct {
	// Path is the absolute path of the executable.
	Path string
	// Name is Terraform or OpenTofu: what the executable says it is, whatever its file is called.
	Name string
	// Version is the version as the executable reports it, such as "1.11.4" or "1.12.6-dev".
	Version string
}

// ProviderAddress is the address by which the CLI knows the provider: each has a registry of its own.
func (c CLI) ProviderAddress() string {
	if c.Name == OpenTofu {
		return "registry.opentofu.org/circleci-community/circleci"
	}
	return "registry.terraform.io/circleci-community/circleci"
}

// versionLine is the first line that a CLI prints about itself. `version -json` does not distinguish the two.
var versionLine = regexp.MustCompile(`(?m)^(Terraform|OpenTofu) v(\S+)\s*$`)

// Find returns the CLI that $TF_CLI names, by a path or by a name on the PATH; else the terraform on the PATH; else the
// tofu on the PATH; else the OpenTofu that make built as bin/tofu. A relative path is relative to the top of the
// repository, where make runs. The first that exists is used, because a test run with another one would mislead.
func Find(ctx context.Context) (CLI, error) {
	path, err := locate()
	if err != nil {
		return CLI{}, err
	}
	stdout, err := exec.CommandContext(ctx, path, "version").Output()
	found := versionLine.FindSubmatch(stdout)
	if err != nil || found == nil {
		return CLI{}, fmt.Errorf("%s does not print the version of Terraform or OpenTofu (%w): set TF_CLI to one that does",
			path, cmp.Or(err, errors.New("exit status 0")))
	}
	name := map[string]string{"Terraform": Terraform, "OpenTofu": OpenTofu}[string(found[1])]
	return CLI{Path: path, Name: name, Version: string(found[2])}, nil
}

func locate() (string, error) {
	top, err := os.Getwd()
	for ; err == nil && top != filepath.Dir(top); top = filepath.Dir(top) {
		if _, err := os.Stat(filepath.Join(top, "go.mod")); err == nil {
			break
		}
	}
	candidates := []string{Terraform, OpenTofu, filepath.Join(top, "bin", "tofu")}
	if named := os.Getenv("TF_CLI"); named != "" {
		if strings.ContainsRune(filepath.ToSlash(named), '/') && !filepath.IsAbs(named) {
			named = filepath.Join(top, named)
		}
		candidates = []string{named}
	}
	for _, candidate := range candidates {
		if path, err := exec.LookPath(candidate); err == nil {
			return filepath.Abs(path) // The CLI runs in another directory.
		}
	}
	return "", fmt.Errorf("no executable %s: put Terraform or OpenTofu on the PATH, name one in TF_CLI, "+
		"or let `make bin/tofu` build one", strings.Join(candidates, ", "))
}
