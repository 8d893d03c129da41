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
	ID string
	// ResourceClass is its name, namespace/name.
	ResourceClass string
	// Description is what the class was created with. It may be empty.
	Description string
}

// ListResourceClasses returns the resource classes of a namespace, sorted by name. No class is an empty list. Errors are
// those of [Client.ListRunners].
//
// Source: GET /runner/resource, observed.
func (c *Client) ListResourceClasses(ctx context.Context, namespace string) ([]ResourceClass, error) {
	body, request, err := c.get(ctx, "runner/resource", url.Values{"namespace": {namespace}})
	if err != nil {
		return nil, err
	}
	classes, err := decodeList(body, (*decoder).resourceClass, func(class ResourceClass) string { return class.ID })
	if err != nil {
		return nil, c.newResponseError(request, body, err)
	}
	for _, class := range classes {
		if !InNamespace(class.ResourceClass, namespace) {
			return nil, &ResponseError{Request: request, Reason: fmt.Sprintf("lists resource class %q, though only namespace %s was requested",
				c.sanitize(class.ResourceClass), namespace)}
		}
	}
	slices.SortFunc(classes, func(a, b ResourceClass) int {
		return cmp.Or(strings.Compare(a.ResourceClass, b.ResourceClass), strings.Compare(a.ID, b.ID))
	})
	return classes, nil
}

// HasResourceClass reports whether its namespace lists a resource class, namespace/name. Errors are those of
// [Client.ListRunners].
//
// Source: GET /runner/resource, observed.
func (c *Client) HasResourceClass(ctx context.Context, class string) (bool, error) {
	namespace, _, _ := strings.Cut(class, "/")
	classes, err := c.ListResourceClasses(ctx, namespace)
	return slices.ContainsFunc(classes, func(listed ResourceClass) bool { return SameName(listed.ResourceClass, class) }), err
}

// CreateResourceClass creates a resource class, namespace/name, and returns it as the service does, which may have changed
// its description. It lists the classes of the namespace first, and sends nothing else when that fails.
//
// The request is sent again only when it certainly did not reach the service. When its outcome is not known, the classes
// are listed again: a class with this name and description that did not exist before is the one that was created. The error
// is then a *UncertainError unless that class was found. A *StatusError of 409 says that the class exists already.
//
// Source: POST /runner/resource, observed.
func (c *Client) CreateResourceClass(ctx context.Context, class, description string) (ResourceClass, error) {
	namespace, _, err := ParseResourceClass(class)
	if err != nil {
		return ResourceClass{}, fmt.Errorf("resource class %q %w", class, err)
	}
	release, err := c.classLock.acquire(ctx, class)
	if err != nil {
		return ResourceClass{}, err
	}
	defer release()
	before, err := c.ListResourceClasses(ctx, namespace)
	if err != nil {
		return ResourceClass{}, err
	}
	created, err := c.postResourceClass(ctx, class, description, before)
	isUncertain, cause := unwrapUncertain(err)
	if !isUncertain {
		return created, err
	}

	verify, cancel := outlive(ctx, func() bool { return true })
	defer cancel()
	uncertain := &UncertainError{Err: cause}
	classes, listErr := c.ListResourceClasses(verify, namespace)
	uncertain.ListErr = listErr
	var matches []ResourceClass
	for _, found := range classes {
		if !SameName(found.ResourceClass, class) || containsClass(before, found.ID) {
			continue
		}
		uncertain.Appeared = append(uncertain.Appeared, found.ID)
		if found.Description == description {
			matches = append(matches, found)
		}
	}
	if len(matches) == 1 {
		return matches[0], nil
	}
	return ResourceClass{}, uncertain
}

// postResourceClass sends the request to create a class. A response that is wrong is an *UncertainError.
func (c *Client) postResourceClass(ctx context.Context, class, description string, before []ResourceClass) (ResourceClass, error) {
	fields := struct {
		ResourceClass string `json:"resource_class"`
		Description   string `json:"description"`
	}{class, description}
	body, request, err := c.post(ctx, "runner/resource", fields, nil)
	if err != nil {
		return ResourceClass{}, err
	}
	created, err := decodeObject(body, (*decoder).resourceClass)
	switch {
	case err != nil:
		return ResourceClass{}, &UncertainError{Err: c.newResponseError(request, body, err)}
	case !SameName(created.ResourceClass, class):
		return ResourceClass{}, &UncertainError{Err: &ResponseError{Request: request, Reason: fmt.Sprintf(
			"is about resource class %q, though %s was to be created", c.sanitize(created.ResourceClass), class)}}
	case containsClass(before, created.ID):
		return ResourceClass{}, &UncertainError{Err: &ResponseError{Request: request, Reason: fmt.Sprintf(
			"has the ID %s, of a resource class that existed before", created.ID)}}
	}
	return created, nil
}

func containsClass(classes []ResourceClass, id string) bool {
	return slices.ContainsFunc(classes, func(class ResourceClass) bool { return strings.EqualFold(class.ID, id) })
}

// DeleteResourceClass deletes a resource class by its ID; with force, its tokens too. A class that its namespace does not list
// is no error. A *StatusError of 409 says that the class still has tokens, and one of 404 that it was not found, although it is
// listed or may be.
//
// Source: DELETE /runner/resource/{id} and DELETE /runner/resource/{id}/force, observed.
func (c *Client) DeleteResourceClass(ctx context.Context, class ResourceClass, force bool) error {
	suffix := ""
	if force {
		suffix = "/force"
	}
	return c.delete(ctx, "runner/resource", class.ID, suffix, func(ctx context.Context) (bool, error) {
		namespace, _, _ := strings.Cut(class.ResourceClass, "/")
		classes, err := c.ListResourceClasses(ctx, namespace)
		return containsClass(classes, class.ID), err
	})
}
