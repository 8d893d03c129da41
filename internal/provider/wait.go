package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
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

// waitAttributes adds the attributes that every wait_for has to its own limits.
func waitAttributes(limits map[string]schema.Attribute) map[string]schema.Attribute {
	limits["timeout"] = schema.StringAttribute{
		Optional:            true,
		Validators:          []validator.String{isDuration()},
		MarkdownDescription: fmt.Sprintf("How long to wait, as a duration such as `90s` or `1h30m`. Default `%s`.", formatDuration(defaultWaitTimeout)),
	}
	limits["poll_interval"] = schema.StringAttribute{
		Optional:            true,
		Validators:          []validator.String{isDurationOfAtLeast(minPollInterval)},
		MarkdownDescription: fmt.Sprintf("How long to wait between two polls, as a duration of at least `%s`. Default `%s`.", formatDuration(minPollInterval), formatDuration(defaultPollInterval)),
	}
	return limits
}

// wait is how long and how often to poll.
type wait struct{ timeout, pollInterval time.Duration }

// newWait returns the wait of the validated attributes of a wait_for.
func newWait(timeout, pollInterval types.String) wait {
	return wait{
		timeout:      durationOrDefault(timeout, defaultWaitTimeout),
		pollInterval: durationOrDefault(pollInterval, defaultPollInterval),
	}
}

// durationOrDefault returns the value of a validated attribute, or otherwise if it is null or unknown.
func durationOrDefault(value types.String, otherwise time.Duration) time.Duration {
	if d, err := time.ParseDuration(value.ValueString()); err == nil {
		return d
	}
	return otherwise
}

// pollFunc polls once: it reports whether the condition is reached, and what was observed.
type pollFunc func(ctx context.Context) (done bool, observed string, err error)

// pollGrace is how much longer than the timeout the last poll may take.
const pollGrace = time.Second

// pollUntil polls until the condition is reached. Transient errors do not end the wait, any other error does. The last
// poll starts when the timeout is reached.
func (w wait) pollUntil(ctx context.Context, condition string, poll pollFunc) error {
	start := time.Now()
	timeout := &waitTimeoutError{condition: condition, observed: "nothing, because no poll succeeded"}
	for {
		done, observed, err := w.poll(ctx, w.timeout-time.Since(start), poll)
		switch timeout.last = err; {
		case err == nil && done:
			return nil
		case err == nil:
			timeout.observed = observed
		case ctx.Err() != nil || !circleci.IsRetryable(err) && !errors.Is(err, context.DeadlineExceeded):
			return err
		}
		timeout.waited = time.Since(start)
		if timeout.waited >= w.timeout {
			return timeout
		}
		tflog.Info(ctx, "Waiting for a condition of the Runner API", map[string]any{
			"condition": condition, "observed": timeout.observed, "waited": formatDuration(timeout.waited), "timeout": formatDuration(w.timeout),
		})
		select {
		case <-time.After(min(w.pollInterval, w.timeout-timeout.waited)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (wait) poll(ctx context.Context, left time.Duration, poll pollFunc) (done bool, observed string, err error) {
	ctx, cancel := context.WithTimeout(ctx, max(left, 0)+pollGrace)
	defer cancel()
	return poll(ctx)
}

// waitTimeoutError is a wait that timed out.
type waitTimeoutError struct {
	condition, observed string
	waited              time.Duration
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

// formatDuration writes a duration without parts that are zero: 10m, not 10m0s.
func formatDuration(d time.Duration) string {
	precision := time.Millisecond
	switch {
	case d >= time.Minute:
		precision = time.Second
	case d >= time.Second:
		precision = 100 * time.Millisecond
	}
	formatted := d.Round(precision).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(formatted, zero) {
			formatted = formatted[:len(formatted)-2]
		}
	}
	return formatted
}
