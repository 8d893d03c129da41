package circleci_test

import (
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestListResourceClassesRejects(t *testing.T) {
	const class, upper = `"resource_class":"acme/linux"`, `{"id":"ABCDEF12-3456-4789-8ABC-DEF123456789",`
	for want, items := range map[string]string{
		"has no resource_class in items[0]":   `{"id":"` + newID + `","resource_class":null}`,
		"has no UUID for id in items[0]":      `{"id":"7",` + class + `}`,
		"repeats the ID ABCDEF12":             strings.ToLower(upper) + class + `},` + upper + class + `}`,
		`lists resource class "other/linux",`: `{"id":"` + newID + `","resource_class":"other/linux"}`,
	} {
		_, client := serve(t, circlecitest.JSON(`{"items":[`+items+`]}`))
		_, err := client.ListResourceClasses(t.Context(), "acme")
		assertReason(t, err, want)
	}
}
