package circleci_test

import (
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// TestListOrganizationResourceClasses has an organization of two namespaces, and a class of none, with both versions of
// the API.
func TestListOrganizationResourceClasses(t *testing.T) {
	const organization, empty = "b9291e0d-a11e-41fb-8517-c545388b5953", "00000000-0000-4000-8000-000000000000"
	class := func(name, organization string) circlecitest.ResourceClass {
		return circlecitest.ResourceClass{ID: newID, ResourceClass: name, Description: name, OrganizationID: organization}
	}
	linux, other := class("acme/linux", organization), class("other/linux", organization)
	other.ID = empty
	for _, version := range []circleci.APIVersion{circleci.V2, circleci.V3} {
		server, client := serve(t, nil, func(config *circleci.Config) { config.APIVersion = version })
		server.SetResourceClasses(other, class("acme/macos", ""), linux)
		got, err := client.ListOrganizationResourceClasses(t.Context(), organization)
		equal(t, "classes and error", []any{got, errorText(err)}, []any{[]circleci.ResourceClass{
			{ID: linux.ID, ResourceClass: "acme/linux", Description: "acme/linux"},
			{ID: other.ID, ResourceClass: "other/linux", Description: "other/linux"},
		}, ""})
		got, err = client.ListOrganizationResourceClasses(t.Context(), empty)
		equal(t, "no classes and error", []any{got, errorText(err)}, []any{[]circleci.ResourceClass{}, ""})
		for i, id := range []string{organization, empty} {
			request := server.Requests()[i]
			equal(t, "request", []string{request.Path, request.Query.Encode()},
				[]string{"/api/" + string(version) + "/runner/resource", "org-id=" + id})
		}
	}
}

func TestListOrganizationResourceClassesRejects(t *testing.T) {
	_, client := serve(t, circlecitest.JSON(`{"items":[{"id":"7","resource_class":"acme/linux"}]}`))
	_, err := client.ListOrganizationResourceClasses(t.Context(), "b9291e0d-a11e-41fb-8517-c545388b5953")
	assertReason(t, err, "has no UUID for id in items[0]")
}
