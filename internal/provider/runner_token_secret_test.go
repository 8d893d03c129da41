package provider_test

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

// TestRunnerTokenSecret creates a token at the most talkative log level: its secret is in the state and nowhere else.
func TestRunnerTokenSecret(t *testing.T) {
	server := newServer(t)
	w := newBinaryWorkspace(t, providerBlock(server)+classBlock("")+tokenBlock("")+`
output "token" {
  value     = circleci_runner_token.linux.token
  sensitive = true
}
`)
	w.Env = append(w.Env, "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(w.Dir, "trace.log"))
	written := map[string]string{}
	for _, arguments := range [][]string{{"apply", "-auto-approve"}, {"plan"}, {"plan", "-json"}, {"show"}, {"output"}, {"plan", "-replace=" + tokenAddress}} {
		written[strings.Join(arguments, " ")] = w.succeed(arguments...)
	}
	maps.Copy(written, w.files())
	secret := server.Tokens()[0].Secret
	if !strings.Contains(written["terraform.tfstate"], secret) || !strings.Contains(written["trace.log"], "circleci.runner_api") {
		t.Fatal("the state lacks the secret, or the log the requests")
	}
	for name, content := range written {
		if name != "terraform.tfstate" && strings.Contains(content, secret) {
			t.Errorf("%s shows the secret", name)
		}
	}
}
