package circleci

import (
	"errors"
	"time"
)

// errTime completes a sentence that starts with the string.
var errTime = errors.New("is not an RFC 3339 date-time")

// ParseTime parses an RFC 3339 date-time, such as 2020-10-01T09:55:00.000000Z.
func ParseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, errTime
	}
	return t, nil
}
