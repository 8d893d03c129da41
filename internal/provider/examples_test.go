package provider_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// exampleOutputs has what each example under examples/ must print, against fleet and its tasks.
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

func TestExamples(t *testing.T) {
	const root = "../../examples"
	for _, directory := range exampleDirectories(t, root) {
		if directory == "demo" { // internal/demo runs it as a user would.
			continue
		}
		want, known := exampleOutputs[directory]
		if !known {
			t.Errorf("no test says what examples/%s must print", directory)
			continue
		}
		t.Run(directory, func(t *testing.T) {
			server := newServer(t)
			server.SetRunners(fleet...)
			server.SetTasks("acme/linux", 3, 2)
			t.Setenv("CIRCLE_TOKEN", circlecitest.PersonalToken)
			t.Setenv("CIRCLECI_RUNNER_API_URL", server.URL)
			w := newExample(t, filepath.Join(root, directory))
			if got := w.apply(); len(got) != 0 {
				t.Fatalf("apply reports %+v", got)
			}
			if difference := cmp.Diff(want, w.outputs()); difference != "" {
				t.Errorf("the outputs differ (-want +got):\n%s", difference)
			}
		})
	}
}

// exampleDirectories returns every directory under root that holds a configuration, relative to root.
func exampleDirectories(t *testing.T, root string) []string {
	t.Helper()
	var directories []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		files, err := filepath.Glob(filepath.Join(path, "*.tf"))
		if len(files) > 0 {
			relative, err := filepath.Rel(root, path)
			directories = append(directories, filepath.ToSlash(relative))
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(directories) == 0 {
		t.Fatal("there are no examples")
	}
	return directories
}

// newExample copies an example to a workspace, with a required_providers block where it has none.
func newExample(t *testing.T, directory string) *workspace {
	t.Helper()
	w := newWorkspace(t, "")
	files, err := filepath.Glob(filepath.Join(directory, "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), "required_providers") {
			w.write("main.tf", "")
		}
		w.write("example_"+filepath.Base(file), string(content))
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
