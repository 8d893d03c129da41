package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// rotatingOverride makes files of the secrets and the machines of examples/rotating, and records when they come and go.
// A machine has the secret that it read when it started.
const rotatingOverride = `
resource "terraform_data" "secret" {
  provisioner "local-exec" {
    command     = "printf %s \"$SECRET\" >secret-${self.input} && echo \"secret ${self.input} created\" >>log"
    environment = { SECRET = circleci_runner_token.pool[each.key].token }
  }

  provisioner "local-exec" {
    when    = destroy
    command = "rm secret-${self.input} && echo \"secret ${self.input} deleted\" >>log"
  }
}

resource "terraform_data" "machines" {
  provisioner "local-exec" {
    command = "cp secret-${self.input} machines-${self.input} && echo \"machines ${self.input} started\" >>log"
  }

  provisioner "local-exec" {
    when    = destroy
    command = "rm machines-${self.input} && echo \"machines ${self.input} stopped\" >>log"
  }
}
`

// rotation runs examples/rotating, and records in the file log what happens, in its order.
type rotation struct {
	binary
	server *circlecitest.Server
	// interrupt, if any, is called when a wait polls while a machine has started and is not connected.
	interrupt func()

	mu     sync.Mutex
	polled map[string]bool
}

// TestExampleRotating rotates a token. The first apply of the rotation is interrupted while it waits, and repeated.
func TestExampleRotating(t *testing.T) {
	b, server := newExample(t, "rotating")
	server.SetResourceClasses(circlecitest.ResourceClass{ResourceClass: "acme/linux"})
	b.write("rotating_override.tf", rotatingOverride)
	b.replace("main.tf", `timeout     = "15m"`, "timeout = \"15m\"\npoll_interval = \"1s\"")
	r := &rotation{binary: b, server: server, polled: map[string]bool{}}
	server.Intercept(r.intercept)
	r.apply("2026-11")

	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	r.onFirstPoll(interrupt)
	t.Setenv("TF_VAR_tokens", `["2026-11", "2026-12"]`)
	if _, _, err := b.Output(ctx, "apply", "-auto-approve"); !errors.Is(err, context.Canceled) {
		t.Errorf("the interrupted apply ends with %v", err)
	}
	r.record("interrupted")
	r.onFirstPoll(nil)
	r.apply("2026-11", "2026-12")
	r.apply("2026-12")
	r.expectLog(
		"token 2026-11 created", "secret 2026-11 created", "machines 2026-11 started", "machines 2026-11 connected",
		"applied",
		"token 2026-12 created", "secret 2026-12 created", "machines 2026-12 started", "interrupted",
		"machines 2026-12 connected", "applied",
		"machines 2026-11 stopped", "secret 2026-11 deleted", "token 2026-11 deleted", "applied",
	)
}

// apply applies the configuration with these tokens, after which nothing is left to change.
func (r *rotation) apply(tokens ...string) {
	r.t.Helper()
	r.t.Setenv("TF_VAR_tokens", `["`+strings.Join(tokens, `", "`)+`"]`)
	r.succeed("apply", "-auto-approve")
	r.record("applied")
	r.expectEmptyPlan()
}

func (r *rotation) onFirstPoll(interrupt func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.interrupt = interrupt
}

// intercept records the requests that change something, and lists the machines that run with a token that exists. Each
// connects after a poll has missed it.
func (r *rotation) intercept(request *http.Request) http.Handler {
	r.mu.Lock()
	defer r.mu.Unlock()
	tokens := r.server.Tokens()
	switch {
	case request.Method == http.MethodPost && request.URL.Path == "/api/v3/runner/token":
		var created circlecitest.Token
		return r.server.Edit(func(body string) http.Handler {
			if err := json.Unmarshal([]byte(body), &created); err != nil {
				r.t.Error(err)
			}
			r.record("token " + created.Nickname + " created")
			return circlecitest.Raw(http.StatusCreated, "application/json", body)
		})
	case request.Method == http.MethodDelete:
		i := slices.IndexFunc(tokens, func(token circlecitest.Token) bool {
			return strings.HasSuffix(request.URL.Path, "/token/"+token.ID)
		})
		if i < 0 {
			r.record(request.Method + " " + request.URL.Path)
		} else {
			r.record("token " + tokens[i].Nickname + " deleted")
		}
	case request.Method != http.MethodGet:
		r.record(request.Method + " " + request.URL.Path)
	case request.URL.Path == "/api/v3/runner":
		return r.list(tokens)
	}
	return nil
}

// list sets the runners that are listed next.
func (r *rotation) list(tokens []circlecitest.Token) http.Handler {
	var runners []circlecitest.Runner
	for _, token := range tokens {
		secret, err := os.ReadFile(r.path("machines-" + token.Nickname))
		if err != nil || string(secret) != token.Secret {
			continue
		}
		if !r.polled[token.Nickname] {
			if r.interrupt != nil {
				r.interrupt()
				return circlecitest.Hang()
			}
			r.polled[token.Nickname] = true
			continue
		}
		if line := "machines " + token.Nickname + " connected"; !slices.Contains(r.log(), line) {
			r.record(line)
		}
		runners = append(runners, exampleRunner(token.Nickname, "", time.Second))
	}
	r.server.SetRunners(runners...)
	return nil
}

// record appends a line to the log, as the commands of the machines do.
func (r *rotation) record(line string) {
	file, err := os.OpenFile(r.path("log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(line + "\n")
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		r.t.Error(err)
	}
}

func (r *rotation) log() []string {
	content, _ := os.ReadFile(r.path("log")) // It may not exist yet.
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}

// expectLog asserts the log. In its order, a machine is connected whose token exists, at every moment.
func (r *rotation) expectLog(want ...string) {
	r.t.Helper()
	got := r.log()
	if !slices.Equal(got, want) {
		r.t.Errorf("the log is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
