package circlecitest_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// The client's and the provider's tests rely on what the server records, queues, intercepts and resets, and on its lists of what
// exists. These tests have the responses that the others do not cause.

const (
	organization = "8d5ab3ae-8a1f-4c4a-b7a6-111111111111"
	linuxID      = "11111111-1111-4111-8111-111111111111"
	unknownID    = "99999999-9999-4999-8999-999999999999"
)

// startServer starts a server with what the rows of the tests are about.
func startServer(t *testing.T) *circlecitest.Server {
	t.Helper()
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	server.SetNamespaces("acme")
	server.SetLimits(1, 1)
	server.SetResourceClasses(circlecitest.ResourceClass{ID: linuxID, ResourceClass: "acme/linux"})
	server.SetTokens(circlecitest.Token{ResourceClass: "acme/linux"})
	server.SetTasks("acme/linux", 42, 7)
	server.SetTasks("test-namespace/test-resource", 42, 0)
	bobby := circlecitest.Runner{
		ResourceClass: "test-namespace/test-resource", Hostname: "bobby", Name: "bobby-sue", FirstConnected: "2020-05-15T00:00:00Z",
		LastConnected: "2020-05-16T00:00:00Z", LastUsed: new("2020-05-17T00:00:00Z"), Version: "5.4.3.2.1", IP: "192.0.2.1", Status: "idle",
	}
	server.SetRunners(
		circlecitest.Runner{
			ResourceClass: "one/linux", Name: "z", Hostname: "h", FirstConnected: "f", LastConnected: "l", Version: "v",
			IP: "192.0.2.1", Status: "idle", OrganizationID: organization,
		},
		circlecitest.Runner{ResourceClass: "two/linux", Name: "o", OrganizationID: organization, Status: "busy"},
		circlecitest.Runner{ResourceClass: "One/arm", Name: "a", LastUsed: new("u")}, bobby,
	)
	return server
}

// send sends a request, such as "GET /api/v2/runner", with a header, such as "Circle-Token: x".
func send(t *testing.T, server *circlecitest.Server, request, header, body string) (status int, contentType, text string) {
	t.Helper()
	method, target, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	key, value, _ := strings.Cut(header, ": ")
	r.Header.Set(key, value)
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.
	got, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("Content-Type"), string(got)
}

// get returns the body of the response to a GET with the personal token.
func get(t *testing.T, server *circlecitest.Server, target string) []byte {
	t.Helper()
	_, _, body := send(t, server, "GET "+target, personal, "")
	return []byte(body)
}

// expect sends a request and asserts the response, which is JSON, including the order of keys.
func expect(t *testing.T, server *circlecitest.Server, request, header, body string, status int, want string) {
	t.Helper()
	if got, contentType, text := send(t, server, request, header, body); got != status || text != want || contentType != "application/json" {
		t.Errorf("%s with %s:\n got %d %s\nwant %d %s", request, header, got, text, status, want)
	}
}

const personal = "Circle-Token: " + circlecitest.PersonalToken

func TestReferenceExamples(t *testing.T) {
	t.Parallel()
	for request, file := range map[string]string{
		"GET /api/v2/runner?namespace=test-namespace":                                 "v2-runner.json",
		"GET /api/v2/runner?resource-class=test-namespace/test-resource":              "v2-runner.json",
		"GET /api/v2/runner/tasks?resource-class=test-namespace/test-resource":        "v2-tasks.json",
		"GET /api/v2/runner/tasks?resource-class=Test-Namespace/TEST-resource&a=b%2F": "v2-tasks.json",
	} {
		example, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		compact := strings.NewReplacer(" ", "", "\n", "").Replace(string(example))
		expect(t, startServer(t), request, personal, "", http.StatusOK, compact)
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	const (
		token, launch = circlecitest.PersonalToken, circlecitest.LaunchToken
		session       = "ring-session=" + circlecitest.SessionCookie
		bearer        = "Authorization: Bearer "
	)
	basic := func(text string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(text))
	}
	responses := map[string]string{
		"runner?resource-class=acme/linux":               `{"items":[]}`,
		"runner/tasks?resource-class=acme/linux":         `{"unclaimed_task_count":42}`,
		"runner/tasks/running?resource-class=acme/linux": `{"running_runner_tasks":7}`,
	}
	server := startServer(t)
	for header, statuses := range map[string][2]int{ // The statuses are those of v2 and v3.
		personal: {200, 200}, basic(token + ":"): {200, 200}, bearer + token: {200, 200},
		"Cookie: " + session: {200, 200}, "Cookie: a=b; " + session + "; c=d": {200, 200}, bearer + launch: {200, 403},

		"Accept: application/json": {401, 401}, "Circle-Token: ": {401, 401}, personal + "x": {401, 401}, "Circle-Token: " + launch: {401, 401},
		basic(":" + token): {401, 401}, basic(token + ":x"): {401, 401}, basic(launch + ":"): {401, 401},
		bearer + launch + "x": {401, 401}, "Cookie: " + session[len("ring-"):]: {401, 401},
		"Cookie: ring-session=" + token: {401, 401},
	} {
		for endpoint, response := range responses {
			for i, version := range []string{"v2", "v3"} {
				status, want := statuses[i], response
				switch {
				case status == http.StatusUnauthorized:
					want = `{"message":"Invalid token provided."}`
				case status == http.StatusForbidden:
					want = `{"message":"Permission denied"}`
				case version == "v2" && strings.Contains(endpoint, "running"): // Only version 3 counts running tasks.
					status, want = http.StatusNotFound, `{"message":"Not found"}`
				}
				expect(t, server, "GET /api/"+version+"/"+endpoint, header, "", status, want)
			}
		}
	}
}

