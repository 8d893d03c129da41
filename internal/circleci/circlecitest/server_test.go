package circlecitest_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// The tests of the client and of the provider rely on what the server records, queues and intercepts, and on what it
// lists. These tests have the responses that the others do not cause.

const (
	organization = "8d5ab3ae-8a1f-4c4a-b7a6-111111111111"
	linuxID      = "11111111-1111-4111-8111-111111111111"
	unknownID    = "99999999-9999-4999-8999-999999999999"
	personal     = "Circle-Token: " + circlecitest.PersonalToken
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
	server.SetRunners(
		circlecitest.Runner{
			ResourceClass: "one/linux", Name: "z", Hostname: "h", FirstConnected: "f", LastConnected: "l", Version: "v",
			IP: "192.0.2.1", Status: "idle", OrganizationID: organization,
		},
		circlecitest.Runner{ResourceClass: "two/linux", Name: "o", OrganizationID: organization, Status: "busy"},
		circlecitest.Runner{ResourceClass: "One/arm", Name: "a", LastUsed: new("u")},
		circlecitest.Runner{
			ResourceClass: "test-namespace/test-resource", Hostname: "bobby", Name: "bobby-sue", Version: "5.4.3.2.1",
			FirstConnected: "2020-05-15T00:00:00Z", LastConnected: "2020-05-16T00:00:00Z",
			LastUsed: new("2020-05-17T00:00:00Z"),
		},
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
	got, contentType, text := send(t, server, request, header, body)
	if got != status || text != want || contentType != "application/json" {
		t.Errorf("%s with %s:\n got %d %s\nwant %d %s", request, header, got, text, status, want)
	}
}

func TestReferenceExamples(t *testing.T) {
	t.Parallel()
	for target, file := range map[string]string{
		"runner?namespace=test-namespace":                                 "v2-runner.json",
		"runner/tasks?resource-class=Test-Namespace/TEST-resource&a=b%2F": "v2-tasks.json",
	} {
		example, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		compact := strings.NewReplacer(" ", "", "\n", "").Replace(string(example))
		expect(t, startServer(t), "GET /api/v2/"+target, personal, "", http.StatusOK, compact)
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
	server := startServer(t)
	for header, statuses := range map[string][2]int{ // The statuses are those of v2 and v3.
		personal: {200, 200}, basic(token + ":"): {200, 200}, bearer + token: {200, 200},
		"Cookie: a=b; " + session + "; c=d": {200, 200}, bearer + launch: {200, 403},

		"Accept: application/json": {401, 401}, personal + "x": {401, 401}, "Circle-Token: " + launch: {401, 401},
		basic(":" + token): {401, 401}, basic(token + ":x"): {401, 401}, bearer + launch + "x": {401, 401},
		"Cookie: ring-session=" + token: {401, 401},
	} {
		for i, status := range statuses {
			want := map[int]string{
				200: `{"unclaimed_task_count":42}`, 401: `{"message":"Invalid token provided."}`,
				403: `{"message":"Permission denied"}`,
			}[status]
			request := fmt.Sprintf("GET /api/v%d/runner/tasks?resource-class=acme/linux", 2+i)
			expect(t, server, request, header, "", status, want)
		}
	}
}

func TestErrorResponses(t *testing.T) {
	t.Parallel()
	const (
		none      = "Accept: */*"
		launch    = "Authorization: Bearer " + circlecitest.LaunchToken
		filter    = "exactly one of resource-class and namespace must be given"
		class     = "resource-class is required"
		classes   = "/runner/resource"
		tokens    = "/runner/token"
		session   = "Cookie: ring-session=" + circlecitest.SessionCookie
		oneFilter = "exactly one filter must be given"
		fleets    = "/api/v3/runner/fleets"
		agents    = "/api/v3/runner/agents"
		changes   = "/api/v3/runner/resource-classes"
	)
	of := func(class string) string { return `{"resource_class":"` + class + `"}` }
	for _, row := range []struct {
		status           int
		message, request string // A path of both versions starts with /runner.
		header, body     string
	}{
		{400, filter, "GET /runner?resource-class=&namespace=", personal, ""},
		{400, filter, "GET /runner?namespace=one&resource-class=one/linux", personal, ""},
		{400, filter, "GET /api/v2/runner?org-id=" + organization, personal, ""}, // Only version 3 has organizations.
		{400, class, "GET /runner/tasks?namespace=one", personal, ""},
		{400, class, "GET /api/v3/runner/tasks/running", personal, ""},
		{404, "resource class not found", "GET /runner?resource-class=one/typo", personal, ""},
		{404, "resource class not found", "GET /runner/tasks?resource-class=one/typo", personal, ""},
		{404, "Not found", "GET /api/v2/runner/tasks/running?resource-class=acme/linux", personal, ""},
		{404, "Not found", "GET /api/v4/runner?namespace=one", personal, ""},
		{404, "Not found", "GET /prefix/api/v2/runner?namespace=one", personal, ""},
		{404, "Not found", "GET /runner/?namespace=one", personal, ""},
		{405, "Method not allowed", "POST /runner?namespace=one", personal, ""},
		{401, "Invalid token provided.", "GET /api/v4/runner", none, ""}, // It is authenticated before it is routed.

		{401, "Invalid token provided.", "GET " + classes + "?namespace=acme", none, ""},
		{403, "Permission denied", "GET " + classes + "?namespace=acme", launch, ""},
		{400, "namespace or org-id must be given", "GET " + classes, personal, ""},
		{404, "namespace not found", "GET " + classes + "?namespace=other", personal, ""},
		{400, class, "GET " + tokens, personal, ""},
		{400, "resource class not valid", "POST " + classes, personal, of("acme/a b")},
		{404, "namespace not found", "POST " + classes, personal, of("other/new")},
		{409, "resource class already exists", "POST " + classes, personal, of("acme/LINUX")},
		{403, "too many resource classes in the namespace", "POST " + classes, personal, of("acme/new")},
		{400, "no such resource class", "POST " + tokens, personal, of("acme/none")},
		{403, "too many tokens of the resource class", "POST " + tokens, personal, of("acme/linux")},
		{400, "id is not a valid UUID", "DELETE " + classes + "/7/force", personal, ""},
		{404, "resource class not found", "DELETE " + classes + "/" + unknownID, personal, ""},
		{404, "token not found", "DELETE " + tokens + "/" + unknownID, personal, ""},
		{405, "Method not allowed", "PUT " + tokens + "/" + unknownID, personal, ""},
		{404, "Not found", "DELETE " + tokens + "/" + unknownID + "/force", personal, ""},

		{401, "Invalid token provided.", "GET " + fleets + "?filter[namespace]=acme", launch, ""},
		{401, "Invalid token provided.", "GET " + agents + "?filter[namespace]=acme", session, ""},
		{404, "Not found", "GET /api/v2/runner/fleets?filter[namespace]=acme", personal, ""},
		{404, "Not found", "POST " + fleets + "/" + linuxID + "/update", personal, ""},
		{405, "Method not allowed", "POST " + fleets, personal, ""},
		{405, "Method not allowed", "GET " + changes + "/" + linuxID + "/update", personal, ""},
		{400, oneFilter, "GET " + fleets, personal, ""},
		{400, oneFilter, "GET " + fleets + "?filter[namespace]=acme&filter[resource_class]=acme/linux", personal, ""},
		{400, oneFilter, "GET " + agents + "?filter[resource_class_id]=" + linuxID, personal, ""},
		{400, "page[limit] must be from 1 to 250", "GET " + fleets + "?filter[namespace]=acme&page[limit]=251", personal, ""},
		{400, "page[cursor] is not valid", "GET " + agents + "?filter[namespace]=acme&page[cursor]=x", personal, ""},
		{400, "id is not a valid UUID", "GET " + fleets + "/7", personal, ""},
		{404, "resource class not found", "GET " + fleets + "/" + unknownID, personal, ""},
		{404, "resource class not found", "GET " + changes + "?filter[resource_class]=acme/none", personal, ""},
		{400, "description is required", "POST " + changes + "/" + linuxID + "/update", personal, "{}"},
	} {
		server := startServer(t)
		for _, version := range []string{"v2", "v3"} {
			request := strings.Replace(row.request, " /runner", " /api/"+version+"/runner", 1)
			expect(t, server, request, row.header, row.body, row.status, `{"message":"`+row.message+`"}`)
		}
		if classes, tokens := len(server.ResourceClasses()), len(server.Tokens()); classes != 1 || tokens != 1 {
			t.Errorf("%s leaves %d classes and %d tokens, want 1 of each", row.request, classes, tokens)
		}
	}
}

// Runners are listed as they were set. Only organizations have a status.
func TestListRunners(t *testing.T) {
	t.Parallel()
	const (
		z = `{"resource_class":"one/linux","hostname":"h","name":"z",` +
			`"first_connected":"f","last_connected":"l","last_used":null,"version":"v"`
		o = `{"resource_class":"two/linux","hostname":"","name":"o",` +
			`"first_connected":"","last_connected":"","last_used":null,"version":""`
		a = `{"resource_class":"One/arm","hostname":"","name":"a",` +
			`"first_connected":"","last_connected":"","last_used":"u","version":""}`
		ip = `,"ip":"192.0.2.1"`

		ofOrganization = z + ip + `,"status":"idle"},` + o + `,"status":"busy"}`
	)
	server := startServer(t)
	for target, items := range map[string]string{
		"v2/runner?resource-class=One/Linux":                z + ip + "}",
		"v2/runner?resource-class=acme/linux":               "",
		"v2/runner?namespace=unknown":                       "",
		"v2/runner?namespace=ONE&org-id=" + organization:    z + ip + "}," + a,
		"v3/runner?namespace=one":                           z + ip + "}," + a,
		"v3/runner?org-id=" + strings.ToUpper(organization): ofOrganization,
		// With an organization, the service ignores the other filters, even those that it would reject.
		"v3/runner?namespace=two&resource-class=acme/typo&org-id=" + organization: ofOrganization,
	} {
		expect(t, server, "GET /api/"+target, personal, "", http.StatusOK, `{"items":[`+items+`]}`)
	}
}
