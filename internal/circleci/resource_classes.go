package circleci

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// ListResourceClasses returns the resource classes of a namespace, sorted by name. No class is an empty list. Errors
// are those of [Client.ListRunners].
//
// Source: GET /runner/resource, observed.
func (c *Client) ListResourceClasses(ctx context.Context, namespace string) ([]ResourceClass, error) {
	return listUnlessOut(&c.outage, func() ([]ResourceClass, error) { return c.listClassesNow(ctx, namespace) })
}

// listClassesNow is ListResourceClasses, but sends its request in an outage too: what a write did must be found out.
func (c *Client) listClassesNow(ctx context.Context, namespace string) (classes []ResourceClass, err error) {
	err = c.handle(ctx, classListing(namespace, c.service.secrets, &classes))
	return classes, err
}

// CachedResourceClasses is ListResourceClasses, or the result of another call that is less than a minute old. The
// caller does not change it.
func (c *Client) CachedResourceClasses(ctx context.Context, namespace string) ([]ResourceClass, error) {
	return c.classes.get(ctx, namespace, c.ListResourceClasses)
}

// ListOrganizationResourceClasses returns the resource classes of an organization, by its UUID, whatever their
// namespaces, sorted by name. An unknown organization may be an empty list. Errors are those of [Client.ListRunners].
//
// Source: GET /runner/resource, observed.
func (c *Client) ListOrganizationResourceClasses(
	ctx context.Context, organizationID string,
) ([]ResourceClass, error) {
	listing := apiCall{endpoint: classEndpoint, query: url.Values{"org-id": {organizationID}}}
	return listUnlessOut(&c.outage, func() ([]ResourceClass, error) {
		return read(ctx, c, listing, decodeResourceClasses)
	})
}

// HasResourceClass reports whether its namespace lists a resource class, namespace/name. Errors are those of
// [Client.ListRunners].
//
// Source: GET /runner/resource, observed.
func (c *Client) HasResourceClass(ctx context.Context, class string) (bool, error) {
	namespace, _, _ := strings.Cut(class, "/")
	classes, err := c.listClassesNow(ctx, namespace)
	isClass := func(listed ResourceClass) bool { return SameName(listed.ResourceClass, class) }
	return slices.ContainsFunc(classes, isClass), err
}

// CreateResourceClass creates a resource class, namespace/name, and returns it as the service does, which may have
// changed its description. Errors are those of [Client.ListRunners], and *UncertainError: when the outcome is not
// known, the class is adopted only if it was not listed before and is now, with this description.
//
// Source: POST /runner/resource, observed.
func (c *Client) CreateResourceClass(ctx context.Context, class, description string) (ResourceClass, error) {
	namespace, _, err := ParseResourceClass(class)
	if err != nil {
		return ResourceClass{}, fmt.Errorf("resource class %q %w", class, err)
	}
	created, appeared, err := create(ctx, creation[ResourceClass]{
		lock: &c.classLock, class: class, forget: c.forgetListings,
		list: func(ctx context.Context) ([]ResourceClass, error) { return c.listClassesNow(ctx, namespace) },
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
) (ResourceClass, error) {
	fields := struct {
		ResourceClass string `json:"resource_class"`
		Description   string `json:"description"`
	}{class, description}
	return postJSON(ctx, c, apiCall{endpoint: classEndpoint}, fields, func(body []byte) (ResourceClass, error) {
		created, err := decodeResourceClass(body)
		return created, cmp.Or(err, checkCreated(c, created.ID, created.ResourceClass, class, before))
	})
}

// DeleteResourceClass deletes a resource class by its ID; with force, its tokens too. A class that its namespace does
// not list is no error. A *StatusError of 409 says that the class still has tokens, and one of 404 that it was not
// found, although it is listed or may be.
//
// Source: DELETE /runner/resource/{id} and DELETE /runner/resource/{id}/force, observed.
func (c *Client) DeleteResourceClass(ctx context.Context, class ResourceClass, force bool) error {
	suffix := ""
	if force {
		suffix = "/force"
	}
	return c.delete(ctx, classEndpoint, class.ID, suffix, func(ctx context.Context) (bool, error) {
		namespace, _, _ := strings.Cut(class.ResourceClass, "/")
		classes, err := c.listClassesNow(ctx, namespace)
		return hasID(classes, class.ID), err
	})
}
