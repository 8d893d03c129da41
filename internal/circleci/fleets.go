package circleci

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNoFleet is returned for a resource class without a fleet. The class may not exist, or not for the credential.
var ErrNoFleet = errors.New("the fleet API lists no fleet of this resource class")

const fleetEndpoint = "runner/fleets"

// ListFleets returns the fleets of a namespace, sorted by resource class, without counts of tasks. It sends a request
// for each 250 fleets. No fleet is an empty list. Errors are those of [Client.ListRunners], and
// ErrPersonalTokenRequired.
//
// Source: GET /runner/fleets, a preview.
func (c *Client) ListFleets(ctx context.Context, namespace string) ([]Fleet, error) {
	fleets, err := listPages[Fleet, fleetObject](ctx, c, fleetEndpoint, RunnerFilter{Namespace: namespace})
	slices.SortFunc(fleets, func(a, b Fleet) int { return strings.Compare(a.ResourceClass, b.ResourceClass) })
	return fleets, err
}

// GetFleet returns the fleet of a resource class, namespace/name, with its counts of tasks. It sends two requests.
// Errors are those of [Client.ListFleets], and ErrNoFleet.
//
// Source: GET /runner/fleets and GET /runner/fleets/{id}, a preview.
func (c *Client) GetFleet(ctx context.Context, resourceClass string) (Fleet, error) {
	ctx, cancel := context.WithTimeout(ctx, ReadTimeout) // Both requests have one deadline.
	defer cancel()
	fleets, err := listPages[Fleet, fleetObject](ctx, c, fleetEndpoint, RunnerFilter{ResourceClass: resourceClass})
	switch {
	case err != nil:
		return Fleet{}, err
	case len(fleets) == 0:
		return Fleet{}, fmt.Errorf("resource class %s: %w", resourceClass, ErrNoFleet)
	}
	listed := fleets[0]
	return read(ctx, c, fleetCall(fleetEndpoint+"/"+listed.ID), func(body []byte) (Fleet, error) {
		object, err := decodeData[fleetObject](body)
		if err != nil {
			return Fleet{}, err
		}
		fleet, err := object.valueWithTasks()
		switch {
		case err != nil:
			return Fleet{}, err
		case !strings.EqualFold(fleet.ID, listed.ID) || !SameName(fleet.ResourceClass, listed.ResourceClass):
			return Fleet{}, fmt.Errorf("is about fleet %q with ID %s, though another one was requested",
				c.service.secrets.sanitize(fleet.ResourceClass), fleet.ID)
		}
		return fleet, nil
	})
}
