package circleci_test

import (
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"2020-10-01T09:55:00.000000Z":      "2020-10-01T09:55:00Z", // As CircleCI writes it.
		"2024-02-29T04:05:06.123456-23:59": "2024-03-01T04:04:06.123456Z",
	} {
		got, err := circleci.ParseTime(text)
		equal(t, text, got.UTC().Format(time.RFC3339Nano)+errorText(err), want)
	}
	for _, text := range []string{"", "yesterday", "2024-02-29 04:05:06Z", "2024-02-29T04:05:06", "2023-02-29T04:05:06Z"} {
		_, err := circleci.ParseTime(text)
		equal(t, text, errorText(err), "is not an RFC 3339 date-time")
	}
}
