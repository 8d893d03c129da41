//go:build unix

package cli_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// What a CLI leaves running when it exits is ended, as its provider when it was killed.
func TestRunEndsWhatIsLeft(t *testing.T) {
	dir := t.TempDir()
	path, pipe := filepath.Join(dir, "cli"), filepath.Join(dir, "pipe")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nsleep 300 >pipe 2>&1 &\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close() //nolint:errcheck // It was only read.
	w := cli.Workspace{CLI: cli.CLI{Path: path}, Dir: dir, Env: os.Environ()}
	if _, stderr, err := w.Output(t.Context()); err != nil {
		t.Fatal(err, stderr)
	}
	// The pipe ends with its last writer.
	_ = reader.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := reader.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("got %v: the process is still running", err)
	}
}
