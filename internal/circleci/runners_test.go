package circleci_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// example returns a response in CircleCI's API reference.
func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("circlecitest", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// itemsOf encodes runners as the API does.
func itemsOf(t *testing.T, runners []circleci.Runner) string {
	t.Helper()
	items := []map[string]any{}
	for _, r := range runners {
		items = append(items, map[string]any{
			"resource_class": r.ResourceClass, "hostname": r.Hostname, "name": r.Name, "first_connected": r.FirstConnected,
			"last_connected": r.LastConnected, "last_used": r.LastUsed, "version": r.Version,
		})
	}
	text, err := json.Marshal(map[string]any{"items": items})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReferenceExamples(t *testing.T) {
	server := startServer(t)
	server.Enqueue(circlecitest.JSON(example(t, "v2-runner.json")), circlecitest.JSON(example(t, "v2-tasks.json")))
	client := newClient(t, server)

	runners, err := client.ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "test-namespace"})
	equal(t, "error", errorText(err), "")
	equal(t, "runners", runners, []circleci.Runner{{
		ResourceClass: "test-namespace/test-resource", Name: "bobby-sue", Hostname: new("bobby"),
		FirstConnected: new("2020-05-15T00:00:00Z"), LastConnected: new("2020-05-16T00:00:00Z"), LastUsed: new("2020-05-17T00:00:00Z"),
		Version: new("5.4.3.2.1"),
	}})
	count, err := client.UnclaimedTaskCount(t.Context(), "test-namespace/test-resource")
	equal(t, "error", errorText(err), "")
	equal(t, "count", count, int64(42))
}

func TestListRunnersFilter(t *testing.T) {
	neverUsed := circlecitest.Runner{
		ResourceClass: "acme/linux", Name: "one", Hostname: "host-1", Version: "1.0.12345-abcdef0",
		FirstConnected: "2024-02-29T23:59:59.123456Z", LastConnected: "2024-03-01T00:00:00+01:00",
		IP: "192.0.2.1", Status: "idle",
	}
	arm := circlecitest.Runner{
		ResourceClass: "Acme/arm", Name: "two", Hostname: "host-2", Version: "3.1.2",
		FirstConnected: "2024-01-01T00:00:00Z", LastConnected: "2024-01-02T00:00:00Z",
		LastUsed: new("2024-01-01T12:00:00Z"),
	}
	other := circlecitest.Runner{ResourceClass: "other/linux", Name: "three"}

	wantNeverUsed := circleci.Runner{
		ResourceClass: "acme/linux", Name: "one", Hostname: new("host-1"), Version: new("1.0.12345-abcdef0"),
		FirstConnected: new("2024-02-29T23:59:59.123456Z"), LastConnected: new("2024-03-01T00:00:00+01:00"),
	}
	wantArm := circleci.Runner{
		ResourceClass: "Acme/arm", Name: "two", Hostname: new("host-2"), Version: new("3.1.2"),
		FirstConnected: new("2024-01-01T00:00:00Z"), LastConnected: new("2024-01-02T00:00:00Z"),
		LastUsed: new("2024-01-01T12:00:00Z"),
	}

	class := func(name string) circleci.RunnerFilter { return circleci.RunnerFilter{ResourceClass: name} }
	namespace := func(name string) circleci.RunnerFilter { return circleci.RunnerFilter{Namespace: name} }
	both := circleci.RunnerFilter{ResourceClass: "acme/linux", Namespace: "acme"}
	one, two := []circleci.Runner{wantNeverUsed}, []circleci.Runner{wantArm, wantNeverUsed}
	tests := []struct {
		name   string
		filter circleci.RunnerFilter
		query  string
		want   []circleci.Runner
	}{
		{name: "class", filter: class("acme/linux"), query: "resource-class=acme%2Flinux", want: one},
		{name: "namespace", filter: namespace("acme"), query: "namespace=acme", want: two},
		{name: "both", filter: both, query: "resource-class=acme%2Flinux", want: one},
		{name: "class in another case", filter: class("ACME/Linux"), query: "resource-class=ACME%2FLinux", want: one},
		{name: "namespace in another case", filter: namespace("aCME"), query: "namespace=aCME", want: two},
		{name: "class without runners", filter: class("acme/windows"), query: "resource-class=acme%2Fwindows", want: []circleci.Runner{}},
		{name: "namespace without runners", filter: namespace("unknown"), query: "namespace=unknown", want: []circleci.Runner{}},
	}
	for _, version := range []circleci.APIVersion{circleci.V2, circleci.V3} {
		for _, test := range tests {
			t.Run(string(version)+" "+test.name, func(t *testing.T) {
				server := startServer(t)
				server.SetRunners(neverUsed, other, arm)
				server.SetTasks("acme/windows", 3, 0) // A resource class with tasks exists.
				client := newClient(t, server, func(config *circleci.Config) { config.APIVersion = version })

				got, err := client.ListRunners(t.Context(), test.filter)
				equal(t, "error", errorText(err), "")
				equal(t, "runners", got, test.want)
				equal(t, "requests", sent(server), []string{"GET /api/" + string(version) + "/runner?" + test.query})
			})
		}
	}
}

