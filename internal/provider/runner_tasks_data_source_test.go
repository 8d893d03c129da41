package provider_test

import (
	"net/http"
	"sync"
	"testing"
)

const countsOutput = `
output "counts" {
  value = [tostring(data.circleci_runner_tasks.test.unclaimed_task_count), data.circleci_runner_tasks.test.running_task_count]
}
`

func TestRunnerTasks(t *testing.T) {
	t.Parallel()
	const v2, v3, running = "/api/v2/runner/tasks?resource-class=acme%2Flinux", "/api/v3/runner/tasks?resource-class=acme%2Flinux",
		"/api/v3/runner/tasks/running?resource-class=acme%2Flinux"
	for name, row := range map[string]struct {
		v3                 bool
		unclaimed, running int64
		want               []any // The counts; the first as a string, because it may exceed a float64.
		requests           []string
	}{
		"v2":                     {unclaimed: 42, running: 2, want: []any{"42", nil}, requests: []string{v2}},
		"v2 without tasks":       {want: []any{"0", nil}, requests: []string{v2}},
		"v2, the largest number": {unclaimed: 9223372036854775807, want: []any{"9223372036854775807", nil}, requests: []string{v2}},
		"v3":                     {v3: true, unclaimed: 3, running: 2, want: []any{"3", 2.0}, requests: []string{v3, running}},
		"v3 without tasks":       {v3: true, want: []any{"0", 0.0}, requests: []string{v3, running}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, block := newServer(t), providerBlock
			server.SetTasks("acme/linux", row.unclaimed, row.running)
			if row.v3 { // Each response waits until both are requested, so both requests are in flight concurrently.
				block = v3Block
				var both sync.WaitGroup
				both.Add(2)
				server.Intercept(func(*http.Request) http.Handler {
					both.Done()
					both.Wait()
					return nil
				})
			}
			expectOutputs(t, newWorkspace(t, block(server)+tasksBlock+countsOutput), map[string]any{"counts": row.want})
			expectRequests(t, server, row.requests...)
		})
	}
}
