package provider

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

const connectedWithinDescription = "How long ago a runner may have been seen to count as connected, as a duration such as " +
	"`90s` or `10m`, measured by this machine's clock. A `last_connected` in the future counts; one that is null does not."

// connected tells which runners count as connected at one time.
type connectedFilter struct {
	// since is the earliest last_connected that counts; the zero time counts every runner, seen or not.
	since  time.Time
	client *circleci.Client
}

func newConnectedFilter(within types.String, client *circleci.Client) connectedFilter {
	c := connectedFilter{client: client}
	if !within.IsNull() {
		c.since = time.Now().Add(-durationOrDefault(within, 0))
	}
	return c
}

// counts tells whether a runner counts as connected. A time that cannot be read is an error: taking the runner for gone,
// or for there, would be a guess.
func (c connectedFilter) isConnected(r circleci.Runner) (bool, error) {
	if c.since.IsZero() {
		return true, nil
	}
	seen, err := lastConnected(r)
	if err != nil {
		return false, &invalidTimeError{c.client.Sanitize(r.Name), c.client.Sanitize(r.ResourceClass), c.client.Quote(*r.LastConnected)}
	}
	return !seen.IsZero() && !seen.Before(c.since), nil
}

// filter keeps the runners that count as connected.
func (c connectedFilter) filter(runners []circleci.Runner) ([]circleci.Runner, error) {
	if c.since.IsZero() {
		return runners, nil
	}
	kept := make([]circleci.Runner, 0, len(runners))
	for _, runner := range runners {
		counts, err := c.isConnected(runner)
		if err != nil {
			return nil, err
		}
		if counts {
			kept = append(kept, runner)
		}
	}
	return kept, nil
}

// lastConnected returns when a runner was last connected, the zero time when the API does not say.
func lastConnected(r circleci.Runner) (time.Time, error) {
	if r.LastConnected == nil {
		return time.Time{}, nil
	}
	return circleci.ParseTime(*r.LastConnected)
}

// invalidTimeError is a last_connected that is not a time. Its strings are sanitized, and the last one is quoted.
type invalidTimeError struct{ name, resourceClass, lastConnected string }

func (e *invalidTimeError) Error() string {
	return fmt.Sprintf("The runner %q of resource class %s has last_connected %s, which is not an RFC 3339 time, so it cannot be told "+
		"whether it is connected", e.name, e.resourceClass, e.lastConnected)
}
