package circleci

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

const (
	// initialPace is the pace after the first 429, in requests per second, while the pace of the service is not known.
	initialPace = 4
	// minPace is the lower limit of the pace while the service refuses everything.
	minPace = 0.2
	// slowStartGrowth multiplies an unmeasured pace with each accepted request.
	slowStartGrowth = 1.1
	// paceMargin is the part of the measured pace that is used.
	paceMargin = 0.9
	// paceDoubling is how long a measured pace takes to double without a refusal. It grows slowly at first, then ever faster.
	paceDoubling = 20 * time.Second
	// unlimitedPace is the pace, in requests per second, above which requests are no longer throttled.
	unlimitedPace = 500
)

// throttle slows down all requests of a client together while the service refuses some of them with 429. A service that
// never does is not slowed down at all.
//
// A 429 stops all requests for as long as the service says; then they are sent one by one at a pace. The pace is measured:
// at each of two refusals the allowance of the service was used up, so what it accepted between them is what it allows in
// that time. Until there are two, the pace starts low and grows with each accepted request.
type throttle struct {
	// turn is held by the request that is sent next. The others queue for it.
	turn chan struct{}

	mu sync.Mutex
	// pace is in requests per second at the time resume. It is 0 while requests are not throttled.
	pace     float64
	measured bool
	// resume is when the service accepts requests again, as it requested, or else by backoff; cause is its response.
	resume      time.Time
	isRequested bool
	cause       error
	// next is when the pace allows the next request. It is not before resume.
	next time.Time
	// epoch counts the refusals to which the pace was adapted. The others concern requests of an earlier epoch.
	epoch int
	// refused is when the epoch started. It is zero when no request was waiting or in flight at some time since, so that the
	// service could have accepted more than it did.
	refused time.Time
	// accepted counts the requests of the epoch that the service did not refuse.
	accepted int
	// fruitless counts the last epochs in which the service accepted nothing.
	fruitless int
	// active counts the requests that wait or are in flight.
	active int
	// deadlines are those of the requests that queue.
	deadlines []time.Time
}

func newThrottle() *throttle { return &throttle{turn: make(chan struct{}, 1)} }

// start registers a request until it is done, retries included.
func (t *throttle) start() (done func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.active++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.active--; t.active == 0 {
			t.refused = time.Time{}
		}
	}
}

// acquire waits until a request may be sent, and returns its epoch. The error is a *RetryError when the request's deadline
// is too early for that.
func (t *throttle) acquire(ctx context.Context, deadline time.Time) (epoch int, err error) {
	if epoch, unlimited := t.unlimited(); unlimited {
		return epoch, nil
	}
	defer t.enqueue(deadline)()
	if err := t.checkDeadline(deadline); err != nil {
		return 0, err // Its turn may come later than that: the request before it may have more time.
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		if err := t.checkDeadline(time.Now()); err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return 0, err
		}
		return 0, ctx.Err()
	}
	for {
		epoch, wait, err := t.reserve(deadline)
		if err != nil || wait <= 0 {
			return epoch, err
		}
		if err := sleep(ctx, wait); err != nil {
			return 0, err
		}
	}
}

func (t *throttle) unlimited() (epoch int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.epoch, t.pace == 0
}

// isCurrent reports whether a request of an epoch may still be sent. A refusal of an older epoch may have extended the wait.
func (t *throttle) isCurrent(epoch int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.epoch == epoch && !t.resume.After(time.Now())
}

// enqueue adds a deadline to those that reserve considers.
func (t *throttle) enqueue(deadline time.Time) (dequeue func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.deadlines = append(t.deadlines, deadline)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		i := slices.Index(t.deadlines, deadline)
		t.deadlines = slices.Delete(t.deadlines, i, i+1)
	}
}

// checkDeadline returns a *RetryError if no request may be sent before a deadline.
func (t *throttle) checkDeadline(deadline time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.deadlineError(time.Now(), deadline)
}

func (t *throttle) deadlineError(now, deadline time.Time) error {
	switch {
	case t.pace == 0 || t.next.Before(deadline):
		return nil
	case t.resume.After(now):
		return &RetryError{RetryAfter: t.resume.Sub(now), IsBackoff: !t.isRequested, Err: t.cause}
	}
	return &RetryError{Pace: t.currentPace(now), Err: t.cause}
}

// reserve takes the next time at which the pace allows a request, or returns how long it is until then.
func (t *throttle) reserve(deadline time.Time) (epoch int, wait time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	pace := t.currentPace(now)
	err = t.deadlineError(now, deadline)
	switch {
	case pace == 0: // A request before it has lifted the limit.
		return t.epoch, 0, nil
	case err != nil:
		return 0, 0, err
	case t.measured && t.queueTime(pace, deadline) > 2*deadline.Sub(now):
		return 0, 0, &RetryError{Pace: pace, Err: t.cause}
	case t.next.After(now):
		return 0, t.next.Sub(now), nil
	case pace > unlimitedPace:
		t.pace = 0
		return t.epoch, 0, nil
	}
	t.next = now.Add(jitter(seconds(1 / pace)))
	return t.epoch, 0, nil
}

// queueTime is how long it takes until the last of the queued requests whose deadlines are not later than this one is sent.
func (t *throttle) queueTime(pace float64, deadline time.Time) time.Duration {
	queued := 0
	for _, other := range t.deadlines {
		if !other.After(deadline) {
			queued++
		}
	}
	return seconds(float64(queued-1) / pace)
}

func (t *throttle) currentPace(now time.Time) float64 {
	if !t.measured {
		return t.pace
	}
	return t.pace * (1 + math.Pow(max(now.Sub(t.resume), 0).Seconds()/paceDoubling.Seconds(), 3))
}

// accept records that the service did not refuse a request.
func (t *throttle) accept(epoch int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if epoch != t.epoch {
		return
	}
	t.accepted++
	if t.pace > 0 && !t.measured {
		t.pace *= slowStartGrowth
	}
}

// refuse records that the service refused a request, and the wait that it requested, 0 if none. It returns the pace after
// the wait.
func (t *throttle) refuse(epoch int, retryAfter time.Duration, cause error) (pace float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if epoch == t.epoch || t.pace == 0 {
		t.startEpoch(now)
	}
	isRequested := retryAfter > 0
	if !isRequested {
		retryAfter = exponentialBackoff(max(t.fruitless, 1))
	}
	if resume := now.Add(retryAfter); resume.After(t.resume) {
		t.resume, t.isRequested, t.cause = resume, isRequested, cause
	}
	if t.next.Before(t.resume) {
		t.next = t.resume.Add(jitter(seconds(1/t.pace)) / 2)
	}
	return t.pace
}

// startEpoch adapts the pace to what the service accepted since the refusal before.
func (t *throttle) startEpoch(now time.Time) {
	switch pace := t.currentPace(now); {
	case t.accepted > 0 && !t.refused.IsZero():
		t.pace, t.measured = paceMargin*float64(t.accepted)/now.Sub(t.refused).Seconds(), true
	case pace > 0:
		t.pace, t.measured = pace/2, false
	default:
		t.pace, t.measured = initialPace, false
	}
	t.pace = max(t.pace, minPace)
	if t.fruitless++; t.accepted > 0 {
		t.fruitless = 0
	}
	t.epoch, t.refused, t.accepted = t.epoch+1, now, 0
}

// jitter spreads a duration by up to a quarter in both directions, so that clients that were refused together do not
// retry together.
func jitter(d time.Duration) time.Duration {
	return d*3/4 + rand.N(d/2+1) //nolint:gosec // Jitter needs no secret randomness.
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
