package circleci

import (
	"context"
	"sync"
	"time"
)

const (
	// initialPace is the pace after the first 429, in requests per second.
	initialPace = 8
	// minPace is the lower limit of the pace.
	minPace = 0.2
	// growth is the part of the pace by which each accepted request raises it, and maxGrowth its upper limit: a
	// constant growth is too fast for slow services, and a relative one for fast services.
	growth    = 0.05
	maxGrowth = 0.5
	// unlimitedPace is the pace above which requests are no longer throttled.
	unlimitedPace = 500
)

// throttle slows down all requests of a client together while the service refuses some of them with 429. A service that
// never does is not slowed down at all.
//
// A 429 stops all requests for as long as the service says, or else with exponential backoff. Then they are sent one by
// one, at half of the pace before, which grows with each accepted request.
type throttle struct {
	mu sync.Mutex
	// pace is in requests per second, 0 while requests are not throttled.
	pace float64
	// next is when the next request may be sent: at the end of a pause, or of an interval of the pace.
	next time.Time
	// cause is the response that the last pause is due to.
	cause error
	// epoch counts the 429s. A request that was in flight when one came is of an earlier epoch.
	epoch int
	// refusals counts those since the service last accepted a request.
	refusals int
}

// pauseError is returned for a request whose deadline is before the end of a pause.
type pauseError struct {
	wait time.Duration
	// cause is the response that the pause is due to.
	cause error
}

func (e *pauseError) Error() string { return e.cause.Error() }

// acquire waits until a request may be sent, and returns its epoch. The error is a *pauseError when the request's
// deadline is too early for that.
func (t *throttle) acquire(ctx context.Context, deadline time.Time) (epoch int, err error) {
	for { // Of all requests that wait for next, the first one to wake up is sent.
		epoch, wait, err := t.reserve(deadline)
		if err != nil || wait <= 0 {
			return epoch, err
		}
		if err := sleep(ctx, wait); err != nil {
			return 0, err
		}
	}
}

// reserve lets a request be sent if its time has come, or else returns how long it is until then.
func (t *throttle) reserve(deadline time.Time) (epoch int, wait time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	wait = t.next.Sub(now)
	switch {
	case t.pace == 0:
		return t.epoch, 0, nil
	case wait <= 0:
		t.next = now.Add(time.Duration(float64(time.Second) / t.pace))
		return t.epoch, 0, nil
	case !t.next.Before(deadline):
		return 0, 0, &pauseError{wait: wait, cause: t.cause}
	}
	return 0, wait, nil
}

// isCurrent reports whether a request of an epoch may still be sent.
func (t *throttle) isCurrent(epoch int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.epoch == epoch
}

// accept records that the service did not refuse a request.
func (t *throttle) accept(epoch int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if epoch != t.epoch {
		return
	}
	t.refusals = 0
	t.pace += min(growth*t.pace, maxGrowth)
	if t.pace > unlimitedPace {
		t.pace = 0
	}
}

// refuse records that the service refused a request, and the wait that it requested, 0 if none.
func (t *throttle) refuse(epoch int, retryAfter time.Duration, cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if epoch == t.epoch || t.pace == 0 { // Requests that were in flight together count once.
		t.slowDown()
	}
	t.epoch++
	if retryAfter == 0 {
		retryAfter = exponentialBackoff(max(t.refusals, 1))
	}
	if next := time.Now().Add(retryAfter); next.After(t.next) {
		t.next, t.cause = next, cause
	}
}

// slowDown halves the pace if the service accepted something at it. While it refuses everything, only the pauses get
// longer.
func (t *throttle) slowDown() {
	switch {
	case t.pace == 0:
		t.pace = initialPace
	case t.refusals == 0:
		t.pace = max(t.pace/2, minPace)
	}
	t.refusals++
}
