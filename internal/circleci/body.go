package circleci

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
)

const (
	// maxBodyBytes bounds the body of a response, decompressed. 100,000 runners take three quarters of it.
	maxBodyBytes = 32 << 20
	// maxErrorBodyBytes bounds how much is read of a response with a status other than 200.
	maxErrorBodyBytes = 1 << 20
	// maxHeadBytes bounds how much of a page is searched for its title.
	maxHeadBytes = 64 << 10
)

// tooLargeError is a body that is larger than a limit in bytes.
type tooLargeError int64

func (e tooLargeError) Error() string {
	return fmt.Sprintf("is larger than the limit of %d MiB", int64(e)>>20)
}

// readBody reads the body of a response up to the limit. With an error, it returns what was read until then.
func readBody(response *http.Response) ([]byte, error) {
	limit := int64(maxErrorBodyBytes)
	if response.StatusCode == http.StatusOK {
		limit = maxBodyBytes
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if int64(len(body)) > limit {
		return body[:limit], tooLargeError(limit)
	}
	return body, err
}

// BodyKind is the kind of content in the body of a response.
type BodyKind int

// The kinds of a body.
const (
	BodyJSON BodyKind = iota
	BodyHTML
	BodyText
	BodyEmpty
)

func classifyBody(body []byte) BodyKind {
	text := bytes.TrimSpace(body)
	switch {
	case len(text) == 0:
		return BodyEmpty
	case text[0] == '<':
		return BodyHTML
	case text[0] == '{', text[0] == '[':
		return BodyJSON
	}
	return BodyText
}

var titleElement = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// htmlTitle returns the title of a page, or "" if its first maxHeadBytes contain none.
func htmlTitle(page []byte) string {
	if title := titleElement.FindSubmatch(page[:min(len(page), maxHeadBytes)]); title != nil {
		return string(title[1])
	}
	return ""
}
