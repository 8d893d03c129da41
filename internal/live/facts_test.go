package live_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/live"
)

const (
	class          = "acme/linux"
	organizationID = "00000000-0000-4000-8000-000000000001"
)

func newServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	used := "2020-02-03T03:00:00Z"
	server.SetRunners(
		circlecitest.Runner{
			ResourceClass: "acme/linux", Name: "a", Hostname: "host-a", Version: "1.0.12345-abcdef0",
			FirstConnected: "2020-01-02T03:04:05Z", LastConnected: "2020-02-02T03:04:05.678Z", LastUsed: &used,
			IP: "192.0.2.1", Status: "busy", OrganizationID: organizationID,
		},
		circlecitest.Runner{
			ResourceClass: "acme/mac", Name: "mini", Hostname: "mini.local", Version: "3.1.2",
			FirstConnected: "2020-01-02T03:04:05Z", LastConnected: "2020-02-02T03:04:05.678Z",
			IP: "192.0.2.2", Status: "idle", OrganizationID: organizationID,
		},
	)
	server.SetTasks(class, 3, 2)
	return server
}

func installation(t *testing.T, server *circlecitest.Server) live.Installation {
	t.Helper()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return live.Installation{APIURL: u, Token: circlecitest.PersonalToken, ResourceClass: class, OrganizationID: organizationID}
}

// Facts in short.
func holds(detail string) live.Fact { return live.Fact{Outcome: live.Holds, Detail: detail} }
func doesNotHold(detail string) live.Fact {
	return live.Fact{Outcome: live.DoesNotHold, Detail: detail}
}
func cannotTell(detail string) live.Fact { return live.Fact{Outcome: live.CannotTell, Detail: detail} }

// misleading does not hold, and the provider cannot know.
func misleading(detail, how string) live.Fact {
	return live.Fact{Outcome: live.DoesNotHold, Detail: detail, Misleads: how}
}

// documented is what circlecitest answers: every fact holds but those that nothing shows.
func documented() map[string]live.Fact {
	facts := map[string]live.Fact{
		"v2: tasks, the path in a later edition of the reference, is not routed": holds(`404 Not Found: "Not found"`),
		"v3: runner/tasks/running has running_runner_tasks":                      holds("200 OK, JSON"),
		"v3: a runner has an ip":                                  holds("2 of 2 runners"),
		"v3: a runner has no status without org-id":               holds("0 of 2 runners have one"),
		"v3: with org-id each runner has the status idle or busy": holds("2 of 2 runners"),
		"v3: with org-id other filters do not count":              holds("200 OK, runners: 2"),
		"429 carries Retry-After":                                 cannotTell("no question met a limit"),
	}
	for _, version := range []string{"v2", "v3"} {
		facts["API "+version+" is routed"] = holds("200 OK, runners: 1")
		for claim, fact := range map[string]live.Fact{
			"400 without a filter":  holds(`400 Bad Request: "exactly one of resource-class and namespace must be given"`),
			"400 with both filters": holds(`400 Bad Request: "exactly one of resource-class and namespace must be given"`),
			"401 without a token":   holds(`401 Unauthorized: "Invalid token provided."`),
			"401 for a bad token":   holds(`401 Unauthorized: "Invalid token provided."`),
			"404 for the runners of a resource class that does not exist":     holds(`404 Not Found: "resource class not found"`),
			"404 for the tasks of a resource class that does not exist":       holds(`404 Not Found: "resource class not found"`),
			`an error carries {"message": "…"}`:                               holds("6 of 6 errors"),
			"a resource class without runners has an empty list":              cannotTell("needs CIRCLECI_TEST_EMPTY_CLASS"),
			"a resource class is found in another case":                       holds("200 OK, runners: 1"),
			"a list comes whole, without a next_page_token":                   holds("200 OK, runners: 1"),
			"last_used is null for a runner that has never claimed a task":    holds("1 of 2 runners: null"),
			"a runner that went away stays listed":                            holds("2 of 2 runners: last connected more than an hour ago"),
			"a version has a form like 5.4.3.2.1, 3.1.2 or 1.0.12345-abcdef0": holds(`"1.0.12345-abcdef0", "3.1.2"`),
			"runner/tasks has unclaimed_task_count":                           holds("200 OK, JSON"),
		} {
			facts[version+": "+claim] = fact
		}
	}
	return facts
}

