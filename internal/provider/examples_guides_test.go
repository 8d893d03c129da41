package provider_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
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
	expectLines(t, printed, `run "one_machine_for_each_task"... pass`, `run "no_more_than_the_maximum"... pass`,
		"Success! 2 passed, 0 failed.")
	if strings.Contains(printed, "Warning: ") {
		t.Errorf("the tests warn:\n%s", printed)
	}
	b.replace("main.tf", "pool.min, pool.max,", "0, pool.max,") // A module that scales to zero does not pass.
	printed, ok := b.run("test", "-no-color")
	if ok {
		t.Error("the tests pass")
	}
	expectLines(t, printed, `run "one_machine_for_each_task"... fail`, `got {"acme/linux":5,"acme/macos":0}.`,
		`run "no_more_than_the_maximum"... `)
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

// TestRemovingClass forgets an imported class and its token, imports them again, and deletes them. The class also has a
// token outside of the configuration.
func TestRemovingClass(t *testing.T) {
	requireVersion(t, "removed blocks with a lifecycle", "1.7", "1.10")
	server := newMovedServer(t)
	server.SetTokens(movedToken, circlecitest.Token{ResourceClass: "acme/linux", Nickname: "other"})
	b := newBinary(t, providerConfig(server))
	classURL, tokenURL := "/api/v3/runner/resource/"+movedClass.ID, "/api/v3/runner/token/"+movedToken.ID
	apply := func(configuration string) string {
		b.write("linux.tf", configuration)
		return b.succeed("apply", "-auto-approve", "-no-color")
	}

	imported := read(t, "testdata/TestRemovingClass/imported.tf")
	apply(imported)
	printed := apply(read(t, "testdata/TestRemovingClass/removed.tf"))
	if strings.Count(printed, "but will not be destroyed\n") != 2 {
		t.Errorf("the plan forgets not two resources:\n%s", printed)
	}
	expectLines(t, printed, "0 added, 0 changed, 0 destroyed")
	apply(imported)
	expectMutations(t, server)

	b.write("linux.tf", "")
	expectLines(t, b.succeed("plan", "-no-color"), "0 to add, 0 to change, 2 to destroy")
	printed, ok := b.run("apply", "-auto-approve", "-no-color")
	if ok {
		t.Errorf("a class that has a token is deleted:\n%s", printed)
	}
	expectLines(t, printed, "Error: Error deleting resource class acme/linux", `- "other" (`)
	expectMutations(t, server, "DELETE "+tokenURL, "DELETE "+classURL)
	printed = apply(classBlock("  force_delete = true"))
	expectLines(t, printed, "+ force_delete   = true", "0 added, 1 changed, 0 destroyed")
	expectMutations(t, server)
	expectLines(t, apply(""), "0 added, 0 changed, 1 destroyed")
	expectMutations(t, server, "DELETE "+classURL+"/force")
	expectSame(t, "number of tokens", 0, len(server.Tokens()))
}

// TestExamplesOfQueries lists the sample.
func TestExamplesOfQueries(t *testing.T) {
	requireVersion(t, "queries", "1.14", "")
	for _, name := range []string{"circleci_runner_resource_class", "circleci_runner_token"} {
		b, server := newExample(t, "list-resources/"+name)
		server.ServeSample(circlecitest.Sample{StuckQueue: true})
		expectLines(t, b.succeed("query", "-no-color"), "acme/linux")
	}
}

