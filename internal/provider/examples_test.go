package provider_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// exampleTest is what an example promises, beyond that it can be applied and destroyed, and that the next plan is
// empty.
type exampleTest struct {
	// environment is what its page tells the user to set. URL stands for that of the server.
	environment map[string]string
	// serve changes the sample, in which six tasks of acme/linux wait and two run, and two of acme/gpu wait.
	serve func(server *circlecitest.Server)
	// outputs are the outputs in JSON.
	outputs string
	// failed are the messages of the checks that fail, which are warnings.
	failed []string
	// requests are those of the first plan and its apply, in any order. Nil is not compared.
	requests []string
	// fails is a part of the error with which the plan ends.
	fails string
	// inBinary is set for what terraform-plugin-testing cannot run: resources with for_each, and modules.
	inBinary bool
	// version is the first version of Terraform and of OpenTofu that can run it. The default is every supported version.
	version string

	server *circlecitest.Server
}

// TestAccExamples applies every example against the sample, which make api serves. examples_table_test.go has what they
// promise.
func TestAccExamples(t *testing.T) {
	ca := circlecitest.NewCA()
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, []byte(ca.CertificatePEM), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := exampleTests(caFile)
	for _, name := range exampleDirectories(t) {
		if _, found := tests[name]; !found {
			t.Errorf("examples/%s has no row", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			test := tests[name]
			requireVersion(t, "the example", cmp.Or(test.version, "1.8"), cmp.Or(test.version, "1.7"))
			test.server = newServer(t)
			if name == "server" {
				test.server = newTLSServer(t, ca, "127.0.0.1")
			}
			test.server.ServeSample(circlecitest.Sample{StuckQueue: true})
			if test.serve != nil {
				test.serve(test.server)
			}
			setEnvironment(t, test.server, test.environment)
			directory, _, _ := strings.Cut(name, ": ")
			if test.inBinary {
				test.runBinary(newDirectory(t, exampleFiles(t, directory)))
			} else {
				test.run(t, exampleFiles(t, directory))
			}
		})
	}
}

// setEnvironment sets what every page tells the user to set, and these variables.
func setEnvironment(t *testing.T, server *circlecitest.Server, variables map[string]string) {
	t.Helper()
	t.Setenv("CIRCLECI_RUNNER_API_URL", server.URL)
	t.Setenv("CIRCLE_TOKEN", circlecitest.PersonalToken)
	for name, value := range variables {
		t.Setenv(name, strings.ReplaceAll(value, "URL", server.URL))
	}
}

// run tests an example in the process of the test.
func (e exampleTest) run(t *testing.T, files fs.FS) {
	t.Helper()
	directory := t.TempDir()
	if err := os.CopyFS(directory, files); err != nil {
		t.Fatal(err)
	}
	step := resource.TestStep{
		ProtoV6ProviderFactories: factories, ConfigDirectory: config.StaticDirectory(directory),
		ConfigStateChecks: []statecheck.StateCheck{e},
	}
	if e.fails != "" {
		step.ExpectError = cliError(e.fails)
	}
	resource.Test(t, resource.TestCase{Steps: []resource.TestStep{step}})
}

// runBinary tests an example with the executable.
func (e exampleTest) runBinary(b binary) {
	b.t.Helper()
	b.check(b.Init(b.t.Context()))
	printed, ok := b.run("apply", "-auto-approve", "-no-color")
	if e.fails != "" {
		if ok || !cliError(e.fails).MatchString(printed) {
			b.t.Errorf("apply succeeds: %t, without the error %q:\n%s", ok, e.fails, printed)
		}
		return
	}
	if !ok || strings.Count(printed, "Warning: ") != len(e.failed) {
		b.t.Fatalf("apply succeeds: %t, want %d warnings:\n%s", ok, len(e.failed), printed)
	}
	state, err := b.Show(b.t.Context())
	b.check(err)
	b.check(e.check(state))
	b.expectEmptyPlan()
	b.check(b.Destroy(b.t.Context()))
}

// expectEmptyPlan asserts that a plan changes neither a resource nor an output.
func (b binary) expectEmptyPlan() {
	b.t.Helper()
	if hasChanges, err := b.Plan(b.t.Context()); err != nil || hasChanges {
		b.t.Errorf("the plan has changes: %t, %v", hasChanges, err)
	}
}

// CheckState implements statecheck.StateCheck.
func (e exampleTest) CheckState(
	_ context.Context, req statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse,
) {
	resp.Error = e.check(req.State)
}

// check compares the state after the first apply, and the requests until then.
func (e exampleTest) check(state *tfjson.State) error {
	outputs, failed := map[string]any{}, []string(nil)
	for name, output := range state.Values.Outputs {
		outputs[name] = output.Value
	}
	for _, check := range state.Checks {
		for _, instance := range check.Instances {
			for _, problem := range instance.Problems {
				failed = append(failed, problem.Message)
			}
		}
	}
	var requests []string
	for _, request := range e.server.Requests() {
		requests = append(requests, requestURL(request))
	}
	slices.Sort(failed)
	slices.Sort(requests)
	got, err := json.Marshal(outputs)
	switch {
	case err != nil:
		return err
	case string(got) != cmp.Or(e.outputs, "{}"):
		return fmt.Errorf("the outputs are\n%s, want\n%s", got, e.outputs)
	case !slices.Equal(failed, e.failed):
		return fmt.Errorf("the failed checks are %q, want %q", failed, e.failed)
	case e.requests != nil && !slices.Equal(requests, e.requests):
		return fmt.Errorf("the requests are %q, want %q", requests, e.requests)
	}
	return nil
}

const examples = "../../examples"

// exampleDirectories returns the directories of all examples but the demo, which internal/demo tests, what needs other
// providers, queries, and what is a part of another example.
func exampleDirectories(t *testing.T) (directories []string) {
	t.Helper()
	for name := range exampleFiles(t, ".") {
		directories = append(directories, path.Dir(name))
	}
	slices.Sort(directories)
	return slices.DeleteFunc(slices.Compact(directories), func(directory string) bool {
		queries, err := filepath.Glob(filepath.Join(examples, directory, "*.tfquery.hcl"))
		top, _, _ := strings.Cut(directory, "/")
		_, needsFakes := machinesTests()[top]
		return err != nil || len(queries) > 0 || needsFakes || strings.HasPrefix(directory, "demo") ||
			slices.Contains([]string{"together", "testing/fleets", "token-file"}, directory)
	})
}

// exampleFiles returns the files of an example, without what a run in its directory leaves.
func exampleFiles(t *testing.T, directory string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	fsys := os.DirFS(filepath.Join(examples, directory))
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".terraform":
			return fs.SkipDir
		case slices.Contains([]string{".tf", ".tftpl", ".hcl", ".sh"}, path.Ext(name)) && entry.Name() != ".terraform.lock.hcl":
			content, err := fs.ReadFile(fsys, name)
			files[name] = &fstest.MapFile{Data: content, Mode: 0o700}
			return err
		}
		return nil
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("examples/%s has %d files: %v", directory, len(files), err)
	}
	return files
}
