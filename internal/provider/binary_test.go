package provider_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// buildDirectory is where buildProvider builds. TestMain makes and removes it.
var buildDirectory string

// buildProvider builds the provider once for all tests that need its executable.
var buildProvider = sync.OnceValues(func() (string, error) {
	executable := filepath.Join(buildDirectory, "terraform-provider-circleci")
	output, err := exec.Command("go", "build", "-o", executable, "../..").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, output)
	}
	return executable, nil
})

// newBinaryWorkspace is a workspace in which the CLI starts the provider's executable, as it does for users.
func newBinaryWorkspace(t *testing.T, configuration string) *workspace {
	t.Helper()
	requireCLI(t)
	executable, err := buildProvider()
	if err != nil {
		t.Fatal(err)
	}
	w := &workspace{t: t, dir: t.TempDir()}
	w.write("main.tf", requiredProviders+configuration)
	w.write("cli.tfrc", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"circleci-community/circleci\" = %q\n  }\n}\n", filepath.Dir(executable)))
	w.env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(w.dir, "cli.tfrc"))
	return w
}

// TestInterrupt has Ctrl-C while the provider waits for an answer, between two attempts, and while it reads an answer.
func TestInterrupt(t *testing.T) {
	for name, answer := range map[string]http.Handler{
		"waiting":  circlecitest.Hang(),
		"retrying": circlecitest.WithHeader(circlecitest.Error(503, "busy"), "Retry-After", "60"),
		"reading":  circlecitest.SlowBody(50*time.Millisecond, strings.Repeat(" ", 1_000_000)),
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			asked := make(chan struct{}, 100)
			server.Intercept(func(*http.Request) http.Handler {
				asked <- struct{}{}
				return answer
			})
			w := newBinaryWorkspace(t, providerBlock(server)+tasksBlock)
			var output bytes.Buffer
			command := exec.CommandContext(t.Context(), os.Getenv("TF_ACC_TERRAFORM_PATH"), "plan", "-no-color")
			command.Dir, command.Env, command.Stdout, command.Stderr = w.dir, w.env, &output, &output
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			<-asked
			interrupted := time.Now()
			if err := command.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			err := command.Wait()
			if elapsed := time.Since(interrupted); elapsed > time.Second {
				t.Errorf("the CLI came back after %s", elapsed)
			}
			if err == nil {
				t.Error("the plan succeeded")
			}
			if !strings.Contains(output.String(), "The read was cancelled before an answer came.") {
				t.Errorf("the CLI printed\n%s", &output)
			}
		})
	}
}
