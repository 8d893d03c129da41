package circleci

import (
	"errors"
	"strings"
	"time"
)

// errTime completes a sentence that starts with the string.
var errTime = errors.New("is not an RFC 3339 date-time")

// ParseTime parses a date-time as defined by RFC 3339, section 5.6. It differs from [time.Parse]: T and Z may be in lower
// case, the second may be 60 where a leap second is possible, and no other form is accepted. A leap second is returned as
// the start of the next second.
func ParseTime(text string) (time.Time, error) {
	const date, clock = "0000-00-00T00:00:", "00"
	if len(text) < len(date+clock) {
		return time.Time{}, errTime
	}
	fraction, offset := splitZone(text[len(date+clock):])
	digits := strings.TrimPrefix(fraction, ".")
	if !hasForm(text[:len(date+clock)], date+clock) || !isOffset(offset) ||
		fraction != "" && (digits == "" || digits == fraction || strings.Trim(digits, "0123456789") != "") {
		return time.Time{}, errTime
	}
	second, isLeap := text[len(date):len(date+clock)], false
	if second == "60" {
		second, isLeap = "59", true
	}
	t, err := time.Parse(time.RFC3339, strings.ToUpper(text[:len(date)]+second+fraction+offset))
	if err != nil {
		return time.Time{}, errTime
	}
	if isLeap {
		t = t.Add(time.Second)
		// Leap seconds are the last of a month in UTC.
		if utc := t.UTC(); utc.Day() != 1 || utc.Truncate(time.Second) != utc.Truncate(24*time.Hour) {
			return time.Time{}, errTime
		}
	}
	return t, nil
}

// splitZone splits what follows the seconds into fraction and offset.
func splitZone(text string) (fraction, offset string) {
	if i := strings.IndexAny(text, "Zz+-"); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}

func isOffset(text string) bool {
	if text == "Z" || text == "z" {
		return true
	}
	return (hasForm(text, "+00:00") || hasForm(text, "-00:00")) && text[1:3] < "24" && text[4] < '6'
}

// hasForm reports whether a string has a form, in which 0 stands for any digit. Case is ignored.
func hasForm(text, form string) bool {
	return len(text) == len(form) && strings.EqualFold(form, strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return '0'
		}
		return r
	}, text))
}
