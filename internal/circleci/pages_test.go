package circleci_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// readTimedOut is the end of the error of a read that a deadline ended.
const readTimedOut = ": timed out waiting for a complete response"

// pagedList is a list of the fleet API.
type pagedList struct {
	// good is a page with one object and no next page, id is that of the object, and want the list.
	good, id string
	want     any
	do       func(context.Context, *circleci.Client) (any, error)
}

var fleetList = pagedList{
	good: `{"data":[{"id":"` + newID + `","attributes":{"name":"acme/linux","active_agents":1,"idle_agents":2,` +
		`"disconnected_agents":3,"agent_count":9,"last_task_claimed_at":""}}],"page":{"next":null}}`,
	id: newID,
	want: []circleci.Fleet{{
		ID: newID, ResourceClass: "acme/linux", ActiveAgents: 1, IdleAgents: 2, DisconnectedAgents: 3, AgentCount: 9,
	}},
	do: func(ctx context.Context, c *circleci.Client) (any, error) { return c.ListFleets(ctx, "acme") },
}

var agentList = pagedList{
	good: `{"data":[{"id":"7","attributes":{"name":"one","is_busy":true,"first_connected_at":"",` +
		`"last_connected_at":null},"references":{"resource_class":{"attributes":{"resource_class":"acme/linux"}}}}],` +
		`"page":{"next":null}}`,
	id:   "7",
	want: []circleci.RunnerAgent{{ID: "7", Name: "one", IsBusy: true}},
	do:   func(ctx context.Context, c *circleci.Client) (any, error) { return c.ListAgents(ctx, "acme/linux") },
}

var pagedLists = []pagedList{fleetList, agentList}

// replace returns the good page with other parts.
func (l pagedList) replace(oldnew ...string) string {
	return strings.NewReplacer(oldnew...).Replace(l.good)
}

// next returns the good page with another page.next.
func (l pagedList) next(value string) string { return l.replace(`:null}}`, ":"+value+"}}") }

// repeat returns the good page with the object twice, the second time with other parts.
func (l pagedList) repeat(oldnew ...string) string {
	object := strings.TrimSuffix(strings.TrimPrefix(l.good, `{"data":[`), `],"page":{"next":null}}`)
	return strings.Replace(l.good, object, object+","+strings.NewReplacer(oldnew...).Replace(object), 1)
}

// emptyPage returns a page without objects, before another page.
func emptyPage(cursor any) string { return fmt.Sprintf(`{"data":[],"page":{"next":"%v"}}`, cursor) }

// endless responds with pages that do not end.
func endless() http.Handler {
	var requests atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		circlecitest.JSON(emptyPage(requests.Add(1))).ServeHTTP(w, r)
	})
}

// read lists the pages, and asserts that each is requested once. last is the last request.
func (l pagedList) read(t *testing.T, pages ...string) (got any, last string, err error) {
	t.Helper()
	server, client := serve(t, nil, withRetries(4))
	for _, page := range pages {
		server.Enqueue(circlecitest.JSON(page))
	}
	got, err = l.do(t.Context(), client)
	requests := sent(server)
	equal(t, "number of requests", len(requests), len(pages))
	return got, strings.Replace(requests[len(requests)-1], "GET ", "GET "+server.URL, 1), err
}

// assertRejected asserts that the last page is rejected without a retry, and with it what the others list.
func (l pagedList) assertRejected(t *testing.T, want string, pages ...string) {
	t.Helper()
	got, last, err := l.read(t, pages...)
	equal(t, "list", format(got), "null")
	e := errorOf[*circleci.ResponseError](t, err)
	equal(t, "reason", position.ReplaceAllString(e.Reason, "is not valid JSON at byte N"), want)
	equal(t, "kind of body", e.Body, circleci.BodyJSON)
	equal(t, "error", err.Error(), last+": the response "+e.Reason)
}

// assertMalformed asserts that each of several pages is rejected, by the reason.
func (l pagedList) assertMalformed(t *testing.T, pages map[string][]string) {
	t.Helper()
	for want, pages := range pages {
		for _, page := range pages {
			l.assertRejected(t, want, page)
		}
	}
}

