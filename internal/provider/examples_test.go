package provider_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// exampleTest is the test of an example.
type exampleTest struct {
	// directory is relative to examples/.
	directory string
	// name distinguishes the tests of one directory.
	name string
	// environment is set in addition to the URL of the server. The default is CIRCLE_TOKEN.
	environment map[string]string
	// ca issues the certificate of the server. Without one, the server has no TLS.
	ca *circlecitest.CA
	// terraform and openTofu are the first versions that can run the example. The default is every supported version.
	terraform, openTofu string
	steps               []exampleStep
}

// exampleStep is a command and its results.
type exampleStep struct {
	// before prepares the server or the workspace.
	before func(x *example)
	// command returns its diagnostics; the default is apply. run replaces it.
	command []string
	run     func(x *example)
	// diagnostics are all diagnostics, in any order.
	diagnostics []diagnostic
	// outputs, state (the managed resources) and requests (URLs, in any order) are compared if they are not nil.
	outputs  map[string]any
	state    []string
	requests []string
	// after asserts the rest.
	after func(x *example)
}

// example is a copy of an example in a workspace of its own.
type example struct {
	*workspace
	server *circlecitest.Server
}

// exampleFleet serves fleet with recent times and with the attributes of API v3: one runner of each class is connected. It has
// one class and its token.
func exampleFleet(x *example) {
	runners := slices.Clone(fleet)
	for i := range runners {
		runners[i].OrganizationID = organization
		runners[i].LastConnected = ago(time.Minute)
		switch runners[i].Name {
		case "a":
			runners[i].Status = "busy"
		case "b":
			runners[i].Status, runners[i].LastConnected = "idle", ago(time.Hour)
		}
	}
	x.server.SetRunners(runners...)
	x.server.SetTasks("acme/linux", 3, 2)
	x.server.SetTasks("acme/gpu", 5, 0)
	x.server.SetResourceClasses(movedClass)
	x.server.SetTokens(movedToken)
}

// linux returns a runner of acme/linux.
func linux(name, version string, lastConnected time.Duration) circlecitest.Runner {
	return circlecitest.Runner{ResourceClass: "acme/linux", Name: name, Version: version, LastConnected: ago(lastConnected)}
}

// failedCheck returns the diagnostic of a check block.
func failedCheck(message string) diagnostic {
	return diagnostic{Severity: "warning", Summary: "Check block assertion failed", Detail: message}
}

// replace replaces a part of a file.
func (x *example) replace(name, from, to string) {
	x.write(name, strings.Replace(read(x.t, filepath.Join(x.Dir, name)), from, to, 1))
}

func TestExamples(t *testing.T) {
	tests := exampleTests()
	for _, test := range tests {
		t.Run(strings.TrimSpace(test.directory+" "+test.name), func(t *testing.T) {
			if test.terraform != "" {
				requireVersion(t, "the example", test.terraform, test.openTofu)
			}
			server := newServer(t)
			if test.ca != nil {
				server = newTLSServer(t, test.ca, "127.0.0.1")
			}
			t.Setenv("CIRCLECI_RUNNER_API_URL", server.URL)
			if test.environment == nil {
				test.environment = map[string]string{"CIRCLE_TOKEN": circlecitest.PersonalToken}
			}
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			x := newExample(t, test.directory, server)
			for _, step := range test.steps {
				step.do(x)
			}
		})
	}
	for _, file := range exampleFiles(t, ".") {
		directory := path.Dir(file)
		tested := slices.ContainsFunc(tests, func(test exampleTest) bool { return test.directory == directory })
		if path.Ext(file) != ".sh" && !tested && !strings.HasPrefix(directory, "demo") && directory != "testing/connected" {
			t.Errorf("no test covers examples/%s", file)
		}
	}
}

// TestExamplesHaveProvider asserts that the example of each page can be pasted as it is: without a provider block,
// Terraform advises to add one when the token is missing. Functions need none.
func TestExamplesHaveProvider(t *testing.T) {
	hasProvider := map[string]bool{}
	for _, kind := range []string{"resources", "list-resources", "data-sources", "actions"} {
		for _, file := range exampleFiles(t, kind) {
			name := path.Join(kind, file)
			block := strings.Contains(read(t, filepath.Join(examples, name)), "\nprovider \"circleci\" {")
			hasProvider[path.Dir(name)] = hasProvider[path.Dir(name)] || block
		}
	}
	for directory, found := range hasProvider {
		if !found {
			t.Errorf("examples/%s has no provider block", directory)
		}
	}
}

func (s exampleStep) do(x *example) {
	x.t.Helper()
	if s.before != nil {
		s.before(x)
	}
	x.server.ResetRecords()
	if s.run != nil {
		s.run(x)
	} else {
		if s.command == nil {
			s.command = []string{"apply", "-json", "-auto-approve"}
		}
		expectReport(x.t, x.report(s.command...), s.diagnostics...)
	}
	if s.requests != nil {
		expectRequests(x.t, x.server, s.requests...)
	}
	if s.outputs != nil {
		expectSame(x.t, "outputs", s.outputs, x.outputs())
	}
	if s.state != nil {
		expectSame(x.t, "resources in the state", s.state, x.state(), cmpopts.EquateEmpty())
	}
	if s.after != nil {
		s.after(x)
	}
}

func expectTokenSent(x *example) {
	expectRequests(x.t, x.server,
		"/api/v3/runner/tasks?resource-class=acme%2Flinux", "/api/v3/runner/tasks/running?resource-class=acme%2Flinux")
	expectCredential(x.t, x.server.Requests()[0], "Circle-Token", circlecitest.PersonalToken)
}

// expectLines asserts parts of an output.
func expectLines(t *testing.T, printed string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(printed, part) {
			t.Errorf("got output\n%s\nwithout %q", printed, part)
		}
	}
}

// expectEmptyPlan asserts whether a plan changes neither a resource nor an output.
func (x *example) expectEmptyPlan(want bool) {
	x.t.Helper()
	if stdout, isEmpty := x.run("plan", "-detailed-exitcode", "-no-color"); isEmpty != want {
		x.t.Errorf("the plan is empty: %t, want %t:\n%s", isEmpty, want, stdout)
	}
}

// expectTest runs the CLI's tests, and asserts whether they pass, some lines of output, and that there is no warning.
func (x *example) expectTest(passes bool, lines ...string) {
	x.t.Helper()
	stdout, stderr, ok := x.runBoth("test", "-no-color")
	printed := stdout + stderr
	if ok != passes || strings.Contains(printed, "Warning: ") {
		x.t.Errorf("the tests pass: %t, want %t without a warning:\n%s", ok, passes, printed)
	}
	expectLines(x.t, printed, lines...)
}

const examples = "../../examples"

// exampleFiles returns the files of an example, relative to its directory, without a state or a lock file.
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
	if err != nil || len(files) == 0 {
		t.Fatalf("examples/%s has %d files: %v", directory, len(files), err)
	}
	return files
}

// newExample copies an example to a workspace, and adds a required_providers block if it has none.
func newExample(t *testing.T, directory string, server *circlecitest.Server) *example {
	t.Helper()
	x := &example{newWorkspace(t, ""), server}
	copied := map[string]string{"main.tf": "", "requirement.tf": cli.RequiredProviders}
	for _, file := range exampleFiles(t, directory) {
		copied[file] = read(t, filepath.Join(examples, directory, file))
		if path.Dir(file) == "." && strings.Contains(copied[file], "required_providers") {
			delete(copied, "requirement.tf")
		}
	}
	x.check(x.Write(copied))
	return x
}
