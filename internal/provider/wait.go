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

// waitAttributes are the attributes that every wait_for has besides its own limits.
func waitAttributes(limits map[string]schema.Attribute) map[string]schema.Attribute {
	limits["timeout"] = schema.StringAttribute{
		Optional:            true,
		Validators:          []validator.String{isDuration()},
		MarkdownDescription: fmt.Sprintf("How long to wait at most, as a duration such as `90s` or `1h30m`. Default `%s`.", formatDuration(defaultWaitTimeout)),
	}
	limits["poll_interval"] = schema.StringAttribute{
		Optional:            true,
		Validators:          []validator.String{isDurationOfAtLeast(minPollInterval)},
		MarkdownDescription: fmt.Sprintf("How long to wait between two polls, as a duration of at least `%s`. Default `%s`.", formatDuration(minPollInterval), formatDuration(defaultPollInterval)),
	}
	return limits
}

// wait is how long and how often to look for something.
type wait struct{ timeout, pollInterval time.Duration }

// newWait reads the attributes of a wait_for, which validators have checked.
func newWait(timeout, pollInterval types.String) wait {
	return wait{
		timeout:      durationOrDefault(timeout, defaultWaitTimeout),
		pollInterval: durationOrDefault(pollInterval, defaultPollInterval),
	}
}

// durationOr reads an attribute that a validator has checked.
func durationOrDefault(text types.String, otherwise time.Duration) time.Duration {
	if d, err := time.ParseDuration(text.ValueString()); err == nil {
		return d
	}
	return otherwise
}

// look is one look at what is waited for: whether it is there, and what is there instead.
type pollFunc func(ctx context.Context) (done bool, there string, err error)

// until looks until what is wanted is there. Faults that pass are waited out; any other error ends the wait at once. The
// last look is made when the time is over.
func (w wait) pollUntil(ctx context.Context, client *circleci.Client, wanted string, look pollFunc) error {
	start := client.Now()
	ended := &waitTimeoutError{wanted: wanted, there: "nothing could be read"}
	for {
		left := w.timeout - client.Now().Sub(start)
		done, there, err := w.poll(ctx, client, left, look)
		switch ended.last = err; {
		case err == nil && done:
			return nil
		case err == nil:
			ended.there = there
		case ctx.Err() != nil || !circleci.IsRetryable(err) && !errors.Is(err, context.DeadlineExceeded):
			return err
		}
		ended.waited = client.Now().Sub(start)
		if ended.waited >= w.timeout {
			return ended
		}
		tflog.Info(ctx, "Waiting for the Runner API to show what is wanted", map[string]any{
			"wanted": wanted, "there": ended.there, "waited": formatDuration(ended.waited), "timeout": formatDuration(w.timeout),
		})
		if err := client.Sleep(ctx, min(w.pollInterval, w.timeout-ended.waited)); err != nil {
			return err
		}
	}
}

// finalLook is how long a look may take that begins when the time is nearly over.
const finalPollTimeout = 30 * time.Second

func (wait) poll(ctx context.Context, client *circleci.Client, left time.Duration, look pollFunc) (done bool, there string, err error) {
	ctx, cancel := client.StartRead(ctx, min(max(left, finalPollTimeout), circleci.ReadTimeout))
	defer cancel()
	return look(ctx)
}

// waitError is a wait whose time is over.
type waitTimeoutError struct {
	wanted, there string
	waited        time.Duration
	// last is why the last look failed, nil when it did not.
	last error
}

func (e *waitTimeoutError) Error() string {
	text := fmt.Sprintf("Waited %s for %s; there was: %s", formatDuration(e.waited), e.wanted, e.there)
	if e.last != nil {
		text += ". The last look failed: " + e.last.Error()
	}
	return text
}

// Unwrap returns why the last look failed.
func (e *waitTimeoutError) Unwrap() error { return e.last }

// short writes a duration without parts that are zero: 10m, not 10m0s.
func formatDuration(d time.Duration) string {
	precision := time.Millisecond
	if d >= time.Minute {
		precision = time.Second
	}
	text := d.Round(precision).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}
