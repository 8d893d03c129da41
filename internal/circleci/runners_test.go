package circleci_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// example is one of the answers in CircleCI's reference.
func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("circlecitest", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// itemsOf writes runners as the API does.
func itemsOf(t *testing.T, runners []circleci.Runner) string {
	t.Helper()
	items := []map[string]any{}
	for _, r := range runners {
		items = append(items, map[string]any{
			"resource_class":  r.ResourceClass,
			"hostname":        r.Hostname,
			"name":            r.Name,
			"first_connected": r.FirstConnected,
			"last_connected":  r.LastConnected,
			"last_used":       r.LastUsed,
			"version":         r.Version,
		})
	}
	text, err := json.Marshal(map[string]any{"items": items})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestListRunnersReadsTheReferencesExample(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.SetHandler(circlecitest.JSON(example(t, "v2-runner.json")))

	got, err := newClient(t, server).ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "test-namespace"})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "runners", got, []circleci.Runner{{
		ResourceClass:  "test-namespace/test-resource",
		Name:           "bobby-sue",
		Hostname:       new("bobby"),
		FirstConnected: new("2020-05-15T00:00:00Z"),
		LastConnected:  new("2020-05-16T00:00:00Z"),
		LastUsed:       new("2020-05-17T00:00:00Z"),
		Version:        new("5.4.3.2.1"),
	}})
}

func TestListRunnersAsksForAndGetsWhatTheFilterSays(t *testing.T) {
	t.Parallel()
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

	tests := []struct {
		name   string
		filter circleci.RunnerFilter
		query  url.Values
		want   []circleci.Runner
	}{
		{
			"resource class", circleci.RunnerFilter{ResourceClass: "acme/linux"},
			url.Values{"resource-class": {"acme/linux"}}, []circleci.Runner{wantNeverUsed},
		},
		{
			"namespace", circleci.RunnerFilter{Namespace: "acme"},
			url.Values{"namespace": {"acme"}}, []circleci.Runner{wantArm, wantNeverUsed},
		},
		{
			"both", circleci.RunnerFilter{ResourceClass: "acme/linux", Namespace: "acme"},
			url.Values{"resource-class": {"acme/linux"}}, []circleci.Runner{wantNeverUsed},
		},
		{
			"resource class in another case", circleci.RunnerFilter{ResourceClass: "ACME/Linux"},
			url.Values{"resource-class": {"ACME/Linux"}}, []circleci.Runner{wantNeverUsed},
		},
		{
			"namespace in another case", circleci.RunnerFilter{Namespace: "aCME"},
			url.Values{"namespace": {"aCME"}}, []circleci.Runner{wantArm, wantNeverUsed},
		},
		{
			// A class that exists, because it has tasks, but that no runner serves.
			"nothing in the resource class", circleci.RunnerFilter{ResourceClass: "acme/windows"},
			url.Values{"resource-class": {"acme/windows"}}, []circleci.Runner{},
		},
		{
			"nothing in the namespace", circleci.RunnerFilter{Namespace: "nobody"},
			url.Values{"namespace": {"nobody"}}, []circleci.Runner{},
		},
	}
	for _, version := range []circleci.APIVersion{circleci.V2, circleci.V3} {
		for _, test := range tests {
			t.Run(string(version)+" "+test.name, func(t *testing.T) {
				t.Parallel()
				server := startServer(t)
				server.SetRunners(neverUsed, other, arm)
				server.SetTasks("acme/windows", 3, 0)
				client := newClient(t, server, func(config *circleci.Config) { config.APIVersion = version })

				got, err := client.ListRunners(t.Context(), test.filter)
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "runners", got, test.want)
				requests := server.Requests()
				equal(t, "number of requests", len(requests), 1)
				equal(t, "method", requests[0].Method, "GET")
				equal(t, "path", requests[0].Path, "/api/"+string(version)+"/runner")
				equal(t, "query", requests[0].Query, test.query)
			})
		}
	}
}

func TestListRunnersSortsWhateverTheOrderOfTheAnswer(t *testing.T) {
	t.Parallel()
	// Each runner differs from the one before it in one field, which decides over all that stand to its right.
	text := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	runner := func(class, name, hostname, first, last, used, version string) circleci.Runner {
		return circleci.Runner{
			ResourceClass: class, Name: name, Hostname: text(hostname),
			FirstConnected: text(first), LastConnected: text(last), LastUsed: text(used), Version: text(version),
		}
	}
	sorted := []circleci.Runner{
		runner("acme/a", "n2", "h2", "f2", "l2", "u2", "v2"),
		runner("acme/b", "n1", "h2", "f2", "l2", "u2", "v2"),
		runner("acme/b", "n2", "", "f2", "l2", "u2", "v2"),
		runner("acme/b", "n2", "h1", "f2", "l2", "u2", "v2"),
		runner("acme/b", "n2", "h2", "", "l2", "u2", "v2"),
		runner("acme/b", "n2", "h2", "f1", "l2", "u2", "v2"),
		runner("acme/b", "n2", "h2", "f2", "", "u2", "v2"),
		runner("acme/b", "n2", "h2", "f2", "l1", "u2", "v2"),
		runner("acme/b", "n2", "h2", "f2", "l2", "", "v2"),
		runner("acme/b", "n2", "h2", "f2", "l2", "u1", "v2"),
		runner("acme/b", "n2", "h2", "f2", "l2", "u2", ""),
		runner("acme/b", "n2", "h2", "f2", "l2", "u2", "v1"),
		runner("acme/b", "n2", "h2", "f2", "l2", "u2", "v2"),
		runner("acme/c", "n1", "h1", "f1", "l1", "u1", "v1"),
	}

	server := startServer(t)
	client := newClient(t, server)
	shuffled := slices.Clone(sorted)
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		server.Enqueue(circlecitest.JSON(itemsOf(t, shuffled)))
		got, err := client.ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "runners", got, sorted)
	}
}

