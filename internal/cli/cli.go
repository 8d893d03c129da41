// Package cli runs Terraform or OpenTofu for the tests, the demo and the benchmarks: it finds the CLI, keeps the user's
// settings away from it, and gives it a configuration and the provider.
package cli

import (
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
		return Addresses[1]
	}
	return Addresses[0]
}

// Find returns the CLI that $TF_CLI names, by a path or by a name on the PATH; else the terraform on the PATH; else the
// tofu on the PATH; else the OpenTofu that make built as bin/tofu. A relative path is relative to the top of the
// repository, where make runs.
//
// The first that exists is used: when it does not run, that is an error, because a test run with another CLI than
// the expected one would mislead.
func Find(ctx context.Context) (CLI, error) {
	path, err := locate()
	if err != nil {
		return CLI{}, err
	}
	return identify(ctx, path)
}

func locate() (string, error) {
	top, err := repository()
	if err != nil {
		return "", err
	}
	if wanted := os.Getenv("TF_CLI"); wanted != "" {
		if strings.ContainsRune(filepath.ToSlash(wanted), '/') && !filepath.IsAbs(wanted) {
			wanted = filepath.Join(top, wanted)
		}
		path, err := exec.LookPath(wanted)
		if err != nil {
			return "", fmt.Errorf("TF_CLI is set, but %s is no executable: set it to the path of a Terraform or OpenTofu, "+
				"or unset it", wanted)
		}
		return filepath.Abs(path) // The CLI runs in another directory.
	}
	for _, candidate := range []string{Terraform, OpenTofu, filepath.Join(top, "bin", "tofu")} {
		if path, err := exec.LookPath(candidate); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", errors.New("there is no Terraform and no OpenTofu here: put one on the PATH, name one in TF_CLI, " +
		"or let `make bin/tofu` build one")
}

// repository returns the top of the repository: the nearest directory with a go.mod, from the working directory up.
// Tests run in the directory of their package.
func repository() (string, error) {
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			err = errors.New("no go.mod in the working directory or above it")
		}
	}
	return "", err
}

// versionLine is the first line that a CLI prints about itself. `version -json` would not do: OpenTofu calls its
// version terraform_version there, so its output does not distinguish the two.
var versionLine = regexp.MustCompile(`(?m)^(Terraform|OpenTofu) v(\S+)\s*$`)

func identify(ctx context.Context, path string) (CLI, error) {
	command := exec.CommandContext(ctx, path, "version")
	command.Env = Environment()
	stdout, err := command.Output()
	if err != nil {
		return CLI{}, fmt.Errorf("%s does not run (`version` ends with: %w): set TF_CLI to a Terraform or OpenTofu "+
			"that does", path, err)
	}
	found := versionLine.FindSubmatch(stdout)
	if found == nil {
		return CLI{}, fmt.Errorf("%s does not say that it is Terraform or OpenTofu: set TF_CLI to one that does", path)
	}
	name := map[string]string{"Terraform": Terraform, "OpenTofu": OpenTofu}[string(found[1])]
	return CLI{Path: path, Name: name, Version: string(found[2])}, nil
}