func TestErrorResponses(t *testing.T) {
	t.Parallel()
	const (
		none      = "Accept: */*"
		launch    = "Authorization: Bearer " + circlecitest.LaunchToken
		oneFilter = "exactly one of resource-class and namespace must be given"
	)
	class := func(name string) string { return `{"resource_class":"` + name + `"}` }
	for _, row := range []struct {
		status           int
		message, request string // An endpoint of both versions starts with /runner.
		header, body     string // The default header is the personal token.
	}{
		{status: 400, message: oneFilter, request: "GET /runner"},
		{status: 400, message: oneFilter, request: "GET /runner?resource-class=&namespace="},
		{status: 400, message: oneFilter, request: "GET /runner?namespace=one&resource-class=one/linux"},
		// Only version 3 has organizations.
		{status: 400, message: oneFilter, request: "GET /api/v2/runner?org-id=" + organization},
		{status: 400, message: "resource-class is required", request: "GET /runner/tasks"},
		{status: 400, message: "resource-class is required", request: "GET /runner/tasks?namespace=one"},
		{status: 400, message: "resource-class is required", request: "GET /api/v3/runner/tasks/running"},
		{status: 404, message: "resource class not found", request: "GET /runner?resource-class=one/typo"},
		{status: 404, message: "resource class not found", request: "GET /runner/tasks?resource-class=one/typo"},
		{status: 404, message: "resource class not found", request: "GET /api/v3/runner/tasks/running?resource-class=one/typo"},
		{status: 404, message: "Not found", request: "GET /"},
		{status: 404, message: "Not found", request: "GET /api/v1/runner?namespace=one"},
		{status: 404, message: "Not found", request: "GET /api/v4/runner?namespace=one"},
		{status: 404, message: "Not found", request: "GET /prefix/api/v2/runner?namespace=one"},
		{status: 404, message: "Not found", request: "GET /runner/?namespace=one"},
		{status: 404, message: "Not found", request: "GET /runner/x"},
		{status: 404, message: "Not found", request: "GET /api/v2/tasks?resource-class=one/linux"},
		{status: 405, message: "Method not allowed", request: "POST /runner?namespace=one"},
		{status: 405, message: "Method not allowed", request: "PUT /runner?namespace=one"},
		{status: 405, message: "Method not allowed", request: "DELETE /runner?namespace=one"},
		// Requests are authenticated before they are routed.
		{status: 401, message: "Invalid token provided.", request: "GET /", header: none},
		{status: 401, message: "Invalid token provided.", request: "GET /api/v4/runner", header: none},

		{status: 401, message: "Invalid token provided.", request: "GET /runner/resource?namespace=acme", header: none},
		{status: 403, message: "Permission denied", request: "GET /runner/resource?namespace=acme", header: launch},
		{status: 400, message: "namespace or org-id must be given", request: "GET /runner/resource"},
		{status: 404, message: "namespace not found", request: "GET /runner/resource?namespace=other"},
		{status: 400, message: "resource-class is required", request: "GET /runner/token"},
		{status: 400, message: "resource class not valid", request: "POST /runner/resource", body: class("acme/a b")},
		{status: 404, message: "namespace not found", request: "POST /runner/resource", body: class("other/new")},
		{status: 409, message: "resource class already exists", request: "POST /runner/resource", body: class("acme/LINUX")},
		{status: 403, message: "too many resource classes in the namespace", request: "POST /runner/resource", body: class("acme/new")},
		{status: 400, message: "no such resource class", request: "POST /runner/token", body: class("acme/none")},
		{status: 403, message: "too many tokens of the resource class", request: "POST /runner/token", body: class("acme/linux")},
		{status: 400, message: "id is not a valid UUID", request: "DELETE /runner/resource/7/force"},
		{status: 404, message: "resource class not found", request: "DELETE /runner/resource/" + unknownID},
		{status: 404, message: "token not found", request: "DELETE /runner/token/" + unknownID},
		{status: 405, message: "Method not allowed", request: "PUT /runner/token/" + unknownID},
		{status: 404, message: "Not found", request: "DELETE /runner/token/" + unknownID + "/force"},
	} {
		server := startServer(t)
		for _, version := range []string{"v2", "v3"} {
			request := strings.Replace(row.request, " /runner", " /api/"+version+"/runner", 1)
			header := row.header
			if header == "" {
				header = personal
			}
			expect(t, server, request, header, row.body, row.status, `{"message":"`+row.message+`"}`)
		}
		if classes, tokens := len(server.ResourceClasses()), len(server.Tokens()); classes != 1 || tokens != 1 {
			t.Errorf("%s leaves %d classes and %d tokens, want 1 of each", row.request, classes, tokens)
		}
	}
}

