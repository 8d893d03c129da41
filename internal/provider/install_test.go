package provider_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// TestInstall installs a build, then another: init rejects it until the lock file is deleted, as the script says.
func TestInstall(t *testing.T) {
	server, home := newServer(t), t.TempDir()
	server.SetTasks("acme/linux", 3, 2)
	required := strings.Replace(requiredProviders, `circleci"`, "circleci\"\nversion = \"~> 0.1\"", 1)
	b := newDirectory(t, fstest.MapFS{"main.tf": {Data: []byte(required + providerConfig(server) + tasksConfig)}})
	versions, builds := []string{"first", "second"}, t.TempDir()
	for _, version := range versions {
		execute(t, "go", "build", "-ldflags=-X main.version="+version, "-o", filepath.Join(builds, version), "../..")
	}
	// Otherwise Go writes telemetry to the home directory while the test removes it.
	b.check(os.CopyFS(home, fstest.MapFS{".config/go/telemetry/mode": {Data: []byte("off")}}))
	for name, value := range map[string]string{
		"HOME": home, "XDG_CONFIG_HOME": "", "XDG_DATA_HOME": "", "TF_CLI_CONFIG_FILE": os.DevNull,
		// No registry.
		"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1", "NO_PROXY": "", "no_proxy": "",
	} {
		t.Setenv(name, value)
	}
	for _, version := range versions {
		printed := execute(t, "../../tools/install-provider", filepath.Join(builds, version))
		expectLines(t, printed, "checksums do not match, delete .terraform.lock.hcl")
		if version == "second" {
			if printed, ok := b.run("init", "-upgrade"); ok || !strings.Contains(printed, "checksums") {
				t.Errorf("init accepts a build that the lock file does not have:\n%s", printed)
			}
			b.check(os.Remove(b.path(".terraform.lock.hcl")))
		}
		b.succeed("init")
		server.ResetRecords()
		b.succeed("plan")
		if sent := server.Requests()[0].Header.Get("User-Agent"); !strings.Contains(sent, "-circleci/"+version+" ") {
			t.Errorf("the plan used %q, want the build %q", sent, version)
		}
	}
}

// execute runs a program and returns what it prints.
func execute(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	printed, err := exec.CommandContext(t.Context(), name, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, printed)
	}
	return string(printed)
}

// TestInstallOnWindows expects the directory and the name that the CLI searches for there.
func TestInstallOnWindows(t *testing.T) {
	home := t.TempDir()
	t.Setenv("GOOS", "windows")
	t.Setenv("GOARCH", "amd64")
	t.Setenv("APPDATA", strings.ReplaceAll(home, "/", `\`))
	execute(t, "../../tools/install-provider", "install_test.go")
	const path = "*/circleci-community/circleci/0.1.0/windows_amd64/terraform-provider-circleci_v0.1.0.exe"
	if installed, err := filepath.Glob(filepath.Join(home, "terraform.d/plugins", path)); len(installed) != 2 {
		t.Errorf("%q are installed, %v, want one for each registry", installed, err)
	}
}

// TestDevelopmentOverride takes the provider from directories with special characters of the shell and the CLI.
func TestDevelopmentOverride(t *testing.T) {
	b, build := newDirectory(t, fstest.MapFS{"main.tf": {Data: []byte(requiredProviders + tasksConfig)}}), t.TempDir()
	execute(t, "go", "build", "-o", build, "../..")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("TF_CLI_CONFIG_FILE", b.path("dev.tfrc"))
	for _, directory := range []string{`it's "a" \ clone`, "$HOME ${x} clone"} {
		bin := filepath.Join(t.TempDir(), directory)
		b.check(os.CopyFS(bin, os.DirFS(build)))
		b.write("dev.tfrc", execute(t, "../../tools/dev-tfrc", bin))
		result, err := b.Validate(t.Context())
		b.check(err)
		if got := result.Diagnostics; len(got) != 1 || got[0].Summary != "Provider development overrides are in effect" {
			t.Errorf("%s: validate reports %+v, want the warning about the override alone", directory, got)
		}
	}
}
