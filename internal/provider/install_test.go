package provider_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// TestInstall installs a build, uses it, and installs another: a configuration keeps the build that its lock file has, until it
// requires the other one, or any later one with -upgrade.
func TestInstall(t *testing.T) {
	requireCLI(t)
	first, second := buildNamed(t, "first"), buildNamed(t, "second")
	h := newHome(t)
	installed := func(version string) string { return "Installed as version " + version + " in " + h.plugins + ".\n" }
	const again = "This build is already installed, as version 0.1.1.\n"
	for _, step := range []struct {
		install string // It is a build, if any, and printed is what the script prints first.
		printed string
		require string // It is a constraint of the version, if it changes.
		init    []string
		version string // It is the one that the requirement is for.
		want    string // It is the build that is used.
	}{
		{install: first, printed: installed("0.1.1"), version: "0.1.1", require: "0.1.1", want: "first"},
		{install: first, printed: again, version: "0.1.1", want: "first"},
		{install: second, printed: installed("0.1.2"), version: "0.1.2", want: "first"},
		{require: ">= 0.1.1", want: "first"},
		{init: []string{"-upgrade"}, want: "second"},
		{require: "0.1.1", init: []string{"-upgrade"}, want: "first"},
		{require: "0.1.2", init: []string{"-upgrade"}, want: "second"},
	} {
		if step.install != "" {
			h.requirement = strings.Replace(requirement(t, h.install(step.install, step.printed), step.version), `"`+step.version+`"`, "%q", 1)
		}
		if step.require != "" {
			h.write(step.require)
		}
		h.init(step.init...)
		h.expectBuild(step.want)
		// The same holds for a copy without the directory .terraform.
		h.check(os.RemoveAll(filepath.Join(h.Dir, ".terraform")))
		h.init()
		h.expectBuild(step.want)
	}
	h.expectVersions("0.1.1", "0.1.2")

	// A build in a version that the lock file has with another one is not accepted.
	for _, executable := range h.executables("*/*/*", "0.1.2") {
		h.check(os.WriteFile(executable, []byte(read(t, first)), 0o700))
	}
	if stdout, stderr, ok := h.runBoth("init", "-no-color"); ok || !strings.Contains(stdout+stderr, "checksums") {
		t.Errorf("init accepts a build that the lock file does not have:\n%s%s", stdout, stderr)
	}
}

