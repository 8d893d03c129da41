package circleci

import (
	"context"
	"errors"
	"time"
)

// pauseError is returned for a request whose deadline is before the end of a pause.
type pauseError struct {
	wait time.Duration
	// cause is the response that the pause is due to.
	cause error
}

func (e *pauseError) Error() string { return e.cause.Error() }

// acquire waits until a request may be sent: the throttle allows it, and fewer requests than the maximum are in flight.
func (c *Client) acquire(ctx context.Context) (epoch int, release func(), err error) {
	deadline, _ := ctx.Deadline()
	for {
		epoch, err := c.throttle.acquire(ctx, deadline)
		if err != nil {
			return 0, nil, err
		}
		select {
		case c.inFlight <- struct{}{}:
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		}
		// The service may have refused another request, or the time may have run out, while this one was waiting.
		if ctx.Err() == nil && c.throttle.isCurrent(epoch) {
			return epoch, func() { <-c.inFlight }, nil
		}
		<-c.inFlight
		if err := ctx.Err(); err != nil {
			return 0, nil, err
		}
	}
}

// observe reports to the throttle whether the service accepted a request. It must run before the request's slot is
// released, so that the next request is throttled already.
func (c *Client) observe(epoch int, err error) {
	status := (*StatusError)(nil)
	switch isStatus := errors.As(err, &status); {
	case isRateLimited(err):
		c.throttle.refuse(epoch, status.retryAfter, err)
	case err == nil, isStatus:
		c.throttle.accept(epoch)
	}
}
