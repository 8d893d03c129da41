package live_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The outcomes of a fact.
const (
	holds      = "holds"
	notHolds   = "does not hold"
	cannotTell = "cannot tell"
)

// fact is one claim about a Runner API, as it was observed elsewhere, and what became of it.
type fact struct {
	claim, outcome string
	// detail is what the service returned, or why the claim cannot be checked. It never holds the token, or a host name or
	// an address of a runner, because users pass it on.
	detail string
	// misleads says what the provider would report wrongly, instead of an error, where a claim does not hold. It is empty
	// where the provider reports the truth anyway.
	misleads string
}

// installation is a Runner API and what may be requested from it.
type installation struct {
	apiURL        *url.URL
	token         string // a personal API token, never empty, which is sent nowhere else
	resourceClass string // namespace/name, that the token may see
	// emptyClass is a class that exists and has no runner, organizationID the UUID of the organization that resourceClass
	// belongs to. Without one, what needs it is not requested.
	emptyClass, organizationID string
	apiVersion                 string // of the provider
	writes                     bool   // whether a class and a token may be created and deleted
}

// facts checks every fact, always the same ones in the same order. It only reads.
func (i installation) facts(ctx context.Context) []fact {
	s := newSurvey(i)
	defer s.http.CloseIdleConnections()
	var facts []fact
	for _, version := range []string{"v2", "v3"} {
		routed := s.routed(ctx, version)
		facts = append(facts, routed)
		for _, row := range s.rows(ctx, version) {
			if row.version != "" && row.version != version {
				continue
			}
			f := undecided("needs API " + version)
			if routed.outcome == holds {
				f = s.check(row)
			}
			f.claim = version + ": " + row.claim
			facts = append(facts, f)
		}
	}
	return append(facts, s.retryAfter())
}

// row is a claim and how it is checked: the response must have the status, if any, and then verify, if any, decides.
type row struct {
	claim    string
	version  string // the only version that the claim is about, if there is one
	response func() response
	status   int
	verify   func(response) fact
	misleads string // what follows if the API returns a list or a count instead of the error
	needs    string // the environment variable that is missing, if one is
}

// rows are the facts of a version. What several of them need is requested once.
func (s *survey) rows(ctx context.Context, version string) []row {
	get := func(endpoint string, filters ...string) func() response {
		return func() response { return s.get(ctx, version, s.token, endpoint, filters...) }
	}
	withToken := func(token string) func() response {
		return func() response { return s.get(ctx, version, token, "runner", "resource-class", s.resourceClass) }
	}
	// listed verifies the runners of the namespace, of which there are more than of the class.
	listed := func(verify func([]runner) fact) func(response) fact {
		return func(list response) fact {
			if !list.isList {
				list = get("runner", "resource-class", s.resourceClass)()
			}
			if len(list.runners) == 0 {
				return undecided(noRunners)
			}
			return verify(list.runners)
		}
	}
	namespace, _, _ := strings.Cut(s.resourceClass, "/")
	class, unknownClass := []string{"resource-class", s.resourceClass}, []string{"resource-class", s.unknownClass}
	list, all := get("runner", class...), get("runner", "namespace", namespace)
	needs := func(variable, value string) string {
		if value != "" {
			return ""
		}
		return variable
	}
	needsOrganization := needs("CIRCLECI_TEST_ORGANIZATION_ID", s.organizationID)
	return []row{
		{claim: "400 without a filter", response: get("runner"), status: 400},
		{claim: "400 with both filters", response: get("runner", append(class, "namespace", namespace)...), status: 400},
		{claim: "401 without a token", response: withToken(""), status: 401},
		{claim: "401 for a bad token", response: withToken(badToken), status: 401, misleads: "a token that is wrong or was revoked goes unnoticed"},
		{
			claim: "404 for the runners of a resource class that does not exist", response: get("runner", unknownClass...), status: 404,
			misleads: "a misspelled resource class reads as one without runners",
		},
		{
			claim: "404 for the tasks of a resource class that does not exist", response: get("runner/tasks", unknownClass...), status: 404,
			misleads: "a misspelled resource class reads as one without unclaimed tasks",
		},
		{claim: `an error carries {"message": "…"}`, verify: func(response) fact { return s.errorsHaveMessage(version) }},
		{
			claim: "a resource class without runners has an empty list", needs: needs("CIRCLECI_TEST_EMPTY_CLASS", s.emptyClass),
			response: get("runner", "resource-class", s.emptyClass), status: 200,
			verify: func(list response) fact {
				if len(list.runners) > 0 {
					return undecided(s.describe(list))
				}
				return verdict(list.isList, s.describe(list))
			},
		},
		{
			claim: "a resource class is found in another case", response: get("runner", "resource-class", otherCase(s.resourceClass)), status: 200,
			verify: func(other response) fact { return s.otherCase(other, list(), get("runner", unknownClass...)()) },
		},
		{claim: "a list is complete, without a next_page_token", response: list, verify: s.complete},
		{claim: "last_used is null for a runner that has never claimed a task", response: all, verify: listed(lastUsed)},
		{claim: "a disconnected runner stays listed", response: all, verify: listed(func(r []runner) fact { return staysListed(r, list()) })},
		{claim: "a version has a form like 5.4.3.2.1, 3.1.2 or 1.0.12345-abcdef0", response: all, verify: listed(s.versions)},
		{claim: "runner/tasks has unclaimed_task_count", response: get("runner/tasks", class...), status: 200, verify: s.hasCount(unclaimed)},
		{
			claim: "tasks, the path in a later edition of the reference, is not routed", version: "v2",
			response: get("tasks", class...), status: 404,
		},
		{
			claim: "runner/tasks/running has running_runner_tasks", version: "v3",
			response: get("runner/tasks/running", class...), status: 200, verify: s.hasCount("running_runner_tasks"),
		},
		{claim: "a runner has an ip", version: "v3", response: all, verify: listed(func(runners []runner) fact {
			return census(runners, "", len(runners), func(r runner) bool { return r.text("ip") != "" })
		})},
		{claim: "a runner has no status without org-id", version: "v3", response: all, verify: listed(func(runners []runner) fact {
			return census(runners, " have one", 0, func(r runner) bool { return r.has("status") })
		})},
		{
			claim: "with org-id each runner has the status idle or busy", version: "v3", needs: needsOrganization,
			response: get("runner", "org-id", s.organizationID), status: 200,
			verify: func(list response) fact {
				if !list.isList {
					return verdict(false, s.describe(list))
				}
				return listed(func(runners []runner) fact {
					return census(runners, "", len(runners), func(r runner) bool { return r.text("status") == "idle" || r.text("status") == "busy" })
				})(list)
			},
		},
		{
			// Only a service that ignores the class lists a runner of one that does not exist.
			claim: "with org-id other filters do not count", version: "v3", needs: needsOrganization,
			response: get("runner", append(unknownClass, "org-id", s.organizationID)...), status: 200,
			verify: func(list response) fact {
				if list.isList && len(list.runners) == 0 {
					return undecided(s.describe(list) + ", as for a service that filters")
				}
				return verdict(list.isList, s.describe(list))
			},
		},
	}
}

