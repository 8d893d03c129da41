package provider_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// TestExampleAuthentication gives the token through an ephemeral variable: it is in no file that the run leaves.
func TestExampleAuthentication(t *testing.T) {
	server := newServer(t)
	server.SetTasks("acme/linux", 3, 2)
	t.Setenv("CIRCLECI_RUNNER_API_URL", server.URL)
	t.Setenv("TF_VAR_circleci_token", circlecitest.PersonalToken)
	w := newExample(t, "authentication")
	if got := w.report("plan", "-json", "-out=plan.zip"); len(got) != 0 {
		t.Fatalf("plan reports %+v", got)
	}
	expectOutputs(t, w, map[string]any{"waiting": 3.0})
	for _, request := range server.Requests() {
		expectCredential(t, request, "Circle-Token", circlecitest.PersonalToken)
	}
	written := w.files()
	w.unzip("plan.zip", written)
	if !strings.Contains(written["terraform.tfstate"], "unclaimed_task_count") || written["plan.zip/tfplan"] == "" {
		t.Fatal("the run left no state or no plan")
	}
	for name, content := range written {
		if strings.Contains(content, circlecitest.PersonalToken) {
			t.Errorf("%s holds the token", name)
		}
	}
}

// TestExampleServer has an installation with a private authority.
func TestExampleServer(t *testing.T) {
	authority := circlecitest.NewAuthority()
	server := newTLSServer(t, authority, nil)
	server.SetRunners(fleet...)
	t.Setenv("CIRCLE_TOKEN", circlecitest.PersonalToken)
	t.Setenv("TF_VAR_server_url", server.URL)
	w := newExample(t, "server")
	w.write("ca.pem", authority.CertificatePEM)
	w.env = append(w.env, "TF_VAR_ca_file="+filepath.Join(w.dir, "ca.pem"))
	expectOutputs(t, w, map[string]any{"runners": []any{"a", "b"}})
}
