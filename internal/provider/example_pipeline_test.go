package provider_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// runPipeline runs the script as a pipeline does, and returns what it prints and its status.
func (w *workspace) runPipeline() (stdout, stderr string, status int) {
	w.t.Helper()
	command := exec.CommandContext(w.t.Context(), "sh", w.dir+"/run.sh", os.Getenv("TF_ACC_TERRAFORM_PATH"))
	command.Env = append(w.env, "TF_CLI_ARGS=-no-color")
	var output, problems bytes.Buffer
	command.Stdout, command.Stderr = &output, &problems
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	return output.String(), problems.String(), command.ProcessState.ExitCode()
}

func TestExamplePipeline(t *testing.T) {
	server := newExampleServer(t)
	connect := func(lastConnected time.Duration) {
		server.SetRunners(
			circlecitest.Runner{ResourceClass: "acme/linux", Name: "a", LastConnected: ago(lastConnected)},
			circlecitest.Runner{ResourceClass: "acme/linux", Name: "b", LastConnected: ago(time.Hour)},
			circlecitest.Runner{ResourceClass: "acme/mac", Name: "c", LastConnected: ago(lastConnected)},
		)
	}
	connect(2 * time.Minute)
	server.SetTasks("acme/linux", 49, 0)
	server.SetTasks("acme/mac", 1, 0)
	w := newExample(t, "pipeline")

	stdout, stderr, status := w.runPipeline()
	if status != 0 {
		t.Fatalf("the script ends with status %d:\n%s", status, stderr)
	}
	var counts any
	if err := json.Unmarshal([]byte(stdout), &counts); err != nil {
		t.Fatalf("the script prints %q: %v", stdout, err)
	}
	want := map[string]any{
		"acme/linux": map[string]any{"connected": 1.0, "waiting": 49.0},
		"acme/mac":   map[string]any{"connected": 1.0, "waiting": 1.0},
	}
	if difference := cmp.Diff(want, counts); difference != "" {
		t.Errorf("the counts differ (-want +got):\n%s", difference)
	}

	// The runners are seen again: counts are not changed by it, a last_connected is.
	expectChanges := func(want bool) {
		t.Helper()
		if stdout, unchanged := w.run("plan", "-detailed-exitcode", "-no-color"); unchanged == want {
			t.Errorf("plan finds no change: %t\n%s", unchanged, stdout)
		}
	}
	connect(time.Minute)
	expectChanges(false)
	w.write("last_connected.tf", "output \"last_connected\" {\n  value = data.circleci_runner_fleet.all.by_resource_class[\"acme/linux\"].last_connected\n}\n")
	expectReport(t, w.apply())
	expectChanges(false)
	connect(0)
	expectChanges(true)

	// One task too many.
	server.SetTasks("acme/mac", 2, 0)
	stdout, stderr, status = w.runPipeline()
	if status != 1 || stdout != "" {
		t.Errorf("the script ends with status %d and prints %q", status, stdout)
	}
	for _, want := range []string{
		"Error: Module output value precondition failed\n",
		"acme has 51 waiting tasks, more than 50.",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the script does not say %q:\n%s", want, stderr)
		}
	}

	// Counts that cannot be read end it too.
	server.SetHandler(circlecitest.Error(403, "no"))
	stdout, stderr, status = w.runPipeline()
	if status != 1 || stdout != "" || !strings.Contains(stderr, "Error: Cannot list the runners of namespace acme\n") {
		t.Errorf("the script ends with status %d, prints %q and says\n%s", status, stdout, stderr)
	}
}
