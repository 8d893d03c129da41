package provider_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// pollEverySecond shortens the poll interval in a copy of an example.
func pollEverySecond(t *testing.T, w *workspace) {
	t.Helper()
	name := filepath.Join(w.dir, "main.tf")
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	w.write("main.tf", strings.Replace(string(content), "wait_for = var.wait ? {", "wait_for = var.wait ? {\n    poll_interval = \"1s\"", 1))
}

// TestExampleWaiting starts machines, lets them go, and plans and destroys what is left: with waiting, which then waits
// for what does not come, and without.
func TestExampleWaiting(t *testing.T) {
	server := newExampleServer(t)
	server.SetTasks("acme/linux", 0, 0)
	w := newExample(t, "waiting")
	pollEverySecond(t, w)
	const start = "started"
	w.env = append(w.env, "TF_VAR_start_command=echo yes>"+start)
	linux := func(name string, lastConnected time.Duration) circlecitest.Runner {
		return circlecitest.Runner{ResourceClass: "acme/linux", Name: name, LastConnected: ago(lastConnected)}
	}
	before := linux("before", time.Hour)

	// The command leaves a file, by which the API knows that the machines start. One more is connected at each look.
	var looks atomic.Int64
	server.Intercept(func(*http.Request) http.Handler {
		if _, err := os.Stat(filepath.Join(w.dir, start)); err != nil {
			t.Errorf("the runners are listed before their machines start: %v", err)
		}
		server.SetRunners([]circlecitest.Runner{before, linux("linux-1", 0), linux("linux-2", 0)}[:min(looks.Add(1), 3)]...)
		return nil
	})
	expectOutputs(t, w, map[string]any{"runners": []any{"linux-1", "linux-2"}})
	for _, request := range server.Requests() {
		expectRequest(t, request, "/api/v2/runner?resource-class=acme%2Flinux")
	}
	expectLooks := func(want int) {
		t.Helper()
		if got := len(server.Requests()); got != want {
			t.Errorf("the runners were listed %d times, want %d", got, want)
		}
		server.ResetRecords()
	}
	expectLooks(3)
	server.Intercept(nil)

	// While the runners are there, a later plan has nothing to wait for.
	expectReport(t, w.plan())
	expectLooks(1)

	server.SetRunners(before, linux("linux-1", time.Hour), linux("linux-2", time.Hour))
	expectWait := func(got []diagnostic) {
		t.Helper()
		expectReport(t, got, diagnostic{
			Severity: "error", Summary: "Cannot list the runners of resource class acme/linux",
			Detail: "Timed out after 3s waiting for at least 2 runners connected within 2m; last observed: 0.\n\n" +
				"Check why the condition was not reached, or increase wait_for.timeout.",
		})
		expectLooks(4)
	}
	expectWait(w.report("plan", "-json", "-var", "timeout=3s"))
	expectReport(t, w.report("plan", "-json", "-var", "wait=false"))
	expectLooks(1)
	expectWait(w.report("destroy", "-json", "-auto-approve", "-var", "timeout=3s"))
	if got := w.state(); !slices.Equal(got, []string{"terraform_data.machines"}) {
		t.Errorf("the state holds %q", got)
	}
	expectReport(t, w.report("destroy", "-json", "-auto-approve", "-var", "wait=false"))
	expectLooks(1)
	if got := w.state(); len(got) != 0 {
		t.Errorf("the state holds %q", got)
	}
}

// TestExampleDraining has a queue of which some is claimed and some done from look to look.
func TestExampleDraining(t *testing.T) {
	server := newExampleServer(t)
	unclaimed, running := []int64{2, 1, 0, 0}, []int64{1, 2, 2, 0}
	var unclaimedLooks, runningLooks atomic.Int64
	server.Intercept(func(r *http.Request) http.Handler {
		if strings.HasSuffix(r.URL.Path, "/running") {
			return circlecitest.JSON(fmt.Sprintf(`{"running_runner_tasks": %d}`, running[runningLooks.Add(1)-1]))
		}
		return circlecitest.JSON(fmt.Sprintf(`{"unclaimed_task_count": %d}`, unclaimed[unclaimedLooks.Add(1)-1]))
	})
	w := newExample(t, "draining")
	pollEverySecond(t, w)
	expectOutputs(t, w, map[string]any{"left": 0.0})
	if got := len(server.Requests()); got != 8 {
		t.Errorf("the server was asked %d times, want 8", got)
	}

	server.Intercept(nil)
	server.SetTasks("acme/linux", 2, 1)
	expectReport(t, w.report("apply", "-json", "-auto-approve", "-var", "wait=false"))
	if difference := cmp.Diff(map[string]any{"left": 3.0}, w.outputs()); difference != "" {
		t.Errorf("the outputs differ (-want +got):\n%s", difference)
	}
}
