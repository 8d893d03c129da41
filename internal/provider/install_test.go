package provider_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// TestInstall installs a build, then another: init rejects it until the lock file is deleted, as the script says.
func TestInstall(t *testing.T) {
	w, server, home := emptyWorkspace(t), newServer(t), t.TempDir()
	server.SetTasks("acme/linux", 3, 2)
	// Otherwise Go writes telemetry to the home directory while the test removes it.
	w.check(os.CopyFS(home, fstest.MapFS{".config/go/telemetry/mode": {Data: []byte("off")}}))
	w.Env = append(w.Env, "HOME="+home, "XDG_CONFIG_HOME=", "XDG_DATA_HOME=",
		"HTTPS_PROXY=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1", "NO_PROXY=", "no_proxy=") // No registry.
	required := strings.Replace(cli.RequiredProviders, `circleci"`, "circleci\"\nversion = \"~> 0.1\"", 1)
	w.write("main.tf", required+providerBlock(server)+tasksBlock)
	lock, build := filepath.Join(w.Dir, ".terraform.lock.hcl"), filepath.Join(t.TempDir(), "build")
	for _, version := range []string{"first", "second"} {
		w.check(cli.BuildProvider(t.Context(), build, "-ldflags=-X main.version="+version))
		command := exec.CommandContext(t.Context(), "../../tools/install-provider", build)
		command.Env = w.Env
		printed, err := command.CombinedOutput()
		w.check(err)
		if !strings.Contains(string(printed), "checksums do not match, delete .terraform.lock.hcl") {
			t.Errorf("the script does not say what to do about a lock file:\n%s", printed)
		}
		if _, err := os.Stat(lock); err == nil {
			if _, stderr, ok := w.runBoth("init", "-no-color", "-upgrade"); ok || !strings.Contains(stderr, "checksums") {
				t.Errorf("init accepts a build that the lock file does not have:\n%s", stderr)
			}
			w.check(os.Remove(lock))
		}
		if stdout, stderr, ok := w.runBoth("init", "-no-color"); !ok {
			t.Fatalf("init fails:\n%s%s", stdout, stderr)
		}
		server.ResetRecords()
		assertNoDiagnostics(t, w.plan())
		if sent := server.Requests()[0].Header.Get("User-Agent"); !strings.Contains(sent, "-circleci/"+version+" ") {
			t.Errorf("the plan used %q, want the build %q", sent, version)
		}
	}
}

// TestInstallOnWindows expects the directory and the name that the CLI searches for there.
func TestInstallOnWindows(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	command := exec.CommandContext(t.Context(), "../../tools/install-provider", "install_test.go")
	command.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "APPDATA="+strings.ReplaceAll(home, "/", `\`))
	if printed, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	const path = "*/circleci-community/circleci/0.1.0/windows_amd64/terraform-provider-circleci_v0.1.0.exe"
	if installed, err := filepath.Glob(filepath.Join(home, "terraform.d/plugins", path)); len(installed) != 2 {
		t.Errorf("%q are installed, %v, want one for each registry", installed, err)
	}
}

// TestDevelopmentOverride takes the provider from directories with special characters of the shell and the CLI.
func TestDevelopmentOverride(t *testing.T) {
	for _, directory := range []string{`it's "a" \ clone`, "$HOME ${x} clone"} {
		w, bin := emptyWorkspace(t), filepath.Join(t.TempDir(), directory)
		w.check(buildProvider())
		w.check(os.CopyFS(bin, os.DirFS(buildDirectory)))
		command := exec.CommandContext(t.Context(), "../../tools/dev-tfrc", bin)
		command.Env = append(os.Environ(), "XDG_CACHE_HOME="+t.TempDir())
		config, err := command.Output()
		w.check(err)
		w.write("dev.tfrc", string(config))
		w.Env = append(w.Env, "TF_CLI_CONFIG_FILE="+filepath.Join(w.Dir, "dev.tfrc"))
		w.write("main.tf", cli.RequiredProviders+tasksBlock)
		if got := w.validate(); len(got) != 1 || got[0].Summary != "Provider development overrides are in effect" {
			t.Errorf("%s: validate reports %+v, want the warning about the override alone", directory, got)
		}
	}
}
