package live_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// The outcomes of a fact.
const (
	holds      = "holds"
	notHolds   = "does not hold"
	cannotTell = "cannot tell"
)

// fact is a claim about a Runner API, observed elsewhere, and its outcome.
type fact struct {
	claim, outcome string
	// detail is what the service returned, or why the claim cannot be checked. Users pass it on, so it holds neither the
	// token nor a host name or an address of a runner.
	detail string
	// misleads says what the provider would report wrongly, instead of an error. It is empty where it reports the truth.
	misleads string
}

func outcomeOf(canTell, isTrue bool) string {
	switch {
	case !canTell:
		return cannotTell
	case isTrue:
		return holds
	}
	return notHolds
}

// row is a claim and how it is checked: the response has a status, and then each or verify, if any, decides.
type row struct {
	claim    string
	needs    string // the variable that is needed, if its value is in the request
	request  request
	status   int                                 // of the response; 0 means 200
	each     func(runner) (canTell, isTrue bool) // The worst outcome counts, and without a runner it is cannotTell.
	shows    string                              // the member of the runners whose values the detail has, if any
	verify   func(response) (canTell, isTrue bool)
	misleads string // of the fact, if the response is valid but does not conform to the claim
}

// facts checks every fact, always the same ones in the same order. It only reads.
func (i installation) facts(ctx context.Context) (facts []fact) {
	s := survey{apiURL: i.apiURL, responses: map[request]response{}}
	get := func(r request) response { return s.get(ctx, r) }
	for _, version := range []circleci.APIVersion{circleci.V2, circleci.V3} {
		routed := i.routed(version, get)
		facts = append(facts, routed)
		for _, row := range i.rows(version, get, s.responses) {
			f := fact{claim: string(version) + ": " + row.claim, outcome: cannotTell}
			switch {
			case routed.outcome != holds:
				f.detail = "needs API " + string(version)
			case row.needs != "" && strings.Contains(row.request.query+"&", "=&"):
				f.detail = "needs " + row.needs
			default:
				f.outcome, f.detail, f.misleads = row.check(get(row.request))
			}
			facts = append(facts, f)
		}
	}
	// To provoke a rate limit would affect others, so this is about those that the requests encounter.
	limits := fact{claim: "429 carries Retry-After", outcome: cannotTell, detail: "no request was rate limited"}
	for _, got := range s.responses {
		if got.status == http.StatusTooManyRequests && limits.outcome != notHolds {
			limits.outcome, limits.detail = outcomeOf(true, got.retryAfter != ""), "Retry-After: "+got.retryAfter
		}
	}
	facts = append(facts, limits)
	client := i.newClient()
	for n := range facts {
		facts[n].detail = client.Sanitize(facts[n].detail)
	}
	return facts
}

// routed needs the other version to tell an API that is not routed from a resource class that does not exist.
func (i installation) routed(version circleci.APIVersion, get func(request) response) fact {
	class := request{version: version, path: "runner", query: url.Values{"resource-class": {i.resourceClass}}.Encode(), token: i.token}
	got := get(class)
	f := fact{claim: "API " + string(version) + " is routed", detail: got.detail}
	f.outcome = outcomeOf(got.isConclusive(), got.status == http.StatusOK && got.isJSON)
	class.version = circleci.V2
	if version == circleci.V2 {
		class.version = circleci.V3
	}
	switch {
	case got.status == http.StatusUnauthorized, got.status == http.StatusForbidden:
		f.outcome = cannotTell
	case got.status == http.StatusNotFound && get(class).status != http.StatusOK:
		f.outcome = cannotTell
		f.detail += ", as for a resource class that does not exist or that the token may not see"
	}
	return f
}

func (r row) check(got response) (outcome, detail, misleads string) {
	outcome, detail = holds, got.detail
	want := max(r.status, http.StatusOK)
	switch {
	case !got.isConclusive():
		outcome = cannotTell
	case got.status != want, want == http.StatusOK && !got.isValid:
		outcome = notHolds
	case r.each != nil:
		outcome, detail = r.checkEach(got.runners)
	case r.verify != nil:
		outcome = outcomeOf(r.verify(got))
	}
	if outcome == notHolds && got.isValid {
		misleads = r.misleads
	}
	return outcome, detail, misleads
}

func (r row) checkEach(runners []runner) (outcome, detail string) {
	n, values := map[string]int{}, map[string]bool{}
	for _, runner := range runners {
		n[outcomeOf(r.each(runner))]++
		values[fmt.Sprint(runner[r.shows])] = true
	}
	outcome = cannotTell
	for _, worse := range []string{holds, notHolds} {
		if n[worse] > 0 {
			outcome = worse
		}
	}
	detail = fmt.Sprintf("%d of %d runners", n[outcome], len(runners))
	if r.shows != "" {
		detail += ": " + strings.Join(slices.Sorted(maps.Keys(values)), ", ")
	}
	return outcome, detail
}

