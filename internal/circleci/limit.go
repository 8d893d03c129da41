package circleci

import (
	"context"
	"errors"
)

// limits bound how many requests are sent: as many as the service accepts, and as may be in flight.
type limits struct {
	throttle throttle
	// inFlight holds one element for each request that is in flight.
	inFlight chan struct{}
}

func newLimits(maxConcurrentRequests int) *limits {
	return &limits{inFlight: make(chan struct{}, maxConcurrentRequests)}
}

// acquire waits until a request may be sent: the throttle allows it, and fewer requests than the maximum are in flight.
func (l *limits) acquire(ctx context.Context) (epoch int, release func(), err error) {
	deadline, _ := ctx.Deadline()
	for {
		epoch, err := l.throttle.acquire(ctx, deadline)
		if err != nil {
			return 0, nil, err
		}
		select {
		case l.inFlight <- struct{}{}:
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		}
		// The service may have refused another request, or the time may have run out, while this one was waiting.
		if ctx.Err() == nil && l.throttle.isCurrent(epoch) {
			return epoch, func() { <-l.inFlight }, nil
		}
		<-l.inFlight
		if err := ctx.Err(); err != nil {
			return 0, nil, err
		}
	}
}

// observe reports to the throttle whether the service accepted a request. It must run before the request's slot is
// released, so that the next request is throttled already.
func (l *limits) observe(epoch int, err error) {
	status := (*StatusError)(nil)
	switch isStatus := errors.As(err, &status); {
	case isRateLimited(err):
		l.throttle.refuse(epoch, status.retryAfter, err)
	case err == nil, isStatus:
		l.throttle.accept(epoch)
	}
}
