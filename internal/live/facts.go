// Package live asks a real Runner API which of the facts hold that public clients observed and CircleCI's reference does
// not promise. `make testlive` prints them, so that a user can tell what their installation really answers.
//
// It does not use the provider's client: the facts are about the service, not about what the client makes of it.
package live

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Outcome says whether a fact holds.
type Outcome string

// The outcomes.
const (
	Holds       Outcome = "holds"
	DoesNotHold Outcome = "does not hold"
	CannotTell  Outcome = "cannot tell"
)

// Fact is one claim about a Runner API and what became of it.
type Fact struct {
	// Claim is what was observed elsewhere.
	Claim   string
	Outcome Outcome
	// Detail is what the service answered, or why nothing can be told. It never holds the token, a host name or an address
	// of a runner, because people pass it on.
	Detail string
	// Misleads says what the provider would tell wrongly, instead of reporting an error, where a claim does not hold. It is
	// empty where the provider tells the truth anyway.
	Misleads string
}

// Installation is a Runner API and what may be asked of it.
type Installation struct {
	// APIURL is the origin of the API with an optional path prefix.
	APIURL *url.URL
	// Token is a personal API token, never empty. It is sent nowhere else.
	Token string
	// ResourceClass is a class, namespace/name, that the token may see.
	ResourceClass string
	// EmptyClass is a class that exists and has no runner. Without one, what needs it is not requested.
	EmptyClass string
	// OrganizationID is the UUID of the organization that the class belongs to. Without one, what needs it is not asked.
	OrganizationID string
}

// Facts asks the service and judges every fact, always the same ones in the same order. It only reads.
func (i Installation) Facts(ctx context.Context) []Fact {
	s := newSurvey(i)
	defer s.http.CloseIdleConnections()
	v2, v3 := s.version("v2"), s.version("v3")
	v2.list, v3.list = v2.askRunners(ctx), v3.askRunners(ctx)

	facts := v2.facts(ctx, v3.list)
	facts = append(facts, v3.facts(ctx, v2.list)...)
	return append(facts, s.retryAfter())
}

// Print writes the facts as a table.
func Print(w io.Writer, facts []Fact) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, fact := range facts {
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\n", fact.Outcome, fact.Claim, fact.Detail); err != nil {
			return err
		}
	}
	return table.Flush()
}

func holds(detail string) Fact       { return Fact{Outcome: Holds, Detail: detail} }
func doesNotHold(detail string) Fact { return Fact{Outcome: DoesNotHold, Detail: detail} }
func cannotTell(detail string) Fact  { return Fact{Outcome: CannotTell, Detail: detail} }

// version is one version of the API within a survey. What several facts rest on is asked once.
type version struct {
	*survey
	name string
	// list is the list of the class's runners.
	list answer
	// runners are those of the namespace, of which there are more than of the class.
	runners []runner
	// unknownList and unknownCount are about a resource class that does not exist.
	unknownList, unknownCount answer
	// refusals are the answers that should be errors.
	refusals []answer
}

func (s *survey) version(name string) *version { return &version{survey: s, name: name} }

// The names of the two counts.
const (
	unclaimed = "unclaimed_task_count"
	running   = "running_runner_tasks"
)

// check is a claim and how to judge it.
type check struct {
	claim string
	judge func(context.Context) Fact
}

func (v *version) facts(ctx context.Context, otherVersion answer) []Fact {
	routed := v.routed(otherVersion)
	routed.Claim = "API " + v.name + " is routed"
	facts := []Fact{routed}
	if routed.Outcome == Holds {
		v.prepare(ctx)
	}
	for _, check := range v.checks() {
		fact := cannotTell("needs API " + v.name)
		if routed.Outcome == Holds {
			fact = check.judge(ctx)
		}
		fact.Claim = v.name + ": " + check.claim
		facts = append(facts, fact)
	}
	return facts
}