func TestListRunnersSorts(t *testing.T) {
	optional := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	// Each runner differs from the previous one in one field, which takes precedence over all fields to its right.
	var sorted []circleci.Runner
	for _, f := range [][7]string{
		{"acme/a", "n2", "h2", "f2", "l2", "u2", "v2"}, {"acme/b", "n1", "h2", "f2", "l2", "u2", "v2"},
		{"acme/b", "n2", "", "f2", "l2", "u2", "v2"}, {"acme/b", "n2", "h1", "f2", "l2", "u2", "v2"},
		{"acme/b", "n2", "h2", "", "l2", "u2", "v2"}, {"acme/b", "n2", "h2", "f1", "l2", "u2", "v2"},
		{"acme/b", "n2", "h2", "f2", "", "u2", "v2"}, {"acme/b", "n2", "h2", "f2", "l1", "u2", "v2"},
		{"acme/b", "n2", "h2", "f2", "l2", "", "v2"}, {"acme/b", "n2", "h2", "f2", "l2", "u1", "v2"},
		{"acme/b", "n2", "h2", "f2", "l2", "u2", ""}, {"acme/b", "n2", "h2", "f2", "l2", "u2", "v1"},
		{"acme/b", "n2", "h2", "f2", "l2", "u2", "v2"}, {"acme/c", "n1", "h1", "f1", "l1", "u1", "v1"},
	} {
		sorted = append(sorted, circleci.Runner{
			ResourceClass: f[0], Name: f[1], Hostname: optional(f[2]), FirstConnected: optional(f[3]), LastConnected: optional(f[4]),
			LastUsed: optional(f[5]), Version: optional(f[6]),
		})
	}

	server := startServer(t)
	client := newClient(t, server)
	shuffled := slices.Clone(sorted)
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		server.Enqueue(circlecitest.JSON(itemsOf(t, shuffled)))
		got, err := client.ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
		equal(t, "error", errorText(err), "")
		equal(t, "runners", got, sorted)
	}
}

func TestListRunnersNullAndEmpty(t *testing.T) {
	const identity = `"resource_class":"acme/linux","name":"one"`
	fields := []string{"hostname", "first_connected", "last_connected", "last_used", "version"}
	all := func(value string) string {
		return `{` + identity + `,"` + strings.Join(fields, `":`+value+`,"`) + `":` + value + `}`
	}
	tests := []struct {
		name, item string
		want       circleci.Runner
	}{
		{name: "omitted", item: `{` + identity + `}`, want: circleci.Runner{ResourceClass: "acme/linux", Name: "one"}},
		{name: "null", item: all(`null`), want: circleci.Runner{ResourceClass: "acme/linux", Name: "one"}},
		{
			name: "empty", item: all(`""`), // An empty time means that there is none.
			want: circleci.Runner{ResourceClass: "acme/linux", Name: "one", Hostname: new(""), Version: new("")},
		},
		{name: "empty name", item: `{"resource_class":"acme/linux","name":""}`, want: circleci.Runner{ResourceClass: "acme/linux"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := startServer(t)
			server.SetHandler(circlecitest.JSON(`{"items":[` + test.item + `]}`))
			got, err := newClient(t, server).ListRunners(t.Context(), circleci.RunnerFilter{ResourceClass: "acme/linux"})
			equal(t, "error", errorText(err), "")
			equal(t, "runners", got, []circleci.Runner{test.want})
		})
	}
}

