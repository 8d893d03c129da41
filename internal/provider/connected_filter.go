package provider

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// minConnectedWithin is the precision of the API's times.
const minConnectedWithin = time.Second

// connectedWithinAttribute returns the attribute of a connectedFilter, with what its default is.
func connectedWithinAttribute(whenNull string) schema.StringAttribute {
	return optionalString("Maximum time since `last_connected` for a runner to count as connected: a duration of at least "+
		"`1s`, such as `90s`, `5m` or `1d`. The clock is that of the machine that runs Terraform. A `last_connected` in the "+
		"future counts, null does not. "+whenNull, durationAtLeast(minConnectedWithin))
}

// connectedFilter selects the runners that count as connected, all by the same time.
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

// isConnected reports whether a runner counts as connected. An invalid last_connected is an error: either result would
// be a guess.
func (c connectedFilter) isConnected(r circleci.Runner) (bool, error) {
	if c.since.IsZero() {
		return true, nil
	}
	seen, err := lastConnected(r)
	if err != nil {
		return false, &advisedError{
			message: fmt.Sprintf("runner %q of resource class %s has last_connected %s, which is not an RFC 3339 time, so "+
				"it may or may not be connected",
				c.client.Sanitize(r.Name), c.client.Sanitize(r.ResourceClass), c.client.Quote(*r.LastConnected)),
			advice: "To read the runners anyway, remove connected_within and wait_for: the provider then does not parse " +
				"last_connected, and every listed runner counts. Please report this at " + issuesURL + ".",
		}
	}
	return !seen.IsZero() && !seen.Before(c.since), nil
}

// filter returns the runners that count as connected.
func (c connectedFilter) filter(runners []circleci.Runner) ([]circleci.Runner, error) {
	if c.since.IsZero() {
		return runners, nil
	}
	kept := make([]circleci.Runner, 0, len(runners))
	for _, runner := range runners {
		connected, err := c.isConnected(runner)
		if err != nil {
			return nil, err
		}
		if connected {
			kept = append(kept, runner)
		}
	}
	return kept, nil
}

// lastConnected returns when a runner last connected, or the zero time if the API does not report it.
func lastConnected(r circleci.Runner) (time.Time, error) {
	if r.LastConnected == nil {
		return time.Time{}, nil
	}
	return circleci.ParseTime(*r.LastConnected)
}
