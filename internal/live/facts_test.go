package live_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
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

func outcomeOf(isTrue bool) string {
	if isTrue {
		return holds
	}
	return notHolds
}

// row is a claim and how it is checked: the response has a status, and then each or verify, if any, decides.
type row struct {
	claim, needs string // needs is what is missing for the check, if anything
	request      func() (response, error)
	status       int // of the response; 0 means 200
	// each is the outcome for a runner. The fact has the worst outcome of them, and cannotTell without any runner.
	each     func(r runner, now time.Time) string
	shows    string                // the member of the runners whose values the detail has, if any
	verify   func(response) string // returns the outcome
	misleads string                // of the fact, if the client accepts a response that does not conform to the claim
}

// facts checks every fact, always the same ones in the same order. It only reads.
func (i installation) facts(ctx context.Context) (facts []fact) {
	limits := fact{claim: "429 carries Retry-After", outcome: cannotTell, detail: "no request was rate limited"}
	// To provoke a rate limit would affect others, so this is about those that the requests encounter.
	onThrottle := func(wait time.Duration) {
		if limits.outcome != notHolds {
			limits.outcome, limits.detail = outcomeOf(wait > 0), wait.String()
		}
	}
	for _, version := range []circleci.APIVersion{circleci.V2, circleci.V3} {
		s := &survey{installation: i, version: version, onThrottle: onThrottle}
		s.client, s.badClient = i.newClient(version, i.token, onThrottle), i.newClient(version, badToken, onThrottle)
		routed := s.routed(ctx)
		facts = append(facts, routed)
		for _, row := range s.rows(ctx) {
			if routed.outcome != holds {
				row.needs = "API " + string(version)
			}
			f := s.check(row)
			f.claim, f.detail = string(version)+": "+row.claim, s.client.Sanitize(f.detail)
			facts = append(facts, f)
		}
		s.client.Close()
		s.badClient.Close()
	}
	return append(facts, limits)
}

// routed needs the other version to tell an API that is not routed from a resource class that does not exist.
func (s *survey) routed(ctx context.Context) fact {
	got, err := list(ctx, s.client, s.resourceClass)()
	status, detail, isConclusive := describe(got, err)
	response := (*circleci.ResponseError)(nil)
	outcome := outcomeOf(err == nil || errors.As(err, &response) && response.Body == circleci.BodyJSON)
	_, otherStatus := s.client.ProbeOtherVersion(ctx, err)
	switch {
	case !isConclusive, status == http.StatusUnauthorized, status == http.StatusForbidden:
		outcome = cannotTell
	case status == http.StatusNotFound && otherStatus != http.StatusOK:
		outcome = cannotTell
		detail += ", as for a resource class that does not exist or that the token may not see"
	}
	return fact{claim: "API " + string(s.version) + " is routed", outcome: outcome, detail: s.client.Sanitize(detail)}
}

