package circleci_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// The provider's tests have each filter, and each form of a runner.

// listRunners lists the runners of namespace acme from a server with these items.
func listRunners(t *testing.T, items ...string) ([]circleci.Runner, error) {
	t.Helper()
	_, client := serve(t, circlecitest.JSON(`{"items":[`+strings.Join(items, ",")+`]}`))
	return client.ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
}

func TestListRunnersSorts(t *testing.T) {
	keys := strings.Fields("resource_class name hostname first_connected last_connected last_used version ip status")
	want := []string{ // Each differs from the previous one in one field, which takes precedence over those to its right.
		"acme/a n2 h2 f2 l2 u2 v2 i2 s2", "acme/b n1 h2 f2 l2 u2 v2 i2 s2", "acme/b n2 - f2 l2 u2 v2 i2 s2",
		"acme/b n2 h1 f2 l2 u2 v2 i2 s2", "acme/b n2 h2 - l2 u2 v2 i2 s2", "acme/b n2 h2 f1 l2 u2 v2 i2 s2",
		"acme/b n2 h2 f2 l1 u2 v2 i2 s2", "acme/b n2 h2 f2 l2 u1 v2 i2 s2", "acme/b n2 h2 f2 l2 u2 v1 i2 s2",
		"acme/b n2 h2 f2 l2 u2 v2 i1 s2", "acme/b n2 h2 f2 l2 u2 v2 i2 s1", "acme/b n2 h2 f2 l2 u2 v2 i2 s2",
	}
	var items []string
	for _, line := range want {
		var members []string
		for i, value := range strings.Fields(line) {
			members = append(members, strings.ReplaceAll(fmt.Sprintf("%q:%q", keys[i], value), `"-"`, "null"))
		}
		items = append(items, "{"+strings.Join(members, ",")+"}")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		random.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		runners, err := listRunners(t, items...)
		equal(t, "error", errorText(err), "")
		var got []string
		for _, r := range runners {
			line := []string{r.ResourceClass, r.Name}
			for _, field := range []*string{
				r.Hostname, r.FirstConnected, r.LastConnected, r.LastUsed, r.Version, r.IP, r.Status,
			} {
				line = append(line, *cmp.Or(field, new("-")))
			}
			got = append(got, strings.Join(line, " "))
		}
		equal(t, "runners", got, want)
	}
}

func TestListRunnersRejectsRunnerOutsideFilter(t *testing.T) {
	long := strings.Repeat("x", 400)
	for filter, classes := range map[circleci.RunnerFilter][]string{
		{ResourceClass: "acme/linux", Namespace: "acme"}: {"acme/arm", "other/linux"},
		{Namespace: "acme"}: {"other/linux", "acme2/linux", "acme", "", long},
	} {
		for _, class := range classes {
			const list = `{"items":[{"resource_class":"acme/linux","name":"one"},{"resource_class":%q,"name":"two"}]}`
			_, client := serve(t, circlecitest.JSON(fmt.Sprintf(list, class)))
			got, err := client.ListRunners(t.Context(), filter)
			equal(t, "runners", got, []circleci.Runner(nil))
			want := fmt.Sprintf("lists a runner of resource class %q, though only %s was requested", class, filter)
			want = strings.Replace(want, long, long[:300]+"…", 1)
			equal(t, "reason", errorOf[*circleci.ResponseError](t, err).Reason, want)
		}
	}
}

func TestListRunnersRejectsPages(t *testing.T) {
	for member, hint := range map[string]string{
		`"nextPageToken":"2"`:              "nextPageToken",
		`"next_page":2`:                    "next_page",
		`"next":"/runner?page=2"`:          "next",
		`"cursor":{}`:                      "cursor",
		`"has_more":true`:                  "has_more",
		`"truncated":true`:                 "truncated",
		`"page":{"size":1,"next":2}`:       "page.next",
		`"links":{"self":"1","next":"2"}`:  "links.next",
		`"next_page_token":0`:              "next_page_token",
		`"next_page_token":" "`:            "next_page_token",
		`"has_more":false,"cursor":""`:     "",
		`"page":{"next":null},"next":null`: "",
		`"page":1,"links":["next"]`:        "",
	} {
		_, client := serve(t, circlecitest.JSON(`{"items":[],`+member+`}`))
		assertPaged(t, client, member, hint)
	}
	const link = `the header Link with rel="next"`
	for _, test := range []struct{ header, value, hint string }{
		{"Link", `</a>; rel="first", </b>; title="x"; REL="prev Next"`, link},
		{"Link", `</a>; rel=next`, link},
		{"Link", `</next>; rel="first"`, ""},
		{"Content-Range", "items 0-0/2", "the header Content-Range"},
	} {
		_, client := serve(t, circlecitest.WithHeader(circlecitest.JSON(`{"items":[]}`), test.header, test.value))
		assertPaged(t, client, test.value, test.hint)
	}
}

// assertPaged asserts that a list is rejected for a hint at another page, or accepted without one.
func assertPaged(t *testing.T, client *circleci.Client, what, hint string) {
	t.Helper()
	got, err := client.ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
	if hint == "" {
		equal(t, what+": error", errorText(err), "")
		equal(t, what+": runners", got, []circleci.Runner{})
		return
	}
	equal(t, what+": runners", got, []circleci.Runner(nil))
	want := "is one page of several (it has " + hint + "), but the documented API has no pages"
	equal(t, what+": reason", errorOf[*circleci.ResponseError](t, err).Reason, want)
}

func TestListRunnersRejectsRepeatedItem(t *testing.T) {
	const item = `{"resource_class":"acme/a","name":"one","version":"1"}`
	for other, isRepeated := range map[string]bool{
		`{"version": "1", "n\u0061me": "one", "resource_class": "acme\/a"}`: true,
		strings.Replace(item, `"1"`, `"2"`, 1):                              false,
		strings.Replace(item, `{`, `{"ip":"192.0.2.1",`, 1):                 false,
	} {
		got, err := listRunners(t, item, `{"resource_class":"acme/b","name":"one"}`, other)
		if !isRepeated {
			equal(t, "number of runners", len(got), 3)
			continue
		}
		equal(t, "runners", got, []circleci.Runner(nil))
		assertReason(t, err, `lists runner "one" of resource class acme/a twice`)
	}
}
