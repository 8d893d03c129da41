package circleci

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func (c *Client) newStatusError(call call, response *http.Response, body []byte) error {
	e := &StatusError{
		Request: c.request(call), StatusCode: response.StatusCode, Body: classifyBody(body),
		ResourceClass: call.query.Get("resource-class"), IsAboutTokens: call.endpoint == tokenEndpoint,
		retryAfter: parseRetryAfter(response.Header),
	}
	if call.isSecret { // Nothing was created when the API rejects the request in its own words.
		if message := apiMessage(body); isRejection(e) {
			e.Message = c.sanitize(message)
		}
		return e
	}
	switch e.Body {
	case BodyHTML:
		e.Message = c.sanitize(htmlTitle(body))
	case BodyJSON, BodyText:
		e.Message = c.sanitize(apiMessage(body))
		if e.Message == "" {
			e.Message = c.sanitize(string(body))
		}
	}
	return e
}

// parseRetryAfter parses the header Retry-After: a number of seconds, or a date by the server's own clock. It is 0 unless
// that states a time in the future.
func parseRetryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	seconds, err := strconv.ParseUint(text, 10, 63)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(math.MaxInt64/time.Second))) * time.Second
	}
	retry, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(retry.Sub(now), 0)
}

// apiMessage returns what an error in JSON says: its message, its error, or the title and detail of that; "" if it has
// none of them.
func apiMessage(body []byte) string {
	var response struct {
		Message any `json:"message"`
		Error   any `json:"error"`
	}
	if json.Unmarshal(body, &response) != nil {
		return ""
	}
	details, _ := response.Error.(map[string]any)
	title, _ := details["title"].(string)
	detail, _ := details["detail"].(string)
	switch {
	case title == detail:
		title = ""
	case title != "" && detail != "":
		title += ": "
	}
	for _, message := range []any{response.Message, response.Error, title + detail} {
		if text, _ := message.(string); text != "" {
			return text
		}
	}
	return ""
}

// quotedString matches what an error quotes of a response.
var quotedString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// newResponseError describes why a response with an accepted status is rejected. err completes a sentence that starts with
// "the response".
func (c *Client) newResponseError(call call, body []byte, err error) error {
	e := &ResponseError{Request: c.request(call), Body: classifyBody(body), Reason: c.secrets.redact(err.Error())}
	switch {
	case e.Body == BodyEmpty:
		e.Reason = "is empty"
	case e.Body == BodyHTML:
		e.Reason = "is an HTML page, not JSON"
		if title := htmlTitle(body); title != "" && !call.isSecret {
			e.Reason += fmt.Sprintf("; its title is %q", c.sanitize(title))
		}
	case e.Body == BodyText && !jsontext.Value(body).IsValid():
		e.Reason = "is plain text, not JSON"
		if !call.isSecret {
			e.Reason += fmt.Sprintf(": %q", c.sanitize(string(body)))
		}
	case e.Body == BodyText:
		e.Body = BodyJSON // A lone null, number, string or boolean.
	}
	if call.isSecret {
		e.Reason = quotedString.ReplaceAllString(e.Reason, redacted)
	}
	return e
}