func TestListRunnersTellsNullFromEmpty(t *testing.T) {
	t.Parallel()
	const identity = `"resource_class":"acme/linux","name":"one"`
	fields := []string{"hostname", "first_connected", "last_connected", "last_used", "version"}
	all := func(value string) string {
		return `{` + identity + `,"` + strings.Join(fields, `":`+value+`,"`) + `":` + value + `}`
	}
	tests := []struct {
		name, item string
		want       circleci.Runner
	}{
		{"left out", `{` + identity + `}`, circleci.Runner{ResourceClass: "acme/linux", Name: "one"}},
		{"null", all(`null`), circleci.Runner{ResourceClass: "acme/linux", Name: "one"}},
		{"empty", all(`""`), circleci.Runner{
			ResourceClass: "acme/linux", Name: "one", Hostname: new(""), Version: new(""), // An empty time is none.
		}},
		{
			"an empty name is a name", `{"resource_class":"acme/linux","name":""}`,
			circleci.Runner{ResourceClass: "acme/linux"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.SetHandler(circlecitest.JSON(`{"items":[` + test.item + `]}`))
			got, err := newClient(t, server).ListRunners(t.Context(), circleci.RunnerFilter{ResourceClass: "acme/linux"})
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "runners", got, []circleci.Runner{test.want})
		})
	}
}

func TestListRunnersRefusesARunnerOutsideOfTheFilter(t *testing.T) {
	t.Parallel()
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
		stray  string
		want   string
	}{
		{"other class", class, "acme/arm", `of resource class "acme/arm"` + linux},
		{"other namespace", class, "other/linux", `of resource class "other/linux"` + linux},
		{"longer class", class, "acme/linux2", `of resource class "acme/linux2"` + linux},
		{"both", both, "acme/arm", `of resource class "acme/arm"` + linux},
		{"namespace", namespace, "other/linux", `of resource class "other/linux"` + acme},
		{"longer namespace", namespace, "acme2/linux", `of resource class "acme2/linux"` + acme},
		{"no namespace", namespace, "acme", `of resource class "acme"` + acme},
		{"empty class", namespace, "", `of resource class ""` + acme},
		{"long class", namespace, long, `of resource class "` + long[:300] + `…"` + acme},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.SetHandler(circlecitest.JSON(itemsOf(t, []circleci.Runner{
				{ResourceClass: "acme/linux", Name: "one"},
				{ResourceClass: test.stray, Name: "two"},
			})))
			got, err := newClient(t, server).ListRunners(t.Context(), test.filter)
			equal(t, "runners", got, []circleci.Runner(nil))
			equal(t, "reason", errorOf[*circleci.ResponseError](t, err).Reason, "lists a runner "+test.want)
		})
	}
}

func TestListRunnersRejectsPages(t *testing.T) {
	t.Parallel()
	tests := []struct {
		member, header, value string
		// wantHint is "" for a list that is complete.
		wantHint string
	}{
		{member: `"next_page_token":null`},
		{member: `"next_page_token":""`},
		{member: `"next_page_token":"2"`, wantHint: "next_page_token"},
		{member: `"next_page_token":" "`, wantHint: "next_page_token"},
		{member: `"next_page_token":"\u0000"`, wantHint: "next_page_token"},
		{member: `"next_page_token":0`, wantHint: "next_page_token"},
		{member: `"next_page_token":true`, wantHint: "next_page_token"},
		{member: `"next_page_token":{}`, wantHint: "next_page_token"},
		{member: `"next_page_token":[]`, wantHint: "next_page_token"},
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
	for _, test := range tests {
		bodies := []string{`{"items":[]}`}
		if test.member != "" { // It may be before or after the list.
			bodies = []string{`{"items":[],` + test.member + `}`, `{` + test.member + `,"items":[]}`}
		}
		for _, body := range bodies {
			t.Run(body+test.value, func(t *testing.T) {
				t.Parallel()
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
	t.Parallel()
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
			t.Parallel()
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

func TestListRunnersOfAnUnknownClass(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	got, err := newClient(t, server).ListRunners(t.Context(), circleci.RunnerFilter{ResourceClass: "acme/typo"})
	equal(t, "runners", got, []circleci.Runner(nil))
	equal(t, "error", *errorOf[*circleci.StatusError](t, err), circleci.StatusError{
		Request:    "GET " + server.URL + "/api/v2/runner?resource-class=acme%2Ftypo",
		StatusCode: http.StatusNotFound,
		Body:       circleci.BodyJSON,
		Message:    "resource class not found",
	})
}

func TestRunnerFilterSaysWhatItKeeps(t *testing.T) {
	t.Parallel()
	tests := []struct {
		filter circleci.RunnerFilter
		want   string
	}{
		{circleci.RunnerFilter{ResourceClass: "acme/linux"}, "resource class acme/linux"},
		{circleci.RunnerFilter{Namespace: "acme"}, "namespace acme"},
		{circleci.RunnerFilter{ResourceClass: "acme/linux", Namespace: "acme"}, "resource class acme/linux"},
	}
	for _, test := range tests {
		equal(t, "filter", test.filter.String(), test.want)
	}
}
