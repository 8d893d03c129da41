package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

const (
	defaultWaitTimeout  = 10 * time.Minute
	defaultPollInterval = 10 * time.Second
	minPollInterval     = time.Second
	// pollGrace is how much longer than the timeout the last poll may take.
	pollGrace = time.Second
)

// waitModel has the attributes of every wait.
type waitModel struct {
	Timeout      types.String `tfsdk:"timeout"`
	PollInterval types.String `tfsdk:"poll_interval"`
}

// everyPlanWaits ends the description of a wait_for.
const everyPlanWaits = "Without the block, the data source reads once. With it, every later plan waits again, and so does " +
	"a destroy without `-refresh=false`."

var (
	timeoutAttribute = optionalString("Maximum duration of the wait, such as `90s` or `1h30m`. Default `"+
		formatDuration(defaultWaitTimeout)+"`.", durationAtLeast(0))
	pollIntervalAttribute = optionalString(fmt.Sprintf("Time between two polls, as a duration of at least `%s`. "+
		"Default `%s`.", formatDuration(minPollInterval), formatDuration(defaultPollInterval)),
		durationAtLeast(minPollInterval))
)

// wait is how long and how often to poll.
type wait struct {
	timeout, pollInterval time.Duration
	// timeoutPath is that of the attribute that sets the timeout.
	timeoutPath path.Path
	// report receives the progress after each poll. It may be nil.
	report func(progress string)
}

// newWait returns the wait of validated attributes, which are those of parent.
func newWait(model waitModel, parent path.Path) wait {
	return wait{
		timeout:      durationOrDefault(model.Timeout, defaultWaitTimeout),
		pollInterval: durationOrDefault(model.PollInterval, defaultPollInterval),
		timeoutPath:  parent.AtName("timeout"),
	}
}

// newActionWait returns the wait of an action, which shows its progress in the CLI.
func newActionWait(model waitModel, resp *action.InvokeResponse) wait {
	w := newWait(model, path.Empty())
	w.report = func(progress string) { resp.SendProgress(action.InvokeProgressEvent{Message: progress}) }
	return w
}

// condition is what a wait waits for.
type condition interface {
	// String says what is wanted, such as "at most 3 unclaimed tasks".
	fmt.Stringer
	// poll polls once.
	poll(ctx context.Context) (observation, error)
	// advice says what to check if the condition is not reached, as the start of a sentence.
	advice() string
}

// observation is the result of a poll.
type observation struct {
	isReached bool
	// progress is a summary, such as "3 of 5 runners connected", and details says all that helps to find out why it is
	// no more.
	progress, details string
}

// pollUntil polls until the condition is reached. Transient errors do not end the wait, any other error does. The last
// poll starts when the timeout is reached.
func (w wait) pollUntil(ctx context.Context, c condition) error {
	start := time.Now()
	state := waiting{wait: w, condition: c, observed: "nothing, because no poll succeeded"}
	for {
		seen, err := pollWithin(ctx, max(w.timeout-time.Since(start), 0)+pollGrace, c)
		switch {
		case err == nil:
			state.observed = seen.details
		case ctx.Err() != nil || !isTransient(err):
			return err
		}
		state.waited = time.Since(start)
		state.reportPoll(ctx, seen.progress, err)
		switch {
		case err == nil && seen.isReached:
			return nil
		case state.waited >= w.timeout:
			return state.timeoutError(err)
		}
		select {
		case <-time.After(min(w.pollInterval, w.timeout-state.waited)):
		case <-ctx.Done():
			return state.canceledError(ctx.Err())
		}
	}
}

func pollWithin(ctx context.Context, timeout time.Duration, c condition) (observation, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return c.poll(ctx)
}

// isTransient reports whether a poll may succeed later.
func isTransient(err error) bool {
	return circleci.IsRetryable(err) || errors.Is(err, context.DeadlineExceeded)
}

// waiting is a wait that has begun.
type waiting struct {
	wait
	condition condition
	observed  string
	waited    time.Duration
}

// reportPoll writes the result of a poll to the log, and to the CLI if the wait has a report.
func (w waiting) reportPoll(ctx context.Context, progress string, err error) {
	waited := formatDuration(w.waited.Round(time.Second))
	tflog.Info(ctx, "Polled for a condition of the Runner API", map[string]any{
		"condition": w.condition.String(), "observed": w.observed, "waited": waited, "timeout": formatDuration(w.timeout),
	})
	switch {
	case w.report == nil:
	case err != nil:
		w.report("the poll failed, " + waited + ": " + err.Error())
	default:
		w.report(progress + ", " + waited)
	}
}

// timeoutError returns the error of a wait that timed out. If the last poll failed, its error is what needs advice.
func (w waiting) timeoutError(last error) error {
	message := fmt.Sprintf("timed out after %s waiting for %s; last observed: %s",
		formatDuration(w.waited), w.condition, w.observed)
	if last != nil {
		return fmt.Errorf("%s; the last poll failed: %w", message, last)
	}
	advice := w.condition.advice() + ", or increase " + w.timeoutPath.String() + "."
	return &advisedError{message: message, advice: advice}
}

func (w waiting) canceledError(err error) error {
	message := fmt.Sprintf("canceled while waiting for %s; last observed: %s", w.condition, w.observed)
	return &advisedError{message: message, advice: "The wait was interrupted. It has changed nothing.", cause: err}
}

// plural returns the noun for a number of things.
func plural(n int64, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
