package provider

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

const minRunnersDescription = "Minimum number of connected runners, including those that were connected before."

// runnersCondition is reached when enough runners are connected.
type runnersCondition struct {
	client *circleci.Client
	filter circleci.RunnerFilter
	// within is how recently a runner must have connected, as a duration; null counts every runner.
	within  types.String
	minimum int64
	// isListed is true once the API has listed the resource class.
	isListed bool
	// checksNamespace says to list the classes of a namespace without runners. isEmpty is true if there is none.
	checksNamespace, isEmpty bool
	// connected are the runners that count as connected, as of the last poll.
	connected []circleci.Runner
}

func (c *runnersCondition) String() string {
	runners := plural(c.minimum, "runner")
	return fmt.Sprintf("at least %d %s connected within %s", c.minimum, runners, c.within.ValueString())
}

func (c *runnersCondition) poll(ctx context.Context) (observation, error) {
	listed, err := c.client.ListRunners(ctx, c.filter)
	if statusOf(err) == http.StatusNotFound && c.minimum > 0 && c.filter.ResourceClass != "" {
		listed, err = nil, c.checkExists(ctx, err)
	}
	if err == nil {
		c.connected, err = newConnectedFilter(c.within, c.client).filter(listed)
	}
	if err != nil {
		return observation{}, err
	}
	c.isEmpty = len(listed) == 0 && c.minimum == 0 && c.checksNamespace && c.hasNoClass(ctx)
	return observation{
		isReached: int64(len(c.connected)) >= c.minimum,
		progress:  fmt.Sprintf("%d of %d %s connected", len(c.connected), c.minimum, plural(c.minimum, "runner")),
		details:   fmt.Sprintf("%d connected, %s", len(c.connected), describeListed(listed)),
	}, nil
}

// hasNoClass reports whether the namespace lists no resource class. An error is no reason to fail: the runners were
// read.
func (c *runnersCondition) hasNoClass(ctx context.Context) bool {
	classes, err := c.client.ListResourceClasses(ctx, c.filter.Namespace)
	return statusOf(err) == http.StatusNotFound || err == nil && len(classes) == 0
}

// checkExists returns notFound unless the resource class exists although the API does not find its runners: CircleCI
// may respond so while it has none, which is when machines are waited for. A transient error, or a cancellation, is
// returned as it is.
func (c *runnersCondition) checkExists(ctx context.Context, notFound error) (err error) {
	if !c.isListed {
		c.isListed, err = c.client.HasResourceClass(ctx, c.filter.ResourceClass)
	}
	switch {
	case c.isListed:
		return nil
	case err != nil && (ctx.Err() != nil || isTransient(err)):
		return err
	}
	return notFound
}

// describeListed says how many runners are listed, and when the last of them was seen.
func describeListed(listed []circleci.Runner) string {
	if len(listed) == 0 {
		return "none listed"
	}
	var latest time.Time
	for _, runner := range listed {
		if seen, err := lastConnected(runner); err == nil && seen.After(latest) {
			latest = seen
		}
	}
	if latest.IsZero() {
		return fmt.Sprintf("%d listed, none of which ever connected", len(listed))
	}
	return fmt.Sprintf("%d listed, the last seen at %s", len(listed), latest.UTC().Format(time.RFC3339))
}

func (c *runnersCondition) advice() string {
	return "Check that the machines have started, and that their agents run with a token of " + c.filter.String()
}