// unclaimed is the member with the count of unclaimed tasks.
const unclaimed = "unclaimed_task_count"

const noRunners = "there are no runners"

func undecided(detail string) fact { return fact{outcome: cannotTell, detail: detail} }

func verdict(isTrue bool, detail string) fact {
	if isTrue {
		return fact{outcome: holds, detail: detail}
	}
	return fact{outcome: notHolds, detail: detail}
}

func (s *survey) check(row row) fact {
	if row.needs != "" {
		return undecided("needs " + row.needs)
	}
	var got response
	if row.response != nil {
		got = row.response()
	}
	if row.status == 0 {
		return row.verify(got)
	}
	f := verdict(got.status == row.status, s.describe(got))
	switch {
	case f.outcome == holds && row.verify != nil:
		return row.verify(got)
	case f.outcome == notHolds && got.isInconclusive():
		return undecided(f.detail)
	case got.isList || got.status == http.StatusOK && got.isCount(unclaimed):
		f.misleads = row.misleads
	}
	return f
}

// routed needs the other version's response to tell an API that is not routed from a resource class that does not exist.
func (s *survey) routed(ctx context.Context, version string) fact {
	other := map[string]string{"v2": "v3", "v3": "v2"}[version]
	list := s.get(ctx, version, s.token, "runner", "resource-class", s.resourceClass)
	f := verdict(list.isList, s.describe(list))
	switch {
	case list.isInconclusive(), list.status == http.StatusUnauthorized, list.status == http.StatusForbidden:
		f.outcome = cannotTell
	case list.status == http.StatusNotFound && !s.get(ctx, other, s.token, "runner", "resource-class", s.resourceClass).isList:
		f = undecided(f.detail + ", as for a resource class that does not exist or that the token may not see")
	}
	f.claim = "API " + version + " is routed"
	return f
}

// errorsHaveMessage is about the errors of the rows before it.
func (s *survey) errorsHaveMessage(version string) fact {
	with := 0
	for _, got := range s.responses {
		switch {
		case got.version != version || got.isInconclusive() || got.status < http.StatusBadRequest:
		case got.message == "":
			return verdict(false, s.describe(got))
		default:
			with++
		}
	}
	if with == 0 {
		return undecided("no response was an error")
	}
	return verdict(true, fmt.Sprintf("%d of %d errors", with, with))
}

