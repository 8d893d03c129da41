package live_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

const (
	class          = "acme/linux"
	organizationID = "00000000-0000-4000-8000-000000000001"
	lastUsedClaim  = "last_used is null for a runner that has never claimed a task"
	versionClaim   = "a version has a form like 5.4.3.2.1, 3.1.2 or 1.0.12345-abcdef0"
	messageClaim   = `an error carries {"message": "…"}`
	runnersClaim   = "404 for the runners of a resource class that does not exist"
	tasksClaim     = "404 for the tasks of a resource class that does not exist"
	statusClaim    = "with org-id each runner has the status idle or busy"
	oldPathClaim   = "tasks, the path in a later edition of the reference, is not routed"
)

// loopback is an installation with a server that returns what was observed.
func loopback(t *testing.T) (*circlecitest.Server, installation) {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	runner := circlecitest.Runner{
		ResourceClass: class, Name: "a", Hostname: "host-a", Version: "1.0.12345-abcdef0", LastUsed: new("2020-02-03T03:00:00Z"),
		FirstConnected: "2020-01-02T03:04:05Z", LastConnected: "2020-02-02T03:04:05.678Z",
		IP: "192.0.2.1", Status: "busy", OrganizationID: organizationID,
	}
	unused := runner
	unused.ResourceClass, unused.Name, unused.Version, unused.LastUsed, unused.Status = "acme/mac", "mini", "3.1.2", nil, "idle"
	server.SetRunners(runner, unused)
	server.SetTasks(class, 3, 2)
	server.SetTasks("acme/empty", 0, 0)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return server, installation{
		apiURL: u, token: circlecitest.PersonalToken, resourceClass: class, emptyClass: "acme/empty", organizationID: organizationID,
	}
}

// outcomes are facts in short: by claim, "*: " for both versions, the outcome, the detail, and how it misleads.
type outcomes map[string]string

// observed is what holds of the loopback server: every fact but the one that nothing shows.
func observed() outcomes {
	return outcomes{
		"*: 400 without a filter":                               `holds, 400 Bad Request: "exactly one of resource-class and namespace must be given"`,
		"*: 400 with both filters":                              `holds, 400 Bad Request: "exactly one of resource-class and namespace must be given"`,
		"*: 401 without a token":                                `holds, 401 Unauthorized: "Invalid token provided."`,
		"*: 401 for a bad token":                                `holds, 401 Unauthorized: "Invalid token provided."`,
		"*: " + runnersClaim:                                    `holds, 404 Not Found: "resource class not found"`,
		"*: " + tasksClaim:                                      `holds, 404 Not Found: "resource class not found"`,
		"*: " + messageClaim:                                    "holds, 6 of 6 errors",
		"*: a resource class without runners has an empty list": "holds, 200 OK, runners: 0",
		"*: a resource class is found in another case":          "holds, 200 OK, runners: 1",
		"*: a list is complete, without a next_page_token":      "holds, 200 OK, runners: 1",
		"*: " + lastUsedClaim:                                   "holds, 1 of 2 runners: null",
		"*: a disconnected runner stays listed":                 "holds, 2 of 2 runners: last connected more than an hour ago",
		"*: " + versionClaim:                                    `holds, "1.0.12345-abcdef0", "3.1.2"`,
		"*: runner/tasks has unclaimed_task_count":              "holds, 200 OK, JSON",
		"v2: " + oldPathClaim:                                   `holds, 404 Not Found: "Not found"`,
		"v3: runner/tasks/running has running_runner_tasks":     "holds, 200 OK, JSON",
		"v3: a runner has an ip":                                "holds, 2 of 2 runners",
		"v3: a runner has no status without org-id":             "holds, 0 of 2 runners have one",
		"v3: " + statusClaim:                                    "holds, 2 of 2 runners",
		"v3: with org-id other filters do not count":            "holds, 200 OK, runners: 2",
		"API v2 is routed":                                      "holds, 200 OK, runners: 1",
		"API v3 is routed":                                      "holds, 200 OK, runners: 1",
		"429 carries Retry-After":                               "cannot tell, no request was rate limited",
	}
}