func (v *version) checks() []check {
	checks := []check{
		{"400 without a filter", v.noFilter},
		{"400 with both filters", v.bothFilters},
		{"401 without a token", v.noToken},
		{"401 for a bad token", v.badToken},
		{"404 for the runners of a resource class that does not exist", v.unknownClassRunners},
		{"404 for the tasks of a resource class that does not exist", v.unknownClassTasks},
		{`an error carries {"message": "…"}`, v.errorsCarryMessage},
		{"a resource class without runners has an empty list", v.emptyClass},
		{"a resource class is found in another case", v.otherCase},
		{"a list comes whole, without a next_page_token", v.whole},
		{"last_used is null for a runner that has never claimed a task", v.lastUsed},
		{"a runner that went away stays listed", v.staysListed},
		{"a version has a form like 5.4.3.2.1, 3.1.2 or 1.0.12345-abcdef0", v.versions},
		{"runner/tasks has " + unclaimed, v.count("runner/tasks", unclaimed)},
	}
	if v.name == "v2" {
		return append(checks, check{"tasks, the path in a later edition of the reference, is not routed", v.laterPath})
	}
	return append(checks,
		check{"runner/tasks/running has " + running, v.count("runner/tasks/running", running)},
		check{"a runner has an ip", v.ip},
		check{"a runner has no status without org-id", v.noStatus},
		check{"with org-id each runner has the status idle or busy", v.status},
		check{"with org-id other filters do not count", v.organizationAlone},
	)
}

func (v *version) prepare(ctx context.Context) {
	v.unknownList = v.ask(ctx, v.Token, "runner", url.Values{"resource-class": {v.unknownClass}})
	v.unknownCount = v.ask(ctx, v.Token, "runner/tasks", url.Values{"resource-class": {v.unknownClass}})
	v.refusals = []answer{v.unknownList, v.unknownCount}

	v.runners = v.list.runners
	namespace, _, _ := strings.Cut(v.ResourceClass, "/")
	if list := v.ask(ctx, v.Token, "runner", url.Values{"namespace": {namespace}}); list.isList {
		v.runners = list.runners
	}
}

func (v *version) askRunners(ctx context.Context) answer {
	return v.ask(ctx, v.Token, "runner", url.Values{"resource-class": {v.ResourceClass}})
}

// routed needs the other version's answer to tell an API that is not there from a resource class that is not.
func (v *version) routed(other answer) Fact {
	detail := v.describe(v.list)
	switch {
	case v.list.isList:
		return holds(detail)
	case v.list.isInconclusive(), v.list.status == http.StatusUnauthorized, v.list.status == http.StatusForbidden:
		return cannotTell(detail)
	case v.list.status == http.StatusNotFound && !other.isList:
		return cannotTell(detail + ", as for a resource class that does not exist or that the token may not see")
	}
	return doesNotHold(detail)
}

func (v *version) noFilter(ctx context.Context) Fact {
	return v.refusal(v.ask(ctx, v.Token, "runner", nil), http.StatusBadRequest)
}

func (v *version) bothFilters(ctx context.Context) Fact {
	namespace, _, _ := strings.Cut(v.ResourceClass, "/")
	query := url.Values{"resource-class": {v.ResourceClass}, "namespace": {namespace}}
	return v.refusal(v.ask(ctx, v.Token, "runner", query), http.StatusBadRequest)
}

func (v *version) noToken(ctx context.Context) Fact {
	return v.refusal(v.ask(ctx, "", "runner", url.Values{"resource-class": {v.ResourceClass}}), http.StatusUnauthorized)
}

func (v *version) badToken(ctx context.Context) Fact {
	fact := v.refusal(v.ask(ctx, badToken, "runner", url.Values{"resource-class": {v.ResourceClass}}), http.StatusUnauthorized)
	if v.refusals[len(v.refusals)-1].isList {
		fact.Misleads = "a token that is wrong or was revoked goes unnoticed"
	}
	return fact
}

func (v *version) unknownClassRunners(context.Context) Fact {
	fact := v.expect(v.unknownList, http.StatusNotFound)
	if v.unknownList.isList {
		fact.Misleads = "a misspelled resource class reads as one without runners"
	}
	return fact
}

func (v *version) unknownClassTasks(context.Context) Fact {
	fact := v.expect(v.unknownCount, http.StatusNotFound)
	if v.unknownCount.status == http.StatusOK && v.unknownCount.isCount(unclaimed) {
		fact.Misleads = "a misspelled resource class reads as one without waiting tasks"
	}
	return fact
}

// refusal remembers an answer that should be an error and judges its status.
func (v *version) refusal(got answer, want int) Fact {
	v.refusals = append(v.refusals, got)
	return v.expect(got, want)
}

func (v *version) expect(got answer, status int) Fact {
	switch {
	case got.failure == "" && got.status == status:
		return holds(v.describe(got))
	case got.isInconclusive():
		return cannotTell(v.describe(got))
	}
	return doesNotHold(v.describe(got))
}

