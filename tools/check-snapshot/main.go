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
var platforms = strings.Fields("darwin_amd64 darwin_arm64 freebsd_386 freebsd_amd64 freebsd_arm freebsd_arm64 " +
	"linux_386 linux_amd64 linux_arm linux_arm64 windows_386 windows_amd64 windows_arm64")

// rebuilt are the platforms that are built again. All of them would take as long as the snapshot itself, and prove little
// beyond these, which differ in system, architecture and word size.
var rebuilt = []string{"linux_amd64", "darwin_arm64", "windows_386"}

// snapshot is what goreleaser built.
type snapshot struct {
	dist      string    // its directory
	version   string    // without a v
	committed time.Time // the time of the commit, which every file has
}

func (s *snapshot) archive(platform string) string {
	return fmt.Sprintf("%s_%s_%s.zip", project, s.version, platform)
}

func (s *snapshot) executable(platform string) string {
	name := fmt.Sprintf("%s_v%s", project, s.version)
	if strings.HasPrefix(platform, "windows_") {
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
	executables := map[string][]byte{}
	for _, p := range platforms {
		if executables[p], err = s.checkArchive(p); err != nil {
			return fmt.Errorf("%s: %w", s.archive(p), err)
		}
	}
	fmt.Printf("%s: the checksums, and the archives of %d platforms, are what the registries require.\n", s.version, len(platforms))

	found, err := s.checkInstalled(ctx, filepath.Join(work, "installed"))
	if err != nil {
		return err
	}
	fmt.Printf("%s %s installs it, and it sends its version to the Runner API.\n", found.Name, found.Version)

	for _, p := range rebuilt {
		start := time.Now()
		if err := s.checkRebuilt(ctx, p, executables[p], filepath.Join(work, p)); err != nil {
			return fmt.Errorf("built again for %s: %w", p, err)
		}
		fmt.Printf("Built again for %s, in another directory with an empty build cache: the same executable (%s).\n", p, time.Since(start).Round(time.Second))
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