// TestExamplePipeline runs the jobs of the pipeline, against a queue that grows too long, and other errors.
func TestExamplePipeline(t *testing.T) {
	b, server := newExample(t, "pipeline")
	connect := func(lastConnected time.Duration) {
		server.SetRunners(exampleRunner("a", "", lastConnected), exampleRunner("b", "", time.Hour),
			circlecitest.Runner{ResourceClass: "acme/macos", Name: "c", LastConnected: ago(lastConnected)})
	}
	connect(2 * time.Minute)
	server.SetTasks("acme/linux", 49, 0)
	server.SetTasks("acme/macos", 1, 0)
	b.expectJob("plan", 0, "Changes to Outputs:")
	b.expectJob("counts", 0)
	var counts bytes.Buffer
	b.check(json.Compact(&counts, []byte(read(t, b.path("counts.json")))))
	const want = `{"acme/linux":{"connected":1,"waiting":49},"acme/macos":{"connected":1,"waiting":1}}`
	if got := counts.String(); got != want {
		t.Errorf("the counts are %s, want %s", got, want)
	}
	b.check(os.Remove(b.path("counts.json")))
	connect(time.Minute) // Which changes no count, but a last_connected.
	b.expectEmptyPlan()

	server.SetTasks("acme/macos", 2, 0)
	for _, job := range []string{"plan", "counts"} {
		b.expectJob(job, 1, "Error: Module output value precondition failed", "acme has 51 waiting tasks, more than 50.")
	}
	server.SetRunners()
	b.expectJob("counts", 1, "Warning: No fleet", "acme has no runners: check the namespace.")
	server.SetHandler(circlecitest.Error(http.StatusForbidden, "no"))
	b.expectJob("counts", 1, "Error: Error reading runners of namespace acme")
	if _, err := os.Stat(b.path("counts.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a job that failed has counts: %v", err)
	}
}

// TestExamplePipelineDrained runs the job that waits for a queue: one that is stuck, one that drains between two polls, and
// one whose class does not exist.
func TestExamplePipelineDrained(t *testing.T) {
	b, server := newExample(t, "pipeline")
	const configuration, tasks = "drained/main.tf", "/api/v3/runner/tasks"
	server.SetTasks("acme/linux", 2, 1)
	b.replace(configuration, `"20s"`, `"1s"`)
	b.replace(configuration, `"5s"`, `"1s"`)
	b.expectJob("drained", 1, "Error: Error counting tasks of resource class acme/linux",
		"waiting for at most 0 unclaimed and at most 0 running tasks; last observed: 2 unclaimed and 1 running task.",
		"Check that runners of resource class acme/linux are connected and claim its tasks, or increase wait_for.timeout.")

	b.replace(configuration, `timeout       = "1s"`, `timeout       = "1m"`)
	var polls atomic.Int32
	server.Intercept(func(r *http.Request) http.Handler {
		if r.URL.Path == tasks && polls.Add(1) == 2 {
			server.SetTasks("acme/linux", 0, 0)
		}
		return nil
	})
	b.expectJob("drained", 0, "No changes.")
	if got := polls.Load(); got < 2 || got > 3 { // The second may have counted a running task before the queue drained.
		t.Errorf("the wait took %d polls", got)
	}

	b.replace(configuration, "acme/linux", "acme/linus")
	b.expectJob("drained", 1, "Error: Error counting tasks of resource class acme/linus", "404 Not Found")
}

// expectJob runs the commands of a job of the pipeline until one fails, as CircleCI does. It asserts the exit status of the
// last, and parts of what they print, without line breaks.
func (b binary) expectJob(job string, status int, messages ...string) {
	b.t.Helper()
	path := b.t.TempDir()
	b.check(os.Symlink(b.ExecPath(), filepath.Join(path, "terraform")))
	_, steps, _ := strings.Cut(read(b.t, filepath.Join(examples, "pipeline/.circleci/config.yml")), "\n  "+job+":\n")
	steps, _, _ = strings.Cut(steps, "\n\n")
	var printed strings.Builder
	exit := -1
	for _, step := range regexp.MustCompile(`(?m)^ +- run: (.+)$`).FindAllStringSubmatch(steps, -1) {
		command := exec.CommandContext(b.t.Context(), "sh", "-ec", step[1])
		command.Dir = b.WorkingDir()
		command.Env = append(os.Environ(), "TF_CLI_ARGS=-no-color", "PATH="+path+":"+os.Getenv("PATH"))
		output, err := command.CombinedOutput()
		printed.Write(output)
		if exit = command.ProcessState.ExitCode(); err != nil {
			break
		}
	}
	if exit != status {
		b.t.Errorf("%s has the exit status %d, want %d", job, exit, status)
	}
	expectLines(b.t, strings.Join(strings.Fields(printed.String()), " "), messages...)
}