// expectFacts asserts every fact: those given, and the documented ones for the rest.
func expectFacts(t *testing.T, got []live.Fact, changed map[string]live.Fact) {
	t.Helper()
	want := documented()
	for claim, fact := range changed {
		if want[claim] == fact || want[claim] == (live.Fact{}) {
			t.Errorf("the row says nothing about %q", claim)
		}
		want[claim] = fact
	}
	byClaim := map[string]live.Fact{}
	for _, fact := range got {
		claim := fact.Claim
		if _, twice := byClaim[claim]; twice {
			t.Errorf("%q is claimed twice", claim)
		}
		fact.Claim = ""
		byClaim[claim] = fact
	}
	if difference := cmp.Diff(want, byClaim); difference != "" {
		t.Errorf("the facts differ (-want +got):\n%s", difference)
	}
}

func TestFactsAsDocumented(t *testing.T) {
	server := newServer(t)
	expectFacts(t, installation(t, server).Facts(t.Context()), nil)
	tokens := map[string]int{}
	for _, request := range server.Requests() {
		if request.Method != http.MethodGet {
			t.Errorf("the server was asked %s %s: facts only read", request.Method, request.Path)
		}
		tokens[request.Header.Get("Circle-Token")]++
	}
	// For each version, one question comes without a token and one with a made-up one.
	if tokens[""] != 2 || len(tokens) != 3 || tokens[circlecitest.PersonalToken] != len(server.Requests())-4 {
		t.Errorf("the questions came with the tokens %v", tokens)
	}
}

