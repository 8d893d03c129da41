package circleci

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Deprecation is the announcement of a response that its endpoint is about to end.
//
// Source: the headers Deprecation (RFC 9745) and Sunset (RFC 8594), observed.
type Deprecation struct {
	// Request is the request: method and URL.
	Request string
	// Since is when the endpoint was deprecated, and Sunset when it ends, as a date such as "2026-03-05", or as the server
	// wrote it. Each may be empty.
	Since, Sunset string
}

// reportDeprecation reports the first announcement that the client gets.
func (c *Client) reportDeprecation(call call, header http.Header) {
	since, sunset := header.Get("Deprecation"), header.Get("Sunset")
	if c.config.OnDeprecation == nil || since == "" && sunset == "" {
		return
	}
	c.deprecation.Do(func() {
		c.config.OnDeprecation(Deprecation{Request: c.request(call), Since: c.date(since), Sunset: c.date(sunset)})
	})
}

// date returns the date of a header: an HTTP date, or the seconds since 1970 after an @. Drafts of RFC 9745 had "true" for
// no date.
func (c *Client) date(header string) string {
	if header == "true" {
		return ""
	}
	if t, err := http.ParseTime(header); err == nil {
		return t.UTC().Format(time.DateOnly)
	}
	if seconds, err := strconv.ParseInt(strings.TrimPrefix(header, "@"), 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC().Format(time.DateOnly)
	}
	return c.sanitize(header)
}
