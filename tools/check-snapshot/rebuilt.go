package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// rebuilt are the platforms that are built again. To compile everything for all of them once more would take as long as
// the snapshot itself and prove little beyond these, which differ in system, architecture and word size.
var rebuilt = []platform{{"linux", "amd64"}, {"darwin", "arm64"}, {"windows", "386"}}

// checkRebuilt builds the same sources in another directory, with an empty build cache, and in another time zone.
func (s *snapshot) checkRebuilt(ctx context.Context, p platform, want []byte, dir string) error {
	goreleaser, err := filepath.Abs(filepath.Join("bin", "goreleaser"))
	if err != nil {
		return err
	}
	sources := filepath.Join(dir, "sources")
	if err := copySources(ctx, sources); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, goreleaser, "build", "--snapshot", "--single-target")
	command.Dir = sources
	command.Env = append(os.Environ(), "GOOS="+p.os, "GOARCH="+p.arch, "GOCACHE="+filepath.Join(dir, "cache"), "TZ=Asia/Kathmandu")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("goreleaser build: %w\n%s", err, output)
	}
	found, err := filepath.Glob(filepath.Join(sources, "dist", "*", s.executable(p)))
	if err != nil {
		return err
	}
	if len(found) != 1 {
		return fmt.Errorf("there is not one %s, but %q", s.executable(p), found)
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

// copySources copies the commit that is checked out, and what is in the working directory: changed and new files, and
// without the deleted ones.
func copySources(ctx context.Context, to string) error {
	if output, err := exec.CommandContext(ctx, "git", "clone", "--quiet", "--no-checkout", ".", to).CombinedOutput(); err != nil {
		return fmt.Errorf("git clone: %w\n%s", err, output)
	}
	list, err := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		content, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // The deletion is not committed yet.
		}
		path := filepath.Join(to, name)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o700)); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil { //nolint:gosec // Git lists names below the repository only.
			return err
		}
	}
	return nil
}