// TestFactsOtherwise has one row for each way in which a service may answer otherwise. What a row does not name must stay
// as it was.
func TestFactsOtherwise(t *testing.T) {
	isTasks := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/tasks") }
	isClass := func(r *http.Request) bool {
		query := r.URL.Query()
		return query.Get("resource-class") == class && len(query) == 1 && r.Header.Get("Circle-Token") == circlecitest.PersonalToken
	}
	isUnknown := func(r *http.Request) bool {
		query := r.URL.Query()
		return strings.HasPrefix(query.Get("resource-class"), "acme/never-made-") && len(query) == 1
	}
	isNamespace := func(r *http.Request) bool { return r.URL.RawQuery == "namespace=acme" }
	// items answers the question for the namespace's runners with one runner that has these members.
	items := func(members string) func(*http.Request) http.Handler {
		return func(r *http.Request) http.Handler {
			if !isNamespace(r) {
				return nil
			}
			return circlecitest.JSON(`{"items": [{"resource_class": "acme/linux", "name": "a", "last_connected": "2020-01-02T03:04:05Z", ` +
				`"last_used": null, "version": "3.1.2", "ip": "192.0.2.1"` + members + `}]}`)
		}
	}
	// withItems are the facts about the runner of items.
	withItems := func(changed map[string]live.Fact) map[string]live.Fact {
		facts := map[string]live.Fact{
			"v3: a runner has an ip":                    holds("1 of 1 runners"),
			"v3: a runner has no status without org-id": holds("0 of 1 runners have one"),
		}
		for _, version := range []string{"v2", "v3"} {
			facts[version+": last_used is null for a runner that has never claimed a task"] = holds("1 of 1 runners: null")
			facts[version+": a runner that went away stays listed"] = holds("1 of 1 runners: last connected more than an hour ago")
			facts[version+": a version has a form like 5.4.3.2.1, 3.1.2 or 1.0.12345-abcdef0"] = holds(`"3.1.2"`)
		}
		for claim, fact := range changed {
			facts[claim] = fact
		}
		return facts
	}
	for name, row := range map[string]struct {
		intercept func(*http.Request) http.Handler
		want      map[string]live.Fact
	}{
		"nothing but status 200, for everyone": {
			func(r *http.Request) http.Handler {
				switch {
				case isTasks(r):
					return circlecitest.JSON(`{"unclaimed_task_count": 0}`)
				case strings.HasSuffix(r.URL.Path, "/runner") && !isClass(r) && !r.URL.Query().Has("org-id") && !isNamespace(r):
					return circlecitest.JSON(`{"items": []}`)
				}
				return nil
			},
			bothVersions(map[string]live.Fact{
				"400 without a filter":  doesNotHold("200 OK, runners: 0"),
				"400 with both filters": doesNotHold("200 OK, runners: 0"),
				"401 without a token":   doesNotHold("200 OK, runners: 0"),
				"401 for a bad token":   misleading("200 OK, runners: 0", "a token that is wrong or was revoked goes unnoticed"),
				"404 for the runners of a resource class that does not exist": misleading("200 OK, runners: 0",
					"a misspelled resource class reads as one without runners"),
				"404 for the tasks of a resource class that does not exist": misleading("200 OK, JSON",
					"a misspelled resource class reads as one without waiting tasks"),
				`an error carries {"message": "…"}`: cannotTell("no question was answered with an error"),
				"a resource class is found in another case": misleading("200 OK, runners: 0",
					"a resource class in another case reads as one without runners"),
			}, map[string]live.Fact{
				"v2: tasks, the path in a later edition of the reference, is not routed": doesNotHold("200 OK, JSON"),
			}),
		},
		"other statuses": {
			func(r *http.Request) http.Handler {
				switch {
				case strings.HasPrefix(r.URL.Path, "/api/v3/"):
					return nil
				case isUnknown(r):
					return circlecitest.Error(http.StatusForbidden, "no")
				case r.URL.Query().Get("resource-class") == "ACME/LINUX":
					return circlecitest.Error(http.StatusNotFound, "no such class")
				case isTasks(r) && isClass(r):
					return circlecitest.JSON(`{"unclaimed_task_count": -1, "running_runner_tasks": 1}`)
				}
				return nil
			},
			map[string]live.Fact{
				"v2: 404 for the runners of a resource class that does not exist":        doesNotHold(`403 Forbidden: "no"`),
				"v2: 404 for the tasks of a resource class that does not exist":          doesNotHold(`403 Forbidden: "no"`),
				"v2: a resource class is found in another case":                          doesNotHold(`404 Not Found: "no such class"`),
				"v2: runner/tasks has unclaimed_task_count":                              doesNotHold("200 OK, JSON, without a whole number of that name"),
				"v2: tasks, the path in a later edition of the reference, is not routed": doesNotHold("200 OK, JSON"),
			},
		},
		"errors without a message": {
			func(r *http.Request) http.Handler {
				switch {
				case isUnknown(r) && strings.HasPrefix(r.URL.Path, "/api/v2/"):
					return circlecitest.Raw(404, "text/html", "<html><title>\nNot\x1bhere </title>")
				case isUnknown(r) && strings.HasPrefix(r.URL.Path, "/api/v3/"):
					return circlecitest.JSON(`{"items": [`)
				case r.URL.RawQuery == "" && strings.HasPrefix(r.URL.Path, "/api/v3/"):
					return circlecitest.Raw(400, "application/json", `{"error": "secret of the server"}`)
				}
				return nil
			},
			map[string]live.Fact{
				"v2: 404 for the runners of a resource class that does not exist": holds(`404 Not Found, an HTML page "Nothere"`),
				"v2: 404 for the tasks of a resource class that does not exist":   holds(`404 Not Found, an HTML page "Nothere"`),
				`v2: an error carries {"message": "…"}`:                           doesNotHold(`404 Not Found, an HTML page "Nothere"`),
				"v3: 404 for the runners of a resource class that does not exist": doesNotHold(`200 OK, plain text "{\"items\": ["`),
				"v3: 404 for the tasks of a resource class that does not exist":   doesNotHold(`200 OK, plain text "{\"items\": ["`),
				"v3: 400 without a filter":                                        holds("400 Bad Request, JSON"),
				`v3: an error carries {"message": "…"}`:                           doesNotHold("400 Bad Request, JSON"),
			},
		},
		"a page of a list": {
			func(r *http.Request) http.Handler {
				switch {
				case !isClass(r) || !strings.HasSuffix(r.URL.Path, "/runner"):
					return nil
				case strings.HasPrefix(r.URL.Path, "/api/v2/"):
					return circlecitest.JSON(`{"items": [{"name": "a"}], "next_page_token": "x"}`)
				}
				return circlecitest.JSON(`{"total": 1, "next_page_token": null, "items": [{"name": "a"}]}`)
			},
			map[string]live.Fact{
				"v2: a list comes whole, without a next_page_token": doesNotHold("200 OK, runners: 1 with next_page_token"),
				"v3: a list comes whole, without a next_page_token": holds("200 OK, runners: 1 with next_page_token, total"),
			},
		},
		"v2 is not routed": {
			func(r *http.Request) http.Handler {
				if strings.HasPrefix(r.URL.Path, "/api/v2/") {
					return circlecitest.Raw(404, "text/plain", "404 page not found\n")
				}
				return nil
			},
			unrouted("v2", doesNotHold(`404 Not Found, plain text "404 page not found"`)),
		},
		"v3 answers a login page": {
			func(r *http.Request) http.Handler {
				if strings.HasPrefix(r.URL.Path, "/api/v3/") {
					return circlecitest.Raw(200, "text/html", "<!doctype html><title>Sign in</title>")
				}
				return nil
			},
			unrouted("v3", doesNotHold(`200 OK, an HTML page "Sign in"`)),
		},
		"v3 has a problem": {
			func(r *http.Request) http.Handler {
				if strings.HasPrefix(r.URL.Path, "/api/v3/") {
					return circlecitest.Raw(502, "text/plain", "")
				}
				return nil
			},
			unrouted("v3", cannotTell("502 Bad Gateway, an empty body")),
		},
		"the token may not use v3": {
			func(r *http.Request) http.Handler {
				if strings.HasPrefix(r.URL.Path, "/api/v3/") {
					return circlecitest.Error(403, "Permission denied")
				}
				return nil
			},
			unrouted("v3", cannotTell(`403 Forbidden: "Permission denied"`)),
		},
		"v3 does not end its answer": {
			func(r *http.Request) http.Handler {
				if strings.HasPrefix(r.URL.Path, "/api/v3/") {
					return circlecitest.TruncatedBody(`{"items": []`)
				}
				return nil
			},
			unrouted("v3", cannotTell("unexpected EOF")),
		},
		"v3 answers without end": {
			func(r *http.Request) http.Handler {
				if strings.HasPrefix(r.URL.Path, "/api/v3/") {
					return circlecitest.JSON(strings.Repeat(" ", 1<<20) + `{"items": []}`)
				}
				return nil
			},
			unrouted("v3", cannotTell("the answer is larger than 1 MiB")),
		},
		"the class does not exist": {
			func(r *http.Request) http.Handler {
				if isClass(r) {
					return circlecitest.Error(404, "resource class not found")
				}
				return nil
			},
			both(unrouted("v2", cannotTell(noClass)), unrouted("v3", cannotTell(noClass))),
		},
		"a limit": {
			func(r *http.Request) http.Handler {
				if isUnknown(r) && isTasks(r) {
					return circlecitest.WithHeader(circlecitest.Error(429, "Slow down"), "Retry-After", "7")
				}
				return nil
			},
			bothVersions(map[string]live.Fact{
				"404 for the tasks of a resource class that does not exist": cannotTell(`429 Too Many Requests: "Slow down"`),
				`an error carries {"message": "…"}`:                         holds("5 of 5 errors"),
			}, map[string]live.Fact{"429 carries Retry-After": holds(`Retry-After: "7"`)}),
		},
		"a limit that does not say how long": {
			func(r *http.Request) http.Handler {
				if isUnknown(r) && isTasks(r) {
					return circlecitest.Error(429, "Slow down")
				}
				return nil
			},
			bothVersions(map[string]live.Fact{
				"404 for the tasks of a resource class that does not exist": cannotTell(`429 Too Many Requests: "Slow down"`),
				`an error carries {"message": "…"}`:                         holds("5 of 5 errors"),
			}, map[string]live.Fact{"429 carries Retry-After": doesNotHold(`429 Too Many Requests: "Slow down"`)}),
		},
		"no date for a runner that was never used": {
			items(`, "last_used": "0001-01-01T00:00:00Z"`),
			withItems(bothVersions(map[string]live.Fact{
				"last_used is null for a runner that has never claimed a task": misleading(
					"1 of 1 runners: neither null nor a date since 2000", "last_used of a runner that has never claimed a task is not null"),
			})),
		},
		"an empty text for a runner that was never used": {
			items(`, "last_used": ""`),
			withItems(bothVersions(map[string]live.Fact{
				"last_used is null for a runner that has never claimed a task": misleading(
					"1 of 1 runners: neither null nor a date since 2000", "last_used of a runner that has never claimed a task is not null"),
			})),
		},
		"each runner was used, and just now": {
			items(`, "last_used": "2020-01-02T03:04:05Z", "last_connected": "2999-01-01T00:00:00Z"`),
			withItems(bothVersions(map[string]live.Fact{
				"last_used is null for a runner that has never claimed a task": cannotTell("0 of 1 runners: null; each has claimed a task"),
				"a runner that went away stays listed":                         cannotTell("0 of 1 runners: last connected more than an hour ago"),
			})),
		},
		"other members of a runner": {
			items(`, "version": "v4\u001b[31m", "ip": null, "status": "gone"`),
			withItems(bothVersions(map[string]live.Fact{
				"a version has a form like 5.4.3.2.1, 3.1.2 or 1.0.12345-abcdef0": doesNotHold(`"v4[31m"`),
			}, map[string]live.Fact{
				"v3: a runner has an ip":                    doesNotHold("0 of 1 runners"),
				"v3: a runner has no status without org-id": doesNotHold("1 of 1 runners have one"),
			})),
		},
		"a runner without members": {
			func(r *http.Request) http.Handler {
				if isNamespace(r) {
					return circlecitest.JSON(`{"items": [{}]}`)
				}
				return nil
			},
			bothVersions(map[string]live.Fact{
				"last_used is null for a runner that has never claimed a task":    doesNotHold("1 of 1 runners: no last_used"),
				"a runner that went away stays listed":                            cannotTell("0 of 1 runners: last connected more than an hour ago"),
				"a version has a form like 5.4.3.2.1, 3.1.2 or 1.0.12345-abcdef0": doesNotHold(`""`),
			}, map[string]live.Fact{
				"v3: a runner has an ip":                    doesNotHold("0 of 1 runners"),
				"v3: a runner has no status without org-id": holds("0 of 1 runners have one"),
			}),
		},
		"an organization with another status, and with filters": {
			func(r *http.Request) http.Handler {
				switch query := r.URL.Query(); {
				case query.Has("org-id") && query.Has("resource-class"):
					return circlecitest.JSON(`{"items": []}`)
				case query.Has("org-id"):
					return circlecitest.JSON(`{"items": [{"status": "idle"}, {"status": "Idle"}]}`)
				}
				return nil
			},
			map[string]live.Fact{
				"v3: with org-id each runner has the status idle or busy": doesNotHold("1 of 2 runners"),
				"v3: with org-id other filters do not count":              cannotTell("200 OK, runners: 0, as for a service that filters"),
			},
		},
		"an empty list for every class, which tells nothing of another case": {
			func(r *http.Request) http.Handler {
				if strings.HasSuffix(r.URL.Path, "/runner") && (isClass(r) || isUnknown(r) || r.URL.Query().Get("resource-class") == "ACME/LINUX") {
					return circlecitest.JSON(`{"items": []}`)
				}
				return nil
			},
			bothVersions(map[string]live.Fact{
				"404 for the runners of a resource class that does not exist": misleading("200 OK, runners: 0",
					"a misspelled resource class reads as one without runners"),
				`an error carries {"message": "…"}`:             holds("5 of 5 errors"),
				"a resource class is found in another case":     cannotTell("200 OK, runners: 0, as for a resource class that does not exist"),
				"a list comes whole, without a next_page_token": holds("200 OK, runners: 0"),
			}, map[string]live.Fact{
				"API v2 is routed": holds("200 OK, runners: 0"),
				"API v3 is routed": holds("200 OK, runners: 0"),
			}),
		},
		"no list by organization": {
			func(r *http.Request) http.Handler {
				if r.URL.Query().Has("org-id") {
					return circlecitest.Error(400, "unknown parameter org-id")
				}
				return nil
			},
			map[string]live.Fact{
				"v3: with org-id each runner has the status idle or busy": doesNotHold(`400 Bad Request: "unknown parameter org-id"`),
				"v3: with org-id other filters do not count":              doesNotHold(`400 Bad Request: "unknown parameter org-id"`),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.Intercept(row.intercept)
			expectFacts(t, installation(t, server).Facts(t.Context()), row.want)
		})
	}
}

