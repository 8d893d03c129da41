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

// reply is a response of the server.
type reply struct {
	status int
	header http.Header
	body   string
	// err ended the request or the body early.
	err error
}

// send sends a request with the given headers, key and value in turn. It does not follow redirects.
func send(t *testing.T, server *circlecitest.Server, method, target string, headers ...string) reply {
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

// get sends a GET request with the personal token and expects a complete response.
func get(t *testing.T, server *circlecitest.Server, target string) reply {
	t.Helper()
	got := send(t, server, http.MethodGet, target, "Circle-Token", circlecitest.PersonalToken)
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

// expect asserts the status of a response in JSON, and its body including the order of keys.
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

func TestReferenceExamples(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	runner := bobby()
	// Version 2 of the API has neither of them.
	runner.IP, runner.Status = "192.0.2.1", "idle"
	server.SetRunners(runner)
	server.SetTasks("test-namespace/test-resource", 42, 7)

	tests := []struct{ target, example string }{
		{target: "/api/v2/runner?namespace=test-namespace", example: "v2-runner.json"},
		{target: "/api/v2/runner?resource-class=test-namespace/test-resource", example: "v2-runner.json"},
		{target: "/api/v2/runner/tasks?resource-class=test-namespace/test-resource", example: "v2-tasks.json"},
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

func TestCredentialsPerEndpoint(t *testing.T) {
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
		{name: "personal token", header: "Circle-Token", value: personal, v2: 200, v3: 200},
		{name: "personal token, Basic", header: "Authorization", value: basic(personal + ":"), v2: 200, v3: 200},
		{name: "personal token, Bearer", header: "Authorization", value: "Bearer " + personal, v2: 200, v3: 200},
		{name: "browser session", header: "Cookie", value: "ring-session=" + session, v2: 200, v3: 200},
		{name: "browser session among others", header: "Cookie", value: "a=b; ring-session=" + session + "; c=d", v2: 200, v3: 200},
		{name: "launch token", header: "Authorization", value: "Bearer " + launch, v2: 200, v3: 403},

		{name: "nothing", header: "Accept", value: "application/json", v2: 401, v3: 401},
		{name: "empty token", header: "Circle-Token", value: "", v2: 401, v3: 401},
		{name: "wrong token", header: "Circle-Token", value: personal + "x", v2: 401, v3: 401},
		{name: "personal token as a password", header: "Authorization", value: basic(":" + personal), v2: 401, v3: 401},
		{name: "personal token, Basic, with a password", header: "Authorization", value: basic(personal + ":x"), v2: 401, v3: 401},
		{name: "launch token as a personal one", header: "Circle-Token", value: launch, v2: 401, v3: 401},
		{name: "launch token, Basic", header: "Authorization", value: basic(launch + ":"), v2: 401, v3: 401},
		{name: "wrong launch token", header: "Authorization", value: "Bearer " + launch + "x", v2: 401, v3: 401},
		{name: "wrong session", header: "Cookie", value: "ring-session=" + personal, v2: 401, v3: 401},
		{name: "session under another name", header: "Cookie", value: "session=" + session, v2: 401, v3: 401},
	}
	responses := map[string]string{
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
	for target, response := range responses {
		for _, test := range tests {
			t.Run(target+" "+test.name, func(t *testing.T) {
				status, body := test.v2, response
				if strings.HasPrefix(target, "/api/v3") {
					status = test.v3
				}
				if status != http.StatusOK {
					body = refusals[status]
				}
				got := send(t, server, http.MethodGet, target, test.header, test.value)
				equal(t, "error", got.err, nil)
				expect(t, "response", got, status, body)
			})
		}
	}
}

func TestErrorResponses(t *testing.T) {
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
		{target: "/api/v2/runner", status: 400, body: oneFilter},
		{target: "/api/v3/runner", status: 400, body: oneFilter},
		{target: "/api/v2/runner?resource-class=&namespace=", status: 400, body: oneFilter},
		{target: "/api/v2/runner?namespace=test-namespace&resource-class=test-namespace/test-resource", status: 400, body: oneFilter},
		{target: "/api/v3/runner?namespace=test-namespace&resource-class=test-namespace/test-resource", status: 400, body: oneFilter},
		// Only version 3 has organizations.
		{target: "/api/v2/runner?org-id=8d5ab3ae-8a1f-4c4a-b7a6-111111111111", status: 400, body: oneFilter},
		{target: "/api/v2/runner/tasks", status: 400, body: noClass},
		{target: "/api/v3/runner/tasks?namespace=test-namespace", status: 400, body: noClass},
		{target: "/api/v3/runner/tasks/running", status: 400, body: noClass},

		{target: "/api/v2/runner?resource-class=test-namespace/typo", status: 404, body: unknown},
		{target: "/api/v3/runner?resource-class=test-namespace/typo", status: 404, body: unknown},
		{target: "/api/v2/runner/tasks?resource-class=test-namespace/typo", status: 404, body: unknown},
		{target: "/api/v3/runner/tasks?resource-class=test-namespace/typo", status: 404, body: unknown},
		{target: "/api/v3/runner/tasks/running?resource-class=test-namespace/typo", status: 404, body: unknown},

		{target: "/", status: 404, body: notFound},
		{target: "/api/v1/runner?namespace=test-namespace", status: 404, body: notFound},
		{target: "/api/v4/runner?namespace=test-namespace", status: 404, body: notFound},
		{target: "/runner?namespace=test-namespace", status: 404, body: notFound},
		{target: "/api/v2/runner/?namespace=test-namespace", status: 404, body: notFound},
		{target: "/api/v2/runners?namespace=test-namespace", status: 404, body: notFound},
		{target: "/prefix/api/v2/runner?namespace=test-namespace", status: 404, body: notFound},
		{target: "/api/v2/tasks?resource-class=test-namespace/test-resource", status: 404, body: notFound},
		// Only version 3 counts running tasks.
		{target: "/api/v2/runner/tasks/running?resource-class=test-namespace/test-resource", status: 404, body: notFound},
	}
	for _, test := range tests {
		t.Run(test.target, func(t *testing.T) {
			expect(t, "response", get(t, server, test.target), test.status, test.body)
		})
	}
	// Requests are authenticated before they are routed.
	for _, target := range []string{"/", "/api/v2/tasks", "/api/v4/runner"} {
		expect(t, target, send(t, server, http.MethodGet, target), http.StatusUnauthorized, `{"message":"Invalid token provided."}`)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		got := send(t, server, method, "/api/v2/runner?namespace=test-namespace", "Circle-Token", circlecitest.PersonalToken)
		expect(t, method, got, http.StatusMethodNotAllowed, `{"message":"Method not allowed"}`)
	}
}

func TestListRunners(t *testing.T) {
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
		// Runners are listed in the order in which they were set.
		{target: "/api/v2/runner?namespace=acme", items: []string{z(""), a}},
		{target: "/api/v2/runner?namespace=ACME", items: []string{z(""), a}},
		{target: "/api/v2/runner?resource-class=Acme/Linux", items: []string{z("")}},
		{target: "/api/v2/runner?resource-class=acme/waiting"},
		{target: "/api/v2/runner?namespace=unknown"},
		{target: "/api/v2/runner?namespace=acme&org-id=" + organization, items: []string{z(""), a}},
		{target: "/api/v3/runner?namespace=acme", items: []string{z(ip), a}},
		{target: "/api/v3/runner?resource-class=acme/arm", items: []string{a}},
		{target: "/api/v3/runner?org-id=" + organization, items: []string{z(ip + `,"status":"idle"`), o(`,"status":"busy"`)}},
		{
			target: "/api/v3/runner?org-id=" + strings.ToUpper(organization),
			items:  []string{z(ip + `,"status":"idle"`), o(`,"status":"busy"`)},
		},
		{target: "/api/v3/runner?org-id=00000000-0000-0000-0000-000000000000"},
		// With an organization, the service ignores the other filters, even those that it would reject.
		{
			target: "/api/v3/runner?namespace=other&resource-class=acme/typo&org-id=" + organization,
			items:  []string{z(ip + `,"status":"idle"`), o(`,"status":"busy"`)},
		},
	}
	for _, test := range tests {
		t.Run(test.target, func(t *testing.T) {
			want := `{"items":[` + strings.Join(test.items, ",") + `]}`
			expect(t, "response", get(t, server, test.target), http.StatusOK, want)
		})
	}
}

func TestSetRunnersAndTasks(t *testing.T) {
	t.Parallel()
	const runners = "/api/v2/runner?resource-class=test-namespace/test-resource"
	const tasks = "/api/v2/runner/tasks?resource-class=test-namespace/test-resource"
	server := startServer(t)
	equal(t, "status before", get(t, server, tasks).status, http.StatusNotFound)

	// A runner's class exists, though its tasks were not set.
	given := []circlecitest.Runner{bobby()}
	server.SetRunners(given...)
	given[0].Name = "changed"
	expect(t, "tasks", get(t, server, tasks), http.StatusOK, `{"unclaimed_task_count":0}`)
	equal(t, "the runner is a copy", strings.Contains(get(t, server, runners).body, `"name":"bobby-sue"`), true)

	server.SetTasks("Test-Namespace/Test-Resource", 1, 2)
	expect(t, "tasks", get(t, server, tasks), http.StatusOK, `{"unclaimed_task_count":1}`)
	server.SetTasks("test-namespace/test-resource", 9223372036854775807, 0)
	expect(t, "tasks", get(t, server, tasks), http.StatusOK, `{"unclaimed_task_count":9223372036854775807}`)

	server.SetRunners()
	expect(t, "runners", get(t, server, runners), http.StatusOK, `{"items":[]}`)
}

func TestEnqueue(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.SetTasks("acme/linux", 42, 0)
	const target = "/api/v2/runner/tasks?resource-class=acme/linux"

	server.Enqueue(circlecitest.JSON(`1`), circlecitest.Error(http.StatusTeapot, "two"))
	server.Enqueue(circlecitest.JSON(`3`))
	// Queued handlers take precedence.
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

func TestIntercept(t *testing.T) {
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
	expect(t, "not intercepted", get(t, server, linux), http.StatusOK, `{"unclaimed_task_count":42}`)
	expect(t, "intercepted", get(t, server, down), http.StatusServiceUnavailable, `{"message":"down"}`)
	expect(t, "intercepted again", get(t, server, down), http.StatusServiceUnavailable, `{"message":"down"}`)
	server.Intercept(nil)
	expect(t, "no longer intercepted", get(t, server, down), http.StatusNotFound, `{"message":"resource class not found"}`)
}

func TestRequests(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	equal(t, "requests", len(server.Requests()), 0)

	server.Enqueue(circlecitest.AbortConnection())
	send(t, server, http.MethodPost, "/any/p%61th?a=1&a=2&b=%2F", "X-Test", "one")
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
	equal(t, "path after the copy is modified", server.Requests()[0].Path, "/any/path")
	server.ResetRecords()
	equal(t, "requests", len(server.Requests()), 0)
}

func TestConnections(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	equal(t, "before", server.Connections(), 0)
	get(t, server, "/")
	get(t, server, "/")
	equal(t, "reused", server.Connections(), 1)
	server.Client().CloseIdleConnections()
	get(t, server, "/")
	equal(t, "reopened", server.Connections(), 2)
	server.ResetRecords()
	equal(t, "after the reset", server.Connections(), 0)
	get(t, server, "/")
	equal(t, "reused after the reset", server.Connections(), 0)
}

func TestResetConnections(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.ResetConnections(2)
	for range 2 {
		if got := send(t, server, http.MethodGet, "/"); !errors.Is(got.err, syscall.ECONNRESET) && !errors.Is(got.err, syscall.EPIPE) {
			t.Errorf("got error %v and status %d, want a reset", got.err, got.status)
		}
	}
	equal(t, "number of requests", len(server.Requests()), 0)
	equal(t, "connections", server.Connections(), 0)
	equal(t, "status after the last reset", get(t, server, "/").status, http.StatusNotFound)
	equal(t, "connections", server.Connections(), 1)
}
