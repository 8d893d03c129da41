package circleci

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// deprecations reports the first response that announces the end of its endpoint.
type deprecations struct {
	report func(Deprecation)
	first  sync.Once
}

func (d *deprecations) observe(request string, header http.Header) {
	since, sunset := header.Get("Deprecation"), header.Get("Sunset")
	if d.report != nil && since+sunset != "" {
		d.first.Do(func() { d.report(Deprecation{Request: request, Since: parseDate(since), Sunset: parseDate(sunset)}) })
	}
}

// parseDate returns the date of a header: an HTTP date, or the seconds since 1970 after an @. It is "" for anything
// else, such as the "true" of drafts of RFC 9745.
func parseDate(header string) string {
	if t, err := http.ParseTime(header); err == nil {
		return t.UTC().Format(time.DateOnly)
	}
	if seconds, err := strconv.ParseInt(strings.TrimPrefix(header, "@"), 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC().Format(time.DateOnly)
	}
	return ""
}
