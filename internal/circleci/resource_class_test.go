package circleci_test

import (
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func TestParseResourceClass(t *testing.T) {
	t.Parallel()
	const (
		noSlash = "has no slash between namespace and name"
		slashes = "has more than one slash"
		before  = "has nothing before the slash"
		after   = "has nothing after the slash"
		space   = "holds white space"
		control = "holds a control character"
	)
	tests := []struct{ class, namespace, name, wantErr string }{
		{class: "acme/linux", namespace: "acme", name: "linux"},
		{class: "test-namespace/test-resource", namespace: "test-namespace", name: "test-resource"},
		{class: "a/b", namespace: "a", name: "b"},
		{class: "Acme_1.x/Größe:$&?#%2F", namespace: "Acme_1.x", name: "Größe:$&?#%2F"},
		{class: "", wantErr: noSlash},
		{class: "acme", wantErr: noSlash},
		{class: "acme/linux/arm", wantErr: slashes},
		{class: "acme//linux", wantErr: slashes},
		{class: "/acme/linux", wantErr: slashes},
		{class: "/", wantErr: before},
		{class: "/linux", wantErr: before},
		{class: "acme/", wantErr: after},
		{class: "acme/big linux", wantErr: space},
		{class: " acme/linux", wantErr: space},
		{class: "acme/linux\n", wantErr: space},
		{class: "acme/\u00a0", wantErr: space},
		{class: "acme/linux\x00", wantErr: control},
		{class: "ac\x1bme/linux", wantErr: control},
	}
	for _, test := range tests {
		t.Run(test.class, func(t *testing.T) {
			t.Parallel()
			namespace, name, err := circleci.ParseResourceClass(test.class)
			equal(t, "namespace", namespace, test.namespace)
			equal(t, "name", name, test.name)
			equal(t, "error", errorText(err), test.wantErr)
		})
	}
}

func TestCheckNamespace(t *testing.T) {
	t.Parallel()
	tests := []struct{ namespace, wantErr string }{
		{namespace: "acme"},
		{namespace: "Acme_1.x-y"},
		{namespace: "", wantErr: "is empty"},
		{namespace: "acme/", wantErr: "has a slash, as only a resource class has"},
		{namespace: "acme/linux", wantErr: "has a slash, as only a resource class has"},
		{namespace: "ac me", wantErr: "holds white space"},
		{namespace: "acme\r\n", wantErr: "holds white space"},
		{namespace: "acme\x7f", wantErr: "holds a control character"},
	}
	for _, test := range tests {
		t.Run(test.namespace, func(t *testing.T) {
			t.Parallel()
			equal(t, "error", errorText(circleci.CheckNamespace(test.namespace)), test.wantErr)
		})
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
		t.Run(test.class+" in "+test.namespace, func(t *testing.T) {
			t.Parallel()
			equal(t, "is in the namespace", circleci.InNamespace(test.class, test.namespace), test.want)
		})
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