const noClass = `404 Not Found: "resource class not found", as for a resource class that does not exist or that the token may not see`

// bothVersions are the facts of v2 and v3 that have the same outcome, and further ones.
func bothVersions(same map[string]live.Fact, further ...map[string]live.Fact) map[string]live.Fact {
	facts := both(further...)
	for claim, fact := range same {
		facts["v2: "+claim] = fact
		facts["v3: "+claim] = fact
	}
	return facts
}

func both(all ...map[string]live.Fact) map[string]live.Fact {
	facts := map[string]live.Fact{}
	for _, some := range all {
		for claim, fact := range some {
			facts[claim] = fact
		}
	}
	return facts
}

// unrouted are the facts of a version of which nothing else can be told.
func unrouted(version string, routed live.Fact) map[string]live.Fact {
	facts := map[string]live.Fact{"API " + version + " is routed": routed}
	for claim := range documented() {
		if strings.HasPrefix(claim, version+": ") {
			facts[claim] = cannotTell("needs API " + version)
		}
	}
	return facts
}

func TestFactsWithoutRunners(t *testing.T) {
	server := newServer(t)
	server.SetRunners()
	asked := installation(t, server)
	asked.OrganizationID = ""
	expectFacts(t, asked.Facts(t.Context()), bothVersions(map[string]live.Fact{
		"a resource class is found in another case":                       holds("200 OK, runners: 0"),
		"a list comes whole, without a next_page_token":                   holds("200 OK, runners: 0"),
		"last_used is null for a runner that has never claimed a task":    cannotTell("there are no runners"),
		"a runner that went away stays listed":                            cannotTell("there are no runners"),
		"a version has a form like 5.4.3.2.1, 3.1.2 or 1.0.12345-abcdef0": cannotTell("there are no runners"),
	}, map[string]live.Fact{
		"API v2 is routed":                                        holds("200 OK, runners: 0"),
		"API v3 is routed":                                        holds("200 OK, runners: 0"),
		"v3: a runner has an ip":                                  cannotTell("there are no runners"),
		"v3: a runner has no status without org-id":               cannotTell("there are no runners"),
		"v3: with org-id each runner has the status idle or busy": cannotTell("needs CIRCLECI_TEST_ORGANIZATION_ID"),
		"v3: with org-id other filters do not count":              cannotTell("needs CIRCLECI_TEST_ORGANIZATION_ID"),
	}))
}

