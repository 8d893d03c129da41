package provider

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// advisedError is returned for what the provider finds, not the client, with what to do about it in sentences.
type advisedError struct {
	message, advice string
	// cause may be nil.
	cause error
}

func (e *advisedError) Error() string { return e.message }

// Unwrap returns the cause.
func (e *advisedError) Unwrap() error { return e.cause }

// rejectedAdvice is for an error with a message of the API.
const rejectedAdvice = "The API rejected the request: its message says why."

// sentence returns an error as a sentence.
func sentence(err error) string {
	detail := err.Error()
	detail = strings.ToUpper(detail[:1]) + detail[1:]
	if !hasTerminalPunctuation.MatchString(detail) {
		detail += "."
	}
	return detail
}

// hasTerminalPunctuation matches a quoted message with a full stop of its own.
var hasTerminalPunctuation = regexp.MustCompile(`[.!?…]"$`)

// statusOf returns the HTTP status that an error is about, 0 when it is about none, or when the outcome is not known.
func statusOf(err error) int {
	uncertain, status := (*circleci.UncertainError)(nil), (*circleci.StatusError)(nil)
	if errors.As(err, &uncertain) || !errors.As(err, &status) || status.FromProxy {
		return 0
	}
	return status.StatusCode
}

// apiStatusOf is statusOf, but 0 for an HTML page, which the API does not send.
func apiStatusOf(err error) int {
	status := (*circleci.StatusError)(nil)
	if errors.As(err, &status) && status.Body == circleci.BodyHTML {
		return 0
	}
	return statusOf(err)
}

// isUnsupported reports whether a status may mean that an installation does not have what was requested.
func isUnsupported(status int) bool {
	return slices.Contains([]int{
		http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented,
	}, status)
}
