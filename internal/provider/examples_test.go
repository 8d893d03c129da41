package provider_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// exampleOutputs has what an example under examples/ must put out, against exampleRunners and their tasks.
var exampleOutputs = map[string]map[string]any{
	"provider": {
		"waiting": 3.0,
	},
	"data-sources/circleci_runners": {
		"linux_hosts":  []any{"host-a", "host-b"},
		"runner_names": map[string]any{"acme/linux": []any{"a", "b"}, "acme/mac": []any{"mini"}},
	},
	"data-sources/circleci_runner_tasks": {
		"waiting":        map[string]any{"acme/linux": 3.0, "acme/mac": 0.0},
		"waiting_in_all": 3.0,
	},
	"data-sources/circleci_runner_fleet": {
		"connected": map[string]any{"acme/gpu": 0.0, "acme/linux": 1.0, "acme/mac": 1.0},
		"waiting":   8.0,
	},
	"moving": {
		"connected": map[string]any{"acme/linux": 1.0, "acme/mac": 1.0},
		"waiting":   3.0,
	},
	"data-sources/circleci_organization_runners": {
		"busy": []any{"a"},
		"idle": []any{"b"},
	},
	"functions/parse_resource_class": {
		"pools": map[string]any{"acme": []any{"linux", "mac"}},
	},
	"functions/version_at_least": {
		"outdated": []any{"a", "b"},
	},
	"functions/desired_capacity": {
		"linux_machines": 5.0,
	},
}

// ownTest has the examples that take more than an apply to be shown. Each has a test of its own, the demo in
// internal/demo.
var ownTest = []string{
	"authentication", "capacity", "checks", "demo", "draining", "pipeline", "server", "testing", "testing/connected", "together", "waiting",
}

// exampleRunners is fleet with times and with what API v3 adds: one runner of each class is connected now.
func exampleRunners() []circlecitest.Runner {
	runners := slices.Clone(fleet)
	for i := range runners {
		runners[i].OrganizationID = "b9291e0d-a11e-41fb-8517-c545388b5953"
		runners[i].LastConnected = ago(time.Minute)
		switch runners[i].Name {
		case "a":
			runners[i].Status = "busy"
		case "b":
			runners[i].Status = "idle"
			runners[i].LastConnected = ago(time.Hour)
		}
	}
	return runners
}

func TestExamples(t *testing.T) {
	for _, directory := range exampleDirectories(t) {
		if slices.Contains(ownTest, directory) {
			continue
		}
		want, known := exampleOutputs[directory]
		if !known {
			t.Errorf("no test says what examples/%s must put out", directory)
			continue
		}
		t.Run(directory, func(t *testing.T) {
			server := newExampleServer(t)
			server.SetRunners(exampleRunners()...)
			server.SetTasks("acme/linux", 3, 2)
			server.SetTasks("acme/gpu", 5, 0)
			if directory == "data-sources/circleci_organization_runners" {
				t.Setenv("CIRCLECI_RUNNER_API_VERSION", "v3")
			}
			expectOutputs(t, newExample(t, directory), want)
		})
	}
}

// examples is where the examples are.
const examples = "../../examples"

// newExampleServer starts a Runner API that the examples ask: as for users, the environment leads there.
func newExampleServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := newServer(t)
	t.Setenv("CIRCLE_TOKEN", circlecitest.PersonalToken)
	t.Setenv("CIRCLECI_RUNNER_API_URL", server.URL)
	return server
}

// exampleDirectories returns every directory under examples that holds a configuration, relative to it.
func exampleDirectories(t *testing.T) []string {
	t.Helper()
	var directories []string
	for _, file := range exampleFiles(t, ".") {
		if path.Ext(file) == ".tf" && !slices.Contains(directories, path.Dir(file)) {
			directories = append(directories, path.Dir(file))
		}
	}
	if len(directories) == 0 {
		t.Fatal("there are no examples")
	}
	return directories
}

// exampleFiles returns the files of an example, relative to its directory: not the state or the lock file of a person who
// tried it there.
func exampleFiles(t *testing.T, directory string) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS(filepath.Join(examples, directory)), ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".terraform":
			return fs.SkipDir
		case slices.Contains([]string{".tf", ".hcl", ".sh"}, path.Ext(file)) && entry.Name() != ".terraform.lock.hcl":
			files = append(files, file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// newExample copies an example to a workspace, with a required_providers block where it has none.
func newExample(t *testing.T, directory string) *workspace {
	t.Helper()
	w := newWorkspace(t, "")
	for _, file := range exampleFiles(t, directory) {
		content, err := os.ReadFile(filepath.Join(examples, directory, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(w.dir, path.Dir(file)), 0o700); err != nil {
			t.Fatal(err)
		}
		if path.Dir(file) == "." && strings.Contains(string(content), "required_providers") {
			w.write("main.tf", "") // What newWorkspace wrote. The example may have a main.tf of its own.
		}
		w.write(file, string(content))
	}
	return w
}

// outputs returns the values that the last apply put out.
func (w *workspace) outputs() map[string]any {
	w.t.Helper()
	printed, _ := w.run("output", "-json")
	var outputs map[string]struct{ Value any }
	if err := json.Unmarshal([]byte(printed), &outputs); err != nil {
		w.t.Fatalf("output printed %q: %v", printed, err)
	}
	values := map[string]any{}
	for name, output := range outputs {
		values[name] = output.Value
	}
	return values
}

// expectReport asserts what the CLI reports, in any order: the severity, summary and detail of each.
func expectReport(t *testing.T, got []diagnostic, want ...diagnostic) {
	t.Helper()
	reported := make([]diagnostic, len(got))
	for i, d := range got {
		reported[i] = diagnostic{Severity: d.Severity, Summary: d.Summary, Detail: d.Detail}
	}
	byDetail := func(a, b diagnostic) int { return strings.Compare(a.Detail, b.Detail) }
	slices.SortFunc(reported, byDetail)
	slices.SortFunc(want, byDetail)
	if difference := cmp.Diff(want, reported, cmpopts.EquateEmpty()); difference != "" {
		t.Errorf("what the CLI reports differs (-want +got):\n%s", difference)
	}
}

// failedCheck is what the CLI reports of a check block.
func failedCheck(message string) diagnostic {
	return diagnostic{Severity: "warning", Summary: "Check block assertion failed", Detail: message}
}

// state returns the addresses of what the state holds, data sources left out.
func (w *workspace) state() []string {
	w.t.Helper()
	printed, ok := w.run("show", "-json")
	var state struct {
		Values struct {
			RootModule struct {
				Resources []struct{ Address, Mode string }
			} `json:"root_module"`
		}
	}
	if err := json.Unmarshal([]byte(printed), &state); !ok || err != nil {
		w.t.Fatalf("show printed %q: %v", printed, err)
	}
	var addresses []string
	for _, resource := range state.Values.RootModule.Resources {
		if resource.Mode == "managed" {
			addresses = append(addresses, resource.Address)
		}
	}
	return addresses
}
