package circleci

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func (s *service) newStatusError(call apiCall, response *http.Response, body []byte) error {
	e := &StatusError{
		Request: s.request(call), StatusCode: response.StatusCode, Body: classifyBody(body),
		Endpoint: call.endpoint, Class: cmp.Or(call.query.Get("resource-class"), call.query.Get("filter[resource_class]")),
		retryAfter: parseRetryAfter(response.Header),
	}
	if call.isSecret { // Nothing was created when the API rejects the request in its own words.
		if message := apiMessage(body); isRejection(e) {
			e.Message = s.secrets.sanitize(message)
		}
		return e
	}
	switch e.Body {
	case BodyHTML:
		e.Message = s.secrets.sanitize(htmlTitle(body))
	case BodyJSON, BodyText:
		e.Message = s.secrets.sanitize(apiMessage(body))
		if e.Message == "" {
			e.Message = s.secrets.sanitize(string(body))
		}
	}
	return e
}

// parseRetryAfter parses the header Retry-After: a number of seconds, or a date by the server's own clock. It is 0
// unless that states a time in the future.
func parseRetryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	seconds, err := strconv.ParseUint(text, 10, 63)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(math.MaxInt64/time.Second))) * time.Second
	}
	later, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(later.Sub(now), 0)
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

// newResponseError describes why a response with an accepted status is rejected. err completes a sentence that starts
// with "the response".
func (s *service) newResponseError(call apiCall, body []byte, err error) error {
	e := &ResponseError{Request: s.request(call), Body: classifyBody(body), Reason: s.secrets.redact(err.Error())}
	switch {
	case e.Body == BodyEmpty:
		e.Reason = "is empty"
	case e.Body == BodyHTML:
		e.Reason = "is an HTML page, not JSON"
		if title := htmlTitle(body); title != "" && !call.isSecret {
			e.Reason += fmt.Sprintf("; its title is %q", s.secrets.sanitize(title))
		}
	case e.Body == BodyText && !jsontext.Value(body).IsValid():
		e.Reason = "is plain text, not JSON"
		if !call.isSecret {
			e.Reason += fmt.Sprintf(": %q", s.secrets.sanitize(string(body)))
		}
	case e.Body == BodyText:
		e.Body = BodyJSON // A lone null, number, string or boolean.
	}
	if call.isSecret {
		e.Reason = quotedString.ReplaceAllString(e.Reason, redacted)
	}
	return e
}

func (s *service) newRequestError(call apiCall, err error) error {
	e := &RequestError{Request: s.request(call)}
	if proxy := (*StatusError)(nil); errors.As(err, &proxy) {
		return &StatusError{Request: e.Request, StatusCode: proxy.StatusCode, FromProxy: true}
	}
	if redirect := (*redirectError)(nil); errors.As(err, &redirect) {
		e.RedirectedTo = s.secrets.sanitize(redirect.to)
		err = redirect
	}
	// url.Error repeats method and URL, which the request says already.
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	e.Err, e.Reason = err, s.secrets.sanitize(s.describe(call, err))
	return e
}

// describe says in words why a request has no complete response.
func (s *service) describe(call apiCall, err error) string {
	operation := (*net.OpError)(nil)
	switch isTimeout := errors.Is(err, context.DeadlineExceeded); {
	case isTimeout && errors.As(err, &operation) && operation.Op == "dial":
		return fmt.Sprintf("timed out after %s opening a connection", s.config.RequestTimeout)
	case isTimeout:
		return fmt.Sprintf("timed out after %s waiting for a complete response", s.attemptTimeout(call))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed in the middle of the response"
	case errors.Is(err, io.EOF):
		return "the connection was closed before a response came"
	}
	return err.Error()
}
