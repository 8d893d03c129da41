package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExampleTesting runs the CLI's own tests of a module, for which there is no credential and nothing to ask.
func TestExampleTesting(t *testing.T) {
	server := newServer(t)
	t.Setenv("CIRCLECI_RUNNER_API_URL", server.URL)
	w := newExample(t, "testing")
	if output, ok := w.run("init", "-no-color"); !ok {
		t.Fatalf("init fails:\n%s", output)
	}
	expectTest := func(passes bool, want ...string) {
		t.Helper()
		stdout, stderr, ok := w.runBoth("test", "-no-color")
		if ok != passes {
			t.Errorf("the tests pass: %t, want %t", ok, passes)
		}
		for _, line := range want {
			if !strings.Contains(stdout+stderr, line+"\n") {
				t.Errorf("test does not say %q:\n%s%s", line, stdout, stderr)
			}
		}
		if strings.Contains(stdout+stderr, "Warning: ") {
			t.Errorf("test warns:\n%s%s", stdout, stderr)
		}
	}
	expectTest(true,
		`run "one_machine_for_each_task"... pass`,
		`run "one_machine_for_no_task"... pass`,
		`run "never_too_many"... pass`,
		"Success! 3 passed, 0 failed.",
	)

	// A module that scales to nothing does not pass.
	module, err := os.ReadFile(filepath.Join(w.dir, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("main.tf", strings.Replace(string(module), "1, var.max_machines,", "0, var.max_machines,", 1))
	expectTest(false,
		`run "one_machine_for_each_task"... pass`,
		`run "one_machine_for_no_task"... fail`,
		"Expected the minimum of 1 machine, got 0.",
	)

	if requests, connections := server.Requests(), server.Connections(); len(requests) != 0 || connections != 0 {
		t.Errorf("the server was asked %+v over %d connections", requests, connections)
	}
}
