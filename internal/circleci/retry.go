package circleci

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	// ReadTimeout bounds one read, its retries and waits included.
	ReadTimeout = 5 * time.Minute

	initialBackoff = time.Second
	maxBackoff     = 30 * time.Second
)

// RetryError is a request that failed although it was retried, or that could not be retried in time. Err is the last
// cause, a *StatusError or a *RequestError.
type RetryError struct {
	// Attempts is how often the request was sent.
	Attempts int
	// Unsent is a request that could not be sent, or sent again, before its deadline, because the service refused another one,
	// which Err is about.
	Unsent string
	// Elapsed is the time from the start of the request to its end.
	Elapsed time.Duration
	// RetryAfter is the wait that the service requested, or with IsBackoff the one of the client because the service requested
	// none, if that exceeds the time that was left. It is 0 otherwise.
	RetryAfter time.Duration
	IsBackoff  bool
	// Timeout is the total time that the request was allowed to take.
	Timeout time.Duration
	// Pace is how many requests per second the service accepts, when the requests that were queued at that pace exceed the
	// time that was left. It is 0 otherwise.
	Pace float64
	// Err is the last cause.
	Err error
}

func (e *RetryError) Error() string {
	text := fmt.Sprintf("%s (tried %s in %s)", e.Err, formatCount(e.Attempts), e.Elapsed.Round(time.Millisecond))
	switch {
	case e.Unsent != "":
		again := ""
		if e.Attempts > 0 {
			again = " again"
		}
		text = fmt.Sprintf("%s was not sent%s, because the API limits the rate of requests: %s", e.Unsent, again, e.Err)
	case e.Attempts == 0:
		text = e.Err.Error()
	}
	precision := time.Millisecond
	if e.Timeout >= time.Second {
		precision = time.Second
	}
	timeout := fmt.Sprintf("the %s read timeout", e.Timeout.Round(precision))
	exceeds := ", which exceeds " + timeout
	if e.RetryAfter <= e.Timeout {
		exceeds = ", which exceeds what is left of " + timeout
	}
	switch {
	case e.IsBackoff:
		text += fmt.Sprintf("; requests are paused for %s", e.RetryAfter.Round(time.Millisecond)) + exceeds
	case e.RetryAfter > 0:
		text += fmt.Sprintf("; the server asked to retry after %s", e.RetryAfter.Round(time.Second)) + exceeds
	case e.Pace > 0:
		text += fmt.Sprintf("; the server accepts %.1f requests per second, at which the remaining requests exceed ", e.Pace) + timeout
	}
	return text
}

// Unwrap returns the last cause.
func (e *RetryError) Unwrap() error { return e.Err }

func formatCount(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return strconv.Itoa(n) + " times"
}

// retry sends a request until it succeeds, fails with an error that is not transient, or has used up its retries or its
// time. A 429 uses up time only: the throttle delays the next attempt.
func (c *Client) retry(ctx context.Context, request string, send func(ctx context.Context, attempt int) ([]byte, error)) ([]byte, error) {
	done := c.throttle.start()
	defer func() { done() }()
	start, failures := time.Now(), 0
	deadline, _ := ctx.Deadline() // Every read has one: ReadTimeout at the latest.
	timeout := deadline.Sub(start)
	var cause error
	for attempt := 1; ; attempt++ {
		epoch, release, err := c.acquire(ctx, deadline)
		if err != nil {
			if limit := (*RetryError)(nil); errors.As(err, &limit) {
				limit.Attempts, limit.Elapsed, limit.Timeout = attempt-1, time.Since(start), timeout
				if isRateLimited(cause) {
					limit.Err = cause
				} else { // What was refused is another request.
					limit.Unsent = request
				}
			}
			return nil, err
		}
		body, err := send(ctx, attempt)
		c.observe(ctx, epoch, err)
		release()
		if err == nil || ctx.Err() != nil || !IsRetryable(err) {
			return body, err
		}

		cause = err
		failed := &RetryError{Attempts: attempt, Elapsed: time.Since(start), Timeout: timeout, Err: err}
		if isRateLimited(err) && c.config.MaxRetries > 0 {
			continue
		}
		if failures++; failures > c.config.MaxRetries {
			return nil, failed
		}
		wait, requested := backoff(err, failures)
		if wait >= time.Until(deadline) {
			if requested {
				failed.RetryAfter = wait
			}
			return nil, failed
		}
		done() // The service is not asked for anything meanwhile.
		err = sleep(ctx, wait)
		if done = c.throttle.start(); err != nil {
			return nil, err
		}
	}
}

// acquire waits until a request may be sent: the throttle allows it, and fewer requests than the maximum are in flight.
func (c *Client) acquire(ctx context.Context, deadline time.Time) (epoch int, release func(), err error) {
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

// observe reports to the throttle whether the service accepted a request. It must run before the request's slot is released, so
// that the next request is throttled already.
func (c *Client) observe(ctx context.Context, epoch int, err error) {
	status := (*StatusError)(nil)
	switch {
	case err == nil, errors.As(err, &status) && !isRateLimited(err):
		c.throttle.accept(epoch)
	case isRateLimited(err):
		retryAfter, _ := parseRetryAfter(status.retryAfter, status.date)
		pace := c.throttle.refuse(epoch, retryAfter, err)
		if c.config.OnThrottle != nil {
			c.config.OnThrottle(ctx, Throttle{RetryAfter: retryAfter, Pace: pace})
		}
	}
}

// backoff returns how long to wait after a number of failures, and whether the service requested that.
func backoff(err error, failures int) (wait time.Duration, requested bool) {
	if status := (*StatusError)(nil); errors.As(err, &status) {
		if wait, ok := parseRetryAfter(status.retryAfter, status.date); ok {
			return wait, true
		}
	}
	return exponentialBackoff(failures), false
}

// exponentialBackoff doubles the wait with each failure. Half of it is random, so that clients that failed together do not
// retry together.
func exponentialBackoff(failures int) time.Duration {
	full := maxBackoff
	if shift := failures - 1; shift < 5 {
		full = initialBackoff << shift
	}
	return full/2 + rand.N(full/2) //nolint:gosec // Jitter needs no secret randomness.
}

// parseRetryAfter parses a Retry-After header: a number of seconds, or a date. It is not ok unless the header states a
// time in the future.
func parseRetryAfter(header string, now time.Time) (wait time.Duration, ok bool) {
	seconds, err := strconv.ParseUint(header, 10, 63)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && seconds > uint64(math.MaxInt64/time.Second):
		return math.MaxInt64, true
	case err == nil:
		return time.Duration(seconds) * time.Second, seconds > 0
	}
	date, err := http.ParseTime(header)
	if err != nil || !date.After(now) {
		return 0, false
	}
	return date.Sub(now), true
}

// sleep returns nil after d, or the context's error when that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
