package provider

import (
	"context"
	"net/http"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// logSubsystem is the name of the log subsystem of requests: module circleci.runner_api.
const logSubsystem = "runner_api"

// logAttempt logs an attempt of the client at DEBUG, and at INFO when the API limits the rate of requests.
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
		message, fields["error"] = failure, attempt.Err.Error()
	}
	ctx = tflog.NewSubsystem(ctx, logSubsystem)
	if attempt.StatusCode == http.StatusTooManyRequests {
		tflog.SubsystemInfo(ctx, logSubsystem, "The Runner API rate-limits requests, so they are sent more slowly", fields)
		return
	}
	tflog.SubsystemDebug(ctx, logSubsystem, message, fields)
}