func TestFactsOfEmptyClass(t *testing.T) {
	server := newServer(t)
	server.SetTasks("acme/empty", 0, 0)
	for _, row := range []struct {
		class string
		want  live.Fact
	}{
		{class: "acme/empty", want: holds("200 OK, runners: 0")},
		{class: "acme/mac", want: cannotTell("200 OK, runners: 1")},
		{class: "acme/unknown", want: doesNotHold(`404 Not Found: "resource class not found"`)},
	} {
		asked := installation(t, server)
		asked.EmptyClass = row.class
		expectFacts(t, asked.Facts(t.Context()), bothVersions(map[string]live.Fact{"a resource class without runners has an empty list": row.want}))
	}
}

// TestFactsFollowNoRedirect has a server that sends everyone to another one.
func TestFactsFollowNoRedirect(t *testing.T) {
	server, other := newServer(t), newServer(t)
	server.SetHandler(circlecitest.Redirect(other.URL + "/api/v2/runner"))
	answered := doesNotHold("302 Found to " + other.URL + "/api/v2/runner")
	expectFacts(t, installation(t, server).Facts(t.Context()), both(unrouted("v2", answered), unrouted("v3", answered)))
	if requests := other.Requests(); len(requests) != 0 {
		t.Errorf("the other server was asked %d times", len(requests))
	}
}