func (o outcomes) byVersion() outcomes {
	all := outcomes{}
	for claim, outcome := range o {
		if rest, both := strings.CutPrefix(claim, "*"); both {
			all["v2"+rest], all["v3"+rest] = outcome, outcome
		} else {
			all[claim] = outcome
		}
	}
	return all
}

// unrouted are the facts of versions of which nothing else is known.
func unrouted(outcome string, versions ...string) outcomes {
	all := outcomes{}
	for _, version := range versions {
		for claim := range observed().byVersion() {
			if strings.HasPrefix(claim, version+": ") {
				all[claim] = "cannot tell, needs API " + version
			}
		}
		all["API "+version+" is routed"] = outcome
	}
	return all
}

// expectFacts asserts every fact: the changed ones, and what was observed for the rest.
func expectFacts(t *testing.T, got []fact, changed outcomes) {
	t.Helper()
	want, all := observed().byVersion(), outcomes{}
	maps.Copy(want, changed.byVersion())
	for _, f := range got {
		text := f.outcome + ", " + f.detail
		if f.misleads != "" {
			text += "; " + f.misleads
		}
		all[f.claim] = text
	}
	if difference := cmp.Diff(want, all); difference != "" || len(got) != len(all) {
		t.Errorf("%d facts differ (-want +got):\n%s", len(got), difference)
	}
}

// kindOf says what a request is for.
func kindOf(r *http.Request) string {
	query := r.URL.Query()
	requested := query.Get("resource-class")
	switch {
	case r.Header.Get("Circle-Token") == "":
		return "no token"
	case r.Header.Get("Circle-Token") == badToken:
		return "bad token"
	case len(query) == 0:
		return "no filter"
	case query.Has("org-id") && len(query) == 2:
		return "organization and class"
	case query.Has("org-id"):
		return "organization"
	case len(query) == 2:
		return "both filters"
	case query.Has("namespace"):
		return "namespace"
	case strings.HasPrefix(requested, "acme/never-made-"):
		return "unknown"
	}
	return map[string]string{class: "class", strings.ToUpper(class): "other case"}[requested]
}

// responses are by version, endpoint and kind of request, each of which may be "*".
type responses map[string]http.Handler

func (all responses) to(r *http.Request) http.Handler {
	version, endpoint, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/"), "/")
	for _, v := range []string{version, "*"} {
		for _, e := range []string{endpoint, "*"} {
			for _, kind := range []string{kindOf(r), "*"} {
				if response := all[v+" "+e+" "+kind]; response != nil {
					return response
				}
			}
		}
	}
	return nil
}

