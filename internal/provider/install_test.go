package provider_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// TestInstall follows a user who installs the provider from its source, uses it, changes it, and installs it again.
func TestInstall(t *testing.T) {
	requireCLI(t)
	first, second := buildNamed(t, "first"), buildNamed(t, "second")
	m := newHome(t)

	output := m.install(first)
	expectPrefix(t, output, "Installed as version 0.0.1 in "+m.plugins+".\n")
	m.expectVersions("0.0.1")
	m.write(requirement(t, output, "0.0.1"))
	m.init()
	m.expectBuild("first")

	// The same build again changes nothing, so that a lock file goes on to fit.
	output = m.install(first)
	expectPrefix(t, output, "This build is already installed, as version 0.0.1.\n")
	requirement(t, output, "0.0.1")
	m.expectVersions("0.0.1")
	m.init()
	m.expectBuild("first")

	output = m.install(second)
	expectPrefix(t, output, "Installed as version 0.0.2 in "+m.plugins+".\n")
	m.expectVersions("0.0.1", "0.0.2")

	// A configuration that is locked to the old build still finds it, also where it was not initialized before.
	m.init()
	m.expectBuild("first")
	if err := os.RemoveAll(filepath.Join(m.Dir, ".terraform")); err != nil {
		t.Fatal(err)
	}
	m.init()
	m.expectBuild("first")

	// So does one that accepts later versions, until init -upgrade.
	m.write(strings.Replace(requirement(t, output, "0.0.2"), `"0.0.2"`, `">= 0.0.1"`, 1))
	m.init()
	m.expectBuild("first")
	m.init("-upgrade")
	m.expectBuild("second")

	// The printed requirement moves a configuration back and forth, with the command that is printed along.
	for _, build := range []struct{ name, version string }{{"first", "0.0.1"}, {"second", "0.0.2"}} {
		m.write(strings.Replace(requirement(t, output, "0.0.2"), "0.0.2", build.version, 1))
		m.init("-upgrade")
		m.expectBuild(build.name)
	}

	// Without versions, a changed build would not match the lock file.
	content, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	for _, executable := range m.executables("*/*/*", "0.0.2") {
		if err := os.WriteFile(executable, content, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if stdout, stderr, ok := m.runBoth("init", "-no-color"); ok || !strings.Contains(stdout+stderr, "checksums") {
		t.Errorf("init accepts a build that is not in the lock file:\n%s%s", stdout, stderr)
	}
}

// TestInstallVersions installs a file twice beside what is in the plugin directory.
func TestInstallVersions(t *testing.T) {
	for _, row := range []struct {
		name     string
		existing []string
		goos     string
		plugins  string
		version  string
		path     string
	}{
		{
			name: "versions are compared as numbers", existing: []string{"0.0.9", "0.0.10"},
			goos: "linux", plugins: ".terraform.d/plugins", version: "0.0.11", path: "linux_amd64/terraform-provider-circleci_v0.0.11",
		},
		{
			name: "other directories are ignored", existing: []string{"0.0.08", "0.0.foo", "0.0.", "0.0.99999999999999999999"},
			goos: "linux", plugins: ".terraform.d/plugins", version: "0.0.1", path: "linux_amd64/terraform-provider-circleci_v0.0.1",
		},
		{
			name: "Windows", goos: "windows", plugins: "AppData/Roaming/terraform.d/plugins",
			version: "0.0.1", path: "windows_amd64/terraform-provider-circleci_v0.0.1.exe",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := newHome(t)
			home := filepath.Dir(filepath.Dir(m.plugins))
			m.plugins = filepath.Join(home, row.plugins)
			m.Env = append(m.Env, "GOOS="+row.goos, "GOARCH=amd64", "APPDATA="+strings.ReplaceAll(home+"/AppData/Roaming", "/", `\`))
			executable := filepath.Join(home, "build")
			if err := os.WriteFile(executable, []byte("a build"), 0o700); err != nil {
				t.Fatal(err)
			}
			for _, version := range row.existing {
				if err := os.MkdirAll(filepath.Join(m.plugins, cli.Addresses[0], version), 0o700); err != nil {
					t.Fatal(err)
				}
			}

			expectPrefix(t, m.install(executable), "Installed as version "+row.version+" in "+m.plugins+".\n")
			for _, address := range cli.Addresses {
				if got := read(t, filepath.Join(m.plugins, address, row.version, row.path)); got != "a build" {
					t.Errorf("%s has %q", address, got)
				}
			}
			expectPrefix(t, m.install(executable), "This build is already installed, as version "+row.version+".\n")
		})
	}
}

// TestBuildDirectory builds the provider in directories with special characters of make, the shell and the CLI.
func TestBuildDirectory(t *testing.T) {
	requireCLI(t)
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name, directory := range map[string]string{"quotes": `it's "a" \ clone`, "variables": "$HOME ${x} clone"} {
		t.Run(name, func(t *testing.T) {
			clone := filepath.Join(t.TempDir(), directory)
			for _, directory := range []string{"internal", "tools"} {
				if err := os.CopyFS(filepath.Join(clone, directory), os.DirFS(filepath.Join("../..", directory))); err != nil {
					t.Fatal(err)
				}
			}
			for _, file := range []string{"GNUmakefile", "go.mod", "go.sum", "main.go"} {
				if err := os.WriteFile(filepath.Join(clone, file), []byte(read(t, filepath.Join("../..", file))), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			command := exec.CommandContext(t.Context(), "make", "build")
			command.Dir, command.Env = clone, append(os.Environ(), "XDG_CACHE_HOME="+t.TempDir(), "GOCACHE="+strings.TrimSpace(string(cache)))
			if output, err := command.CombinedOutput(); err != nil {
				t.Fatalf("make build: %v\n%s", err, output)
			}
			w := emptyWorkspace(t)
			w.Env = append(w.Env, "TF_CLI_CONFIG_FILE="+filepath.Join(clone, "bin/dev.tfrc"))
			w.write("main.tf", cli.RequiredProviders+tasksBlock)
			if got := w.validate(); len(got) != 1 || got[0].Summary != "Provider development overrides are in effect" {
				t.Errorf("validate reports %+v, want the warning about the override alone", got)
			}
		})
	}
}

// buildNamed builds the provider as a version that its requests carry, so that each build is another executable and a
// server can distinguish them.
func buildNamed(t *testing.T, version string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), cli.Executable)
	if err := cli.BuildProvider(t.Context(), path, "-ldflags=-X main.version="+version); err != nil {
		t.Fatal(err)
	}
	return path
}

// home is a home directory into which the provider is installed, and a workspace that uses it.
type home struct {
	*workspace
	server  *circlecitest.Server
	plugins string
}

func newHome(t *testing.T) *home {
	t.Helper()
	dir := t.TempDir()
	h := &home{emptyWorkspace(t), newServer(t), filepath.Join(dir, ".terraform.d", "plugins")}
	h.server.SetTasks("acme/linux", 3, 2)
	// Go writes telemetry to the home directory in the background: not to one that the test removes.
	telemetry := filepath.Join(dir, ".config", "go", "telemetry")
	h.check(os.MkdirAll(telemetry, 0o700))
	h.check(os.WriteFile(filepath.Join(telemetry, "mode"), []byte("off"), 0o600))
	h.Env = append(h.Env, "HOME="+dir, "XDG_CONFIG_HOME=", "XDG_DATA_HOME=",
		"CIRCLE_TOKEN="+circlecitest.PersonalToken, "CIRCLECI_RUNNER_API_URL="+h.server.URL,
		// What is installed must do: a registry cannot be reached. Loopback needs no proxy.
		"HTTPS_PROXY=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1", "NO_PROXY=", "no_proxy=")
	return h
}

// install runs the script as `make install` does and returns what it prints.
func (h *home) install(executable string) string {
	h.t.Helper()
	command := exec.Command("../../tools/install-provider", executable)
	command.Env = h.Env
	output, err := command.CombinedOutput()
	if err != nil {
		h.t.Fatalf("tools/install-provider: %v\n%s", err, output)
	}
	return string(output)
}

// expectVersions asserts which versions are installed, for both CLIs.
func (h *home) expectVersions(want ...string) {
	h.t.Helper()
	for _, address := range cli.Addresses {
		var got []string
		for _, executable := range h.executables(address, "*") {
			version := filepath.Base(filepath.Dir(filepath.Dir(executable)))
			if filepath.Base(executable) != "terraform-provider-circleci_v"+version {
				h.t.Errorf("version %s of %s is called %s", version, address, filepath.Base(executable))
			}
			got = append(got, version)
		}
		if !slices.Equal(got, want) {
			h.t.Errorf("%s has the versions %q, want %q", address, got, want)
		}
	}
}

// executables returns what is installed for an address and a version, which may be patterns.
func (h *home) executables(address, version string) []string {
	h.t.Helper()
	found, err := filepath.Glob(filepath.Join(h.plugins, address, version, "*", "*"))
	if err != nil {
		h.t.Fatal(err)
	}
	return found
}

func (h *home) write(requirement string) {
	h.t.Helper()
	h.workspace.write("main.tf", requirement+`
data "circleci_runner_tasks" "linux" {
  resource_class = "acme/linux"
}
`)
}

// init runs init, which must succeed.
func (h *home) init(arguments ...string) {
	h.t.Helper()
	if stdout, stderr, ok := h.runBoth(append([]string{"init", "-no-color"}, arguments...)...); !ok {
		h.t.Fatalf("init fails:\n%s%s", stdout, stderr)
	}
}

// expectBuild validates and plans, and asserts which build sent the request.
func (h *home) expectBuild(version string) {
	h.t.Helper()
	if got := h.validate(); len(got) != 0 {
		h.t.Fatalf("validate reports %+v", got)
	}
	h.server.ResetRecords()
	if got := h.plan(); len(got) != 0 {
		h.t.Fatalf("plan reports %+v", got)
	}
	requests := h.server.Requests()
	if len(requests) != 1 {
		h.t.Fatalf("the server received %d requests, not one", len(requests))
	}
	expectPrefix(h.t, requests[0].Header.Get("User-Agent"), "terraform-provider-circleci/"+version+" ")
}

var printedRequirement = regexp.MustCompile(`(?s)\nRequire it with:\n\n(  terraform \{\n.*\n  \}\n)`)

// requirement returns the block that the script prints, which must be for this version.
func requirement(t *testing.T, output, version string) string {
	t.Helper()
	found := printedRequirement.FindStringSubmatch(output)
	if found == nil || !strings.Contains(found[1], `version = "`+version+`"`) {
		t.Fatalf("the output does not require version %s:\n%s", version, output)
	}
	return found[1]
}

func expectPrefix(t *testing.T, got, prefix string) {
	t.Helper()
	if !strings.HasPrefix(got, prefix) {
		t.Errorf("%q does not start with %q", got, prefix)
	}
}
