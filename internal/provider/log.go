package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// logSubsystem is the name under which requests are logged: module circleci.runner_api.
const logSubsystem = "runner_api"

// logAttempt writes an attempt of the client to the log, at DEBUG.
func logAttempt(ctx context.Context, attempt circleci.Attempt) {
	fields := map[string]any{
		"method":      attempt.Method,
		"url":         attempt.URL,
		"attempt":     attempt.Number,
		"status":      attempt.StatusCode,
		"duration_ms": attempt.Duration.Milliseconds(),
		"request_id":  attempt.RequestID,
	}
	message := "Read from the Runner API"
	if attempt.Err != nil {
		message = "Could not read from the Runner API"
		fields["error"] = attempt.Err.Error()
	}
	tflog.SubsystemDebug(tflog.NewSubsystem(ctx, logSubsystem), logSubsystem, message, fields)
}
