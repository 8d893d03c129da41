package circleci_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// The provider's tests have each filter, and each form of a runner.

// listRunners lists the runners of namespace acme from a server with this response.
func listRunners(t *testing.T, body string) ([]circleci.Runner, error) {
	t.Helper()
	_, client := respond(t, circlecitest.JSON(body))
	return client.ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
}

func TestListRunnersSorts(t *testing.T) {
	// Each runner differs from the previous one in one field, which takes precedence over all fields to its right.
	keys := []string{"resource_class", "name", "hostname", "first_connected", "last_connected", "last_used", "version"}
	var sorted []circleci.Runner
	var items []string
	for _, f := range [][]string{
		{"acme/a", "n2", "h2", "f2", "l2", "u2", "v2"}, {"acme/b", "n1", "h2", "f2", "l2", "u2", "v2"},
		{"acme/b", "n2", "", "f2", "l2", "u2", "v2"}, {"acme/b", "n2", "h1", "f2", "l2", "u2", "v2"},
		{"acme/b", "n2", "h2", "", "l2", "u2", "v2"}, {"acme/b", "n2", "h2", "f1", "l2", "u2", "v2"},
		{"acme/b", "n2", "h2", "f2", "", "u2", "v2"}, {"acme/b", "n2", "h2", "f2", "l1", "u2", "v2"},
		{"acme/b", "n2", "h2", "f2", "l2", "", "v2"}, {"acme/b", "n2", "h2", "f2", "l2", "u1", "v2"},
		{"acme/b", "n2", "h2", "f2", "l2", "u2", ""}, {"acme/b", "n2", "h2", "f2", "l2", "u2", "v1"},
		{"acme/b", "n2", "h2", "f2", "l2", "u2", "v2"}, {"acme/c", "n1", "h1", "f1", "l1", "u1", "v1"},
	} {
		var members []string
		values := make([]*string, len(keys))
		for i, value := range f {
			if value != "" {
				values[i] = &value
				members = append(members, fmt.Sprintf("%q:%q", keys[i], value))
			}
		}
		items = append(items, "{"+strings.Join(members, ",")+"}")
		sorted = append(sorted, circleci.Runner{
			ResourceClass: f[0], Name: f[1], Hostname: values[2], FirstConnected: values[3], LastConnected: values[4], LastUsed: values[5],
			Version: values[6],
		})
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		random.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		got, err := listRunners(t, `{"items":[`+strings.Join(items, ",")+`]}`)
		equal(t, "error", errorText(err), "")
		equal(t, "runners", got, sorted)
	}
}

func TestListRunnersRejectsRunnerOutsideFilter(t *testing.T) {
	long := "other/" + strings.Repeat("x", 400)
	for filter, classes := range map[circleci.RunnerFilter][]string{
		{ResourceClass: "acme/linux"}:                    {"acme/arm", "other/linux", "acme/linux2"},
		{ResourceClass: "acme/linux", Namespace: "acme"}: {"acme/arm"},
		{Namespace: "acme"}:                              {"other/linux", "acme2/linux", "acme", "", long},
	} {
		for _, class := range classes {
			const list = `{"items":[{"resource_class":"acme/linux","name":"one"},{"resource_class":%q,"name":"two"}]}`
			_, client := respond(t, circlecitest.JSON(fmt.Sprintf(list, class)))
			got, err := client.ListRunners(t.Context(), filter)
			equal(t, "runners", got, []circleci.Runner(nil))
			want := fmt.Sprintf("lists a runner of resource class %q, though only %s was requested", class, filter)
			want = strings.Replace(want, long, long[:300]+"…", 1)
			equal(t, "reason", errorOf[*circleci.ResponseError](t, err).Reason, want)
		}
	}
}

func TestListRunnersRejectsPages(t *testing.T) {
	type row struct {
		member, header, value string
		// wantHint is "" for a list that is complete.
		wantHint string
	}
	tests := []row{
		{member: `"next_page_token":null`},
		{member: `"next_page_token":""`},
		{member: `"nextPageToken":"2"`, wantHint: "nextPageToken"},
		{member: `"next_page":2`, wantHint: "next_page"},
		{member: `"next":"/runner?page=2"`, wantHint: "next"},
		{member: `"cursor":"a"`, wantHint: "cursor"},
		{member: `"has_more":true`, wantHint: "has_more"},
		{member: `"truncated":true`, wantHint: "truncated"},
		{member: `"page":{"size":1,"next":2}`, wantHint: "page.next"},
		{member: `"links":{"self":"1","next":"2"}`, wantHint: "links.next"},
		{member: `"has_more":false,"truncated":false,"cursor":"","next":null,"page":{"next":null},"links":{"next":""}`},
		{member: `"page":1,"links":["next"]`},
		{header: "Link", value: `</a>; rel="first", </b>; title="x"; REL="prev Next"`, wantHint: `the header Link with rel="next"`},
		{header: "Link", value: `</a>; rel=next`, wantHint: `the header Link with rel="next"`},
		{header: "Link", value: `</next>; rel="first"`},
		{header: "Content-Range", value: "items 0-0/2", wantHint: "the header Content-Range"},
	}
	for _, value := range []string{`"2"`, `" "`, `"\u0000"`, `0`, `true`, `{}`, `[]`} {
		tests = append(tests, row{member: `"next_page_token":` + value, wantHint: "next_page_token"})
	}
	for _, test := range tests {
		bodies := []string{`{"items":[]}`}
		if test.member != "" { // It may be before or after the list.
			bodies = []string{`{"items":[],` + test.member + `}`, `{` + test.member + `,"items":[]}`}
		}
		for _, body := range bodies {
			t.Run(body+test.value, func(t *testing.T) {
				_, client := respond(t, circlecitest.WithHeader(circlecitest.JSON(body), test.header, test.value))
				got, err := client.ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
				if test.wantHint == "" {
					equal(t, "error", errorText(err), "")
					equal(t, "runners", got, []circleci.Runner{})
					return
				}
				equal(t, "runners", got, []circleci.Runner(nil))
				equal(t, "reason", errorOf[*circleci.ResponseError](t, err).Reason,
					"is one page of several (it has "+test.wantHint+"), which this API is not documented to give")
			})
		}
	}
}

func TestListRunnersRejectsRepeatedItem(t *testing.T) {
	const item = `{"resource_class":"acme/a","name":"one","version":"1"}`
	for other, repeated := range map[string]bool{
		item: true, `{"version": "1", "n\u0061me": "one", "resource_class": "acme\/a"}`: true,
		strings.Replace(item, `"1"`, `"2"`, 1): false, strings.Replace(item, `{`, `{"ip":"192.0.2.1",`, 1): false,
	} {
		got, err := listRunners(t, `{"items":[`+item+`,{"resource_class":"acme/b","name":"one"},`+other+`]}`)
		if !repeated {
			equal(t, "error", errorText(err), "")
			equal(t, "number of runners", len(got), 3)
			continue
		}
		equal(t, "runners", got, []circleci.Runner(nil))
		equal(t, "reason", errorOf[*circleci.ResponseError](t, err).Reason, `lists runner "one" of resource class acme/a twice`)
	}
}
