package circleci

import (
	"context"
	"errors"
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
	return nil, errors.New("not implemented")
}

// CreateResourceClass creates a resource class, namespace/name, and returns it.
//
// The request is sent again only when it certainly did not reach the service. When its outcome is not known, the classes
// are listed: a class with this name and description that did not exist before is the one that was created. The error is
// then a *UncertainError unless that class was found. A *StatusError of 409 says that the class exists already.
//
// Source: POST /runner/resource, observed.
func (c *Client) CreateResourceClass(ctx context.Context, class, description string) (ResourceClass, error) {
	return ResourceClass{}, errors.New("not implemented")
}

// DeleteResourceClass deletes a resource class by its ID; with force, its tokens too. A class that does not exist is no
// error. A *StatusError of 409 says that the class still has tokens.
//
// Source: DELETE /runner/resource/{id} and DELETE /runner/resource/{id}/force, observed.
func (c *Client) DeleteResourceClass(ctx context.Context, id string, force bool) error {
	return errors.New("not implemented")
}