func (s *survey) check(row row) fact {
	if row.needs != "" {
		return fact{outcome: cannotTell, detail: "needs " + row.needs}
	}
	got, err := row.request()
	refusal := (*circleci.StatusError)(nil)
	status, detail, isConclusive := describe(got, err)
	f := fact{outcome: outcomeOf(status == max(row.status, http.StatusOK)), detail: detail}
	switch {
	case !isConclusive:
		f.outcome = cannotTell
	case errors.As(err, &refusal):
		s.refusals = append(s.refusals, refusal)
	case f.outcome == holds && row.each != nil:
		f = row.eachOf(got)
	case f.outcome == holds && row.verify != nil:
		f.outcome = row.verify(got)
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
	for _, worse := range []string{holds, notHolds} {
		if n[worse] > 0 {
			outcome = worse
		}
	}
	detail := fmt.Sprintf("%d of %d runners", n[outcome], len(got.runners))
	if r.shows != "" {
		detail += ": " + strings.Join(slices.Sorted(maps.Keys(values)), ", ")
	}
	return fact{outcome: outcome, detail: detail}
}

// rows are the facts of the version.
func (s *survey) rows(ctx context.Context) []row {
	namespace, _, _ := strings.Cut(s.resourceClass, "/")
	unknownClass := namespace + "/never-made-" + strings.ToLower(rand.Text())
	class := url.Values{"resource-class": {s.resourceClass}}
	get := func(token, endpoint string, filters url.Values) func() (response, error) {
		return func() (response, error) { return s.get(ctx, token, endpoint, filters) }
	}
	// The namespace has more runners than the class, but the token may be of a user who may see only the class.
	all := sync.OnceValues(func() (response, error) {
		got, err := get(s.token, "runner", url.Values{"namespace": {namespace}})()
		if err != nil {
			return get(s.token, "runner", class)()
		}
		return got, nil
	})
	ofClass, unknown := sync.OnceValues(list(ctx, s.client, s.resourceClass)), sync.OnceValues(list(ctx, s.client, unknownClass))
	otherCase := strings.ToUpper(s.resourceClass)
	if otherCase == s.resourceClass {
		otherCase = strings.ToLower(s.resourceClass)
	}
	rows := []row{
		{claim: "400 without a filter", request: get(s.token, "runner", nil), status: 400},
		{claim: "400 with both filters", request: get(s.token, "runner", url.Values{"resource-class": {s.resourceClass}, "namespace": {namespace}}), status: 400},
		{claim: "401 without a token", request: get("", "runner", class), status: 401},
		{
			claim: "401 for a bad token", status: 401, misleads: "a token that is wrong or was revoked goes unnoticed",
			request: list(ctx, s.badClient, s.resourceClass),
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
		{
			// This is about the errors of the rows before it.
			claim:   `an error carries {"message": "…"}`,
			request: func() (response, error) { return response{n: len(s.refusals)}, nil },
			verify: func(got response) string {
				if got.n == 0 {
					return cannotTell
				}
				return outcomeOf(!slices.ContainsFunc(s.refusals, func(e *circleci.StatusError) bool {
					return e.Body != circleci.BodyJSON || e.Message == ""
				}))
			},
		},
		{
			claim: "a resource class without runners has an empty list", request: list(ctx, s.client, s.emptyClass),
			needs: missing("CIRCLECI_TEST_EMPTY_CLASS", s.emptyClass), verify: func(got response) string {
				if got.n > 0 {
					return cannotTell
				}
				return holds
			},
		},
		{
			claim: "a resource class is found in another case", request: list(ctx, s.client, otherCase),
			misleads: "a resource class in another case reads as one without runners", verify: func(got response) string {
				inCase, _ := ofClass()
				_, err := unknown()
				unknownStatus, _, _ := describe(response{}, err)
				if otherCase == s.resourceClass || got.n == 0 && inCase.n == 0 && unknownStatus != http.StatusNotFound {
					return cannotTell
				}
				return outcomeOf(got.n > 0 || inCase.n == 0)
			},
		},
		{claim: "a list is complete, without a next_page_token", request: ofClass},
		{
			claim: "last_used is null for a runner that has never claimed a task", request: all,
			misleads: "last_used of a runner that has never claimed a task is not null", each: func(r runner, _ time.Time) string {
				value, found := r["last_used"]
				if !found || r.time("last_used").Year() >= 2000 {
					return cannotTell
				}
				return outcomeOf(value == nil) // A date before CircleCI's time is another way to say "never".
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
			request: get(s.token, "tasks", class), status: 404,
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
			request: get(s.token, "runner", url.Values{"org-id": {s.organizationID}}),
			each:    func(r runner, _ time.Time) string { return outcomeOf(r["status"] == "idle" || r["status"] == "busy") },
		},
		{
			// Only a service that ignores the class lists a runner of one that does not exist.
			claim: "with org-id other filters do not count", needs: needsOrganization,
			request: get(s.token, "runner", url.Values{"resource-class": {unknownClass}, "org-id": {s.organizationID}}),
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

// versionForm matches the versions of agents that were observed. A commit follows the dash.
var versionForm = regexp.MustCompile(`^([0-9]+(\.[0-9]+){4}|[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-f]+)?)$`)