// rows are the facts of a version.
func (i installation) rows(version circleci.APIVersion, get func(request) response, responses map[request]response) []row {
	to := func(path string, filters url.Values) request {
		return request{version, path, filters.Encode(), i.token}
	}
	namespace, _, _ := strings.Cut(i.resourceClass, "/")
	unknownClass := namespace + "/never-made-" + strings.ToLower(rand.Text())
	otherCase := strings.ToUpper(i.resourceClass)
	if otherCase == i.resourceClass {
		otherCase = strings.ToLower(i.resourceClass)
	}
	class, unknown := url.Values{"resource-class": {i.resourceClass}}, url.Values{"resource-class": {unknownClass}}
	// The namespace has more runners than the class, but the token may be of a user who may see only the class.
	all := to("runner", url.Values{"namespace": {namespace}})
	if get(all).status != http.StatusOK {
		all = to("runner", class)
	}
	rows := []row{
		{claim: "400 without a filter", status: 400, request: to("runner", nil)},
		{
			claim: "400 with both filters", status: 400,
			request: to("runner", url.Values{"resource-class": {i.resourceClass}, "namespace": {namespace}}),
		},
		{claim: "401 without a token", status: 401, request: request{version, "runner", class.Encode(), ""}},
		{
			claim: "401 for a bad token", status: 401, request: request{version, "runner", class.Encode(), badToken},
			misleads: "a token that is wrong or was revoked goes unnoticed",
		},
		{
			claim: "404 for the runners of a resource class that does not exist", status: 404, request: to("runner", unknown),
			misleads: "a misspelled resource class reads as one without runners",
		},
		{
			claim: "404 for the tasks of a resource class that does not exist", status: 404, request: to("runner/tasks", unknown),
			misleads: "a misspelled resource class reads as one without unclaimed tasks",
		},
		{
			// This is about the errors of the rows before it.
			claim: `an error carries {"message": "…"}`, request: to("runner", class), verify: func(response) (canTell, isTrue bool) {
				isTrue = true
				for r, got := range responses {
					if r.version == version && got.status >= 400 && got.isConclusive() {
						canTell, isTrue = true, isTrue && got.message != ""
					}
				}
				return canTell, isTrue
			},
		},
		{
			claim: "a resource class without runners has an empty list", needs: "CIRCLECI_TEST_EMPTY_CLASS",
			request: to("runner", url.Values{"resource-class": {i.emptyClass}}),
			verify:  func(got response) (canTell, isTrue bool) { return got.n == 0, true },
		},
		{
			claim: "a resource class is found in another case", request: to("runner", url.Values{"resource-class": {otherCase}}),
			misleads: "a resource class in another case reads as one without runners", verify: func(got response) (canTell, isTrue bool) {
				inCase, isUnknown := get(to("runner", class)).n, get(to("runner", unknown)).status == http.StatusNotFound
				return otherCase != i.resourceClass && (got.n+inCase > 0 || isUnknown), got.n > 0 || inCase == 0
			},
		},
		{claim: "a list is complete, without a next_page_token", request: to("runner", class)},
		{
			claim: "last_used is null for a runner that has never claimed a task", request: all,
			misleads: "last_used of a runner that has never claimed a task is not null", each: func(r runner) (canTell, isTrue bool) {
				value, found := r["last_used"]
				return found && r.time("last_used").Year() < 2000, value == nil // An earlier date is another way to say "never".
			},
		},
		{
			claim: "a disconnected runner stays listed", request: all, each: func(r runner) (canTell, isTrue bool) {
				at := r.time("last_connected")
				return !at.IsZero() && time.Since(at) > time.Hour, true
			},
		},
		{
			claim: "a version has a form like 5.4.3.2.1, 3.1.2 or 1.0.12345-abcdef0", request: all, shows: "version",
			each: func(r runner) (canTell, isTrue bool) { return true, versionForm.MatchString(fmt.Sprint(r["version"])) },
		},
		{claim: "runner/tasks has unclaimed_task_count", request: to("runner/tasks", class)},
	}
	if version == circleci.V2 {
		const claim = "tasks, the path in a later edition of the reference, is not routed"
		return append(rows, row{claim: claim, status: 404, request: to("tasks", class)})
	}
	return append(rows, []row{
		{claim: "runner/tasks/running has running_runner_tasks", request: to("runner/tasks/running", class)},
		{
			claim: "a runner has an ip", request: all,
			each: func(r runner) (canTell, isTrue bool) { return true, r["ip"] != nil && r["ip"] != "" },
		},
		{
			claim: "a runner has no status without org-id", request: all,
			each: func(r runner) (canTell, isTrue bool) { return true, r["status"] == nil },
		},
		{
			claim: "with org-id each runner has the status idle or busy", needs: "CIRCLECI_TEST_ORGANIZATION_ID",
			request: to("runner", url.Values{"org-id": {i.organizationID}}),
			each:    func(r runner) (canTell, isTrue bool) { return true, r["status"] == "idle" || r["status"] == "busy" },
		},
		{
			// Only a service that ignores the class lists a runner of one that does not exist.
			claim: "with org-id other filters do not count", needs: "CIRCLECI_TEST_ORGANIZATION_ID",
			request: to("runner", url.Values{"org-id": {i.organizationID}, "resource-class": {unknownClass}}),
			each:    func(runner) (canTell, isTrue bool) { return true, true },
		},
	}...)
}

// versionForm matches the versions of agents that were observed. A commit follows the dash.
var versionForm = regexp.MustCompile(`^([0-9]+(\.[0-9]+){4}|[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-f]+)?)$`)
