package circleci

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
	"golang.org/x/net/http/httpproxy"
)

// Client is a client of one Runner API. It is safe for concurrent use.
type Client struct {
	service *service
	// handle sends a call: the chain of handlers, the outermost first.
	handle   handler
	versions *versions
	kept     *http.Transport
	// classes and tokens are the listings that refreshes share. Whatever writes forgets them.
	classes listings[ResourceClass]
	tokens  listings[RunnerToken]
	outage  outage
	// classLock is for creating a resource class, tokenLock for the tokens of one.
	classLock, tokenLock createLock
}

// New returns a client. It sends nothing yet. Proxies are taken from HTTPS_PROXY and NO_PROXY.
func New(config Config) *Client {
	if config.TLS == nil {
		config.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.RequestTimeout == 0 {
		config.RequestTimeout = DefaultRequestTimeout
	}
	if config.MaxConcurrentRequests == 0 {
		config.MaxConcurrentRequests = DefaultMaxConcurrentRequests
	}
	proxy, proxySecrets := newProxy(httpproxy.FromEnvironment())
	service := &service{
		config:     config,
		credential: newRedactor(config.Credential.secrets()...),
		secrets:    newRedactor(append(config.Credential.secrets(), proxySecrets...)...),
	}
	c := &Client{service: service, kept: newTransport(config, proxy)}
	sender := &sender{
		service:      service,
		http:         &http.Client{Transport: c.kept, CheckRedirect: checkRedirect},
		httpOnce:     &http.Client{Transport: withoutReuse(c.kept), CheckRedirect: checkRedirect},
		deprecations: deprecations{report: config.OnDeprecation},
	}
	c.versions = newVersions(service, c.classes.keep)
	attempts := retry(service, newLimits(config.MaxConcurrentRequests), once(sender.send))
	c.handle = limitTime(fleetAPI(config.Credential, attempts, c.versions.find(attempts)))
	return c
}

// Close ends the idle connections that the client kept for its next request.
func (c *Client) Close() { c.kept.CloseIdleConnections() }

// APIVersion returns the version that requests are sent to, Auto until a read has found it out.
func (c *Client) APIVersion() APIVersion { return cmp.Or(c.versions.current(), Auto) }

// Sanitize returns a string from the server, such as a runner's name, in a form that is safe in an error message.
func (c *Client) Sanitize(text string) string { return c.service.secrets.sanitize(text) }

// Quote quotes a string that the server wrote exactly, as %q does, but without a secret and not too long.
func (c *Client) Quote(text string) string {
	return strconv.Quote(truncate(c.service.secrets.redact(text)))
}

// read sends a GET request, and returns what decode makes of the response.
func read[T any](ctx context.Context, c *Client, call apiCall, decode func(body []byte) (T, error)) (result T, err error) {
	err = c.handle(ctx, readInto(call, &result, decode))
	return result, err
}

// postJSON sends fields as JSON, and returns what decode makes of the response. If the call creates something, the error is
// an *UncertainError when the outcome is not known.
func postJSON[T any](
	ctx context.Context, c *Client, call apiCall, fields any, decode func(body []byte) (T, error),
) (result T, err error) {
	var none T
	call.body, err = json.Marshal(fields)
	if err != nil {
		return none, err
	}
	call.method, call.accepted = http.MethodPost, []int{http.StatusOK, http.StatusCreated}
	call.decode = func(body []byte) (err error) {
		result, err = decode(body)
		return err
	}
	if err := c.handle(ctx, call); err != nil {
		return none, err
	}
	return result, nil
}

// delete deletes what has an ID. It may be repeated, so it is retried after transient errors.
//
// After a 404, isListed decides whether it is gone: a credential that may not see it gets a 404, too.
// What is gone is no error. isListed also finds out the version of the API, to which alone a write is sent.
func (c *Client) delete(
	ctx context.Context, endpoint, id, suffix string, isListed func(context.Context) (bool, error),
) error {
	if err := c.checkID(id); err != nil {
		return err
	}
	c.forgetListings()
	defer c.forgetListings()
	if c.versions.current() == "" {
		if _, err := isListed(ctx); err != nil && !isNotFound(err) {
			return err
		}
	}
	err := c.handle(ctx, apiCall{
		method:   http.MethodDelete,
		endpoint: endpoint + "/" + id + suffix,
		accepted: []int{http.StatusOK, http.StatusNoContent},
		decode: func(body []byte) error {
			if classifyBody(body) == BodyHTML {
				return errors.New("is an HTML page") // Of a proxy, a sign-in page for one.
			}
			return nil
		},
	})
	if !isNotFound(err) {
		return err
	}
	switch listed, listErr := isListed(ctx); {
	case listErr != nil:
		return fmt.Errorf("%w; what exists could not be listed (%w)", err, listErr)
	case listed:
		return err
	}
	return nil
}

// checkID requires a UUID for what is part of a path, which otherwise could be that of something else.
func (c *Client) checkID(id string) error {
	if !IsUUID(id) {
		return fmt.Errorf("ID %q is not a UUID", c.service.secrets.sanitize(id))
	}
	return nil
}

// forgetListings makes the next refreshes list again. Call it before and after a write: a listing that was in flight
// meanwhile may or may not show what was written.
func (c *Client) forgetListings() {
	c.classes.forget()
	c.tokens.forget()
}