// TestInstallVersions installs a file twice beside what is in the plugin directory.
func TestInstallVersions(t *testing.T) {
	for name, row := range map[string]struct {
		existing                     []string
		goos, plugins, version, path string
	}{
		"versions are compared as numbers": {
			existing: []string{"0.1.9", "0.1.10"}, goos: "linux", plugins: ".terraform.d/plugins",
			version: "0.1.11", path: "linux_amd64/terraform-provider-circleci_v0.1.11",
		},
		"other directories are ignored": {
			existing: []string{"0.1.08", "0.1.foo", "0.1.", "0.1.99999999999999999999"}, goos: "linux", plugins: ".terraform.d/plugins",
			version: "0.1.1", path: "linux_amd64/terraform-provider-circleci_v0.1.1",
		},
		"Windows": {
			goos: "windows", plugins: "AppData/Roaming/terraform.d/plugins",
			version: "0.1.1", path: "windows_amd64/terraform-provider-circleci_v0.1.1.exe",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			home := filepath.Dir(filepath.Dir(h.plugins))
			h.plugins = filepath.Join(home, row.plugins)
			h.Env = append(h.Env, "GOOS="+row.goos, "GOARCH=amd64", "APPDATA="+strings.ReplaceAll(home+"/AppData/Roaming", "/", `\`))
			executable := filepath.Join(home, "build")
			h.check(os.WriteFile(executable, []byte("a build"), 0o700))
			for _, version := range row.existing {
				h.check(os.MkdirAll(filepath.Join(h.plugins, cli.Addresses[0], version), 0o700))
			}
			h.install(executable, "Installed as version "+row.version+" in "+h.plugins+".\n")
			for _, address := range cli.Addresses {
				expectSame(t, "executables", "a build", read(t, filepath.Join(h.plugins, address, row.version, row.path)))
			}
			h.install(executable, "This build is already installed, as version "+row.version+".\n")
			h.check(os.RemoveAll(filepath.Join(h.plugins, cli.Addresses[1]))) // As if the installation had been interrupted.
			h.install(executable, "Installed as version ")
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
			w, clone := emptyWorkspace(t), filepath.Join(t.TempDir(), directory)
			for _, directory := range []string{"internal", "tools"} {
				w.check(os.CopyFS(filepath.Join(clone, directory), os.DirFS(filepath.Join("../..", directory))))
			}
			for _, file := range []string{"GNUmakefile", "go.mod", "go.sum", "main.go"} {
				w.check(os.WriteFile(filepath.Join(clone, file), []byte(read(t, filepath.Join("../..", file))), 0o600))
			}
			command := exec.CommandContext(t.Context(), "make", "build")
			command.Dir, command.Env = clone, append(os.Environ(), "XDG_CACHE_HOME="+t.TempDir(), "GOCACHE="+strings.TrimSpace(string(cache)))
			if output, err := command.CombinedOutput(); err != nil {
				t.Fatalf("make build: %v\n%s", err, output)
			}
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
	// requirement is the block that the script prints, with %q in place of the version.
	requirement string
}

func newHome(t *testing.T) *home {
	t.Helper()
	dir := t.TempDir()
	h := &home{workspace: emptyWorkspace(t), server: newServer(t), plugins: filepath.Join(dir, ".terraform.d", "plugins")}
	h.server.SetTasks("acme/linux", 3, 2)
	// Go writes telemetry to the home directory in the background: not to one that the test removes.
	telemetry := filepath.Join(dir, ".config", "go", "telemetry")
	h.check(os.MkdirAll(telemetry, 0o700))
	h.check(os.WriteFile(filepath.Join(telemetry, "mode"), []byte("off"), 0o600))
	h.Env = append(h.Env, "HOME="+dir, "XDG_CONFIG_HOME=", "XDG_DATA_HOME=",
		"CIRCLE_TOKEN="+circlecitest.PersonalToken, "CIRCLECI_RUNNER_API_URL="+h.server.URL,
		// No registry can be reached. Loopback needs no proxy.
		"HTTPS_PROXY=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1", "NO_PROXY=", "no_proxy=")
	return h
}

// install runs the script as `make install` does, asserts what it prints first, and returns all of it.
func (h *home) install(executable, first string) string {
	h.t.Helper()
	command := exec.Command("../../tools/install-provider", executable)
	command.Env = h.Env
	output, err := command.CombinedOutput()
	if err != nil {
		h.t.Fatalf("tools/install-provider: %v\n%s", err, output)
	}
	expectPrefix(h.t, string(output), first)
	return string(output)
}

// expectVersions asserts which versions are installed, for both CLIs.
func (h *home) expectVersions(want ...string) {
	h.t.Helper()
	for _, address := range cli.Addresses {
		var names []string
		for _, version := range want {
			names = append(names, version+"/terraform-provider-circleci_v"+version)
		}
		var got []string
		for _, executable := range h.executables(address, "*") {
			platform := filepath.Dir(executable)
			got = append(got, filepath.Base(filepath.Dir(platform))+"/"+filepath.Base(executable))
		}
		expectSame(h.t, "executables of "+address, names, got)
	}
}

// executables returns what is installed for an address and a version, which may be patterns.
func (h *home) executables(address, version string) []string {
	h.t.Helper()
	found, err := filepath.Glob(filepath.Join(h.plugins, address, version, "*", "*"))
	h.check(err)
	return found
}

// write writes a configuration that requires versions.
func (h *home) write(constraint string) {
	h.t.Helper()
	h.workspace.write("main.tf", fmt.Sprintf(h.requirement, constraint)+tasksBlock)
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
	assertNoDiagnostics(h.t, h.validate())
	h.server.ResetRecords()
	assertNoDiagnostics(h.t, h.plan())
	expectRequests(h.t, h.server, "/api/v2/runner/tasks?resource-class=acme%2Flinux")
	expectPrefix(h.t, h.server.Requests()[0].Header.Get("User-Agent"), "terraform-provider-circleci/"+version+" ")
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
