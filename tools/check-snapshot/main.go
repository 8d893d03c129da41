// Command check-snapshot checks what `make snapshot` built into dist/: that it is what the registries require, that the
// CLI installs it and that it runs, and that another build of the same sources gives the same executables. It runs at the
// top of the repository, as make does.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// project begins the name of every file of a release.
const project = "terraform-provider-circleci"

// platforms are those that a release must have. The list repeats .goreleaser.yml, so that none gets lost unnoticed.
var platforms = []platform{
	{"darwin", "amd64"},
	{"darwin", "arm64"},
	{"freebsd", "386"},
	{"freebsd", "amd64"},
	{"freebsd", "arm"},
	{"freebsd", "arm64"},
	{"linux", "386"},
	{"linux", "amd64"},
	{"linux", "arm"},
	{"linux", "arm64"},
	{"windows", "386"},
	{"windows", "amd64"},
	{"windows", "arm64"},
}

type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "_" + p.arch }

// snapshot is what goreleaser built.
type snapshot struct {
	dist      string    // its directory
	version   string    // without a v
	committed time.Time // the time of the commit, which every file has
}

func (s *snapshot) archive(p platform) string {
	return fmt.Sprintf("%s_%s_%s.zip", project, s.version, p)
}

func (s *snapshot) executable(p platform) string {
	name := fmt.Sprintf("%s_v%s", project, s.version)
	if p.os == "windows" {
		name += ".exe"
	}
	return name
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "The snapshot is not as a release must be:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	s, err := open(ctx, "dist")
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "circleci-snapshot-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	if err := s.checkSums(); err != nil {
		return err
	}
	executables := map[platform][]byte{}
	for _, p := range platforms {
		if executables[p], err = s.checkArchive(p); err != nil {
			return fmt.Errorf("%s: %w", s.archive(p), err)
		}
	}
	fmt.Printf("%s: the sums, and the archives of %d platforms, are what the registries require.\n", s.version, len(platforms))

	found, err := s.checkInstalled(ctx, filepath.Join(work, "installed"))
	if err != nil {
		return err
	}
	fmt.Printf("%s %s installs it, and it sends its version to the Runner API.\n", found.Name, found.Version)

	for _, p := range rebuilt {
		start := time.Now()
		if err := s.checkRebuilt(ctx, p, executables[p], filepath.Join(work, p.String())); err != nil {
			return fmt.Errorf("built again for %s: %w", p, err)
		}
		fmt.Printf("Built again for %s, elsewhere and from nothing: the same executable (%s).\n", p, time.Since(start).Round(time.Second))
	}
	return nil
}

func open(ctx context.Context, dist string) (*snapshot, error) {
	text, err := os.ReadFile(filepath.Join(dist, "metadata.json"))
	if err != nil {
		return nil, fmt.Errorf("%w: run `make snapshot`", err)
	}
	var metadata struct{ Version string }
	if err := json.Unmarshal(text, &metadata); err != nil || metadata.Version == "" {
		return nil, errors.Join(fmt.Errorf("%s/metadata.json has no version", dist), err)
	}
	output, err := exec.CommandContext(ctx, "git", "show", "--no-patch", "--format=%ct", "HEAD").Output()
	if err != nil {
		return nil, fmt.Errorf("git show: %w", err)
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(output)), 10, 64)
	return &snapshot{dist, metadata.Version, time.Unix(seconds, 0)}, err
}
