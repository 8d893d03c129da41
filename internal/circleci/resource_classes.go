package circleci

import (
	"cmp"
	"context"
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

// ListResourceClasses returns the resource classes of a namespace, sorted by name. No class is an empty list. Errors are
// those of [Client.ListRunners].
//
// Source: GET /runner/resource, observed.
func (c *Client) ListResourceClasses(ctx context.Context, namespace string) (classes []ResourceClass, err error) {
	err = c.outage.list(ctx, func() error { return c.handle(ctx, c.classListing(namespace, &classes)) })
	return classes, err
}

// CachedResourceClasses is ListResourceClasses, or the result of another call that is less than a minute old. The caller
// does not change it.
func (c *Client) CachedResourceClasses(ctx context.Context, namespace string) ([]ResourceClass, error) {
	return c.classes.get(ctx, namespace, c.ListResourceClasses)
}

// classListing is the call that lists the classes of a namespace.
func (c *Client) classListing(namespace string, classes *[]ResourceClass) call {
	call := call{endpoint: classEndpoint, query: url.Values{"namespace": {namespace}}}
	return reading(call, classes, func(body []byte) ([]ResourceClass, error) {
		classes, err := decodeResourceClasses(body)
		for _, class := range classes {
			if name := class.ResourceClass; !InNamespace(name, namespace) {
				return nil, fmt.Errorf("lists resource class %q, though only namespace %s was requested", c.sanitize(name), namespace)
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

// HasResourceClass reports whether its namespace lists a resource class, namespace/name. Errors are those of
// [Client.ListRunners].
//
// Source: GET /runner/resource, observed.
func (c *Client) HasResourceClass(ctx context.Context, class string) (bool, error) {
	namespace, _, _ := strings.Cut(class, "/")
	classes, err := c.ListResourceClasses(ctx, namespace)
	isClass := func(listed ResourceClass) bool { return SameName(listed.ResourceClass, class) }
	return slices.ContainsFunc(classes, isClass), err
}

// CreateResourceClass creates a resource class, namespace/name, and returns it as the service does, which may have changed
// its description. Errors are those of [Client.ListRunners], and *UncertainError: when the outcome is not known, the class
// is adopted only if it was not listed before and is now, with this description.
//
// Source: POST /runner/resource, observed.
func (c *Client) CreateResourceClass(ctx context.Context, class, description string) (ResourceClass, error) {
	namespace, _, err := ParseResourceClass(class)
	if err != nil {
		return ResourceClass{}, fmt.Errorf("resource class %q %w", class, err)
	}
	created, appeared, err := create(ctx, c, creation[ResourceClass]{
		lock: &c.classLock, class: class,
		list: func(ctx context.Context) ([]ResourceClass, error) { return c.ListResourceClasses(ctx, namespace) },
		post: func(ctx context.Context, before []ResourceClass) (ResourceClass, error) {
			return c.postResourceClass(ctx, class, description, before)
		},
		isWanted: func(found ResourceClass) bool { return SameName(found.ResourceClass, class) },
	})
	appeared = slices.DeleteFunc(appeared, func(found ResourceClass) bool { return found.Description != description })
	if len(appeared) == 1 {
		return appeared[0], nil
	}
	return created, err
}

// postResourceClass sends the request to create a class. A response that is wrong is an *UncertainError.
func (c *Client) postResourceClass(
	ctx context.Context, class, description string, before []ResourceClass,
) (created ResourceClass, err error) {
	fields := struct {
		ResourceClass string `json:"resource_class"`
		Description   string `json:"description"`
	}{class, description}
	err = c.post(ctx, call{endpoint: classEndpoint, decode: func(body []byte) (err error) {
		created, err = decodeResourceClass(body)
		return cmp.Or(err, checkCreated(created.ID, created.ResourceClass, class, before))
	}}, fields)
	if err != nil {
		return ResourceClass{}, err
	}
	return created, nil
}

func decodeResourceClass(body []byte) (class ResourceClass, err error) {
	err = decodeInto(&class, body)
	return class, cmp.Or(err, ids{}.add(class.ID, class.ResourceClass))
}

// DeleteResourceClass deletes a resource class by its ID; with force, its tokens too. A class that its namespace does not
// list is no error. A *StatusError of 409 says that the class still has tokens, and one of 404 that it was not found,
// although it is listed or may be.
//
// Source: DELETE /runner/resource/{id} and DELETE /runner/resource/{id}/force, observed.
func (c *Client) DeleteResourceClass(ctx context.Context, class ResourceClass, force bool) error {
	suffix := ""
	if force {
		suffix = "/force"
	}
	return c.delete(ctx, classEndpoint, class.ID, suffix, func(ctx context.Context) (bool, error) {
		namespace, _, _ := strings.Cut(class.ResourceClass, "/")
		classes, err := c.ListResourceClasses(ctx, namespace)
		return contains(classes, class.ID), err
	})
}
