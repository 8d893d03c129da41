//go:build !live

package live_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

func TestMain(m *testing.M) {
	if err := cli.PrepareTests(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// testlive runs the live tests as `make testlive` does, with these variables, and returns what they print and whether they
// pass.
func testlive(t *testing.T, variables ...string) (output string, ok bool) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("the live tests run the CLI: set TF_ACC=1, or run make test")
	}
	command := exec.CommandContext(t.Context(), "go", "test", "-tags=live", "-count=1", "-v", "-run=^TestLive", ".")
	command.Env = append(os.Environ(), variables...)
	printed, err := command.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if strings.Contains(string(printed), circlecitest.PersonalToken) {
		t.Errorf("the live tests show the token")
	}
	return string(printed), err == nil
}

// The live tests are tried against a loopback server, so that they are known to work before someone has a token.
func TestTestlive(t *testing.T) {
	server := newServer(t)
	output, ok := testlive(t, "CIRCLE_TOKEN="+circlecitest.PersonalToken, "CIRCLECI_TEST_RESOURCE_CLASS="+class,
		"CIRCLECI_TEST_ORGANIZATION_ID="+organizationID, "CIRCLECI_RUNNER_API_URL="+server.URL)
	if !ok {
		t.Errorf("the live tests fail")
	}
	lines := strings.Join(strings.Fields(output), " ")
	for _, want := range []string{
		"acme/linux has 1 runners and 3 waiting tasks",
		"--- PASS: TestLiveProvider/plan ", "--- PASS: TestLiveProvider/wrong_token ", "--- PASS: TestLiveFacts ",
		server.URL + " answers: holds API v2 is routed 200 OK, runners: 1 ",
		"holds v3: with org-id each runner has the status idle or busy 2 of 2 runners ",
		"cannot tell 429 carries Retry-After no question met a limit ",
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("the live tests do not print %q", want)
		}
	}
	if t.Failed() {
		t.Logf("the live tests print:\n%s", output)
	}
}

// A service that takes every token would have users believe that theirs is right.
func TestTestliveFailsWhereTheProviderMisleads(t *testing.T) {
	server := newServer(t)
	server.SetHandler(circlecitest.JSON(`{"items": [], "unclaimed_task_count": 0}`))
	output, ok := testlive(t, "CIRCLE_TOKEN="+circlecitest.PersonalToken, "CIRCLECI_TEST_RESOURCE_CLASS="+class,
		"CIRCLECI_RUNNER_API_URL="+server.URL)
	if ok {
		t.Error("the live tests pass")
	}
	for _, want := range []string{
		"--- PASS: TestLiveProvider/plan ", "--- FAIL: TestLiveProvider/wrong_token ", "--- FAIL: TestLiveFacts ",
		`"v2: 401 for a bad token" does not hold, so a token that is wrong or was revoked goes unnoticed: please report this at `,
		`"v2: 404 for the tasks of a resource class that does not exist" does not hold, so a misspelled resource class reads as one ` +
			`without waiting tasks: please report this at `,
	} {
		if !strings.Contains(output, want) {
			t.Errorf("the live tests do not print %q", want)
		}
	}
	if t.Failed() {
		t.Logf("the live tests print:\n%s", output)
	}
}

func TestTestliveSaysWhatItNeeds(t *testing.T) {
	for name, row := range map[string]struct {
		variables []string
		want      string
	}{
		"no token": {
			[]string{"CIRCLECI_TEST_RESOURCE_CLASS=" + class},
			"the live tests ask a real Runner API: set CIRCLE_TOKEN to a personal API token and CIRCLECI_TEST_RESOURCE_CLASS to a " +
				"resource class, namespace/name, that it may see",
		},
		"no resource class": {
			[]string{"CIRCLE_TOKEN=" + circlecitest.PersonalToken},
			"the live tests ask a real Runner API: set CIRCLE_TOKEN to a personal API token and CIRCLECI_TEST_RESOURCE_CLASS to a " +
				"resource class, namespace/name, that it may see",
		},
		"a token with its line break": {
			[]string{"CIRCLE_TOKEN=" + circlecitest.PersonalToken + "\n", "CIRCLECI_TEST_RESOURCE_CLASS=" + class},
			"the environment variable CIRCLE_TOKEN holds white space, such as a line break that was pasted along: give the value " +
				"alone, as CircleCI showed it",
		},
		"a resource class without its namespace": {
			[]string{"CIRCLE_TOKEN=" + circlecitest.PersonalToken, "CIRCLECI_TEST_RESOURCE_CLASS=linux"},
			"the environment variable CIRCLECI_TEST_RESOURCE_CLASS has no slash between namespace and name: give namespace/name",
		},
		"an address that is not the origin": {
			[]string{
				"CIRCLE_TOKEN=" + circlecitest.PersonalToken, "CIRCLECI_TEST_RESOURCE_CLASS=" + class,
				"CIRCLECI_RUNNER_API_URL=http://circleci.example.com",
			},
			"the environment variable CIRCLECI_RUNNER_API_URL is plain http, which would send the credential unencrypted and is " +
				"allowed to this machine only: give the origin of the Runner API",
		},
	} {
		t.Run(name, func(t *testing.T) {
			output, ok := testlive(t, row.variables...)
			first, rest, _ := strings.Cut(output, "\n")
			if ok || first != row.want || !strings.HasPrefix(rest, "FAIL\t") {
				t.Errorf("the live tests pass (%t) or do not end with %q alone:\n%s", ok, row.want, output)
			}
		})
	}
}
