package circlecitest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func startServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	return server
}

// reply is what the server said.
type reply struct {
	status int
	header http.Header
	body   string
	// err is what ended the body early.
	err error
}

// ask sends a request with the given headers, key and value in turn, and follows no redirect.
func ask(t *testing.T, server *circlecitest.Server, method, target string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := server.Client().Transport.RoundTrip(r)
	if err != nil {
		return reply{err: err}
	}
	return readReply(response)
}

func readReply(response *http.Response) reply {
	defer response.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(body), err}
}

// get asks with the personal token and expects a whole answer.
func get(t *testing.T, server *circlecitest.Server, target string) reply {
	t.Helper()
	got := ask(t, server, http.MethodGet, target, "Circle-Token", circlecitest.PersonalToken)
	if got.err != nil {
		t.Fatalf("GET %s: %v", target, got.err)
	}
	return got
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %#v\nwant %#v", what, got, want)
	}
}

// expect compares an answer in JSON: its status, its values, and the order of its keys.
func expect(t *testing.T, what string, got reply, status int, body string) {
	t.Helper()
	var want bytes.Buffer
	if err := json.Compact(&want, []byte(body)); err != nil {
		t.Fatal(err)
	}
	equal(t, what+": status", got.status, status)
	equal(t, what+": body", got.body, want.String())
	equal(t, what+": content type", got.header.Get("Content-Type"), "application/json")
}

// bobby is the runner in CircleCI's reference.
func bobby() circlecitest.Runner {
	return circlecitest.Runner{
		ResourceClass:  "test-namespace/test-resource",
		Hostname:       "bobby",
		Name:           "bobby-sue",
		FirstConnected: "2020-05-15T00:00:00Z",
		LastConnected:  "2020-05-16T00:00:00Z",
		LastUsed:       new("2020-05-17T00:00:00Z"),
		Version:        "5.4.3.2.1",
	}
}

func TestServerAnswersAsTheReferencesExamples(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	runner := bobby()
	// Version 2 of the API knows neither of them.
	runner.IP, runner.Status = "192.0.2.1", "idle"
	server.SetRunners(runner)
	server.SetTasks("test-namespace/test-resource", 42, 7)

	tests := []struct{ target, example string }{
		{"/api/v2/runner?namespace=test-namespace", "v2-runner.json"},
		{"/api/v2/runner?resource-class=test-namespace/test-resource", "v2-runner.json"},
		{"/api/v2/runner/tasks?resource-class=test-namespace/test-resource", "v2-tasks.json"},
	}
	for _, test := range tests {
		want, err := os.ReadFile(filepath.Join("testdata", test.example))
		if err != nil {
			t.Fatal(err)
		}
		got := get(t, server, test.target)
		expect(t, test.target, got, http.StatusOK, string(want))
		equal(t, test.target+": values", decode(t, got.body), decode(t, string(want)))
	}
}

