package circleci

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// RetryError is returned for a request that failed although it was retried, or that could not be retried in time.
type RetryError struct {
	// Attempts is how often the request was sent.
	Attempts int
	// Elapsed is the time from the start of the request to its end.
	Elapsed time.Duration
	// RetryAfter is the pause that exceeds the time that was left, as the service requested it or, after a 429, by the
	// client's own backoff. It is 0 if that is not why the request was not retried.
	RetryAfter time.Duration
	// Err is the last cause. It wraps a *StatusError or a *RequestError.
	Err error

	// isOutOfTime reports whether the time of the caller was too short, so that one with more may succeed.
	isOutOfTime bool
}

func (e *RetryError) Error() string {
	text := e.Err.Error()
	if e.Attempts > 0 || e.RetryAfter == 0 {
		text += fmt.Sprintf(" (attempts: %d, in %s)", e.Attempts, e.Elapsed.Round(time.Millisecond))
	}
	if e.RetryAfter > 0 {
		precision := time.Millisecond
		if e.RetryAfter >= time.Second {
			precision = time.Second
		}
		pause := e.RetryAfter.Round(precision)
		text += fmt.Sprintf("; requests are paused for %s, which exceeds the time that is left", pause)
	}
	return text
}

// Unwrap returns the last cause.
func (e *RetryError) Unwrap() error { return e.Err }

// progress is how far a call has come.
type progress struct {
	ctx context.Context
	// request returns the call as errors name it, which costs nothing as long as there is none.
	request  func() string
	start    time.Time
	attempts int
	// last is the error of the last attempt.
	last error
}

func newProgress(ctx context.Context, request func() string) *progress {
	return &progress{ctx: ctx, request: request, start: time.Now()}
}

func (p *progress) fail(err error) *RetryError {
	return &RetryError{Attempts: p.attempts, Elapsed: time.Since(p.start), Err: err}
}

func (p *progress) failOutOfTime(err error) *RetryError {
	failed := p.fail(err)
	failed.isOutOfTime = true
	return failed
}

// backOff waits before the next attempt, or fails if there is not enough time left. Every call has a deadline: see
// limitTime.
func (p *progress) backOff(failures int) error {
	wait, isRequested := waitAfter(p.last, failures)
	if deadline, _ := p.ctx.Deadline(); wait >= time.Until(deadline) {
		failed := p.failOutOfTime(p.last)
		if isRequested {
			failed.RetryAfter = wait
		}
		return failed
	}
	if err := sleep(p.ctx, wait); err != nil {
		return p.stop(err)
	}
	return nil
}

// stop is the error of a call that ends although it could be sent again: its context has ended, or would while the
// service accepts no requests. An outcome that is not known stays so.
func (p *progress) stop(err error) error {
	pause := (*pauseError)(nil)
	isUncertain, cause := unwrapUncertain(err)
	switch {
	case errors.As(err, &pause):
		return p.pause(pause)
	case errors.Is(p.ctx.Err(), context.Canceled):
		err = fmt.Errorf("%s: %w", p.request(), context.Cause(p.ctx))
	default:
		reason := "timed out waiting for a complete response"
		if p.attempts == 0 {
			reason = "timed out waiting for other requests to complete, and was not sent"
		}
		err = p.failOutOfTime(&RequestError{Request: p.request(), Reason: reason, Err: cause})
	}
	if isUncertain {
		return &UncertainError{Err: err}
	}
	return err
}

// pause is the error of a call that would have to wait until after its deadline.
func (p *progress) pause(pause *pauseError) error {
	cause := p.last
	if !isRateLimited(cause) { // What was refused is another request.
		cause = fmt.Errorf("%s was not sent, because the API limits the rate of requests: %w", p.request(), pause.cause)
	}
	failed := p.failOutOfTime(cause)
	failed.RetryAfter = pause.wait
	return failed
}

// waitAfter returns how long to wait after a number of failures, and whether the service requested that.
func waitAfter(err error, failures int) (wait time.Duration, requested bool) {
	if status := (*StatusError)(nil); errors.As(err, &status) && status.retryAfter > 0 {
		return status.retryAfter, true
	}
	return exponentialBackoff(failures), false
}
