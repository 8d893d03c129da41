package live_test

import (
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// fact is a claim about a Runner API, observed elsewhere, and how it is checked: the response to a request has a status, and
// then each or verify, if any, decides.
type fact struct {
	claim  string
	only   circleci.APIVersion // the version that the claim is about, if it is not about both
	needs  string              // the variable whose value must be in the request
	get    string              // the path and the query, with names in braces for values; {all} are runners as many as can be
	token  string              // instead of the installation's
	status int                 // 0 means 200
	// verify decides whether the claim can be checked, and whether it is true; each does so for a runner. Its worst outcome
	// counts, and without a runner it cannot tell.
	verify func(survey, response) (canTell, isTrue bool)
	each   func(runner) (canTell, isTrue bool)
	shows  string // the member of the runners whose values are shown
	// misleads says what the provider would report wrongly, instead of an error, if it is a valid response that does not
	// conform to the claim.
	misleads string
}

// facts are checked in this order, with both versions.
var facts = []fact{
	{claim: "400 without a filter", get: "runner", status: 400},
	{claim: "400 with both filters", get: "runner?resource-class={class}&namespace={namespace}", status: 400},
	{claim: "401 without a token", get: "runner?resource-class={class}", token: noToken, status: 401},
	{claim: "401 for a bad token", get: "runner?resource-class={class}", token: badToken, status: 401,
		misleads: "a token that is wrong or was revoked goes unnoticed"},
	{claim: "404 for the runners of a resource class that does not exist", get: "runner?resource-class={unknown}", status: 404,
		misleads: "a misspelled resource class reads as one without runners"},
	{claim: "404 for the tasks of a resource class that does not exist", get: "runner/tasks?resource-class={unknown}", status: 404,
		misleads: "a misspelled resource class reads as one without unclaimed tasks"},
	// This is about the errors of the facts before it.
	{claim: `an error carries {"message": "…"}`, get: "runner?resource-class={class}", verify: survey.everyErrorHasMessage},
	{claim: "a resource class without runners has an empty list", get: "runner?resource-class={empty}", needs: "CIRCLECI_TEST_EMPTY_CLASS",
		verify: func(_ survey, got response) (canTell, isTrue bool) { return got.n == 0, true }},
	{claim: "a resource class is found in another case", get: "runner?resource-class={other case}", verify: survey.isInAnotherCase,
		misleads: "a resource class in another case reads as one without runners"},
	{claim: "a list is complete, without a next_page_token", get: "runner?resource-class={class}"},
	{claim: "last_used is null for a runner that has never claimed a task", get: "runner?{all}",
		each:     func(r runner) (canTell, isTrue bool) { return r.hasNeverRun(), r["last_used"] == nil },
		misleads: "last_used of a runner that has never claimed a task is not null"},
	{claim: "a disconnected runner stays listed", get: "runner?{all}",
		each: func(r runner) (canTell, isTrue bool) { return r.since("last_connected") > time.Hour, true }},
	{claim: "a version has a form like 5.4.3.2.1, 3.1.2 or 1.0.12345-abcdef0", get: "runner?{all}", shows: "version",
		each: func(r runner) (canTell, isTrue bool) { return true, versionForm.MatchString(fmt.Sprint(r["version"])) }},
	{claim: "runner/tasks has unclaimed_task_count", get: "runner/tasks?resource-class={class}"},
	{claim: "tasks, the path in a later edition of the reference, is not routed", only: circleci.V2,
		get: "tasks?resource-class={class}", status: 404},
	{claim: "runner/tasks/running has running_runner_tasks", only: circleci.V3, get: "runner/tasks/running?resource-class={class}"},
	{claim: "a runner has an ip", only: circleci.V3, get: "runner?{all}",
		each: func(r runner) (canTell, isTrue bool) { return true, r["ip"] != nil && r["ip"] != "" }},
	{claim: "a runner has no status without org-id", only: circleci.V3, get: "runner?{all}",
		each: func(r runner) (canTell, isTrue bool) { return true, r["status"] == nil }},
	{claim: "with org-id each runner has the status idle or busy", only: circleci.V3, get: "runner?org-id={organization}",
		needs: "CIRCLECI_TEST_ORGANIZATION_ID",
		each:  func(r runner) (canTell, isTrue bool) { return true, r["status"] == "idle" || r["status"] == "busy" }},
	// Only a service that ignores the class lists a runner of one that does not exist.
	{claim: "with org-id other filters do not count", only: circleci.V3, get: "runner?org-id={organization}&resource-class={unknown}",
		needs: "CIRCLECI_TEST_ORGANIZATION_ID",
		each:  func(runner) (canTell, isTrue bool) { return true, true }},
}

// versionForm matches the versions of agents that were observed. A commit follows the dash.
var versionForm = regexp.MustCompile(`^([0-9]+(\.[0-9]+){4}|[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-f]+)?)$`)

// runner is a runner as the service wrote it.
type runner map[string]any

// since returns the age of a member that is a time, and 0 for any other.
func (r runner) since(key string) time.Duration {
	text, _ := r[key].(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0
	}
	return time.Since(at)
}

// hasNeverRun takes a date before CircleCI's time for another way to say "never".
func (r runner) hasNeverRun() bool {
	value, found := r["last_used"]
	return found && (value == nil || r.since("last_used") > 20*365*24*time.Hour)
}

func (s survey) everyErrorHasMessage(response) (canTell, isTrue bool) {
	isTrue = true
	for r, got := range s.responses {
		if r.version == s.version && got.status >= 400 && got.isConclusive {
			canTell, isTrue = true, isTrue && got.message != ""
		}
	}
	return canTell, isTrue
}

func (s survey) isInAnotherCase(got response) (canTell, isTrue bool) {
	inCase, unknown := s.get("runner?resource-class={class}", ""), s.get("runner?resource-class={unknown}", "")
	canTell = s.otherCase != s.resourceClass && (got.n+inCase.n > 0 || unknown.status == http.StatusNotFound)
	return canTell, got.n > 0 || inCase.n == 0
}
