package provider_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

// TestMain isolates the tests from the user's settings, and lets terraform-plugin-testing use the CLI that internal/cli
// finds. Without TF_ACC no test runs a CLI, so none is searched for.
func TestMain(m *testing.M) {
	if os.Getenv("TF_PLUGIN_MAGIC_COOKIE") != "" {
		serveOther() // A CLI started the tests' executable as a provider.
		return
	}
	cli.Isolate()
	if os.Getenv("TF_ACC") != "" {
		found, err := findCLI()
		if err != nil {
			log.Fatal(err)
		}
		address := strings.Split(found.ProviderAddress(), "/")
		cli.Setenv("TF_ACC_TERRAFORM_PATH="+found.Path,
			"TF_ACC_PROVIDER_HOST="+address[0], "TF_ACC_PROVIDER_NAMESPACE="+address[1])
	}
	code := m.Run()
	_ = os.RemoveAll(mirror)
	os.Exit(code)
}

// findCLI finds the CLI once, which runs it for its version.
var findCLI = sync.OnceValues(func() (cli.CLI, error) { return cli.Find(context.Background()) })

// requireCLI returns the CLI. Unless TF_ACC is set, it skips the test, as acceptance tests of providers do.
func requireCLI(t *testing.T) cli.CLI {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run the CLI: set TF_ACC=1, or run make test")
	}
	found, err := findCLI()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// requireVersion skips a test of a feature unless the CLI is of these versions or newer. Without a version, that CLI
// does not have the feature. The package tfversion would take OpenTofu for Terraform of the same version.
func requireVersion(t *testing.T, feature, terraform, openTofu string) {
	t.Helper()
	if found := requireCLI(t); !hasVersion(t, terraform, openTofu) {
		t.Skipf("%s: needs Terraform %s or OpenTofu %s, this is %s %s",
			feature, terraform, cmp.Or(openTofu, "(none)"), found.Name, found.Version)
	}
}

// hasVersion reports whether the CLI is of these versions or newer.
func hasVersion(t *testing.T, terraform, openTofu string) bool {
	t.Helper()
	found := requireCLI(t)
	first := map[string]string{cli.Terraform: terraform, cli.OpenTofu: openTofu}[found.Name]
	minimum, err := circleci.ParseVersion(cmp.Or(first, "9999"))
	version, versionErr := circleci.ParseVersion(found.Version)
	if err != nil || versionErr != nil {
		t.Fatal(err, versionErr)
	}
	return version.Compare(minimum) >= 0
}

// newServer starts a Runner API, which is closed when the test ends.
func newServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	return server
}

// factories serve the provider from the test's own process. It does not retry.
var factories = map[string]func() (tfprotov6.ProviderServer, error){
	"circleci": func() (tfprotov6.ProviderServer, error) {
		return provider.NewServer("test", func(config *circleci.Config) { config.MaxRetries = 0 })(), nil
	},
}

// providerConfig configures the provider for a server, with a valid token.
func providerConfig(server *circlecitest.Server) string {
	return fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n  token   = %q\n}\n",
		server.URL, circlecitest.PersonalToken)
}

// checkRequests checks the URLs of the requests that a server received, relative to it and in any order, and forgets
// them.
func checkRequests(t *testing.T, server *circlecitest.Server, want ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		expectRequests(t, server, want...)
		server.ResetRecords()
		return nil
	}
}

// testdataConfig configures the provider for a server, and adds the configuration testdata/<TestName>/main.tf.
func testdataConfig(t *testing.T, server *circlecitest.Server) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", t.Name(), "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	return providerConfig(server) + string(content)
}

// exactly is a check of a known value: it must be the JSON of a Go value.
type exactly struct{ want any }

func (e exactly) CheckValue(got any) error {
	encoded, err := json.Marshal(e.want)
	if err != nil {
		return err
	}
	var want any
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber() // As the values of the CLI are decoded.
	if err := decoder.Decode(&want); err != nil {
		return err
	}
	if difference := gocmp.Diff(want, got); difference != "" {
		return fmt.Errorf("(-want +got):\n%s", difference)
	}
	return nil
}

func (e exactly) String() string { return fmt.Sprint(e.want) }

// expectMutations asserts the requests that change something, as METHOD path, and forgets all requests.
func expectMutations(t *testing.T, server *circlecitest.Server, want ...string) {
	t.Helper()
	expectSame(t, "requests that change something", want, mutations(server), cmpopts.EquateEmpty())
}

// mutations returns the requests that change something, as METHOD path, and forgets all requests.
func mutations(server *circlecitest.Server) (all []string) {
	for _, request := range server.Requests() {
		if request.Method != http.MethodGet {
			all = append(all, request.Method+" "+request.Path)
		}
	}
	server.ResetRecords()
	return all
}

// expectAction checks what the plan that is applied does with a resource.
func expectAction(address string, action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}}
}

// expectAttributes checks all attributes of a resource in state. They are computed when the check runs.
func expectAttributes(address string, want func() map[string]any) statecheck.StateCheck {
	return attributesCheck{address, want}
}

type attributesCheck struct {
	address string
	want    func() map[string]any
}

// CheckState implements statecheck.StateCheck.
func (c attributesCheck) CheckState(
	_ context.Context, req statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse,
) {
	for _, r := range req.State.Values.RootModule.Resources {
		if r.Address == c.address {
			if difference := gocmp.Diff(c.want(), r.AttributeValues); difference != "" {
				resp.Error = fmt.Errorf("the attributes of %s differ (-want +got):\n%s", c.address, difference)
			}
			return
		}
	}
	resp.Error = fmt.Errorf("%s is not in state", c.address)
}

// cliError matches a text in an error of the CLI, which wraps its lines.
func cliError(text string) *regexp.Regexp {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = regexp.QuoteMeta(word)
	}
	return regexp.MustCompile(strings.Join(words, `\s+`))
}
