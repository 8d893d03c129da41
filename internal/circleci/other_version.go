package circleci

import (
	"context"
	"errors"
	"net/http"
)

// ProbeOtherVersion repeats a request that was not found with the other API version, once, to find out why: an installation
// responds with 404 to an API version that it does not serve, and to a resource class or namespace that it does not know.
// The error is that of a read. The status is 200 when the other version has what was requested, 404 when it has not, and 0
// when that is unknown, for example because the read failed with another error. The response itself is discarded.
//
// Source: "Errors", https://circleci.com/docs/api/v2/, and observed.
func (c *Client) ProbeOtherVersion(ctx context.Context, err error) (version APIVersion, status int) {
	version = V3
	if c.config.APIVersion == V3 {
		version = V2
	}
	var notFound *StatusError
	if !errors.As(err, &notFound) || notFound.StatusCode != http.StatusNotFound {
		return version, 0
	}
	u := c.config.APIURL.JoinPath("api", string(version), notFound.Endpoint)
	u.RawQuery = notFound.query.Encode()

	body, err := c.reportedAttempt(ctx, call{method: http.MethodGet, accepted: []int{http.StatusOK}}, u,
		Attempt{Method: http.MethodGet, URL: c.redact(u.String()), Number: 1})
	switch other := (*StatusError)(nil); {
	case err == nil && classifyBody(body) == BodyJSON:
		return version, http.StatusOK
	case errors.As(err, &other) && other.StatusCode == http.StatusNotFound:
		return version, http.StatusNotFound
	}
	return version, 0
}
