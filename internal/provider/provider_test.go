package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

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
	if difference := cmp.Diff(want, got); difference != "" {
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
			if difference := cmp.Diff(c.want(), r.AttributeValues); difference != "" {
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
