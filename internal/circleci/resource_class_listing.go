package circleci

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// ResourceClass is a resource class, which groups runners.
//
// Source: GET /runner/resource, observed.
type ResourceClass struct {
	// ID is the UUID of the class.
	ID string `json:"id"`
	// ResourceClass is its name, namespace/name.
	ResourceClass string `json:"resource_class"`
	// Description is what the class was created with. It may be empty.
	Description string `json:"description"`
}

func (class ResourceClass) id() string { return class.ID }

const classEndpoint = "runner/resource"

// classListing is the call that lists the classes of a namespace.
func classListing(namespace string, secrets redactor, classes *[]ResourceClass) apiCall {
	call := apiCall{endpoint: classEndpoint, query: url.Values{"namespace": {namespace}}}
	return readInto(call, classes, func(body []byte) ([]ResourceClass, error) {
		classes, err := decodeResourceClasses(body)
		for _, class := range classes {
			if !InNamespace(class.ResourceClass, namespace) {
				return nil, fmt.Errorf("lists resource class %q, though only namespace %s was requested",
					secrets.sanitize(class.ResourceClass), namespace)
			}
		}
		return classes, err
	})
}

// decodeResourceClasses returns the classes of a list, sorted.
func decodeResourceClasses(body []byte) ([]ResourceClass, error) {
	known := ids{}
	classes, err := decodeList(body, func(class *ResourceClass) error { return known.add(class.ID, class.ResourceClass) })
	slices.SortFunc(classes, func(a, b ResourceClass) int {
		return cmp.Or(strings.Compare(a.ResourceClass, b.ResourceClass), strings.Compare(a.ID, b.ID))
	})
	return classes, err
}

func decodeResourceClass(body []byte) (class ResourceClass, err error) {
	err = decodeInto(&class, body)
	return class, cmp.Or(err, ids{}.add(class.ID, class.ResourceClass))
}
