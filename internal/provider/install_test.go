package provider_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// TestInstall follows a user who installs the provider from its source, uses it, changes it, and installs it again.
func TestInstall(t *testing.T) {
	requireCLI(t)
	first, second := buildNamed(t, "first"), buildNamed(t, "second")
	m := newMachine(t)

	output := m.install(first)
	expectPrefix(t, output, "Installed as version 0.0.1 in "+m.plugins+".\n")
	m.expectVersions("0.0.1")
	m.write(requirement(t, output, "0.0.1"))
	m.run("init")
	m.expectBuild("first")

	// The same build again changes nothing, so that a lock file goes on to fit.
	output = m.install(first)
	expectPrefix(t, output, "This build is already installed, as version 0.0.1.\n")
	requirement(t, output, "0.0.1")
	m.expectVersions("0.0.1")
	m.run("init")
	m.expectBuild("first")

	output = m.install(second)
	expectPrefix(t, output, "Installed as version 0.0.2 in "+m.plugins+".\n")
	m.expectVersions("0.0.1", "0.0.2")

	// A configuration that is locked to the old build still finds it, also where it was not initialized before.
	m.run("init")
	m.expectBuild("first")
	if err := os.RemoveAll(filepath.Join(m.dir, ".terraform")); err != nil {
		t.Fatal(err)
	}
	m.run("init")
	m.expectBuild("first")

	// So does one that would take a later one, until it is told to.
	m.write(strings.Replace(requirement(t, output, "0.0.2"), `"0.0.2"`, `">= 0.0.1"`, 1))
	m.run("init")
	m.expectBuild("first")
	m.run("init", "-upgrade")
	m.expectBuild("second")

	// The printed requirement moves a configuration back and forth, with the command that is printed along.
	for _, build := range []struct{ name, version string }{{"first", "0.0.1"}, {"second", "0.0.2"}} {
		m.write(strings.Replace(requirement(t, output, "0.0.2"), "0.0.2", build.version, 1))
		m.run("init", "-upgrade")
		m.expectBuild(build.name)
	}

	// This is what the versions spare the user: a changed build in the place of one that the lock file knows.
	content, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	for _, executable := range m.executables("*", "0.0.2") {
		if err := os.WriteFile(executable, content, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if output, ok := m.try("init"); ok || !strings.Contains(output, "checksums") {
		t.Errorf("init takes a build that the lock file does not know:\n%s", output)
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
			m := newMachine(t)
			home := filepath.Dir(filepath.Dir(m.plugins))
			m.plugins = filepath.Join(home, row.plugins)
			m.env = append(m.env, "GOOS="+row.goos, "GOARCH=amd64", "APPDATA="+strings.ReplaceAll(home+"/AppData/Roaming", "/", `\`))
			executable := filepath.Join(home, "build")
			if err := os.WriteFile(executable, []byte("a build"), 0o700); err != nil {
				t.Fatal(err)
			}
			directory := func(host string) string { return filepath.Join(m.plugins, host, "circleci-community", "circleci") }
			for _, version := range row.existing {
				if err := os.MkdirAll(filepath.Join(directory("registry.terraform.io"), version), 0o700); err != nil {
					t.Fatal(err)
				}
			}

			expectPrefix(t, m.install(executable), "Installed as version "+row.version+" in "+m.plugins+".\n")
			for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
				if got := read(t, filepath.Join(directory(host), row.version, row.path)); got != "a build" {
					t.Errorf("%s has %q", host, got)
				}
			}
			expectPrefix(t, m.install(executable), "This build is already installed, as version "+row.version+".\n")
		})
	}
}

// TestBuildDirectory builds the provider in directories whose names mean something to make, the shell or the CLI.
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
			w := &workspace{t: t, dir: t.TempDir(), env: append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(clone, "bin/dev.tfrc"))}
			w.write("main.tf", requiredProviders+tasksBlock)
			if got := w.validate(); len(got) != 1 || got[0].Summary != "Provider development overrides are in effect" {
				t.Errorf("validate reports %+v, want the warning about the override alone", got)
			}
		})
	}
}

// buildNamed builds the provider as a version that its requests tell, so that each build is another executable and a
// server sees which one asks.
func buildNamed(t *testing.T, version string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "terraform-provider-circleci")
	output, err := exec.Command("go", "build", "-ldflags=-X main.version="+version, "-o", path, "../..").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	return path
}

// machine is a home directory into which the provider is installed, and a configuration that uses it.
type machine struct {
	t       *testing.T
	server  *circlecitest.Server
	plugins string
	*workspace
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	home := t.TempDir()
	server := newServer(t)
	server.SetTasks("acme/linux", 3, 2)
	// Go counts what it runs in the home directory, in the background: not in one that the test removes.
	telemetry := filepath.Join(home, ".config", "go", "telemetry")
	if err := os.MkdirAll(telemetry, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(telemetry, "mode"), []byte("off"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME=", "XDG_DATA_HOME=",
		"CIRCLE_TOKEN="+circlecitest.PersonalToken, "CIRCLECI_RUNNER_API_URL="+server.URL,
		// What is installed must do: a registry cannot be reached. Loopback needs no proxy.
		"HTTPS_PROXY=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1", "NO_PROXY=", "no_proxy=")
	return &machine{
		t: t, server: server, plugins: filepath.Join(home, ".terraform.d", "plugins"),
		workspace: &workspace{t: t, dir: t.TempDir(), env: env},
	}
}

// install runs the script as `make install` does and returns what it prints.
func (m *machine) install(executable string) string {
	m.t.Helper()
	command := exec.Command("../../tools/install-provider", executable)
	command.Env = m.env
	output, err := command.CombinedOutput()
	if err != nil {
		m.t.Fatalf("tools/install-provider: %v\n%s", err, output)
	}
	return string(output)
}

// expectVersions asserts which versions are installed, for both CLIs.
func (m *machine) expectVersions(want ...string) {
	m.t.Helper()
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		var got []string
		for _, executable := range m.executables(host, "*") {
			version := filepath.Base(filepath.Dir(filepath.Dir(executable)))
			if filepath.Base(executable) != "terraform-provider-circleci_v"+version {
				m.t.Errorf("version %s for %s is called %s", version, host, filepath.Base(executable))
			}
			got = append(got, version)
		}
		if !slices.Equal(got, want) {
			m.t.Errorf("%s has the versions %q, want %q", host, got, want)
		}
	}
}

// executables returns what is installed for a host and a version, which may be patterns.
func (m *machine) executables(host, version string) []string {
	m.t.Helper()
	found, err := filepath.Glob(filepath.Join(m.plugins, host, "circleci-community", "circleci", version, "*", "*"))
	if err != nil {
		m.t.Fatal(err)
	}
	return found
}

func (m *machine) write(requirement string) {
	m.t.Helper()
	m.workspace.write("main.tf", requirement+`
data "circleci_runner_tasks" "linux" {
  resource_class = "acme/linux"
}
`)
}

// run runs the CLI, which must succeed.
func (m *machine) run(arguments ...string) {
	m.t.Helper()
	if output, ok := m.try(arguments...); !ok {
		m.t.Fatalf("%q fails:\n%s", arguments, output)
	}
}

// try runs the CLI and returns all that it prints, and whether it succeeded.
func (m *machine) try(arguments ...string) (output string, ok bool) {
	m.t.Helper()
	command := exec.Command(os.Getenv("TF_ACC_TERRAFORM_PATH"), append(arguments, "-no-color")...)
	command.Dir, command.Env = m.dir, m.env
	printed, err := command.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		m.t.Fatal(err)
	}
	return string(printed), err == nil
}

// expectBuild validates and plans, and asserts which build it was that asked the server.
func (m *machine) expectBuild(version string) {
	m.t.Helper()
	if got := m.validate(); len(got) != 0 {
		m.t.Fatalf("validate reports %+v", got)
	}
	m.server.ResetRecords()
	if got := m.plan(); len(got) != 0 {
		m.t.Fatalf("plan reports %+v", got)
	}
	requests := m.server.Requests()
	if len(requests) != 1 {
		m.t.Fatalf("the server was asked %d times, not once", len(requests))
	}
	expectPrefix(m.t, requests[0].Header.Get("User-Agent"), "terraform-provider-circleci/"+version+" ")
}

var printedRequirement = regexp.MustCompile(`(?s)\nRequire it with:\n\n(  terraform \{\n.*\n  \}\n)`)

// requirement returns the block that the script prints, which must be for this version.
func requirement(t *testing.T, output, version string) string {
	t.Helper()
	found := printedRequirement.FindStringSubmatch(output)
	if found == nil || !strings.Contains(found[1], `version = "`+version+`"`) {
		t.Fatalf("the script does not say to require version %s:\n%s", version, output)
	}
	return found[1]
}

func expectPrefix(t *testing.T, text, prefix string) {
	t.Helper()
	if !strings.HasPrefix(text, prefix) {
		t.Errorf("%q does not start with %q", text, prefix)
	}
}
