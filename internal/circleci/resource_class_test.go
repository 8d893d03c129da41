package circleci_test

import (
	"fmt"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func TestParseResourceClass(t *testing.T) {
	t.Parallel()
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
		"holds white space":                       {"acme/big linux", " acme/linux", "acme/linux\n", "acme/\u00a0"},
		"holds a control character":               {"acme/linux\x00", "ac\x1bme/linux"},
	} {
		for _, class := range classes {
			namespace, name, err := circleci.ParseResourceClass(class)
			equal(t, fmt.Sprintf("error of %q", class), errorText(err), want)
			equal(t, "result", namespace+name, "")
		}
	}
}

func TestCheckNamespace(t *testing.T) {
	t.Parallel()
	for want, namespaces := range map[string][]string{
		"":         {"acme", "Acme_1.x-y"},
		"is empty": {""},
		"has a slash, as only a resource class has": {"acme/", "acme/linux"},
		"holds white space":                         {"ac me", "acme\r\n"},
		"holds a control character":                 {"acme\x7f"},
	} {
		for _, namespace := range namespaces {
			equal(t, fmt.Sprintf("error of %q", namespace), errorText(circleci.CheckNamespace(namespace)), want)
		}
	}
}

func TestInNamespace(t *testing.T) {
	t.Parallel()
	tests := []struct {
		class, namespace string
		want             bool
	}{
		{class: "acme/linux", namespace: "acme", want: true},
		{class: "ACME/linux", namespace: "acme", want: true},
		{class: "acme/linux", namespace: "Acme", want: true},
		{class: "acm\u00e9/linux", namespace: "acme\u0301", want: true},
		{class: "acme2/linux", namespace: "acme"},
		{class: "acme/linux", namespace: "acme2"},
		{class: "other/acme", namespace: "acme"},
		{class: "acme", namespace: "acme"},
		{class: "", namespace: ""},
	}
	for _, test := range tests {
		equal(t, test.class+" is in "+test.namespace, circleci.InNamespace(test.class, test.namespace), test.want)
	}
}

func TestResourceClassKey(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b  string
		equal bool
	}{
		{a: "acme/Linux", b: "ACME/linux", equal: true},
		{a: "acme/\u00e9", b: "acme/e\u0301", equal: true},
		{a: "acme/\u00c9", b: "acme/e\u0301", equal: true},
		{a: "acme/\u01f0", b: "acme/J\u030c", equal: true},
		{a: "acme/ς", b: "acme/Σ", equal: true},
		{a: "acme/\u212a", b: "acme/k", equal: true}, // The sign for kelvin.
		{a: "acme/straße", b: "acme/strasse"},
		{a: "acme/\u0130", b: "acme/i"}, // A capital i with a dot.
		{a: "acme/é", b: "acme/e"},
	}
	for _, test := range tests {
		equal(t, test.a+" is "+test.b, circleci.ResourceClassKey(test.a) == circleci.ResourceClassKey(test.b), test.equal)
	}
}
