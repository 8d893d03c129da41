package provider

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// daysOrWeeks matches a number of days or weeks, which time.ParseDuration does not know, even one with too many points.
var daysOrWeeks = regexp.MustCompile(`[0-9.]+[dw]`)

// parseDuration parses a duration of Go, in which d is 24 hours and w is 7 days.
func parseDuration(value string) (time.Duration, error) {
	return time.ParseDuration(daysOrWeeks.ReplaceAllStringFunc(value, func(match string) string {
		last := len(match) - 1
		hours := 24.0
		if match[last] == 'w' {
			hours *= 7
		}
		n, err := strconv.ParseFloat(match[:last], 64)
		if err != nil {
			return match // It is not a number or too large, so the duration is invalid.
		}
		return strconv.FormatFloat(n*hours, 'f', -1, 64) + "h"
	}))
}

// durationOrDefault returns the value of a validated attribute, or fallback if it is null or unknown.
func durationOrDefault(value types.String, fallback time.Duration) time.Duration {
	if d, err := parseDuration(value.ValueString()); err == nil {
		return d
	}
	return fallback
}

// durationAtLeast accepts positive durations of at least minimum.
func durationAtLeast(minimum time.Duration) validator.String {
	return durationBetween(minimum, math.MaxInt64)
}

// durationBetween accepts positive durations from minimum to maximum.
func durationBetween(minimum, maximum time.Duration) validator.String {
	return stringFuncValidator{
		check: func(value string) error {
			switch d, err := parseDuration(value); {
			case err != nil:
				return errors.New("is not a duration")
			case d <= 0:
				return errors.New("must be greater than zero")
			case d < minimum:
				return fmt.Errorf("must be at least %s", formatDuration(minimum))
			case d > maximum:
				return fmt.Errorf("must be at most %s", formatDuration(maximum))
			}
			return nil
		},
		summary:     "Invalid duration",
		description: `A duration is one or more numbers with units (w, d, h, m, s, ms), such as "90s" or "1h30m".`,
	}
}

// formatDuration writes a duration without parts that are zero: 10m, not 10m0s.
func formatDuration(d time.Duration) string {
	precision := time.Millisecond
	switch {
	case d >= time.Minute:
		precision = time.Second
	case d >= time.Second:
		precision = 100 * time.Millisecond
	}
	return zeroParts.ReplaceAllString(d.Round(precision).String(), "$1$2")
}

var zeroParts = regexp.MustCompile(`(h)0m0s$|(m)0s$`)
