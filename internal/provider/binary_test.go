package provider_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// buildDirectory is where buildProvider builds. TestMain creates and removes it.
var buildDirectory string

// buildProvider builds the provider once for all tests that need its executable.
var buildProvider = sync.OnceValue(func() error {
	return cli.BuildProvider(context.Background(), filepath.Join(buildDirectory, cli.Executable))
})

// newBinaryWorkspace is a workspace in which the CLI starts the provider's executable, as it does for users.
func newBinaryWorkspace(t *testing.T, configuration string) *workspace {
	t.Helper()
	w := emptyWorkspace(t)
	w.check(buildProvider())
	w.check(w.UseBuild(buildDirectory))
	w.write("main.tf", cli.RequiredProviders+configuration)
	return w
}

// TestInterrupt sends Ctrl-C while the provider waits for a response, between two attempts, and while it reads a response.
func TestInterrupt(t *testing.T) {
	for name, response := range map[string]http.Handler{
		"waiting":  circlecitest.Hang(),
		"retrying": circlecitest.WithHeader(circlecitest.Error(503, "busy"), "Retry-After", "60"),
		"reading":  circlecitest.SlowBody(50*time.Millisecond, strings.Repeat(" ", 1_000_000)),
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			requested := make(chan struct{}, 100)
			server.Intercept(func(*http.Request) http.Handler {
				requested <- struct{}{}
				return response
			})
			w := newBinaryWorkspace(t, providerBlock(server)+tasksBlock)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			var interrupted time.Time
			go func() {
				<-requested
				interrupted = time.Now()
				interrupt()
			}()
			stdout, stderr, err := w.Output(ctx, "plan", "-no-color")
			if elapsed := time.Since(interrupted); elapsed > time.Second {
				t.Errorf("the CLI ended after %s", elapsed)
			}
			if !errors.Is(err, cli.ErrInterrupted) || !strings.Contains(stdout+stderr, "Error: ") {
				t.Errorf("the plan ended with %v", err)
			}
			if !strings.Contains(stdout+stderr, "The read was canceled before a response arrived.") {
				t.Errorf("the CLI printed\n%s%s", stdout, stderr)
			}
		})
	}
}
