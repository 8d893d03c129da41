package provider

import (
	"context"
	"math"
	"net/http"
	"sync"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// logSubsystem is the name of the log subsystem of requests: module circleci.runner_api.
const logSubsystem = "runner_api"

// logAttempt logs an attempt of the client at DEBUG.
func logAttempt(ctx context.Context, attempt circleci.Attempt) {
	fields := map[string]any{
		"method":      attempt.Method,
		"url":         attempt.URL,
		"attempt":     attempt.Number,
		"status":      attempt.StatusCode,
		"duration_ms": attempt.Duration.Milliseconds(),
		"request_id":  attempt.RequestID,
	}
	message, failure := "Read from the Runner API", "Could not read from the Runner API"
	if attempt.Method != http.MethodGet {
		message, failure = "Wrote to the Runner API", "Could not write to the Runner API"
	}
	if attempt.Err != nil {
		message = failure
		fields["error"] = attempt.Err.Error()
	}
	tflog.SubsystemDebug(tflog.NewSubsystem(ctx, logSubsystem), logSubsystem, message, fields)
}

// throttleLogKey is the key of the sync.Once in the context of a read.
type throttleLogKey struct{}

// withThrottleLog makes logThrottle log once for all requests of a read.
func withThrottleLog(ctx context.Context) context.Context {
	return context.WithValue(ctx, throttleLogKey{}, new(sync.Once))
}

// logThrottle logs at INFO that the service rate-limits requests.
func logThrottle(ctx context.Context, throttle circleci.Throttle) {
	write := func() {
		tflog.Info(ctx, "The Runner API rate-limits requests, so they are sent more slowly", map[string]any{
			"retry_after_seconds": throttle.RetryAfter.Seconds(),
			"requests_per_second": math.Round(throttle.Pace*10) / 10,
		})
	}
	if once, ok := ctx.Value(throttleLogKey{}).(*sync.Once); ok {
		once.Do(write)
		return
	}
	write()
}