// otherCase is a class in another case, where it has letters that have one.
func otherCase(class string) string {
	if upper := strings.ToUpper(class); upper != class {
		return upper
	}
	return strings.ToLower(class)
}

func (s *survey) otherCase(other, list, unknown response) fact {
	f := verdict(true, s.describe(other))
	switch {
	case otherCase(s.resourceClass) == s.resourceClass:
		return undecided("the resource class has no letter that has a case")
	case !other.isList:
		return undecided(f.detail)
	case len(other.runners) == 0 && len(list.runners) > 0:
		f.outcome, f.misleads = notHolds, "a resource class in another case reads as one without runners"
	case len(other.runners) == 0 && unknown.status != http.StatusNotFound:
		return undecided(f.detail + ", as for a resource class that does not exist")
	}
	return f
}

func (s *survey) complete(list response) fact {
	detail := s.describe(list)
	if len(list.otherMembers) > 0 {
		detail += " with " + s.sanitize(strings.Join(list.otherMembers, ", "))
	}
	return verdict(!list.paged, detail)
}

// lastUsed takes a date before CircleCI's time for another way to say "never".
func lastUsed(runners []runner) fact {
	var null, absent, never int
	for _, runner := range runners {
		at, err := time.Parse(time.RFC3339, runner.text("last_used"))
		switch raw, found := runner["last_used"]; {
		case !found:
			absent++
		case string(raw) == "null":
			null++
		case err != nil || at.Year() < 2000:
			never++
		}
	}
	of := func(n int, what string) string { return fmt.Sprintf("%d of %d runners: %s", n, len(runners), what) }
	switch {
	case never > 0:
		f := verdict(false, of(never, "neither null nor a date since 2000"))
		f.misleads = "last_used of a runner that has never claimed a task is not null"
		return f
	case absent > 0:
		return verdict(false, of(absent, "no last_used"))
	case null == 0:
		return undecided(of(null, "null; each has claimed a task"))
	}
	return verdict(true, of(null, "null"))
}

// staysListed compares with the service's own clock, because this machine's may be wrong.
func staysListed(runners []runner, list response) fact {
	now, err := http.ParseTime(list.header.Get("Date"))
	if err != nil {
		return undecided("the response has no date")
	}
	f := census(runners, ": last connected more than an hour ago", 0, func(r runner) bool {
		at, err := time.Parse(time.RFC3339, r.text("last_connected"))
		return err == nil && now.Sub(at) > time.Hour
	})
	if f.outcome == holds {
		return undecided(f.detail)
	}
	return verdict(true, f.detail)
}

// versionForm is the forms of an agent's version that were seen. After the dash follows a commit.
var versionForm = regexp.MustCompile(`^([0-9]+(\.[0-9]+){4}|[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-f]+)?)$`)

func (s *survey) versions(runners []runner) fact {
	var known, others []string
	for _, runner := range runners {
		text := runner.text("version")
		quoted := fmt.Sprintf("%q", s.sanitize(text))
		if versionForm.MatchString(text) {
			known = append(known, quoted)
		} else {
			others = append(others, quoted)
		}
	}
	shown := known
	if len(others) > 0 {
		shown = others
	}
	slices.Sort(shown)
	shown = slices.Compact(shown)
	const enough = 3
	more := ""
	if len(shown) > enough {
		more = fmt.Sprintf(" and %d more", len(shown)-enough)
		shown = shown[:enough]
	}
	return verdict(len(others) == 0, strings.Join(shown, ", ")+more)
}

func (s *survey) hasCount(name string) func(response) fact {
	return func(got response) fact {
		if !got.isCount(name) {
			return verdict(false, s.describe(got)+", without an integer of that name")
		}
		return verdict(true, s.describe(got))
	}
}

// census holds if as many runners as wanted have a property.
func census(runners []runner, suffix string, want int, has func(runner) bool) fact {
	n := 0
	for _, runner := range runners {
		if has(runner) {
			n++
		}
	}
	return verdict(n == want, fmt.Sprintf("%d of %d runners%s", n, len(runners), suffix))
}

// retryAfter is about rate limits that the other rows met: to provoke one would be a nuisance to others.
func (s *survey) retryAfter() fact {
	f := undecided("no request was rate limited")
	for _, got := range s.responses {
		after := got.header.Get("Retry-After")
		switch {
		case got.status != http.StatusTooManyRequests:
			continue
		case after != "":
			f = verdict(true, fmt.Sprintf("Retry-After: %q", s.sanitize(after)))
			continue
		}
		f = verdict(false, s.describe(got))
		break
	}
	f.claim = "429 carries Retry-After"
	return f
}
