package circleci_test

import (
	"fmt"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func TestParseResourceClass(t *testing.T) {
	for _, test := range []struct{ class, namespace, name string }{
		{class: "acme/linux", namespace: "acme", name: "linux"},
		{class: "test-namespace/test-resource", namespace: "test-namespace", name: "test-resource"},
		{class: "a/b", namespace: "a", name: "b"},
		{class: "Acme_1.x/Größe:$&?#%2F", namespace: "Acme_1.x", name: "Größe:$&?#%2F"},
	} {
		namespace, name, err := circleci.ParseResourceClass(test.class)
		equal(t, "error", errorText(err), "")
		equal(t, "namespace", namespace, test.namespace)
		equal(t, "name", name, test.name)
	}
	for want, classes := range map[string][]string{
		"has no slash between namespace and name": {"", "acme"},
		"has more than one slash":                 {"acme/linux/arm", "acme//linux", "/acme/linux"},
		"has nothing before the slash":            {"/", "/linux"},
		"has nothing after the slash":             {"acme/"},
		"contains white space":                    {"acme/big linux", " acme/linux", "acme/linux\n", "acme/\u00a0"},
		"contains a control character":            {"acme/linux\x00", "ac\x1bme/linux"},
	} {
		for _, class := range classes {
			namespace, name, err := circleci.ParseResourceClass(class)
			equal(t, fmt.Sprintf("error of %q", class), errorText(err), want)
			equal(t, "result", namespace+name, "")
		}
	}
}

func TestCheckNamespace(t *testing.T) {
	for namespace, want := range map[string]string{
		"acme": "", "Acme_1.x-y": "", "": "is empty", "acme/": "has a slash, as only a resource class has",
		"acme/linux": "has a slash, as only a resource class has", "ac me": "contains white space", "acme\r\n": "contains white space",
		"acme\x7f": "contains a control character",
	} {
		equal(t, fmt.Sprintf("error of %q", namespace), errorText(circleci.CheckNamespace(namespace)), want)
	}
}

func TestInNamespace(t *testing.T) {
	for _, class := range []string{"acme/linux", "ACME/linux", "Acme/linux"} {
		equal(t, class, circleci.InNamespace(class, "aCMe"), true)
	}
	for class, namespace := range map[string]string{
		"acme2/linux": "acme", "acme/linux": "acme2", "other/acme": "acme", "acme": "acme", "": "",
	} {
		equal(t, class+" is in "+namespace, circleci.InNamespace(class, namespace), false)
	}
}

func TestResourceClassKey(t *testing.T) {
	equal(t, "same class", circleci.ResourceClassKey("acme/Linux"), circleci.ResourceClassKey("ACME/linux"))
	if circleci.ResourceClassKey("acme/linux") == circleci.ResourceClassKey("acme/linux2") {
		t.Error("acme/linux and acme/linux2 have the same key")
	}
}
