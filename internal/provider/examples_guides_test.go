package provider_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// newExample initializes a copy of an example.
func newExample(t *testing.T, directory string) (binary, *circlecitest.Server) {
	t.Helper()
	server := newServer(t)
	b := newDirectory(t, exampleFiles(t, directory))
	setEnvironment(t, server, nil)
	b.check(b.Init(t.Context()))
	return b, server
}

// expect asserts the outputs, the failed checks and the requests.
func (b binary) expect(want exampleTest) {
	b.t.Helper()
	state, err := b.Show(b.t.Context())
	b.check(err)
	if err := want.check(state); err != nil {
		b.t.Error(err)
	}
}

// TestExampleAuthentication has the token in an ephemeral variable, so no file that the run writes has it.
func TestExampleAuthentication(t *testing.T) {
	requireVersion(t, "ephemeral variables", "1.10", "1.11")
	b, server := newExample(t, "authentication")
	t.Setenv("CIRCLE_TOKEN", "")
	server.SetTasks("acme/linux", 3, 0)
	t.Setenv("TF_VAR_circleci_token", circlecitest.PersonalToken)
	b.succeed("plan", "-out=plan.zip")
	expectCredential(t, server.Requests()[0], "Circle-Token", circlecitest.PersonalToken)
	server.ResetRecords()
	b.check(os.Unsetenv("TF_VAR_circleci_token")) // The saved plan does not have it.
	printed, ok := b.run("apply", "-no-color", "plan.zip")
	if ok || !strings.Contains(printed, "Error: No value for required variable") {
		t.Errorf("apply needs no value of the ephemeral variable:\n%s", printed)
	}
	t.Setenv("TF_VAR_circleci_token", circlecitest.PersonalToken)
	b.succeed("apply", "plan.zip")
	b.expect(exampleTest{server: server, outputs: `{"waiting":3}`, requests: []string{}})
	written := b.files()
	b.unzip("plan.zip", written)
	if !strings.Contains(written["terraform.tfstate"], "unclaimed_task_count") || written["plan.zip/tfplan"] == "" {
		t.Fatal("the run wrote no state or no plan")
	}
	for name, content := range written {
		if strings.Contains(content, circlecitest.PersonalToken) {
			t.Errorf("%s contains the token", name)
		}
	}
}

// TestExampleTesting runs the CLI's tests of a module, which need no credential and send no request.
// OpenTofu 1.8 crashes when a data source is mocked.
func TestExampleTesting(t *testing.T) {
	requireVersion(t, "mocked providers", "1.8", "1.12")
	b, server := newExample(t, "testing")
	t.Setenv("CIRCLE_TOKEN", "")
	printed := b.succeed("test", "-no-color")
	expectLines(t, printed, `run "one_machine_for_each_task"... pass`, `run "one_machine_for_no_task"... pass`,
		`run "never_too_many"... pass`, "Success! 3 passed, 0 failed.")
	if strings.Contains(printed, "Warning: ") {
		t.Errorf("the tests warn:\n%s", printed)
	}
	b.replace("main.tf", "1, var.max_machines,", "0, var.max_machines,") // A module that scales to zero does not pass.
	printed, ok := b.run("test", "-no-color")
	if ok {
		t.Error("the tests pass")
	}
	expectLines(t, printed, `run "one_machine_for_each_task"... pass`, `run "one_machine_for_no_task"... fail`,
		"Expected the minimum of 1 machine, got 0.")
	expectRequests(t, server)
}

// TestExampleReplacement changes the description of a class that has a token, at CircleCI Server: both are replaced,
// the token first.
func TestExampleReplacement(t *testing.T) {
	b, server := newExample(t, "resources/circleci_runner_resource_class")
	server.OmitFleetAPI()
	b.succeed("apply", "-auto-approve")
	b.replace("resource.tf", "Large Linux machines", "Machines")
	server.ResetRecords()
	b.succeed("apply", "-auto-approve")
	got := strings.Join(mutations(server), "\n")
	got = regexp.MustCompile("/[0-9a-f-]{36}").ReplaceAllString(got, "")
	const classes, tokens = "/api/v3/runner/resource", "/api/v3/runner/token"
	if want := "DELETE " + tokens + "\nDELETE " + classes + "\nPOST " + classes + "\nPOST " + tokens; got != want {
		t.Errorf("the requests are\n%s, want\n%s", got, want)
	}
}

