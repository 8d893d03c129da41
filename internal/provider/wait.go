package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

const (
	defaultWaitTimeout  = 10 * time.Minute
	defaultPollInterval = 10 * time.Second
	minPollInterval     = time.Second
)

// The descriptions of the attributes that every wait has.
var (
	timeoutDescription      = fmt.Sprintf("Maximum duration of the wait, such as `90s` or `1h30m`. Default `%s`.", formatDuration(defaultWaitTimeout))
	pollIntervalDescription = fmt.Sprintf("How long to wait between two polls, as a duration of at least `%s`. Default `%s`.",
		formatDuration(minPollInterval), formatDuration(defaultPollInterval))
)

// waitAttributes adds the attributes that every wait_for has to its own limits.
func waitAttributes(limits map[string]schema.Attribute) map[string]schema.Attribute {
	limits["timeout"] = schema.StringAttribute{
		Optional: true, Validators: []validator.String{positiveDuration()}, MarkdownDescription: timeoutDescription,
	}
	limits["poll_interval"] = schema.StringAttribute{
		Optional: true, Validators: []validator.String{durationAtLeast(minPollInterval)}, MarkdownDescription: pollIntervalDescription,
	}
	return limits
}

// wait is how long and how often to poll.
type wait struct {
	timeout, pollInterval time.Duration
	// timeoutAttribute is the attribute that sets the timeout.
	timeoutAttribute path.Path
	// report receives the progress after each poll. It may be nil.
	report func(progress string)
}

// newWait returns the wait of validated attributes, which are those of parent.
func newWait(timeout, pollInterval types.String, parent path.Path) wait {
	return wait{
		timeout:          durationOrDefault(timeout, defaultWaitTimeout),
		pollInterval:     durationOrDefault(pollInterval, defaultPollInterval),
		timeoutAttribute: parent.AtName("timeout"),
	}
}

// condition is what a wait waits for.
type condition interface {
	// String says what is wanted, such as "at most 3 unclaimed tasks".
	fmt.Stringer
	// poll polls once.
	poll(ctx context.Context) (observation, error)
	// remedy says what to check if the condition is not reached, as the start of a sentence.
	remedy() string
}

// observation is the result of a poll.
type observation struct {
	isReached bool
	// progress is a summary, such as "3 of 5 runners connected", and details says all that helps to find out why it is no more.
	progress, details string
}

// pollGrace is how much longer than the timeout the last poll may take.
const pollGrace = time.Second

// pollUntil polls until the condition is reached. Transient errors do not end the wait, any other error does. The last poll starts
// when the timeout is reached.
func (w wait) pollUntil(ctx context.Context, c condition) error {
	start := time.Now()
	state := &waitTimeoutError{condition: c.String(), observed: "nothing, because no poll succeeded"}
	for {
		seen, err := pollWithin(ctx, w.timeout-time.Since(start), c)
		switch state.last = err; {
		case err == nil:
			state.observed = seen.details
		case ctx.Err() != nil || !isTransient(err):
			return err
		}
		state.waited = time.Since(start)
		w.reportPoll(ctx, state, seen)
		switch {
		case err == nil && seen.isReached:
			return nil
		case state.waited >= w.timeout:
			state.remedy = c.remedy() + ", or increase " + w.timeoutAttribute.String() + "."
			return state
		}
		select {
		case <-time.After(min(w.pollInterval, w.timeout-state.waited)):
		case <-ctx.Done():
			return &waitCanceledError{condition: state.condition, observed: state.observed, err: ctx.Err()}
		}
	}
}

// pollWithin polls once, in a time to which pollGrace is added.
func pollWithin(ctx context.Context, limit time.Duration, c condition) (observation, error) {
	ctx, cancel := context.WithTimeout(ctx, max(limit, 0)+pollGrace)
	defer cancel()
	return c.poll(ctx)
}

// isTransient reports whether a poll may succeed later.
func isTransient(err error) bool {
	return circleci.IsRetryable(err) || errors.Is(err, context.DeadlineExceeded)
}

// reportPoll writes what a poll observed to the log, and to the CLI if the wait has a report.
func (w wait) reportPoll(ctx context.Context, state *waitTimeoutError, seen observation) {
	waited := formatDuration(state.waited.Round(time.Second))
	tflog.Info(ctx, "Polled for a condition of the Runner API", map[string]any{
		"condition": state.condition, "observed": state.observed, "waited": waited, "timeout": formatDuration(w.timeout),
	})
	switch {
	case w.report == nil:
	case state.last != nil:
		w.report("the poll failed, " + waited + ": " + state.last.Error())
	default:
		w.report(seen.progress + ", " + waited)
	}
}

// waitCanceledError is a wait that was canceled between two polls.
type waitCanceledError struct {
	condition, observed string
	err                 error
}

func (e *waitCanceledError) Error() string {
	return fmt.Sprintf("canceled while waiting for %s; last observed: %s", e.condition, e.observed)
}

// Unwrap returns the error of the context.
func (e *waitCanceledError) Unwrap() error { return e.err }

// waitTimeoutError is a wait that timed out.
type waitTimeoutError struct {
	condition, observed string
	waited              time.Duration
	// remedy says what to do, in a sentence.
	remedy string
	// last is why the last poll failed, nil when it did not.
	last error
}

func (e *waitTimeoutError) Error() string {
	message := fmt.Sprintf("timed out after %s waiting for %s; last observed: %s", formatDuration(e.waited), e.condition, e.observed)
	if e.last != nil {
		message += "; the last poll failed: " + e.last.Error()
	}
	return message
}

// Unwrap returns why the last poll failed.
func (e *waitTimeoutError) Unwrap() error { return e.last }

// plural returns the noun for a number of things.
func plural(n int64, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