// Runners are listed in the order in which they were set, and have an IP in version 3, and a status in organizations, only.
func TestListRunners(t *testing.T) {
	t.Parallel()
	const (
		z  = `{"resource_class":"one/linux","hostname":"h","name":"z","first_connected":"f","last_connected":"l","last_used":null,"version":"v"`
		o  = `{"resource_class":"two/linux","hostname":"","name":"o","first_connected":"","last_connected":"","last_used":null,"version":""`
		a  = `{"resource_class":"One/arm","hostname":"","name":"a","first_connected":"","last_connected":"","last_used":"u","version":""}`
		ip = `,"ip":"192.0.2.1"`

		ofOrganization = z + ip + `,"status":"idle"},` + o + `,"status":"busy"}`
	)
	server := startServer(t)
	for target, items := range map[string]string{
		"v2/runner?namespace=ONE":                               z + "}," + a,
		"v2/runner?resource-class=One/Linux":                    z + "}",
		"v2/runner?resource-class=acme/linux":                   "",
		"v2/runner?namespace=unknown":                           "",
		"v2/runner?namespace=one&org-id=" + organization:        z + "}," + a,
		"v3/runner?namespace=one":                               z + ip + "}," + a,
		"v3/runner?resource-class=one/arm":                      a,
		"v3/runner?org-id=" + strings.ToUpper(organization):     ofOrganization,
		"v3/runner?org-id=00000000-0000-0000-0000-000000000000": "",
		// With an organization, the service ignores the other filters, even those that it would reject.
		"v3/runner?namespace=two&resource-class=acme/typo&org-id=" + organization: ofOrganization,
	} {
		expect(t, server, "GET /api/"+target, personal, "", http.StatusOK, `{"items":[`+items+`]}`)
	}
}

// A class exists from the first runner, task or creation on, and a created one until it is deleted.
func TestClassExists(t *testing.T) {
	t.Parallel()
	const tasks = "GET /api/v2/runner/tasks?resource-class="
	server := circlecitest.NewServer()
	t.Cleanup(server.Close)
	server.SetRunners(circlecitest.Runner{ResourceClass: "acme/runner"})
	server.SetResourceClasses(circlecitest.ResourceClass{ID: linuxID, ResourceClass: "acme/created"})
	expect(t, server, tasks+"acme/runner", personal, "", http.StatusOK, `{"unclaimed_task_count":0}`)
	expect(t, server, tasks+"acme/created", personal, "", http.StatusOK, `{"unclaimed_task_count":0}`)
	send(t, server, "DELETE /api/v2/runner/resource/"+linuxID, personal, "")
	expect(t, server, tasks+"acme/created", personal, "", http.StatusNotFound, `{"message":"resource class not found"}`)
}