// errorsCarryMessage stands behind the checks that provoke errors.
func (v *version) errorsCarryMessage(context.Context) Fact {
	with := 0
	for _, got := range v.refusals {
		switch {
		case got.isInconclusive() || got.status < http.StatusBadRequest:
		case got.message == "":
			return doesNotHold(v.describe(got))
		default:
			with++
		}
	}
	if with == 0 {
		return cannotTell("no question was answered with an error")
	}
	return holds(fmt.Sprintf("%d of %d errors", with, with))
}

func (v *version) emptyClass(ctx context.Context) Fact {
	if v.EmptyClass == "" {
		return cannotTell("needs CIRCLECI_TEST_EMPTY_CLASS")
	}
	list := v.ask(ctx, v.Token, "runner", url.Values{"resource-class": {v.EmptyClass}})
	switch {
	case len(list.runners) > 0:
		return cannotTell(v.describe(list))
	case list.status == http.StatusOK && !list.isList:
		return doesNotHold(v.describe(list))
	}
	return v.expect(list, http.StatusOK)
}

func (v *version) otherCase(ctx context.Context) Fact {
	class := strings.ToUpper(v.ResourceClass)
	if class == v.ResourceClass {
		class = strings.ToLower(v.ResourceClass)
	}
	if class == v.ResourceClass {
		return cannotTell("the resource class has no letter that has a case")
	}
	got := v.ask(ctx, v.Token, "runner", url.Values{"resource-class": {class}})
	fact := v.expect(got, http.StatusOK)
	if fact.Outcome != Holds {
		return fact
	}
	switch {
	case !got.isList:
		return cannotTell(v.describe(got))
	case len(got.runners) > 0:
	case len(v.list.runners) > 0:
		fact.Outcome = DoesNotHold
		fact.Misleads = "a resource class in another case reads as one without runners"
	case v.unknownList.status != http.StatusNotFound:
		return cannotTell(fact.Detail + ", as for a resource class that does not exist")
	}
	return fact
}

func (v *version) whole(context.Context) Fact {
	detail := v.describe(v.list)
	if others := v.list.otherMembers; len(others) > 0 {
		detail += " with " + v.readable(strings.Join(others, ", "))
	}
	if v.list.paged {
		return doesNotHold(detail)
	}
	return holds(detail)
}

// lastUsed takes a date before CircleCI's time for another way to say "never".
func (v *version) lastUsed(context.Context) Fact {
	var null, absent, never, used int
	for _, runner := range v.runners {
		value, there := runner.text("last_used")
		at, err := time.Parse(time.RFC3339, value)
		switch {
		case runner.isNull("last_used"):
			null++
		case !there:
			absent++
		case err != nil || at.Year() < 2000:
			never++
		default:
			used++
		}
	}
	detail := fmt.Sprintf("%d of %d runners: null", null, len(v.runners))
	switch {
	case never > 0:
		fact := doesNotHold(fmt.Sprintf("%d of %d runners: neither null nor a date since 2000", never, len(v.runners)))
		fact.Misleads = "last_used of a runner that has never claimed a task is not null"
		return fact
	case absent > 0:
		return doesNotHold(fmt.Sprintf("%d of %d runners: no last_used", absent, len(v.runners)))
	case null > 0:
		return holds(detail)
	case used > 0:
		return cannotTell(detail + "; each has claimed a task")
	}
	return cannotTell(noRunners)
}

const noRunners = "there are no runners"

// staysListed compares with the service's own clock, because this machine's may be wrong.
func (v *version) staysListed(context.Context) Fact {
	now, err := http.ParseTime(v.list.header.Get("Date"))
	if err != nil {
		return cannotTell("the answer has no date")
	}
	away := 0
	for _, runner := range v.runners {
		text, _ := runner.text("last_connected")
		if at, err := time.Parse(time.RFC3339, text); err == nil && now.Sub(at) > time.Hour {
			away++
		}
	}
	detail := fmt.Sprintf("%d of %d runners: last connected more than an hour ago", away, len(v.runners))
	switch {
	case away > 0:
		return holds(detail)
	case len(v.runners) == 0:
		return cannotTell(noRunners)
	}
	return cannotTell(detail)
}

// versionForm is the forms of an agent's version that were seen. Behind the dash stands a commit.
var versionForm = regexp.MustCompile(`^([0-9]+(\.[0-9]+){4}|[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-f]+)?)$`)

