package provider_test

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// TestExamplesWithSample applies and destroys each example as its page says, against what make api serves.
func TestExamplesWithSample(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, []byte(circlecitest.NewCA().CertificatePEM), 0o600); err != nil {
		t.Fatal(err)
	}
	// environment is what the pages tell the user to set, in which URL stands for the server's.
	environment := map[string]variables{
		"authentication":    {"TF_VAR_circleci_token": circlecitest.PersonalToken},
		"server":            {"TF_VAR_server_url": "URL", "TF_VAR_ca_file": ca},
		"testing":           {"TF_VAR_resource_class": "acme/linux"},
		"testing/connected": {"TF_VAR_resource_class": "acme/linux"},
	}
	tests, directories := exampleTests(), map[string]bool{} // Whether a directory has a query.
	for _, file := range exampleFiles(t, ".") {
		if hasQuery := strings.HasSuffix(file, ".tfquery.hcl"); hasQuery || path.Ext(file) == ".tf" {
			directories[path.Dir(file)] = hasQuery || directories[path.Dir(file)]
		}
	}
	for _, directory := range slices.Sorted(maps.Keys(directories)) {
		t.Run(directory, func(t *testing.T) {
			switch {
			case directory == "together":
				t.Skip("the example needs CircleCI's own provider and an account")
			case strings.HasPrefix(directory, "recipes/"):
				t.Skip("the test of the example serves the same, and expects its warnings")
			}
			i := slices.IndexFunc(tests, func(test exampleTest) bool { return test.directory == directory })
			if i >= 0 && tests[i].terraform != "" {
				requireVersion(t, "the example", tests[i].terraform, tests[i].openTofu)
			}
			server := newServer(t)
			server.ServeSample(func() time.Duration { return 30 * time.Second }) // The queue is empty.
			t.Setenv("CIRCLECI_RUNNER_API_URL", server.URL)
			t.Setenv("CIRCLE_TOKEN", circlecitest.PersonalToken)
			setenv(t, environment[directory], server.URL)
			x := newExample(t, directory, server)
			if directory == "testing" { // It has a module.
				x.succeed("init", "-no-color")
			}
			if directories[directory] { // Apply imports what the query found, which is not to be destroyed.
				x.succeed("query", "-no-color", "-generate-config-out=imported.tf")
				assertNoDiagnostics(t, x.apply())
				return
			}
			assertNoDiagnostics(t, x.apply())
			assertNoDiagnostics(t, x.report("destroy", "-json", "-auto-approve"))
		})
	}
}