func TestFactsEndWithTheContext(t *testing.T) {
	server := newServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	server.Intercept(func(*http.Request) http.Handler {
		cancel()
		return circlecitest.Hang()
	})
	expectFacts(t, installation(t, server).Facts(ctx),
		both(unrouted("v2", cannotTell("context canceled")), unrouted("v3", cannotTell("context canceled"))))
}

// TestFactsHideTheToken has a server that repeats the token wherever it can, also spelled otherwise, with characters in
// between that are not shown, and where a long text is cut.
func TestFactsHideTheToken(t *testing.T) {
	const token = "token+of/a=person"
	spellings := []string{
		token, "token+of\x00/a=\u200bperson", url.QueryEscape(token),
		base64.StdEncoding.EncodeToString([]byte(token)), base64.StdEncoding.EncodeToString([]byte(token + ":")),
		strings.Repeat("x", 95) + token,
	}
	quoted := func(text string) string {
		encoded, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	for i, spelling := range spellings {
		list := fmt.Sprintf(`{"items": [{"version": %[1]s, "last_used": %[1]s, "ip": %[1]s, "status": %[1]s}], %[1]s: 1, "next_page_token": %[1]s}`,
			quoted(spelling))
		answers := map[string]http.Handler{
			"400 without a filter":  circlecitest.Error(400, spelling),
			"400 with both filters": circlecitest.Raw(400, "text/plain", spelling),
			"401 for a bad token":   circlecitest.Raw(401, "text/html", "<title>"+spelling+"</title>"),
			"404 for the tasks of a resource class that does not exist": circlecitest.WithHeader(
				circlecitest.Raw(302, "text/plain", spelling), "Location", strings.ReplaceAll(spelling, "\x00", "")),
		}
		server := newServer(t)
		server.Intercept(func(r *http.Request) http.Handler {
			query := r.URL.Query()
			switch {
			case strings.HasSuffix(r.URL.Path, "/tasks"):
				return answers["404 for the tasks of a resource class that does not exist"]
			case r.Header.Get("Circle-Token") != token:
				return answers["401 for a bad token"]
			case len(query) == 0:
				return answers["400 without a filter"]
			case len(query) == 2:
				return answers["400 with both filters"]
			}
			return circlecitest.JSON(list)
		})
		asked := installation(t, server)
		asked.Token = token
		redacted := map[string]bool{}
		facts := asked.Facts(t.Context())
		for _, fact := range facts {
			text := strings.ReplaceAll(fmt.Sprintf("%+v", fact), `\`, "")
			for _, secret := range append(spellings[:1:1], spellings[2:5]...) {
				if strings.Contains(text, secret) {
					t.Errorf("spelling %d: %q shows the token: %q", i, fact.Claim, fact.Detail)
				}
			}
			// A text that is cut in the middle of the token must not show its beginning.
			if strings.Contains(text, "xto") {
				t.Errorf("spelling %d: %q shows a part of the token: %q", i, fact.Claim, fact.Detail)
			}
			if strings.Contains(text, "(red") {
				redacted[fact.Claim] = true
			}
		}
		for claim := range answers {
			if !redacted["v2: "+claim] || !redacted["v3: "+claim] {
				t.Errorf("spelling %d: %q does not say that something was redacted", i, claim)
			}
		}
		for _, claim := range []string{"a version has a form like 5.4.3.2.1, 3.1.2 or 1.0.12345-abcdef0", "a list comes whole, without a next_page_token"} {
			if !redacted["v2: "+claim] && i != len(spellings)-1 {
				t.Errorf("spelling %d: %q does not say that something was redacted", i, claim)
			}
		}
	}
}

func TestPrint(t *testing.T) {
	var table bytes.Buffer
	err := live.Print(&table, []live.Fact{
		{Claim: "API v2 is routed", Outcome: live.Holds, Detail: "200 OK, runners: 1"},
		{Claim: "429 carries Retry-After", Outcome: live.DoesNotHold, Detail: "429 Too Many Requests, JSON"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "holds          API v2 is routed         200 OK, runners: 1\n" +
		"does not hold  429 carries Retry-After  429 Too Many Requests, JSON\n"
	if got := table.String(); got != want {
		t.Errorf("the table is\n%s, want\n%s", got, want)
	}
}
