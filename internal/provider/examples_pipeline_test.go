package provider_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// connectAgain serves 50 tasks and the runners of two classes, one of each of which connected this long ago.
func connectAgain(lastConnected time.Duration) func(x *example) {
	return func(x *example) {
		x.server.SetRunners(linux("a", "", lastConnected), linux("b", "", time.Hour),
			circlecitest.Runner{ResourceClass: "acme/mac", Name: "c", LastConnected: ago(lastConnected)})
		x.server.SetTasks("acme/linux", 49, 0)
		x.server.SetTasks("acme/mac", 1, 0)
	}
}

// expectPipeline runs the script as a pipeline does, and asserts its exit status, the JSON on standard output, if any, and
// parts of standard error.
func (x *example) expectPipeline(status int, printed string, messages ...string) {
	x.t.Helper()
	command := exec.CommandContext(x.t.Context(), "sh", x.Dir+"/run.sh", x.Path)
	command.Env = append(x.Env, "TF_CLI_ARGS=-no-color")
	var stderr, compact bytes.Buffer
	command.Stderr = &stderr
	stdout, err := command.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		x.t.Fatal(err)
	}
	if len(stdout) > 0 {
		x.check(json.Compact(&compact, bytes.TrimSpace(stdout)))
	}
	if got := command.ProcessState.ExitCode(); got != status || compact.String() != printed {
		x.t.Errorf("got exit status %d and output %s", got, stdout)
	}
	expectLines(x.t, stderr.String(), messages...)
}

// configCommand matches a command in the configuration of the pipeline.
var configCommand = regexp.MustCompile(`(?m)^ +- run: (.+)$`)

// expectConfig runs the commands of the configuration of the pipeline, and asserts whether all succeed or only init does.
func (x *example) expectConfig(succeed bool) {
	x.t.Helper()
	path := x.t.TempDir()
	x.check(os.Symlink(x.Path, filepath.Join(path, "terraform")))
	x.check(os.Chmod(filepath.Join(x.Dir, "run.sh"), 0o700))
	commands := configCommand.FindAllStringSubmatch(read(x.t, filepath.Join(examples, "pipeline/.circleci/config.yml")), -1)
	if len(commands) != 3 {
		x.t.Fatalf("the configuration has %d commands, want 3", len(commands))
	}
	for _, command := range commands {
		run := exec.CommandContext(x.t.Context(), "sh", "-ec", command[1])
		run.Dir, run.Env = x.Dir, append(slices.Clone(x.Env), "PATH="+path+":"+os.Getenv("PATH"))
		if output, err := run.CombinedOutput(); (err == nil) != (succeed || strings.Contains(command[1], " init ")) {
			x.t.Errorf("%s: %v\n%s", command[1], err, output)
		}
	}
	if succeed {
		expectLines(x.t, read(x.t, filepath.Join(x.Dir, "counts.json")), `"waiting":49`)
	}
}