// TestExampleImporting imports as many classes and tokens as were seen in one installation, by the configuration that
// the query generates.
func TestExampleImporting(t *testing.T) {
	requireVersion(t, "queries", "1.14", "")
	b, server := newExample(t, "importing")
	const classes, tokens = 112, 133
	allClasses, allTokens := make([]circlecitest.ResourceClass, classes), make([]circlecitest.Token, tokens)
	for i := range tokens { // Half of them have no description or nickname.
		class := fmt.Sprintf("acme/class-%d", i%classes)
		allClasses[i%classes] = circlecitest.ResourceClass{ResourceClass: class, Description: strings.Repeat("Linux", i%2)}
		allTokens[i] = circlecitest.Token{ResourceClass: class, Nickname: strings.Repeat("ci", i%2)}
	}
	server.SetResourceClasses(allClasses...)
	server.SetTokens(allTokens...)
	expectListings := func() {
		t.Helper()
		if got := len(server.Requests()); got != 1+classes {
			t.Errorf("%d requests were sent, want %d", got, 1+classes)
		}
		expectMutations(t, server)
	}
	b.succeed("query", "-generate-config-out=imported.tf")
	expectListings()
	printed := b.succeed("apply", "-auto-approve", "-no-color")
	expectLines(t, printed, fmt.Sprintf("Resources: %d imported, 0 added, 0 changed, 0 destroyed.", classes+tokens))
	expectListings()
	b.expectEmptyPlan()
	expectListings()
}

// TestExamplesOfQueries lists the sample.
func TestExamplesOfQueries(t *testing.T) {
	requireVersion(t, "queries", "1.14", "")
	for _, name := range []string{"circleci_runner_resource_class", "circleci_runner_token"} {
		b, server := newExample(t, "list-resources/"+name)
		server.ServeSample(func() time.Duration { return 0 })
		expectLines(t, b.succeed("query", "-no-color"), "acme/linux")
	}
}

// TestExamplePipeline runs the script and the commands of the pipeline, against a queue that grows too long, and other
// errors.
func TestExamplePipeline(t *testing.T) {
	b, server := newExample(t, "pipeline")
	connect := func(lastConnected time.Duration) {
		server.SetRunners(exampleRunner("a", "", lastConnected), exampleRunner("b", "", time.Hour),
			circlecitest.Runner{ResourceClass: "acme/mac", Name: "c", LastConnected: ago(lastConnected)})
	}
	connect(2 * time.Minute)
	server.SetTasks("acme/linux", 49, 0)
	server.SetTasks("acme/mac", 1, 0)
	b.expectPipeline(0, `{"acme/linux":{"connected":1,"waiting":49},"acme/mac":{"connected":1,"waiting":1}}`)
	b.expectCommands(true)
	connect(time.Minute) // Which changes no count, but a last_connected.
	b.expectEmptyPlan()

	server.SetTasks("acme/mac", 2, 0)
	b.expectPipeline(1, "", "Error: Module output value precondition failed\n", "acme has 51 waiting tasks, more than 50.")
	b.expectCommands(false)
	server.SetRunners()
	b.expectPipeline(1, "", "Warning: No fleet\n", "Error: Module output value precondition failed\n",
		"acme has no runners: check the namespace.")
	server.SetHandler(circlecitest.Error(http.StatusForbidden, "no"))
	b.expectPipeline(1, "", "Error: Error reading runners of namespace acme\n")
}

// expectPipeline runs the script as a pipeline does, and asserts its exit status, the JSON on standard output, if any,
// and parts of standard error.
func (b binary) expectPipeline(status int, printed string, messages ...string) {
	b.t.Helper()
	command := exec.CommandContext(b.t.Context(), "sh", b.path("run.sh"), b.ExecPath())
	command.Env = append(os.Environ(), "TF_CLI_ARGS=-no-color")
	var stderr, compact bytes.Buffer
	command.Stderr = &stderr
	stdout, err := command.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	if len(stdout) > 0 {
		b.check(json.Compact(&compact, bytes.TrimSpace(stdout)))
	}
	if got := command.ProcessState.ExitCode(); got != status || compact.String() != printed {
		b.t.Errorf("got exit status %d and output %s", got, stdout)
	}
	expectLines(b.t, stderr.String(), messages...)
}

// expectCommands runs the commands of the configuration of the pipeline, and asserts whether all succeed or only init
// does.
func (b binary) expectCommands(succeed bool) {
	b.t.Helper()
	path := b.t.TempDir()
	b.check(os.Symlink(b.ExecPath(), filepath.Join(path, "terraform")))
	pipeline := read(b.t, filepath.Join(examples, "pipeline/.circleci/config.yml"))
	commands := regexp.MustCompile(`(?m)^ +- run: (.+)$`).FindAllStringSubmatch(pipeline, -1)
	if len(commands) != 3 {
		b.t.Fatalf("the configuration has %d commands, want 3", len(commands))
	}
	for _, command := range commands {
		run := exec.CommandContext(b.t.Context(), "sh", "-ec", command[1])
		run.Dir, run.Env = b.WorkingDir(), append(os.Environ(), "PATH="+path+":"+os.Getenv("PATH"))
		if output, err := run.CombinedOutput(); (err == nil) != (succeed || strings.Contains(command[1], " init ")) {
			b.t.Errorf("%s: %v\n%s", command[1], err, output)
		}
	}
	if succeed {
		expectLines(b.t, read(b.t, b.path("counts.json")), `"waiting":49`)
	}
}
