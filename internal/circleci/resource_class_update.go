package circleci

import (
	"context"
	"fmt"
	"strings"
)

const fleetClassEndpoint = "runner/resource-classes"

// classObject is a resource class in a response of the fleet API.
type classObject struct {
	ID         string `json:"id"`
	Attributes struct {
		ResourceClass string `json:"resource_class"`
		Description   string `json:"description"`
	} `json:"attributes"`
}

// GetResourceClass returns a resource class by its ID. It succeeds only where the fleet API is served, and so shows
// whether UpdateResourceClass could. Errors are those of [Client.ListFleets].
//
// Source: GET /runner/resource-classes/{id}, a preview.
func (c *Client) GetResourceClass(ctx context.Context, id string) (ResourceClass, error) {
	if err := c.checkID(id); err != nil {
		return ResourceClass{}, err
	}
	return read(ctx, c, fleetCall(fleetClassEndpoint+"/"+id), func(body []byte) (ResourceClass, error) {
		return decodeClassData(body, id)
	})
}

// UpdateResourceClass changes the description of a resource class in place, and returns the class as the service does.
// It may be repeated, so it is retried after transient errors. Errors are those of [Client.ListFleets]; a
// *ResponseError also for a response with another ID or description. After an error, the class may have changed.
//
// Source: POST /runner/resource-classes/{id}/update, a preview.
func (c *Client) UpdateResourceClass(ctx context.Context, id, description string) (ResourceClass, error) {
	if err := c.checkID(id); err != nil {
		return ResourceClass{}, err
	}
	c.forgetListings()
	defer c.forgetListings()
	fields := struct {
		Description string `json:"description"`
	}{description}
	call := fleetCall(fleetClassEndpoint + "/" + id + "/update")
	call.isIdempotent = true
	return postJSON(ctx, c, call, fields, func(body []byte) (ResourceClass, error) {
		updated, err := decodeClassData(body, id)
		if err == nil && updated.Description != description {
			err = fmt.Errorf("has the description %s, though another one was requested", c.Quote(updated.Description))
		}
		return updated, err
	})
}

// decodeClassData returns the class in a response about the one with an ID.
func decodeClassData(body []byte, id string) (ResourceClass, error) {
	object, err := decodeData[classObject](body)
	if err != nil {
		return ResourceClass{}, err
	}
	a := object.Attributes
	class := ResourceClass{ID: object.ID, ResourceClass: a.ResourceClass, Description: a.Description}
	switch err := (ids{}).add(class.ID, class.ResourceClass); {
	case err != nil:
		return ResourceClass{}, err
	case !strings.EqualFold(class.ID, id):
		return ResourceClass{}, fmt.Errorf("is about the ID %s, though %s was requested", class.ID, id)
	}
	return class, nil
}