func (v *version) versions(context.Context) Fact {
	var known, others []string
	for _, runner := range v.runners {
		switch text, _ := runner.text("version"); {
		case versionForm.MatchString(text):
			known = append(known, text)
		default:
			others = append(others, text)
		}
	}
	switch {
	case len(others) > 0:
		return doesNotHold(v.quoteSome(others))
	case len(known) > 0:
		return holds(v.quoteSome(known))
	}
	return cannotTell(noRunners)
}

// quoteSome shows a few of the different texts.
func (v *version) quoteSome(texts []string) string {
	slices.Sort(texts)
	texts = slices.Compact(texts)
	const enough = 3
	more := ""
	if len(texts) > enough {
		more = fmt.Sprintf(" and %d more", len(texts)-enough)
		texts = texts[:enough]
	}
	for i, text := range texts {
		texts[i] = fmt.Sprintf("%q", v.readable(text))
	}
	return strings.Join(texts, ", ") + more
}

func (v *version) count(endpoint, key string) func(context.Context) Fact {
	return func(ctx context.Context) Fact {
		got := v.ask(ctx, v.Token, endpoint, url.Values{"resource-class": {v.ResourceClass}})
		fact := v.expect(got, http.StatusOK)
		if fact.Outcome == Holds && !got.isCount(key) {
			return doesNotHold(fact.Detail + ", without a whole number of that name")
		}
		return fact
	}
}

func (v *version) laterPath(ctx context.Context) Fact {
	return v.expect(v.ask(ctx, v.Token, "tasks", url.Values{"resource-class": {v.ResourceClass}}), http.StatusNotFound)
}

func (v *version) ip(context.Context) Fact {
	if len(v.runners) == 0 {
		return cannotTell(noRunners)
	}
	with := countRunners(v.runners, func(r runner) bool { value, _ := r.text("ip"); return value != "" })
	detail := fmt.Sprintf("%d of %d runners", with, len(v.runners))
	if with < len(v.runners) {
		return doesNotHold(detail)
	}
	return holds(detail)
}

func (v *version) noStatus(context.Context) Fact {
	if len(v.runners) == 0 {
		return cannotTell(noRunners)
	}
	with := countRunners(v.runners, func(r runner) bool { _, there := r.text("status"); return there })
	detail := fmt.Sprintf("%d of %d runners have one", with, len(v.runners))
	if with > 0 {
		return doesNotHold(detail)
	}
	return holds(detail)
}

const noOrganization = "needs CIRCLECI_TEST_ORGANIZATION_ID"

func (v *version) status(ctx context.Context) Fact {
	if v.OrganizationID == "" {
		return cannotTell(noOrganization)
	}
	list := v.ask(ctx, v.Token, "runner", url.Values{"org-id": {v.OrganizationID}})
	fact := v.expect(list, http.StatusOK)
	switch {
	case fact.Outcome != Holds:
		return fact
	case !list.isList:
		return doesNotHold(fact.Detail)
	case len(list.runners) == 0:
		return cannotTell(noRunners)
	}
	with := countRunners(list.runners, func(r runner) bool { value, _ := r.text("status"); return value == "idle" || value == "busy" })
	detail := fmt.Sprintf("%d of %d runners", with, len(list.runners))
	if with < len(list.runners) {
		return doesNotHold(detail)
	}
	return holds(detail)
}

// organizationAlone asks for the runners of a class that does not exist: only a service that ignores the class lists any.
func (v *version) organizationAlone(ctx context.Context) Fact {
	if v.OrganizationID == "" {
		return cannotTell(noOrganization)
	}
	list := v.ask(ctx, v.Token, "runner", url.Values{"org-id": {v.OrganizationID}, "resource-class": {v.unknownClass}})
	fact := v.expect(list, http.StatusOK)
	switch {
	case fact.Outcome != Holds:
		return fact
	case !list.isList:
		return doesNotHold(fact.Detail)
	case len(list.runners) == 0:
		return cannotTell(fact.Detail + ", as for a service that filters")
	}
	return fact
}

func countRunners(runners []runner, is func(runner) bool) int {
	count := 0
	for _, runner := range runners {
		if is(runner) {
			count++
		}
	}
	return count
}

// retryAfter judges what came up by the way: provoking a limit would be a nuisance to others.
func (s *survey) retryAfter() Fact {
	fact := cannotTell("no question met a limit")
	for _, got := range s.limited {
		after := got.header.Get("Retry-After")
		if after == "" {
			fact = doesNotHold(s.describe(got))
			break
		}
		fact = holds(fmt.Sprintf("Retry-After: %q", s.readable(after)))
	}
	fact.Claim = "429 carries Retry-After"
	return fact
}
