package circlecitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// The client's tests create, list and delete. These are the rejections that they do not cause.
func TestServerRejectsResourceRequests(t *testing.T) {
	t.Parallel()
	const unknown = "99999999-9999-4999-8999-999999999999"
	tests := []struct {
		name, method, path, body string
		header                   [2]string
		status                   int
		message                  string
	}{
		{name: "no credential", method: "GET", path: "resource?namespace=acme", header: [2]string{"X-None", ""}, status: 401, message: "Invalid token provided."},
		{name: "launch token", method: "GET", path: "resource?namespace=acme", header: [2]string{"Authorization", "Bearer " + circlecitest.LaunchToken}, status: 403, message: "Permission denied"},
		{name: "no filter", method: "GET", path: "resource", status: 400, message: "namespace or org-id must be given"},
		{name: "unknown namespace", method: "GET", path: "resource?namespace=other", status: 404, message: "namespace not found"},
		{name: "no class", method: "GET", path: "token", status: 400, message: "resource-class is required"},
		{name: "unknown class", method: "GET", path: "token?resource-class=acme/none", status: 404, message: "resource class not found"},
		{name: "bad name", method: "POST", path: "resource", body: `{"resource_class":"acme/a b"}`, status: 400, message: "resource class not valid"},
		{name: "namespace of another organization", method: "POST", path: "resource", body: `{"resource_class":"other/new"}`, status: 404, message: "namespace not found"},
		{name: "class that exists", method: "POST", path: "resource", body: `{"resource_class":"acme/LINUX"}`, status: 409, message: "resource class already exists"},
		{name: "too many classes", method: "POST", path: "resource", body: `{"resource_class":"acme/new"}`, status: 403, message: "too many resource classes in the namespace"},
		{name: "token of no class", method: "POST", path: "token", body: `{"resource_class":"acme/none"}`, status: 400, message: "no such resource class"},
		{name: "too many tokens", method: "POST", path: "token", body: `{"resource_class":"acme/linux"}`, status: 403, message: "too many tokens of the resource class"},
		{name: "ID that is no UUID", method: "DELETE", path: "resource/7/force", status: 400, message: "id is not a valid UUID"},
		{name: "unknown class ID", method: "DELETE", path: "resource/" + unknown, status: 404, message: "resource class not found"},
		{name: "unknown token ID", method: "DELETE", path: "token/" + unknown, status: 404, message: "token not found"},
		{name: "change", method: "PUT", path: "token/" + unknown, status: 405, message: "Method not allowed"},
		{name: "force for a token", method: "DELETE", path: "token/" + unknown + "/force", status: 404, message: "Not found"},
	}
	for _, version := range []string{"v2", "v3"} {
		for _, test := range tests {
			t.Run(version+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				server := startServer(t)
				server.SetNamespaces("acme")
				server.SetLimits(1, 1)
				server.SetResourceClasses(circlecitest.ResourceClass{ResourceClass: "acme/linux"})
				server.SetTokens(circlecitest.Token{ResourceClass: "acme/linux"})
				header := test.header
				if header[0] == "" {
					header = [2]string{"Circle-Token", circlecitest.PersonalToken}
				}
				r, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+"/api/"+version+"/runner/"+test.path, strings.NewReader(test.body))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set(header[0], header[1])
				response, err := server.Client().Do(r)
				if err != nil {
					t.Fatal(err)
				}
				got := readReply(response)
				expect(t, test.name, got, test.status, `{"message":"`+test.message+`"}`)
				equal(t, "classes and tokens", [2]int{len(server.ResourceClasses()), len(server.Tokens())}, [2]int{1, 1})
				equal(t, "recorded body", server.Requests()[0].Body, test.body)
			})
		}
	}
}

// A class exists for its runners and tasks from its creation to its deletion.
func TestServerKnowsClassesThatWereCreated(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	const tasks, id = "/api/v2/runner/tasks?resource-class=acme/linux", "11111111-1111-4111-8111-111111111111"
	equal(t, "status before", get(t, server, tasks).status, http.StatusNotFound)
	server.SetResourceClasses(circlecitest.ResourceClass{ID: id, ResourceClass: "acme/linux"})
	equal(t, "status", get(t, server, tasks).status, http.StatusOK)
	send(t, server, http.MethodDelete, "/api/v2/runner/resource/"+id, "Circle-Token", circlecitest.PersonalToken)
	equal(t, "status after", get(t, server, tasks).status, http.StatusNotFound)
}
