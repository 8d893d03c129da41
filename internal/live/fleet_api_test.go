package live_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// surveyFleetAPI reports whether the installation has the fleet API, and whether its responses have the shape that the
// client knows. Another shape is not an error of the survey: the provider reports it as one, and no wrong number.
func (i installation) surveyFleetAPI(ctx context.Context, report func(string)) error {
	apiURL, err := circleci.ParseAPIURL(i.apiURL, circleci.Auto)
	if err != nil {
		return fmt.Errorf("CIRCLECI_RUNNER_API_URL %w", err)
	}
	client := circleci.New(circleci.Config{
		APIURL: apiURL, Credential: circleci.PersonalToken(i.token), MaxRetries: circleci.DefaultMaxRetries,
	})
	defer client.Close()
	line := func(what, of, read string, err error) {
		report(fmt.Sprintf("%-32s of %s at %s: %s", what, of, circleci.FleetAPIURL(apiURL), shape(read, err)))
	}
	fleets, err := client.ListFleets(ctx, i.namespace)
	line("fleets", i.namespace, fmt.Sprintf("%d fleets", len(fleets)), err)
	fleet, err := client.GetFleet(ctx, i.resourceClass)
	line("fleet", i.resourceClass, fmt.Sprintf("%d agents", fleet.AgentCount), err)
	if err == nil { // What a plan reads before it changes a description.
		class, err := client.GetResourceClass(ctx, fleet.ID)
		line("class", i.resourceClass, class.ResourceClass, err)
	}
	agents, err := client.ListAgents(ctx, i.resourceClass)
	line("agents", i.resourceClass, fmt.Sprintf("%d agents", len(agents)), err)
	return nil
}

// shape describes a response by what was read from it, or by the error.
func shape(read string, err error) string {
	response := (*circleci.ResponseError)(nil)
	switch {
	case err == nil:
		return "the known shape, " + read
	case errors.As(err, &response):
		return "another shape, please report this: " + err.Error()
	}
	return "the shape is not known: " + err.Error()
}

// TestSurveyFleetAPI has an installation with the known shape, one with another, and one without the API.
func TestSurveyFleetAPI(t *testing.T) {
	for name, row := range map[string]struct {
		response http.Handler // of the fleet API instead
		report   string       // a regular expression
	}{
		"known": {report: "^fleets +of acme at http://.*: the known shape, 3 fleets\n" +
			"fleet +of acme/linux at .*: the known shape, 3 agents\n" +
			"class +of acme/linux at .*: the known shape, acme/linux\n" +
			"agents +of acme/linux at .*: the known shape, 3 agents\n$"},
		"another": {
			response: circlecitest.JSON(`{"items": []}`),
			report:   "^fleets .*: another shape, please report .*\nfleet .*: another shape.*\nagents .*: another shape.*\n$",
		},
		"none": {
			response: circlecitest.Error(http.StatusNotFound, "Not found"),
			report:   "^fleets .*: the shape is not known: .* 404 Not Found.*\nfleet .* 404 .*\nagents .* 404 .*\n$",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, i := loopback(t)
			if row.response != nil {
				server.SetHandler(row.response)
			}
			report := ""
			err := i.surveyFleetAPI(t.Context(), func(line string) { report += line + "\n" })
			if err != nil || !regexp.MustCompile(row.report).MatchString(report) {
				t.Errorf("surveyFleetAPI() = %v, and reports\n%s\nwant %s", err, report, row.report)
			}
		})
	}
}
