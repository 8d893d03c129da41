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

// row is a claim and how it is checked: the response has a status, and then verify, if any, decides.
type row struct {
	claim    string
	request  func() (response, error) // nil if nothing needs to be requested
	status   int                      // of the response; 0 means 200
	verify   func(response) fact
	misleads string // what follows if the provider accepts the response, although it should be an error
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
		f := undecided("needs API " + string(s.version))
		if routed.outcome == holds {
			f = s.check(row)
		}
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
	if row.request == nil {
		return row.verify(response{})
	}
	got, err := row.request()
	if refusal := (*circleci.StatusError)(nil); errors.As(err, &refusal) && !isInconclusive(err) {
		s.refusals = append(s.refusals, refusal)
	}
	status, detail := describe(got, err)
	switch f := verdict(status == max(row.status, http.StatusOK), detail); {
	case f.outcome == holds && row.verify != nil:
		return row.verify(got)
	case f.outcome == notHolds && isInconclusive(err):
		return undecided(detail)
	case f.outcome == notHolds && err == nil:
		f.misleads = row.misleads
		return f
	default:
		return f
	}
}

// rows are the facts of the version.
func (s *survey) rows(ctx context.Context) []row {
	namespace, _, _ := strings.Cut(s.resourceClass, "/")
	unknownClass := namespace + "/never-made-" + strings.ToLower(rand.Text())
	runnersOf := func(class string) func() (response, error) {
		return s.list(ctx, s.client, circleci.RunnerFilter{ResourceClass: class})
	}
	get := func(token, endpoint string, filters ...string) func() (response, error) {
		return s.get(ctx, token, endpoint, filters...)
	}
	// The namespace has more runners than the class, but the token may be of a user who may see only the class.
	all := sync.OnceValues(func() (response, error) {
		got, err := get(s.token, "runner", "namespace", namespace)()
		if err != nil {
			return get(s.token, "runner", "resource-class", s.resourceClass)()
		}
		return got, nil
	})
	list, unknown := sync.OnceValues(runnersOf(s.resourceClass)), sync.OnceValues(runnersOf(unknownClass))
	rows := []row{
		{claim: "400 without a filter", request: get(s.token, "runner"), status: 400},
		{
			claim: "400 with both filters", status: 400,
			request: get(s.token, "runner", "resource-class", s.resourceClass, "namespace", namespace),
		},
		{claim: "401 without a token", request: get("", "runner", "resource-class", s.resourceClass), status: 401},
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
			needs: missing("CIRCLECI_TEST_EMPTY_CLASS", s.emptyClass),
			verify: func(got response) fact {
				if got.n > 0 {
					return undecided(got.detail)
				}
				return verdict(true, got.detail)
			},
		},
		{
			claim: "a resource class is found in another case", request: runnersOf(otherCase(s.resourceClass)),
			verify: func(got response) fact {
				inCase, _ := list()
				_, err := unknown()
				return s.foundInOtherCase(got, inCase, err)
			},
		},
		{claim: "a list is complete, without a next_page_token", request: list},
		{claim: "last_used is null for a runner that has never claimed a task", request: all, verify: lastUsed},
		{claim: "a disconnected runner stays listed", request: all, verify: staysListed},
		{
			claim: "a version has a form like 5.4.3.2.1, 3.1.2 or 1.0.12345-abcdef0", request: all,
			verify: func(got response) fact {
				f := every(func(r runner) bool { return versionForm.MatchString(r.text("version")) })(got)
				f.detail += examples(got.runners, "version")
				return f
			},
		},
		{
			claim:   "runner/tasks has unclaimed_task_count",
			request: count(ctx, s.client.UnclaimedTaskCount, s.resourceClass),
		},
	}
	if s.version == circleci.V2 {
		return append(rows, row{
			claim:   "tasks, the path in a later edition of the reference, is not routed",
			request: get(s.token, "tasks", "resource-class", s.resourceClass), status: 404,
		})
	}
	needsOrganization := missing("CIRCLECI_TEST_ORGANIZATION_ID", s.organizationID)
	return append(rows, []row{
		{
			claim:   "runner/tasks/running has running_runner_tasks",
			request: count(ctx, s.client.RunningTaskCount, s.resourceClass),
		},
		{claim: "a runner has an ip", request: all, verify: every(func(r runner) bool { return r.text("ip") != "" })},
		{
			claim: "a runner has no status without org-id", request: all,
			verify: every(func(r runner) bool { return r["status"] == nil }),
		},
		{
			claim: "with org-id each runner has the status idle or busy", needs: needsOrganization,
			request: get(s.token, "runner", "org-id", s.organizationID),
			verify:  every(func(r runner) bool { return r["status"] == "idle" || r["status"] == "busy" }),
		},
		{
			// Only a service that ignores the class lists a runner of one that does not exist.
			claim: "with org-id other filters do not count", needs: needsOrganization,
			request: get(s.token, "runner", "resource-class", unknownClass, "org-id", s.organizationID),
			verify: func(got response) fact {
				if got.n == 0 {
					return undecided(got.detail + ", as for a service that filters")
				}
				return verdict(true, got.detail)
			},
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

// otherCase is a class in another case, where it has letters that have one.
func otherCase(class string) string {
	if upper := strings.ToUpper(class); upper != class {
		return upper
	}
	return strings.ToLower(class)
}

func (s *survey) foundInOtherCase(other, inCase response, unknown error) fact {
	unknownStatus, _ := describe(response{}, unknown)
	switch {
	case otherCase(s.resourceClass) == s.resourceClass:
		return undecided("the resource class has no letter that has a case")
	case other.n == 0 && inCase.n > 0:
		f := verdict(false, other.detail)
		f.misleads = "a resource class in another case reads as one without runners"
		return f
	case other.n == 0 && unknownStatus != http.StatusNotFound:
		return undecided(other.detail + ", as for a resource class that does not exist")
	}
	return verdict(true, other.detail)
}

// every verifies that each runner has a property.
func every(has func(runner) bool) func(response) fact {
	return func(got response) fact {
		if got.n == 0 {
			return undecided("there are no runners")
		}
		n := got.number(has)
		return verdict(n == got.n, fmt.Sprintf("%d of %d runners", n, got.n))
	}
}

// lastUsed takes a date before CircleCI's time for another way to say "never".
func lastUsed(got response) fact {
	null := got.number(func(r runner) bool {
		value, found := r["last_used"]
		return found && value == nil
	})
	absent := got.number(func(r runner) bool {
		_, found := r["last_used"]
		return !found
	})
	used := got.number(func(r runner) bool { return r.time("last_used").Year() >= 2000 })
	switch f := verdict(false, fmt.Sprintf("%d runners: %d null, %d a date since 2000, %d without last_used", got.n, null, used, absent)); {
	case null+absent+used < got.n:
		f.misleads = "last_used of a runner that has never claimed a task is not null"
		return f
	case absent > 0:
		return f
	case null == 0:
		return undecided(f.detail)
	default:
		return verdict(true, f.detail)
	}
}

// staysListed compares with the service's own clock, because this machine's may be wrong.
func staysListed(got response) fact {
	n := got.number(func(r runner) bool {
		at := r.time("last_connected")
		return !at.IsZero() && got.date.Sub(at) > time.Hour
	})
	f := verdict(true, fmt.Sprintf("%d of %d runners: last connected more than an hour ago", n, got.n))
	if n == 0 {
		f.outcome = cannotTell
	}
	return f
}

// versionForm is the forms of an agent's version that were observed. A commit follows the dash.
var versionForm = regexp.MustCompile(`^([0-9]+(\.[0-9]+){4}|[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-f]+)?)$`)

// examples lists some different values of a member.
func examples(runners []runner, key string) string {
	different := map[string]bool{}
	for _, r := range runners {
		different[r.text(key)] = true
	}
	values := slices.Sorted(maps.Keys(different))
	return ": " + strings.Join(values[:min(len(values), 5)], ", ")
}