func TestListRunnersRejectsRunnerOutsideFilter(t *testing.T) {
	class := circleci.RunnerFilter{ResourceClass: "acme/linux"}
	namespace := circleci.RunnerFilter{Namespace: "acme"}
	both := circleci.RunnerFilter{ResourceClass: "acme/linux", Namespace: "acme"}
	const (
		linux = ", though only resource class acme/linux was requested"
		acme  = ", though only namespace acme was requested"
	)
	long := "other/" + strings.Repeat("x", 400)
	tests := []struct {
		name   string
		filter circleci.RunnerFilter
		class  string
		want   string
	}{
		{name: "other class", filter: class, class: "acme/arm", want: `"acme/arm"` + linux},
		{name: "other namespace", filter: class, class: "other/linux", want: `"other/linux"` + linux},
		{name: "longer class", filter: class, class: "acme/linux2", want: `"acme/linux2"` + linux},
		{name: "both", filter: both, class: "acme/arm", want: `"acme/arm"` + linux},
		{name: "namespace", filter: namespace, class: "other/linux", want: `"other/linux"` + acme},
		{name: "longer namespace", filter: namespace, class: "acme2/linux", want: `"acme2/linux"` + acme},
		{name: "no namespace", filter: namespace, class: "acme", want: `"acme"` + acme},
		{name: "empty class", filter: namespace, class: "", want: `""` + acme},
		{name: "long class", filter: namespace, class: long, want: `"` + long[:300] + `…"` + acme},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := startServer(t)
			server.SetHandler(circlecitest.JSON(itemsOf(t, []circleci.Runner{
				{ResourceClass: "acme/linux", Name: "one"},
				{ResourceClass: test.class, Name: "two"},
			})))
			got, err := newClient(t, server).ListRunners(t.Context(), test.filter)
			equal(t, "runners", got, []circleci.Runner(nil))
			equal(t, "reason", errorOf[*circleci.ResponseError](t, err).Reason, "lists a runner of resource class "+test.want)
		})
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
				server := startServer(t)
				server.SetHandler(circlecitest.WithHeader(circlecitest.JSON(body), test.header, test.value))
				got, err := newClient(t, server).ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
				if test.wantHint == "" {
					equal(t, "error", errorText(err), "")
					equal(t, "runners", got, []circleci.Runner{})
					return
				}
				equal(t, "runners", got, []circleci.Runner(nil))
				equal(t, "reason", errorOf[*circleci.ResponseError](t, err).Reason,
					"is one page of several (it has "+test.wantHint+"), which this API is not documented to give")
				equal(t, "hint", errorOf[*circleci.PaginationError](t, err).Hint, test.wantHint)
			})
		}
	}
}

func TestListRunnersRejectsRepeatedItem(t *testing.T) {
	const item = `{"resource_class":"acme/a","name":"one","id":9007199254740992}`
	tests := []struct {
		name, other string
		repeated    bool
	}{
		{name: "same", other: item, repeated: true},
		{name: "another order and escapes", other: `{"id": 9007199254740992, "n\u0061me": "one", "resource_class": "acme\/a"}`, repeated: true},
		{name: "another member differs", other: strings.Replace(item, "992", "993", 1)},
		{name: "another member", other: strings.Replace(item, `{`, `{"ip":"192.0.2.1",`, 1)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := startServer(t)
			server.SetHandler(circlecitest.JSON(`{"items":[` + item + `,{"resource_class":"acme/b","name":"one"},` + test.other + `]}`))
			got, err := newClient(t, server).ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
			if !test.repeated {
				equal(t, "error", errorText(err), "")
				equal(t, "number of runners", len(got), 3)
				return
			}
			equal(t, "runners", got, []circleci.Runner(nil))
			equal(t, "reason", errorOf[*circleci.ResponseError](t, err).Reason,
				`lists the runner "one" of resource class "acme/a" twice, with all fields equal`)
		})
	}
}
