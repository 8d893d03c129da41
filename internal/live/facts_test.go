package live_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
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

func undecided(detail string) fact { return fact{outcome: cannotTell, detail: detail} }

func verdict(isTrue bool, detail string) fact {
	if isTrue {
		return fact{outcome: holds, detail: detail}
	}
	return fact{outcome: notHolds, detail: detail}
}

// row is a claim and how it is checked: the response has a status, and then each or verify, if any, decides.
type row struct {
	claim   string
	request func() (response, error) // nil if nothing needs to be requested
	status  int                      // of the response; 0 means 200
	// each is the outcome for a runner. The outcome of all is the worst of theirs, and cannotTell without any runner.
	each     func(r runner, now time.Time) string
	shows    string // the member of the runners whose values the detail has, if any
	verify   func(response) fact
	misleads string // what the provider would report wrongly if the claim does not hold, and the client accepts the response
	needs    string // what is missing for the check, if anything
}

// facts checks every fact, always the same ones in the same order. It only reads.
func (i installation) facts(ctx context.Context) (facts []fact) {
	var waits []time.Duration
	for _, version := range []circleci.APIVersion{circleci.V2, circleci.V3} {
		s := newSurvey(i, version, func(wait time.Duration) { waits = append(waits, wait) })
		for _, f := range s.facts(ctx) {
			f.detail = s.client.Sanitize(f.detail)
			facts = append(facts, f)
		}
		s.client.Close()
		s.badClient.Close()
	}
	// To provoke a rate limit would affect others, so this is about those that the requests encountered.
	f := undecided("no request was rate limited")
	if len(waits) > 0 {
		f = verdict(!slices.Contains(waits, 0), fmt.Sprint(waits))
	}
	f.claim = "429 carries Retry-After"
	return append(facts, f)
}

func (s *survey) facts(ctx context.Context) []fact {
	routed := s.routed(ctx)
	facts := []fact{routed}
	for _, row := range s.rows(ctx) {
		if routed.outcome != holds {
			row.needs = "API " + string(s.version)
		}
		f := s.check(row)
		f.claim = string(s.version) + ": " + row.claim
		facts = append(facts, f)
	}
	return facts
}

// routed needs the other version to tell an API that is not routed from a resource class that does not exist.
func (s *survey) routed(ctx context.Context) fact {
	got, err := s.list(ctx, s.client, circleci.RunnerFilter{ResourceClass: s.resourceClass})()
	status, detail := describe(got, err)
	response := (*circleci.ResponseError)(nil)
	f := verdict(err == nil || errors.As(err, &response) && response.Body == circleci.BodyJSON, detail)
	_, otherStatus := s.client.ProbeOtherVersion(ctx, err)
	switch {
	case isInconclusive(err), status == http.StatusUnauthorized, status == http.StatusForbidden:
		f.outcome = cannotTell
	case status == http.StatusNotFound && otherStatus != http.StatusOK:
		f = undecided(detail + ", as for a resource class that does not exist or that the token may not see")
	}
	f.claim = "API " + string(s.version) + " is routed"
	return f
}

func (s *survey) check(row row) fact {
	if row.needs != "" {
		return undecided("needs " + row.needs)
	}
	var got response
	var err error
	if row.request != nil {
		got, err = row.request()
	}
	if refusal := (*circleci.StatusError)(nil); errors.As(err, &refusal) && !isInconclusive(err) {
		s.refusals = append(s.refusals, refusal)
	}
	status, detail := describe(got, err)
	f := verdict(status == max(row.status, http.StatusOK), detail)
	switch {
	case f.outcome == notHolds && isInconclusive(err):
		f.outcome = cannotTell
	case f.outcome == holds && row.each != nil:
		f = row.eachOf(got)
	case f.outcome == holds && row.verify != nil:
		f = row.verify(got)
	}
	if f.outcome == notHolds && err == nil {
		f.misleads = row.misleads
	}
	return f
}

func (r row) eachOf(got response) fact {
	n, values := map[string]int{}, map[string]bool{}
	for _, runner := range got.runners {
		n[r.each(runner, got.date)]++
		values[fmt.Sprint(runner[r.shows])] = true
	}
	outcome := cannotTell
	for _, worst := range []string{notHolds, holds} {
		if n[worst] > 0 {
			outcome = worst
			break
		}
	}
	detail := fmt.Sprintf("%d of %d runners", n[outcome], len(got.runners))
	if r.shows != "" {
		detail += ": " + strings.Join(slices.Sorted(maps.Keys(values)), ", ")
	}
	return fact{outcome: outcome, detail: detail}
}

// outcomeOf is for claims that each runner shows.
func outcomeOf(isTrue bool) string { return verdict(isTrue, "").outcome }