// TestFacts has one row for each way in which a service may differ from what was observed. What a row does not name must
// stay as it was.
func TestFacts(t *testing.T) {
	none, noTasks, down := circlecitest.JSON(`{"items": []}`), circlecitest.JSON(`{"unclaimed_task_count": 0}`), circlecitest.Error(429, "Slow down")
	page := circlecitest.Raw(404, "text/html", "<html><title>\nNot\x07here </title>")
	// one lists one runner of the namespace, with these members besides or in place of the usual ones.
	one := func(members string) responses {
		return responses{"* runner namespace": circlecitest.JSON(`{"items": [{"resource_class": "acme/linux", "name": "a",
			"last_connected": "2020-01-02T03:04:05Z", "last_used": null, "version": "3.1.2", "ip": "192.0.2.1"` + members + `}]}`)}
	}
	ofOne := func(changed outcomes) outcomes {
		all := outcomes{
			"v3: a runner has an ip": "holds, 1 of 1 runners", "v3: a runner has no status without org-id": "holds, 0 of 1 runners have one",
			"*: " + lastUsedClaim: "holds, 1 of 1 runners: null", "*: " + versionClaim: `holds, "3.1.2"`,
			"*: a disconnected runner stays listed": "holds, 1 of 1 runners: last connected more than an hour ago",
		}
		maps.Copy(all, changed)
		return all
	}
	neverUsed := ofOne(outcomes{"*: " + lastUsedClaim: "does not hold, 1 of 1 runners: neither null nor a date since 2000; " +
		"last_used of a runner that has never claimed a task is not null"})
	const misspelled = "does not hold, 200 OK, runners: 0; a misspelled resource class reads as one without runners"
	const noClass = `cannot tell, 404 Not Found: "resource class not found", as for a resource class that does not exist or that the token may not see`
	limited := func(outcome string) outcomes {
		return outcomes{
			"*: " + tasksClaim: `cannot tell, 429 Too Many Requests: "Slow down"`, "*: " + messageClaim: "holds, 5 of 5 errors",
			"429 carries Retry-After": outcome,
		}
	}
	for name, row := range map[string]struct {
		responses responses
		want      outcomes
	}{
		"as observed": {},
		"nothing but status 200, for everyone": {
			responses: responses{
				"* runner/tasks *": noTasks, "* tasks *": noTasks, "* runner no filter": none, "* runner both filters": none,
				"* runner no token": none, "* runner bad token": none, "* runner unknown": none, "* runner other case": none,
			},
			want: outcomes{
				"*: 400 without a filter":  "does not hold, 200 OK, runners: 0",
				"*: 400 with both filters": "does not hold, 200 OK, runners: 0",
				"*: 401 without a token":   "does not hold, 200 OK, runners: 0",
				"*: 401 for a bad token":   "does not hold, 200 OK, runners: 0; a token that is wrong or was revoked goes unnoticed",
				"*: " + runnersClaim:       misspelled,
				"*: " + tasksClaim:         "does not hold, 200 OK, JSON; a misspelled resource class reads as one without unclaimed tasks",
				"*: " + messageClaim:       "cannot tell, no response was an error",
				"*: a resource class is found in another case": "does not hold, 200 OK, runners: 0; " +
					"a resource class in another case reads as one without runners",
				"v2: " + oldPathClaim: "does not hold, 200 OK, JSON",
			},
		},
		"other statuses": {
			responses: responses{
				"v2 * unknown": circlecitest.Error(403, "no"), "v2 runner other case": circlecitest.Error(404, "no such class"),
				"v2 runner/tasks class": circlecitest.JSON(`{"unclaimed_task_count": -1, "running_runner_tasks": 1}`), "v2 tasks class": noTasks,
			},
			want: outcomes{
				"v2: " + runnersClaim:                           `does not hold, 403 Forbidden: "no"`,
				"v2: " + tasksClaim:                             `does not hold, 403 Forbidden: "no"`,
				"v2: a resource class is found in another case": `does not hold, 404 Not Found: "no such class"`,
				"v2: runner/tasks has unclaimed_task_count":     "does not hold, 200 OK, JSON, without an integer of that name",
				"v2: " + oldPathClaim:                           "does not hold, 200 OK, JSON",
			},
		},
		"errors without a message": {
			responses: responses{
				"v2 * unknown": page, "v3 * unknown": circlecitest.JSON(`{"items": [`),
				"v3 runner no filter": circlecitest.Raw(400, "application/json", `{"error": "secret of the server"}`),
			},
			want: outcomes{
				"v2: " + runnersClaim:      `holds, 404 Not Found, an HTML page "Nothere"`,
				"v2: " + tasksClaim:        `holds, 404 Not Found, an HTML page "Nothere"`,
				"v2: " + messageClaim:      `does not hold, 404 Not Found, an HTML page "Nothere"`,
				"v3: " + runnersClaim:      `does not hold, 200 OK, plain text "{\"items\": ["`,
				"v3: " + tasksClaim:        `does not hold, 200 OK, plain text "{\"items\": ["`,
				"v3: 400 without a filter": "holds, 400 Bad Request, JSON",
				"v3: " + messageClaim:      "does not hold, 400 Bad Request, JSON",
			},
		},
		"a page of a list": {
			responses: responses{
				"v2 runner class": circlecitest.JSON(`{"items": [{"name": "a"}], "next_page_token": "x"}`),
				"v3 runner class": circlecitest.JSON(`{"total": 1, "next_page_token": null, "items": [{"name": "a"}]}`),
			},
			want: outcomes{
				"v2: a list is complete, without a next_page_token": "does not hold, 200 OK, runners: 1 with next_page_token",
				"v3: a list is complete, without a next_page_token": "holds, 200 OK, runners: 1 with next_page_token, total",
			},
		},
		"v2 is not routed": {
			responses: responses{"v2 * *": circlecitest.Raw(404, "text/plain", "404 page not found\n")},
			want:      unrouted(`does not hold, 404 Not Found, plain text "404 page not found"`, "v2"),
		},
		"v3 returns a login page": {
			responses: responses{"v3 * *": circlecitest.Raw(200, "text/html", "<!doctype html><title>Sign in</title>")},
			want:      unrouted(`does not hold, 200 OK, an HTML page "Sign in"`, "v3"),
		},
		"v3 has a problem": {
			responses: responses{"v3 * *": circlecitest.Raw(502, "text/plain", "")},
			want:      unrouted("cannot tell, 502 Bad Gateway, an empty body", "v3"),
		},
		"the token may not use v3": {
			responses: responses{"v3 * *": circlecitest.Error(403, "Permission denied")},
			want:      unrouted(`cannot tell, 403 Forbidden: "Permission denied"`, "v3"),
		},
		"v3 truncates its response": {
			responses: responses{"v3 * *": circlecitest.TruncatedBody(`{"items": []`)}, want: unrouted("cannot tell, unexpected EOF", "v3"),
		},
		"v3 has a large body": {
			responses: responses{"v3 * *": circlecitest.JSON(strings.Repeat(" ", 1<<20) + `{"items": []}`)},
			want:      unrouted("cannot tell, the response is larger than 1 MiB", "v3"),
		},
		"redirects": {
			responses: responses{"* * *": circlecitest.Redirect("http://192.0.2.1/api/v2/runner")},
			want:      unrouted("does not hold, 302 Found to http://192.0.2.1/api/v2/runner", "v2", "v3"),
		},
		"the class does not exist": {
			responses: responses{"* * class": circlecitest.Error(404, "resource class not found")}, want: unrouted(noClass, "v2", "v3"),
		},
		"a rate limit": {
			responses: responses{"* runner/tasks unknown": circlecitest.WithHeader(down, "Retry-After", "7")}, want: limited(`holds, Retry-After: "7"`),
		},
		"a rate limit without Retry-After": {
			responses: responses{"* runner/tasks unknown": down}, want: limited(`does not hold, 429 Too Many Requests: "Slow down"`),
		},
		"a zero date for a runner that was never used":     {responses: one(`, "last_used": "0001-01-01T00:00:00Z"`), want: neverUsed},
		"an empty string for a runner that was never used": {responses: one(`, "last_used": ""`), want: neverUsed},
		"each runner was used, and just now": {
			responses: one(`, "last_used": "2020-01-02T03:04:05Z", "last_connected": "2999-01-01T00:00:00Z"`),
			want: ofOne(outcomes{
				"*: " + lastUsedClaim:                   "cannot tell, 0 of 1 runners: null; each has claimed a task",
				"*: a disconnected runner stays listed": "cannot tell, 0 of 1 runners: last connected more than an hour ago",
			}),
		},
		"other members of a runner": {
			responses: one(`, "version": "v4\u001b[31m", "ip": null, "status": "gone"`),
			want: ofOne(outcomes{
				"*: " + versionClaim:     `does not hold, "v4"`,
				"v3: a runner has an ip": "does not hold, 0 of 1 runners", "v3: a runner has no status without org-id": "does not hold, 1 of 1 runners have one",
			}),
		},
		"a runner without members": {
			responses: responses{"* runner namespace": circlecitest.JSON(`{"items": [{}]}`)},
			want: ofOne(outcomes{
				"*: " + lastUsedClaim: "does not hold, 1 of 1 runners: no last_used", "*: " + versionClaim: `does not hold, ""`,
				"*: a disconnected runner stays listed": "cannot tell, 0 of 1 runners: last connected more than an hour ago",
				"v3: a runner has an ip":                "does not hold, 0 of 1 runners",
			}),
		},
		"an organization with another status, and with filters": {
			responses: responses{
				"* runner organization and class": none, "* runner organization": circlecitest.JSON(`{"items": [{"status": "idle"}, {"status": "Idle"}]}`),
			},
			want: outcomes{
				"v3: " + statusClaim:                         "does not hold, 1 of 2 runners",
				"v3: with org-id other filters do not count": "cannot tell, 200 OK, runners: 0, as for a service that filters",
			},
		},
		"no list by organization": {
			responses: responses{
				"* runner organization and class": circlecitest.Error(400, "unknown parameter"), "* runner organization": circlecitest.Error(400, "unknown parameter"),
			},
			want: outcomes{
				"v3: " + statusClaim:                         `does not hold, 400 Bad Request: "unknown parameter"`,
				"v3: with org-id other filters do not count": `does not hold, 400 Bad Request: "unknown parameter"`,
			},
		},
		"an empty list for every class, which says nothing of another case": {
			responses: responses{"* runner class": none, "* runner unknown": none, "* runner other case": none},
			want: outcomes{
				"*: " + runnersClaim: misspelled, "*: " + messageClaim: "holds, 5 of 5 errors",
				"*: a resource class is found in another case":     "cannot tell, 200 OK, runners: 0, as for a resource class that does not exist",
				"*: a list is complete, without a next_page_token": "holds, 200 OK, runners: 0",
				"API v2 is routed": "holds, 200 OK, runners: 0", "API v3 is routed": "holds, 200 OK, runners: 0",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, i := loopback(t)
			server.Intercept(row.responses.to)
			expectFacts(t, i.facts(t.Context()), row.want)
			tokens := map[string]int{}
			for _, request := range server.Requests() {
				tokens[request.Header.Get("Circle-Token")]++
				if request.Method != http.MethodGet {
					t.Errorf("the server received %s %s: facts only read", request.Method, request.Path)
				}
			}
			if row.responses == nil && (tokens[""] != 2 || tokens[badToken] != 2 || tokens[i.token] != len(server.Requests())-4) {
				t.Errorf("the requests had the tokens %v", tokens)
			}
		})
	}
}

