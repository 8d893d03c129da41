package circleci

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// ReadTimeout bounds one read, its retries and waits included.
	ReadTimeout = 5 * time.Minute

	initialBackoff = time.Second
	maxBackoff     = 30 * time.Second
)

// RetryError is a read that failed although it was tried again, or that could not be tried again in time. Err is the
// last cause, a *StatusError or a *RequestError.
type RetryError struct {
	// Attempts is how often the service was asked. It is 0 for a request that had to wait for longer than it may,
	// because the service had refused another one or too many were under way.
	Attempts int
	// Elapsed is the time from the start of the read to its end.
	Elapsed time.Duration
	// Wait is how long the service asked to wait, when that is why the read ended. It is 0 otherwise.
	RetryAfter time.Duration
	// Err is the last cause.
	Err error
}

func (e *RetryError) Error() string {
	text := fmt.Sprintf("%s (tried %s in %s)", e.Err, formatCount(e.Attempts), e.Elapsed.Round(time.Millisecond))
	if e.RetryAfter > 0 {
		text += fmt.Sprintf("; it asks to wait %s, longer than what is left of the %s that a read may take",
			e.RetryAfter.Round(time.Second), ReadTimeout)
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

// retry makes attempts until one succeeds, one fails in a way that another attempt would not cure, or there are no more
// of them to make.
func (c *Client) retry(ctx context.Context, attempt func(ctx context.Context, number int) ([]byte, error)) ([]byte, error) {
	start := c.config.Clock.Now()
	deadline, _ := ctx.Value(readDeadline{}).(time.Time) // StartRead set it.
	for number := 1; ; number++ {
		release, refused := c.acquire(ctx, deadline)
		if refused != nil {
			if pause := (*RetryError)(nil); errors.As(refused, &pause) {
				pause.Attempts, pause.Elapsed = number-1, c.config.Clock.Now().Sub(start)
			}
			return nil, refused
		}
		body, err := attempt(ctx, number)
		now := c.config.Clock.Now()
		wait, asked := backoff(err, number, now)
		if isRateLimited(err) {
			// Before the place is free, so that who stands in line for it sees the pause; and also when this request is
			// not tried again, because the others are asked to wait all the same.
			c.rateLimit.extend(now.Add(wait), err)
		}
		release()
		if err == nil || ctx.Err() != nil || !IsRetryable(err) {
			return body, err
		}

		failed := &RetryError{Attempts: number, Elapsed: now.Sub(start), Err: err}
		switch {
		case number > c.config.MaxRetries:
			return nil, failed
		case now.Add(wait).After(deadline):
			if asked {
				failed.RetryAfter = wait
			}
			return nil, failed
		}
		if err := c.config.Clock.Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// admit waits until the service may be asked: no pause is on, and fewer requests than allowed are under way. The caller
// releases its place.
func (c *Client) acquire(ctx context.Context, deadline time.Time) (release func(), err error) {
	for {
		now := c.config.Clock.Now()
		until, cause := c.rateLimit.current()
		switch {
		case until.After(deadline):
			return nil, &RetryError{RetryAfter: until.Sub(now), Err: cause}
		case until.After(now):
			if err := c.config.Clock.Sleep(ctx, until.Sub(now)); err != nil {
				return nil, err
			}
			continue
		}
		select {
		case c.inFlight <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		// A pause may have begun while this request stood in line, or its time may have run out.
		if err := ctx.Err(); err != nil {
			<-c.inFlight
			return nil, err
		}
		if until, _ := c.rateLimit.current(); !until.After(c.config.Clock.Now()) {
			return func() { <-c.inFlight }, nil
		}
		<-c.inFlight
	}
}

// pause is a time in which the client asks nothing, because the service said that it is asked too often.
type rateLimit struct {
	mu    sync.Mutex
	until time.Time
	cause error
}

func (p *rateLimit) current() (until time.Time, cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until, p.cause
}

func (p *rateLimit) extend(until time.Time, cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.until) {
		p.until, p.cause = until, cause
	}
}

// delay returns how long to wait after an attempt, and whether the service asked for it. Without its word the wait
// doubles each time, with a random part so that those who failed together do not come back together.
func backoff(err error, number int, now time.Time) (wait time.Duration, asked bool) {
	if status := (*StatusError)(nil); errors.As(err, &status) {
		if wait, ok := retryAfter(status.retryAfter, now); ok {
			return wait, true
		}
	}
	full := min(initialBackoff<<(number-1), maxBackoff)
	return full/2 + rand.N(full/2), false //nolint:gosec // Jitter needs no secret randomness.
}

// retryAfter reads a Retry-After header: a number of seconds, or a date. It is not ok when it says nothing about the
// future.
func retryAfter(header string, now time.Time) (wait time.Duration, ok bool) {
	seconds, err := strconv.ParseUint(header, 10, 63)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && seconds > uint64(math.MaxInt64/time.Second):
		return math.MaxInt64, true
	case err == nil:
		return time.Duration(seconds) * time.Second, seconds > 0
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	return date.Sub(now), date.After(now)
}