// rows are the facts of the version.
func (s *survey) rows(ctx context.Context) []row {
	namespace, _, _ := strings.Cut(s.resourceClass, "/")
	unknownClass := namespace + "/never-made-" + strings.ToLower(rand.Text())
	runnersOf := func(class string) func() (response, error) {
		return s.list(ctx, s.client, circleci.RunnerFilter{ResourceClass: class})
	}
	class := []string{"resource-class", s.resourceClass}
	get := func(token, endpoint string, filters ...string) func() (response, error) {
		return func() (response, error) { return s.get(ctx, token, endpoint, filters) }
	}
	// The namespace has more runners than the class, but the token may be of a user who may see only the class.
	all := sync.OnceValues(func() (response, error) {
		got, err := get(s.token, "runner", "namespace", namespace)()
		if err != nil {
			return get(s.token, "runner", class...)()
		}
		return got, nil
	})
	list, unknown := sync.OnceValues(runnersOf(s.resourceClass)), sync.OnceValues(runnersOf(unknownClass))
	otherCase := strings.ToUpper(s.resourceClass)
	if otherCase == s.resourceClass {
		otherCase = strings.ToLower(s.resourceClass)
	}
	rows := []row{
		{claim: "400 without a filter", request: get(s.token, "runner"), status: 400},
		{claim: "400 with both filters", request: get(s.token, "runner", append(class, "namespace", namespace)...), status: 400},
		{claim: "401 without a token", request: get("", "runner", class...), status: 401},
		{
			claim: "401 for a bad token", status: 401, misleads: "a token that is wrong or was revoked goes unnoticed",
			request: s.list(ctx, s.badClient, circleci.RunnerFilter{ResourceClass: s.resourceClass}),
		},
		{
			claim: "404 for the runners of a resource class that does not exist", request: unknown, status: 404,
			misleads: "a misspelled resource class reads as one without runners",
		},
		{
			claim: "404 for the tasks of a resource class that does not exist", status: 404,
			request:  count(ctx, s.client.UnclaimedTaskCount, unknownClass),
			misleads: "a misspelled resource class reads as one without unclaimed tasks",
		},
		{claim: `an error carries {"message": "…"}`, verify: s.haveMessages},
		{
			claim: "a resource class without runners has an empty list", request: runnersOf(s.emptyClass),
			needs: missing("CIRCLECI_TEST_EMPTY_CLASS", s.emptyClass), verify: func(got response) fact {
				f := verdict(true, got.detail)
				if got.n > 0 {
					f.outcome = cannotTell
				}
				return f
			},
		},
		{
			claim: "a resource class is found in another case", request: runnersOf(otherCase),
			misleads: "a resource class in another case reads as one without runners", verify: func(got response) fact {
				inCase, _ := list()
				_, err := unknown()
				unknownStatus, _ := describe(response{}, err)
				f := verdict(got.n > 0 || inCase.n == 0, got.detail)
				if otherCase == s.resourceClass || got.n == 0 && inCase.n == 0 && unknownStatus != http.StatusNotFound {
					f.outcome = cannotTell
				}
				return f
			},
		},
		{claim: "a list is complete, without a next_page_token", request: list},
		{
			claim: "last_used is null for a runner that has never claimed a task", request: all,
			misleads: "last_used of a runner that has never claimed a task is not null", each: func(r runner, _ time.Time) string {
				switch value, found := r["last_used"]; {
				case !found || r.time("last_used").Year() >= 2000:
					return cannotTell
				default: // A date before CircleCI's time is another way to say "never".
					return outcomeOf(value == nil)
				}
			},
		},
		{
			// The service's clock counts, because this machine's may be wrong.
			claim: "a disconnected runner stays listed", request: all, each: func(r runner, now time.Time) string {
				if at := r.time("last_connected"); at.IsZero() || now.Sub(at) <= time.Hour {
					return cannotTell
				}
				return holds
			},
		},
		{
			claim: "a version has a form like 5.4.3.2.1, 3.1.2 or 1.0.12345-abcdef0", request: all, shows: "version",
			each: func(r runner, _ time.Time) string {
				return outcomeOf(versionForm.MatchString(fmt.Sprint(r["version"])))
			},
		},
		{claim: "runner/tasks has unclaimed_task_count", request: count(ctx, s.client.UnclaimedTaskCount, s.resourceClass)},
	}
	if s.version == circleci.V2 {
		return append(rows, row{
			claim:   "tasks, the path in a later edition of the reference, is not routed",
			request: get(s.token, "tasks", class...), status: 404,
		})
	}
	needsOrganization := missing("CIRCLECI_TEST_ORGANIZATION_ID", s.organizationID)
	return append(rows, []row{
		{claim: "runner/tasks/running has running_runner_tasks", request: count(ctx, s.client.RunningTaskCount, s.resourceClass)},
		{
			claim: "a runner has an ip", request: all,
			each: func(r runner, _ time.Time) string { return outcomeOf(r["ip"] != nil && r["ip"] != "") },
		},
		{
			claim: "a runner has no status without org-id", request: all,
			each: func(r runner, _ time.Time) string { return outcomeOf(r["status"] == nil) },
		},
		{
			claim: "with org-id each runner has the status idle or busy", needs: needsOrganization,
			request: get(s.token, "runner", "org-id", s.organizationID),
			each:    func(r runner, _ time.Time) string { return outcomeOf(r["status"] == "idle" || r["status"] == "busy") },
		},
		{
			// Only a service that ignores the class lists a runner of one that does not exist.
			claim: "with org-id other filters do not count", needs: needsOrganization,
			request: get(s.token, "runner", "resource-class", unknownClass, "org-id", s.organizationID),
			each:    func(runner, time.Time) string { return holds },
		},
	}...)
}

// missing returns the name of a variable without a value.
func missing(variable, value string) string {
	if value != "" {
		return ""
	}
	return variable
}

// haveMessages is about the errors of the rows before it.
func (s *survey) haveMessages(response) fact {
	for _, refusal := range s.refusals {
		if refusal.Body != circleci.BodyJSON || refusal.Message == "" {
			_, detail := describe(response{}, refusal)
			return verdict(false, detail)
		}
	}
	if len(s.refusals) == 0 {
		return undecided("no response was an error")
	}
	return verdict(true, fmt.Sprintf("%d errors", len(s.refusals)))
}

// versionForm is the forms of an agent's version that were observed. A commit follows the dash.
var versionForm = regexp.MustCompile(`^([0-9]+(\.[0-9]+){4}|[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-f]+)?)$`)