// TestFactsOfInstallation has installations that lack something.
func TestFactsOfInstallation(t *testing.T) {
	const emptyClaim, noRunners = "*: a resource class without runners has an empty list", "cannot tell, there are no runners"
	for name, row := range map[string]struct {
		change func(*circlecitest.Server, *installation)
		want   outcomes
	}{
		"no runners and no further variables": {
			change: func(server *circlecitest.Server, i *installation) {
				server.SetRunners()
				i.organizationID, i.emptyClass = "", ""
			},
			want: outcomes{
				"*: a resource class is found in another case":     "holds, 200 OK, runners: 0",
				"*: a list is complete, without a next_page_token": "holds, 200 OK, runners: 0",
				"*: " + lastUsedClaim:                              noRunners, "*: " + versionClaim: noRunners, "*: a disconnected runner stays listed": noRunners,
				"API v2 is routed": "holds, 200 OK, runners: 0", "API v3 is routed": "holds, 200 OK, runners: 0",
				"v3: a runner has an ip": noRunners, "v3: a runner has no status without org-id": noRunners,
				"v3: " + statusClaim:                         "cannot tell, needs CIRCLECI_TEST_ORGANIZATION_ID",
				"v3: with org-id other filters do not count": "cannot tell, needs CIRCLECI_TEST_ORGANIZATION_ID",
				emptyClaim: "cannot tell, needs CIRCLECI_TEST_EMPTY_CLASS",
			},
		},
		"an empty class that is not": {
			change: func(_ *circlecitest.Server, i *installation) { i.emptyClass = "acme/mac" },
			want:   outcomes{emptyClaim: "cannot tell, 200 OK, runners: 1"},
		},
		"an empty class that is unknown": {
			change: func(_ *circlecitest.Server, i *installation) { i.emptyClass = "acme/unknown" },
			want:   outcomes{emptyClaim: `does not hold, 404 Not Found: "resource class not found"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, i := loopback(t)
			row.change(server, &i)
			expectFacts(t, i.facts(t.Context()), row.want)
		})
	}
	t.Run("a context that ends", func(t *testing.T) {
		server, i := loopback(t)
		ctx, cancel := context.WithCancel(t.Context())
		server.Intercept(func(*http.Request) http.Handler {
			cancel()
			return circlecitest.Hang()
		})
		expectFacts(t, i.facts(ctx), unrouted("cannot tell, context canceled", "v2", "v3"))
	})
}

// TestFactsRedactToken has a server that repeats the token wherever it can.
func TestFactsRedactToken(t *testing.T) {
	const token = "token+of/a=user"
	server, i := loopback(t)
	i.token = token
	list := circlecitest.JSON(strings.ReplaceAll(`{"items": [{"version": "TOKEN", "last_used": "TOKEN", "ip": "TOKEN", "status": "TOKEN"}],
		"TOKEN": 1, "next_page_token": "TOKEN"}`, "TOKEN", token))
	server.Intercept(responses{
		"* runner *": list, "* runner no filter": circlecitest.Error(400, token), "* runner both filters": circlecitest.Raw(400, "text/plain", token),
		"* runner bad token":     circlecitest.Raw(401, "text/html", "<title>"+token+"</title>"),
		"* runner/tasks unknown": circlecitest.Redirect("/?" + url.QueryEscape(token)), "* runner/tasks class": circlecitest.WithHeader(circlecitest.Error(429, token), "Retry-After", token),
	}.to)
	redacted := 0
	for _, f := range i.facts(t.Context()) {
		text := fmt.Sprint(f)
		if strings.Contains(text, token) || strings.Contains(text, url.QueryEscape(token)) {
			t.Errorf("%q shows the token: %q", f.claim, f.detail)
		}
		redacted += min(strings.Count(text, "(redacted)"), 1)
	}
	if want := 2*8 + 1; redacted != want {
		t.Errorf("%d facts have something redacted, not %d", redacted, want)
	}
}

// recorder collects what a test would report.
type recorder struct {
	*testing.T
	problems, log []string
}

func (r *recorder) Errorf(format string, a ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, a...))
}
func (r *recorder) Logf(format string, a ...any) { r.log = append(r.log, fmt.Sprintf(format, a...)) }

// TestProvider has a service that works, and one that takes every token, which would have users believe that theirs is
// right.
func TestProvider(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("runs the CLI: set TF_ACC=1, or run make test")
	}
	server, i := loopback(t)
	r := &recorder{T: t}
	i.checkProvider(r)
	if len(r.problems) != 0 || !slices.Equal(r.log, []string{"acme/linux has 1 runners and 3 unclaimed tasks"}) || len(misleading(i.facts(t.Context()))) != 0 {
		t.Errorf("the provider has the problems %q and logs %q", r.problems, r.log)
	}
	server.SetHandler(circlecitest.JSON(`{"items": [], "unclaimed_task_count": 0}`))
	r = &recorder{T: t}
	i.checkProvider(r)
	if len(r.problems) != 1 || !strings.HasPrefix(r.problems[0], "with a wrong token plan has 0 diagnostics, ") {
		t.Errorf("the provider has the problems %q", r.problems)
	}
	const want = `"v2: 401 for a bad token" does not hold, so a token that is wrong or was revoked goes unnoticed: please report this at `
	if !slices.ContainsFunc(misleading(i.facts(t.Context())), func(problem string) bool { return strings.HasPrefix(problem, want) }) {
		t.Errorf("no fact misleads as %q", want)
	}
}

func TestReadEnvironment(t *testing.T) {
	const need = "the live tests read from a real Runner API: set CIRCLE_TOKEN to a personal API token and CIRCLECI_TEST_RESOURCE_CLASS to a resource class, namespace/name, that it may see"
	for name, row := range map[string]struct{ token, class, url, want string }{
		"no token":                               {class: class, want: need},
		"no resource class":                      {token: "t", want: need},
		"a token with its line break":            {token: "t\n", class: class, want: "the environment variable CIRCLE_TOKEN holds white space, such as a line break that was pasted along: give the value alone, as CircleCI showed it"},
		"a resource class without its namespace": {token: "t", class: "linux", want: "the environment variable CIRCLECI_TEST_RESOURCE_CLASS has no slash between namespace and name: give namespace/name"},
		"a URL that is not the origin":           {token: "t", class: class, url: "http://circleci.example.com", want: "the environment variable CIRCLECI_RUNNER_API_URL is plain http, which would send the credential unencrypted and is allowed to this machine only: give the origin of the Runner API"},
	} {
		t.Run(name, func(t *testing.T) {
			variables := map[string]string{"CIRCLE_TOKEN": row.token, "CIRCLECI_TEST_RESOURCE_CLASS": row.class, "CIRCLECI_RUNNER_API_URL": row.url}
			if _, err := readEnvironment(func(name string) string { return variables[name] }); err == nil || err.Error() != row.want {
				t.Errorf("the error is %v, not %s", err, row.want)
			}
		})
	}
}
