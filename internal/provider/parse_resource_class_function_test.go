package provider_test

import "testing"

// The client's tests have every invalid resource class.
func TestAccParseResourceClassFunction(t *testing.T) {
	class := func(namespace, name string) map[string]string {
		return map[string]string{"namespace": namespace, "name": name}
	}
	const noSlash = ` parameter: it has no slash between namespace and name. A resource class is namespace/name, ` +
		`such as "acme/linux".`
	testFunction(t, []invalidCalls{
		{`"resource_class"` + isNull, []string{`parse_resource_class(null)`}},
		{`"resource_class"` + noSlash, []string{`parse_resource_class("linux")`}},
	}, map[string]any{
		`parse_resource_class("acme/linux")`:                                  class("acme", "linux"),
		`parse_resource_class("Äcme-1_2.3/línux:€")`:                          class("Äcme-1_2.3", "línux:€"),
		`parse_resource_class("acme/linux").name`:                             "linux",
		`parse_resource_class(terraform_data.unknown.output.class).namespace`: "acme",
	})
}
