package circleci_test

import (
	"fmt"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func TestParseResourceClass(t *testing.T) {
	namespace, name, err := circleci.ParseResourceClass("Acme_1.x/Größe:$&?#%2F")
	equal(t, "parts and error", []string{namespace, name, errorText(err)}, []string{"Acme_1.x", "Größe:$&?#%2F", ""})
	for class, want := range map[string]string{
		"acme":           "has no slash between namespace and name",
		"acme//linux":    "has more than one slash",
		"/linux":         "has nothing before the slash",
		"acme/":          "has nothing after the slash",
		" acme/linux":    "contains white space",
		"acme/\u00a0":    "contains white space",
		"ac\x1bme/linux": "contains a control character",
	} {
		namespace, name, err := circleci.ParseResourceClass(class)
		equal(t, fmt.Sprintf("result of %q", class), []string{namespace, name, errorText(err)}, []string{"", "", want})
	}
}

func TestCheckNamespace(t *testing.T) {
	for namespace, want := range map[string]string{
		"Acme_1.x-y": "", "": "is empty", "acme/": "has a slash",
		"acme\r\n": "contains white space", "acme\x7f": "contains a control character",
	} {
		equal(t, fmt.Sprintf("error of %q", namespace), errorText(circleci.CheckNamespace(namespace)), want)
	}
}

func TestInNamespace(t *testing.T) {
	for class, want := range map[string]bool{
		"acme/linux": true, "ACME/linux": true, "acme2/linux": false, "acm/linux": false, "other/acme": false, "acme": false,
	} {
		equal(t, class, circleci.InNamespace(class, "aCMe"), want)
	}
}

func TestResourceClassKey(t *testing.T) {
	equal(t, "key", circleci.ResourceClassKey("ACME/linux2"), circleci.ResourceClassKey("acme/Linux2"))
}
