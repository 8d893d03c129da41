package provider_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// binary is a workspace in which the CLI starts the provider's executable, as it does for users.
type binary struct {
	*cli.Workspace
	t *testing.T
}

// tasksConfig reads the tasks of a class.
const tasksConfig = `
data "circleci_runner_tasks" "test" {
  resource_class = "acme/linux"
}
`

const requiredProviders = `
terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}
`

// mirror is where the provider is built once for all tests. TestMain removes it.
var mirror string

var installProvider = sync.OnceValue(func() (err error) {
	found, err := findCLI()
	if err == nil {
		mirror, err = os.MkdirTemp("", "mirror-")
	}
	if err == nil {
		err = found.InstallProvider(context.Background(), mirror)
	}
	return err
})

// newBinary initializes a workspace with a configuration, to which it adds a required_providers block.
func newBinary(t *testing.T, configuration string) binary {
	t.Helper()
	b := newDirectory(t, fstest.MapFS{"main.tf": {Data: []byte(requiredProviders + configuration)}})
	b.check(b.Init(t.Context()))
	return b
}

// newDirectory is a workspace with these files, without init.
func newDirectory(t *testing.T, files fs.FS) binary {
	t.Helper()
	found, dir := requireCLI(t), t.TempDir()
	w, err := found.NewWorkspace(dir)
	b := binary{w, t}
	b.check(errors.Join(err, installProvider(), os.CopyFS(dir, files)))
	return b
}

func (b binary) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b binary) path(name string) string { return filepath.Join(b.WorkingDir(), name) }

func (b binary) write(name, content string) {
	b.t.Helper()
	b.check(os.WriteFile(b.path(name), []byte(content), 0o600))
}

// replace replaces a part of a file, which must be there.
func (b binary) replace(name, from, to string) {
	b.t.Helper()
	before, after, found := strings.Cut(read(b.t, b.path(name)), from)
	if !found {
		b.t.Fatalf("%s does not contain %q", name, from)
	}
	b.write(name, before+to+after)
}

// run runs the CLI and returns what it prints and whether it succeeds.
func (b binary) run(arguments ...string) (printed string, ok bool) {
	b.t.Helper()
	stdout, stderr, err := b.Output(b.t.Context(), arguments...)
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	return stdout + stderr, err == nil
}

// succeed runs a command that must not fail.
func (b binary) succeed(arguments ...string) string {
	b.t.Helper()
	printed, ok := b.run(arguments...)
	if !ok {
		b.t.Fatalf("%q fails:\n%s", arguments, printed)
	}
	return printed
}

// files returns every file of the workspace, by its name.
func (b binary) files() map[string]string {
	b.t.Helper()
	files := map[string]string{}
	b.check(readFiles(os.DirFS(b.WorkingDir()), "", files))
	return files
}

func readFiles(fsys fs.FS, prefix string, into map[string]string) error {
	return fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := fs.ReadFile(fsys, path)
		into[prefix+path] = string(content)
		return err
	})
}

// expectLines asserts parts of an output.
func expectLines(t *testing.T, printed string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(printed, part) {
			t.Errorf("got output\n%s\nwithout %q", printed, part)
		}
	}
}

// TestInterrupt sends Ctrl-C while the provider waits for a response, between two attempts, and while it reads a
// response.
func TestInterrupt(t *testing.T) {
	for name, response := range map[string]http.Handler{
		"waiting":  circlecitest.Hang(),
		"retrying": circlecitest.WithHeader(circlecitest.Error(503, "busy"), "Retry-After", "60"),
		"reading":  circlecitest.SlowBody(50*time.Millisecond, strings.Repeat(" ", 1_000_000)),
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			b := newBinary(t, providerConfig(server)+tasksConfig)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			server.Intercept(func(*http.Request) http.Handler {
				interrupt()
				return response
			})
			stdout, stderr, err := b.Output(ctx, "plan", "-no-color")
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the plan ended with %v", err)
			}
			expectLines(t, stdout+stderr, "Error: ", "The read was canceled before a response arrived.")
		})
	}
}

// TestDependencies has the executable without what only tests and the demo need.
func TestDependencies(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../..").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, output)
	}
	for dependency := range strings.Lines(string(output)) {
		for _, module := range []string{
			"terraform-plugin-testing", "terraform-plugin-sdk", "terraform-exec", "terraform-json", "hc-install", "circlecitest",
		} {
			if strings.Contains(dependency, module) {
				t.Errorf("the executable contains %s", dependency)
			}
		}
	}
}
