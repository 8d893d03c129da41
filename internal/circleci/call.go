package circleci

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// APIVersion is a version of the Runner API, as it stands in the path.
type APIVersion string

// The versions of the Runner API. Auto is the one that an installation turns out to serve.
const (
	Auto APIVersion = "auto"
	V2   APIVersion = "v2"
	V3   APIVersion = "v3"
)

// ReadTimeout bounds one call, its retries and waits included.
const ReadTimeout = 5 * time.Minute

// apiCall is one request to the API, whatever it takes to send it.
type apiCall struct {
	method string
	// endpoint is the path after the version, such as "runner/tasks".
	endpoint string
	query    url.Values
	// body is the JSON that is sent, nil for none.
	body []byte
	// accepted are the statuses of success.
	accepted []int
	// decode reads the body of an accepted response. Its error completes a sentence that starts with "the response".
	decode func(body []byte) error
	// isSecret reports whether a response may hold the secret of a token, so that nothing quotes it.
	isSecret bool
	// onlyV3 reports whether version 2 of the API does not have the endpoint.
	onlyV3 bool
	// isFleetAPI reports whether the endpoint is one of the fleet API, which may have another origin.
	isFleetAPI bool
	// isIdempotent reports whether a POST may be sent again, because it creates nothing.
	isIdempotent bool
	// version is the version in the path. The handler of versions or that of the fleet API sets it.
	version APIVersion
	// attempt counts the attempts of the call from 1. The handler retry sets it.
	attempt int
}

// creates reports whether a call creates something, so that it must not be carried out twice.
func (c apiCall) creates() bool { return c.method == http.MethodPost && !c.isIdempotent }

// handler sends a call, or hands it to the next handler. Each has one job.
type handler func(ctx context.Context, call apiCall) error

// limitTime ends a call, with its retries and waits, at ReadTimeout.
func limitTime(next handler) handler {
	return func(ctx context.Context, call apiCall) error {
		ctx, cancel := context.WithTimeout(ctx, ReadTimeout)
		defer cancel()
		return next(ctx, call)
	}
}

// readInto completes a call so that it sets result.
func readInto[T any](call apiCall, result *T, decode func(body []byte) (T, error)) apiCall {
	call.method, call.accepted = http.MethodGet, []int{http.StatusOK}
	call.decode = func(body []byte) (err error) {
		*result, err = decode(body)
		return err
	}
	return call
}
