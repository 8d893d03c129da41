package provider_test

import (
	"strings"

	"github.com/google/go-cmp/cmp/cmpopts"
)

// expectChanges plans, and asserts the actions for each resource that changes, joined by a slash.
func (w *workspace) expectChanges(want map[string]string) {
	w.t.Helper()
	assertNoDiagnostics(w.t, w.report("plan", "-json", "-out=plan.bin"))
	got := map[string]string{}
	for _, r := range w.show("plan.bin").Changes {
		if actions := strings.Join(r.Change.Actions, "/"); r.Mode == "managed" && actions != "no-op" {
			got[r.Address] = actions
		}
	}
	expectSame(w.t, "planned changes", want, got, cmpopts.EquateEmpty())
}

// attributes returns what the state holds of a resource, nil when it holds none.
func (w *workspace) attributes(address string) map[string]any {
	w.t.Helper()
	for _, r := range w.show().Values.RootModule.Resources {
		if r.Address == address {
			return r.Values
		}
	}
	return nil
}

// succeed runs a command that must not fail.
func (w *workspace) succeed(arguments ...string) string {
	w.t.Helper()
	stdout, stderr, ok := w.runBoth(arguments...)
	if !ok {
		w.t.Fatalf("%q fails:\n%s%s", arguments, stdout, stderr)
	}
	return stdout + stderr
}

// movedConfiguration describes them under a name, and leaves unset what may be unset.
func movedConfiguration(name string) string {
	return strings.NewReplacer("\"linux\"", "\""+name+"\"", "class.linux", "class."+name).Replace(
		classBlock(`  description = "Linux"`) + tokenBlock(`  nickname = "ci"`))
}
