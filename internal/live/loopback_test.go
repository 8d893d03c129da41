package live_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// loopback is an installation with a server for which every fact holds.
func loopback(t *testing.T) (*circlecitest.Server, installation) {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	server.ServeSample(func() time.Duration { return 0 })
	apiURL, err := url.Parse(server.URL)
	i := installation{
		apiURL: apiURL, apiVersion: "v2", token: circlecitest.PersonalToken, resourceClass: "acme/linux", emptyClass: "acme/gpu",
		organizationID: circlecitest.SampleOrganizationID,
	}
	if err == nil { // The sample appears with a request.
		_, err = send(t.Context(), apiURL, request{version: "v2", target: "runner"})
	}
	if err != nil {
		t.Fatal(err)
	}
	return server, i
}

// TestFacts has a service for each kind of outcome. testdata/facts.txt has a column for each: whether a fact holds (yes), does
// not (no), does not and misleads (NO), or cannot be told (-).
func TestFacts(t *testing.T) {
	table := map[string]string{}
	empty := circlecitest.JSON(`{"items": [], "unclaimed_task_count": 0}`)
	for _, service := range []map[string]http.Handler{ // by a pattern of the URLs for which the response is not as observed
		{},
		{"/v2/": circlecitest.Raw(404, "text/plain", "404 page not found\n")},
		{"/v3/": circlecitest.Raw(200, "text/html", "<!doctype html><title>Sign in</title>")},
		{"/v3/": circlecitest.Error(403, "Permission denied")},
		{"runner.resource-class=acme%2Flinux$": empty}, // whatever the token is
		{"runner$": circlecitest.WithHeader(circlecitest.Error(429, "Slow down"), "Retry-After", "7")},
		{
			"never-made|ACME": empty,
			"runner$":         circlecitest.Raw(400, "text/html", "<html><title>Bad Request</title>"),
			"[?]namespace": circlecitest.JSON(`{"items": [{"version": "` + circlecitest.PersonalToken + `", "status": "gone",
				"last_used": "0001-01-01T00:00:00Z"}]}`),
		},
	} {
		server, i := loopback(t)
		server.Intercept(func(r *http.Request) http.Handler {
			for pattern, response := range service {
				if regexp.MustCompile(pattern).MatchString(r.URL.String()) {
					return response
				}
			}
			return nil
		})
		for _, f := range i.survey(t.Context()) {
			outcome := map[string]string{holds: "yes", notHolds: "no", cannotTell: "-"}[f.outcome]
			if f.misleads != "" {
				outcome = "NO"
			}
			table[f.claim] += fmt.Sprintf("%-4s", outcome)
			if strings.Contains(f.detail, i.token) {
				t.Errorf("%q shows the token: %q", f.claim, f.detail)
			}
		}
		for _, request := range server.Requests() {
			if request.Method != http.MethodGet {
				t.Errorf("the server received %s %s: facts only read", request.Method, request.Path)
			}
		}
	}
	var got strings.Builder
	for _, claim := range slices.Sorted(maps.Keys(table)) {
		fmt.Fprintf(&got, "%s %s\n", table[claim], claim)
	}
	want, err := os.ReadFile("testdata/facts.txt")
	if err != nil || got.String() != string(want) {
		t.Errorf("the outcomes are not as in testdata/facts.txt, but\n%s", &got)
	}
}

// TestProvider has a service that works, and one that accepts every token, so that users would believe that theirs is
// right.
func TestProvider(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("runs the CLI: set TF_ACC=1, or run make test")
	}
	server, i := loopback(t)
	outputs, err := i.checkProvider(t.Context(), t.TempDir())
	if err != nil || outputs["runners"].Value != 3.0 || outputs["unclaimed_task_count"].Value != 6.0 {
		t.Errorf("checkProvider() = %v, %v", outputs, err)
	}
	server.SetHandler(circlecitest.JSON(`{"items": [], "unclaimed_task_count": 0}`))
	if _, err = i.checkProvider(t.Context(), t.TempDir()); err == nil || err.Error() != "plan with a wrong token has the diagnostics []" {
		t.Errorf("checkProvider() = %v", err)
	}
}

// TestWrites has a server that works, or fails at one of the requests. What was created is deleted in any case.
func TestWrites(t *testing.T) {
	for failing, want := range map[string]string{
		"none":                         "<nil>",
		"POST /api/v2/runner/token":    ": failed to create a token\n",
		"GET /api/v2/runner/token":     ": failed to create a token\n",
		"DELETE /api/v2/runner/token/": ": failed to delete the token\n",
	} {
		t.Run(failing, func(t *testing.T) {
			server, i := loopback(t)
			server.Intercept(func(r *http.Request) http.Handler {
				if strings.HasPrefix(r.Method+" "+r.URL.Path, failing) {
					return circlecitest.Error(http.StatusForbidden, "no")
				}
				return nil
			})
			if err := fmt.Sprint(i.checkWrites(t.Context())); !strings.Contains(err, want) {
				t.Errorf("checkWrites() = %s, want %q", err, want)
			}
			if classes, tokens := server.ResourceClasses(), server.Tokens(); len(classes) != 3 || len(tokens) != 1 { // the sample's
				t.Errorf("%v and %v are left", classes, tokens)
			}
		})
	}
}
