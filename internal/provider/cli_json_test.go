package provider_test

import (
	"encoding/json"
	"strings"
)

// diagnostic is a diagnostic in the CLI's own JSON.
type diagnostic struct {
	Severity, Summary, Detail, Address string
	Snippet                            *struct{ Context, Code string }
	Range                              *struct{ Start struct{ Line int } }
}

// shown is the JSON of a saved plan, or of the state.
type shown struct {
	Values struct {
		RootModule struct {
			Resources []struct {
				Address, Mode string
				Values        map[string]any
			}
		} `json:"root_module"`
	}
	Changes []struct {
		Address, Mode string
		Change        struct{ Actions []string }
	} `json:"resource_changes"`
}

// validate runs validate and returns its diagnostics.
func (w *workspace) validate() []diagnostic {
	w.t.Helper()
	var result struct{ Diagnostics []diagnostic }
	w.decode(&result, "validate", "-json")
	return result.Diagnostics
}

// plan runs plan and returns its diagnostics.
func (w *workspace) plan() []diagnostic {
	w.t.Helper()
	return w.report("plan", "-json")
}

// apply runs apply and returns its diagnostics.
func (w *workspace) apply() []diagnostic {
	w.t.Helper()
	return w.report("apply", "-json", "-auto-approve")
}

// report runs plan, apply or destroy with -json and returns the diagnostics. The CLI may fail, but not without one.
func (w *workspace) report(arguments ...string) (all []diagnostic) {
	w.t.Helper()
	stdout, _, ok := w.runBoth(arguments...)
	for line := range strings.Lines(stdout) {
		var message struct{ Diagnostic *diagnostic }
		w.check(json.Unmarshal([]byte(line), &message))
		if message.Diagnostic != nil {
			all = append(all, *message.Diagnostic)
		}
	}
	if len(all) == 0 && !ok {
		w.t.Fatalf("%s fails:\n%s", arguments[0], stdout)
	}
	return all
}

// outputs returns the values of the outputs of the last apply.
func (w *workspace) outputs() map[string]any {
	w.t.Helper()
	var outputs map[string]struct{ Value any }
	w.decode(&outputs, "output", "-json")
	values := map[string]any{}
	for name, output := range outputs {
		values[name] = output.Value
	}
	return values
}

// show returns the state, or a saved plan.
func (w *workspace) show(plan ...string) (s shown) {
	w.t.Helper()
	w.decode(&s, append([]string{"show", "-json"}, plan...)...)
	return s
}

// state returns the addresses of the managed resources in the state.
func (w *workspace) state() []string {
	w.t.Helper()
	var addresses []string
	for _, resource := range w.show().Values.RootModule.Resources {
		if resource.Mode == "managed" {
			addresses = append(addresses, resource.Address)
		}
	}
	return addresses
}

// decode decodes the JSON document that a command prints, also where the command fails with it, as validate does.
func (w *workspace) decode(into any, arguments ...string) {
	w.t.Helper()
	stdout, _ := w.run(arguments...)
	w.check(json.Unmarshal([]byte(stdout), into))
}