func decode(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestServerTakesCredentialsPerEndpoint(t *testing.T) {
	t.Parallel()
	const (
		personal = circlecitest.PersonalToken
		launch   = circlecitest.LaunchToken
		session  = circlecitest.SessionCookie
	)
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	tests := []struct {
		name, header, value string
		v2, v3              int
	}{
		{"personal token", "Circle-Token", personal, 200, 200},
		{"personal token, Basic", "Authorization", basic(personal + ":"), 200, 200},
		{"personal token, Bearer", "Authorization", "Bearer " + personal, 200, 200},
		{"browser session", "Cookie", "ring-session=" + session, 200, 200},
		{"browser session among others", "Cookie", "a=b; ring-session=" + session + "; c=d", 200, 200},
		{"launch token", "Authorization", "Bearer " + launch, 200, 403},

		{"nothing", "Accept", "application/json", 401, 401},
		{"empty token", "Circle-Token", "", 401, 401},
		{"wrong token", "Circle-Token", personal + "x", 401, 401},
		{"personal token as a password", "Authorization", basic(":" + personal), 401, 401},
		{"personal token, Basic, with a password", "Authorization", basic(personal + ":x"), 401, 401},
		{"launch token as a personal one", "Circle-Token", launch, 401, 401},
		{"launch token, Basic", "Authorization", basic(launch + ":"), 401, 401},
		{"wrong launch token", "Authorization", "Bearer " + launch + "x", 401, 401},
		{"wrong session", "Cookie", "ring-session=" + personal, 401, 401},
		{"session under another name", "Cookie", "session=" + session, 401, 401},
	}
	answers := map[string]string{
		"/api/v2/runner?resource-class=acme/linux":               `{"items":[]}`,
		"/api/v2/runner/tasks?resource-class=acme/linux":         `{"unclaimed_task_count":42}`,
		"/api/v3/runner?resource-class=acme/linux":               `{"items":[]}`,
		"/api/v3/runner/tasks?resource-class=acme/linux":         `{"unclaimed_task_count":42}`,
		"/api/v3/runner/tasks/running?resource-class=acme/linux": `{"running_runner_tasks":7}`,
	}
	refusals := map[int]string{
		http.StatusUnauthorized: `{"message":"Invalid token provided."}`,
		http.StatusForbidden:    `{"message":"Permission denied"}`,
	}
	server := startServer(t)
	server.SetTasks("acme/linux", 42, 7)
	for target, answer := range answers {
		for _, test := range tests {
			t.Run(target+" "+test.name, func(t *testing.T) {
				status, body := test.v2, answer
				if strings.HasPrefix(target, "/api/v3") {
					status = test.v3
				}
				if status != http.StatusOK {
					body = refusals[status]
				}
				got := ask(t, server, http.MethodGet, target, test.header, test.value)
				equal(t, "error", got.err, nil)
				expect(t, "answer", got, status, body)
			})
		}
	}
}

func TestServerRefuses(t *testing.T) {
	t.Parallel()
	const (
		oneFilter = `{"message":"exactly one of resource-class and namespace must be given"}`
		noClass   = `{"message":"resource-class is required"}`
		unknown   = `{"message":"resource class not found"}`
		notFound  = `{"message":"Not found"}`
	)
	server := startServer(t)
	server.SetRunners(bobby())
	tests := []struct {
		target string
		status int
		body   string
	}{
		{"/api/v2/runner", 400, oneFilter},
		{"/api/v3/runner", 400, oneFilter},
		{"/api/v2/runner?resource-class=&namespace=", 400, oneFilter},
		{"/api/v2/runner?namespace=test-namespace&resource-class=test-namespace/test-resource", 400, oneFilter},
		{"/api/v3/runner?namespace=test-namespace&resource-class=test-namespace/test-resource", 400, oneFilter},
		// Only version 3 knows organizations.
		{"/api/v2/runner?org-id=8d5ab3ae-8a1f-4c4a-b7a6-111111111111", 400, oneFilter},
		{"/api/v2/runner/tasks", 400, noClass},
		{"/api/v3/runner/tasks?namespace=test-namespace", 400, noClass},
		{"/api/v3/runner/tasks/running", 400, noClass},

		{"/api/v2/runner?resource-class=test-namespace/typo", 404, unknown},
		{"/api/v3/runner?resource-class=test-namespace/typo", 404, unknown},
		{"/api/v2/runner/tasks?resource-class=test-namespace/typo", 404, unknown},
		{"/api/v3/runner/tasks?resource-class=test-namespace/typo", 404, unknown},
		{"/api/v3/runner/tasks/running?resource-class=test-namespace/typo", 404, unknown},

		{"/", 404, notFound},
		{"/api/v1/runner?namespace=test-namespace", 404, notFound},
		{"/api/v4/runner?namespace=test-namespace", 404, notFound},
		{"/runner?namespace=test-namespace", 404, notFound},
		{"/api/v2/runner/?namespace=test-namespace", 404, notFound},
		{"/api/v2/runners?namespace=test-namespace", 404, notFound},
		{"/prefix/api/v2/runner?namespace=test-namespace", 404, notFound},
		{"/api/v2/tasks?resource-class=test-namespace/test-resource", 404, notFound},
		// Only version 3 counts the tasks that run.
		{"/api/v2/runner/tasks/running?resource-class=test-namespace/test-resource", 404, notFound},
	}
	for _, test := range tests {
		t.Run(test.target, func(t *testing.T) {
			expect(t, "answer", get(t, server, test.target), test.status, test.body)
		})
	}
	// Requests are authenticated before they are routed.
	for _, target := range []string{"/", "/api/v2/tasks", "/api/v4/runner"} {
		expect(t, target, ask(t, server, http.MethodGet, target), http.StatusUnauthorized, `{"message":"Invalid token provided."}`)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		got := ask(t, server, method, "/api/v2/runner?namespace=test-namespace", "Circle-Token", circlecitest.PersonalToken)
		expect(t, method, got, http.StatusMethodNotAllowed, `{"message":"Method not allowed"}`)
	}
}

func TestServerListsRunners(t *testing.T) {
	t.Parallel()
	const organization = "8d5ab3ae-8a1f-4c4a-b7a6-111111111111"
	server := startServer(t)
	server.SetTasks("acme/waiting", 1, 0)
	server.SetRunners(
		circlecitest.Runner{
			ResourceClass: "acme/linux", Name: "z", Hostname: "h", FirstConnected: "f", LastConnected: "l", Version: "v",
			IP: "192.0.2.1", Status: "idle", OrganizationID: organization,
		},
		circlecitest.Runner{ResourceClass: "other/linux", Name: "o", OrganizationID: organization, Status: "busy"},
		circlecitest.Runner{ResourceClass: "Acme/arm", Name: "a", LastUsed: new("u")},
	)
	z := func(more string) string {
		return `{"resource_class":"acme/linux","hostname":"h","name":"z","first_connected":"f",` +
			`"last_connected":"l","last_used":null,"version":"v"` + more + `}`
	}
	o := func(more string) string {
		return `{"resource_class":"other/linux","hostname":"","name":"o","first_connected":"",` +
			`"last_connected":"","last_used":null,"version":""` + more + `}`
	}
	const a = `{"resource_class":"Acme/arm","hostname":"","name":"a","first_connected":"",` +
		`"last_connected":"","last_used":"u","version":""}`
	const ip = `,"ip":"192.0.2.1"`

	tests := []struct {
		target string
		items  []string
	}{
		// The order is the one in which they were set.
		{"/api/v2/runner?namespace=acme", []string{z(""), a}},
		{"/api/v2/runner?namespace=ACME", []string{z(""), a}},
		{"/api/v2/runner?resource-class=Acme/Linux", []string{z("")}},
		{"/api/v2/runner?resource-class=acme/waiting", nil},
		{"/api/v2/runner?namespace=nobody", nil},
		{"/api/v2/runner?namespace=acme&org-id=" + organization, []string{z(""), a}},
		{"/api/v3/runner?namespace=acme", []string{z(ip), a}},
		{"/api/v3/runner?resource-class=acme/arm", []string{a}},
		{"/api/v3/runner?org-id=" + organization, []string{z(ip + `,"status":"idle"`), o(`,"status":"busy"`)}},
		{
			"/api/v3/runner?org-id=" + strings.ToUpper(organization),
			[]string{z(ip + `,"status":"idle"`), o(`,"status":"busy"`)},
		},
		{"/api/v3/runner?org-id=00000000-0000-0000-0000-000000000000", nil},
		// An organization makes the service ignore the other filters, those that it would refuse included.
		{
			"/api/v3/runner?namespace=other&resource-class=acme/typo&org-id=" + organization,
			[]string{z(ip + `,"status":"idle"`), o(`,"status":"busy"`)},
		},
	}
	for _, test := range tests {
		t.Run(test.target, func(t *testing.T) {
			want := `{"items":[` + strings.Join(test.items, ",") + `]}`
			expect(t, "answer", get(t, server, test.target), http.StatusOK, want)
		})
	}
}

func TestServerHoldsWhatItIsGiven(t *testing.T) {
	t.Parallel()
	const runners = "/api/v2/runner?resource-class=test-namespace/test-resource"
	const tasks = "/api/v2/runner/tasks?resource-class=test-namespace/test-resource"
	server := startServer(t)
	equal(t, "status before", get(t, server, tasks).status, http.StatusNotFound)

	// A runner's class exists, though nothing was said about its tasks.
	given := []circlecitest.Runner{bobby()}
	server.SetRunners(given...)
	given[0].Name = "changed"
	expect(t, "tasks", get(t, server, tasks), http.StatusOK, `{"unclaimed_task_count":0}`)
	equal(t, "the runner's name stays", strings.Contains(get(t, server, runners).body, `"name":"bobby-sue"`), true)

	server.SetTasks("Test-Namespace/Test-Resource", 1, 2)
	expect(t, "tasks", get(t, server, tasks), http.StatusOK, `{"unclaimed_task_count":1}`)
	server.SetTasks("test-namespace/test-resource", 9223372036854775807, 0)
	expect(t, "tasks", get(t, server, tasks), http.StatusOK, `{"unclaimed_task_count":9223372036854775807}`)

	server.SetRunners()
	expect(t, "runners", get(t, server, runners), http.StatusOK, `{"items":[]}`)
}

func TestServerGivesQueuedAnswersOnceAndInOrder(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.SetTasks("acme/linux", 42, 0)
	const target = "/api/v2/runner/tasks?resource-class=acme/linux"

	server.Enqueue(circlecitest.JSON(`1`), circlecitest.Error(http.StatusTeapot, "two"))
	server.Enqueue(circlecitest.JSON(`3`))
	// What is queued comes before what always holds.
	server.SetHandler(circlecitest.JSON(`"always"`))
	expect(t, "first", get(t, server, target), http.StatusOK, `1`)
	expect(t, "second", get(t, server, target), http.StatusTeapot, `{"message":"two"}`)
	expect(t, "third", get(t, server, target), http.StatusOK, `3`)
	expect(t, "fourth", get(t, server, target), http.StatusOK, `"always"`)
	expect(t, "fifth", get(t, server, target), http.StatusOK, `"always"`)
	server.SetHandler(nil)
	expect(t, "sixth", get(t, server, target), http.StatusOK, `{"unclaimed_task_count":42}`)
	equal(t, "number of requests", len(server.Requests()), 6)
}

func TestServerLetsATestIntercept(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.SetTasks("acme/linux", 42, 0)
	server.Intercept(func(r *http.Request) http.Handler {
		if r.URL.Query().Get("resource-class") == "acme/down" {
			return circlecitest.Error(http.StatusServiceUnavailable, "down")
		}
		return nil
	})
	const linux, down = "/api/v2/runner/tasks?resource-class=acme/linux", "/api/v2/runner/tasks?resource-class=acme/down"
	expect(t, "not chosen", get(t, server, linux), http.StatusOK, `{"unclaimed_task_count":42}`)
	expect(t, "chosen", get(t, server, down), http.StatusServiceUnavailable, `{"message":"down"}`)
	expect(t, "chosen again", get(t, server, down), http.StatusServiceUnavailable, `{"message":"down"}`)
	server.Intercept(nil)
	expect(t, "ended", get(t, server, down), http.StatusNotFound, `{"message":"resource class not found"}`)
}

func TestServerRecordsRequests(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	equal(t, "requests", len(server.Requests()), 0)

	server.Enqueue(circlecitest.AbortConnection())
	ask(t, server, http.MethodPost, "/any/p%61th?a=1&a=2&b=%2F", "X-Test", "one")
	get(t, server, "/api/v2/runner")
	got := server.Requests()
	equal(t, "number of requests", len(got), 2)
	equal(t, "method", got[0].Method, http.MethodPost)
	equal(t, "path", got[0].Path, "/any/path")
	equal(t, "query", got[0].Query, url.Values{"a": {"1", "2"}, "b": {"/"}})
	equal(t, "header", got[0].Header["X-Test"], []string{"one"})
	equal(t, "method of the second", got[1].Method, http.MethodGet)
	equal(t, "path of the second", got[1].Path, "/api/v2/runner")
	equal(t, "token of the second", got[1].Header["Circle-Token"], []string{circlecitest.PersonalToken})

	got[0].Path = "changed"
	equal(t, "path after a change to the copy", server.Requests()[0].Path, "/any/path")
	server.ResetRecords()
	equal(t, "requests", len(server.Requests()), 0)
}

func TestServerCountsConnections(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	equal(t, "before", server.Connections(), 0)
	get(t, server, "/")
	get(t, server, "/")
	equal(t, "kept", server.Connections(), 1)
	server.Client().CloseIdleConnections()
	get(t, server, "/")
	equal(t, "opened again", server.Connections(), 2)
	server.ResetRecords()
	equal(t, "forgotten", server.Connections(), 0)
	get(t, server, "/")
	equal(t, "kept, though forgotten", server.Connections(), 0)
}

func TestServerRefusesConnections(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.ResetConnections(2)
	for range 2 {
		if got := ask(t, server, http.MethodGet, "/"); !errors.Is(got.err, syscall.ECONNRESET) && !errors.Is(got.err, syscall.EPIPE) {
			t.Errorf("got error %v and status %d, want a reset", got.err, got.status)
		}
	}
	equal(t, "number of requests", len(server.Requests()), 0)
	equal(t, "connections", server.Connections(), 0)
	equal(t, "status behind the last", get(t, server, "/").status, http.StatusNotFound)
	equal(t, "connections", server.Connections(), 1)
}