func TestMalformedPage(t *testing.T) {
	const noNext = "has no page.next, which says whether it is the last page"
	for _, l := range pagedLists {
		l.assertMalformed(t, map[string][]string{
			"has no data": {`{}`, `{"items":[],"page":{"next":null}}`, l.replace(`"data"`, `"Data"`)},

			noNext: {`{"data":[]}`, l.replace(`"next"`, `"next_cursor"`), l.replace(`{"next":null}`, `null`)},

			"is not a JSON object":                  {`[]`},
			twice:                                   {l.next(`null,"next":null`)},
			wrongType + "data":                      {l.replace(`"data":[`, `"data":{"list":[`, `],"page"`, `]},"page"`)},
			wrongType + "page":                      {l.replace(`{"next":null}`, `1`)},
			wrongType + "page.next":                 {l.next(`2`), l.next(`false`), l.next(`{}`)},
			"contains the credential that was sent": {l.next(`"` + circlecitest.PersonalToken + `"`)},
		})
	}
	const count = wrongType + "data[0].attributes.active_agents"
	const class = `lists resource class "other/linux", though only `
	with := fleetList.replace
	fleetList.assertMalformed(t, map[string][]string{
		"has no UUID for id in data[0]":             {with(newID, "7"), with(`"id"`, `"ID"`)},
		"has no last_task_claimed_at in data[0]":    {with(`"last_task_claimed_at"`, `"last_task"`)},
		"has no name in data[0]":                    {with(`"name"`, `"resource_class"`), with(`acme/linux`, ``)},
		"has no active_agents in data[0]":           {with(`"active_agents":1,`, ``), with(`s":1`, `s":null`)},
		"has no idle_agents in data[0]":             {with(`"idle_agents":2,`, ``)},
		"has no disconnected_agents in data[0]":     {with(`"disconnected_agents":3,`, ``)},
		"has no agent_count in data[0]":             {with(`"agent_count":9,`, ``)},
		"has -1 for active_agents in data[0]":       {with(`s":1`, `s":-1`)},
		"has -3 for disconnected_agents in data[0]": {with(`s":3`, `s":-3`)},

		count: {with(`s":1`, `s":1.5`), with(`s":1`, `s":"1"`), with(`s":1`, `s":1e30`)},

		class + "namespace acme was requested": {with(`acme/`, `other/`)},
		`lists "` + newID + `" twice`:          {fleetList.repeat("acme/linux", "acme/arm")},
		`lists "ACME/Linux" twice`:             {fleetList.repeat(newID, otherID, "acme/linux", "ACME/Linux")},
	})
	with = agentList.replace
	agentList.assertMalformed(t, map[string][]string{
		"has no id in data[0]":             {with(`"7"`, `""`)},
		"has no name in data[0]":           {with(`"name":"one",`, ``)},
		"has no is_busy in data[0]":        {with(`"is_busy":true,`, ``)},
		"has no resource_class in data[0]": {with(`"references"`, `"reference"`), with(`acme/linux`, ``)},

		class + "resource class acme/linux was requested": {with(`acme/`, `other/`)},
		`lists "7" twice`: {agentList.repeat("one", "two")},
	})
}

func TestUnusualPage(t *testing.T) {
	for _, l := range pagedLists {
		for _, pages := range [][]string{
			{l.good}, {l.next(`"","size":1`)}, {emptyPage("a"), l.good},
			{l.replace(`{"data"`, `{"next_page_token":null,"data"`)},
		} {
			got, _, err := l.read(t, pages...)
			equal(t, "error", errorText(err), "")
			equal(t, "list", got, l.want)
		}
	}
}

// Pages that do not end, or repeat what was listed, are an error.
func TestInvalidPages(t *testing.T) {
	var tooMany []string
	for i := range 100 {
		tooMany = append(tooMany, emptyPage(i))
	}
	for _, l := range pagedLists {
		first := l.next(`"a"`)
		l.assertRejected(t, `lists "`+l.id+`" twice`, first, first)
		l.assertRejected(t, `repeats the cursor "1" in page.next`, slices.Concat(tooMany[1:3], tooMany[:2])...)
		l.assertRejected(t, "has another page after 100 pages", tooMany...)
		l.assertRejected(t, "has no data", first, `{}`)
		l.assertRejected(t, truncated, first, l.good[:len(l.good)-1])
	}
}

func TestPagesHaveOneDeadline(t *testing.T) {
	for _, l := range pagedLists {
		synctest.Test(t, func(t *testing.T) {
			server, client := serve(t, circlecitest.Delay(29*time.Second, endless()), withRetries(4))
			start := time.Now()
			_, err := l.do(t.Context(), client)
			assertSuffix(t, errorOf[*circleci.RequestError](t, err).Error(), readTimedOut)
			equal(t, "elapsed", time.Since(start), circleci.ReadTimeout)
			equal(t, "number of requests", len(server.Requests()), 11)
		})
	}
}

func TestCanceledBetweenPages(t *testing.T) {
	for _, l := range pagedLists {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		pages := 0
		server, client := serve(t, endless(), func(config *circleci.Config) {
			config.OnAttempt = func(context.Context, circleci.Attempt) {
				if pages++; pages == 3 {
					cancel()
				}
			}
		})
		got, err := l.do(ctx, client)
		equal(t, "list", format(got), "null")
		equal(t, "is canceled", errors.Is(err, context.Canceled), true)
		equal(t, "number of requests", len(server.Requests()), 3)
	}
}

// Pages wait for a slot as other requests do.
func TestPagesShareTheLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := serve(t, circlecitest.Hang(), withConcurrency(1))
		first, cancel := context.WithCancel(t.Context())
		defer cancel()
		_ = countTasks(first, client)
		synctest.Wait()
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		_, err := client.ListFleets(ctx, "acme")
		assertContains(t, errorText(err), ": timed out waiting for other requests to complete, and was not sent")
	})
}
