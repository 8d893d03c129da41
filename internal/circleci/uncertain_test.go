package circleci_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// hangAfter calls cancel and does not respond.
func hangAfter(cancel func()) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		circlecitest.Hang().ServeHTTP(w, r)
	})
}

// createdToken is a response to the creation of a token.
const createdToken = `{"id":"` + newID + `","resource_class":"acme/old","nickname":"ci-1",` +
	`"created_at":"2026-01-01T00:00:00Z","token":"` + secret + `"}`

// After these responses it is not known whether a token was created. It is not sent again; what exists is listed.
func TestUncertain(t *testing.T) {
	raw := func(code int, body string) http.Handler { return circlecitest.Raw(code, "application/json", body) }
	edited := func(oldnew ...string) http.Handler {
		return raw(201, strings.NewReplacer(oldnew...).Replace(createdToken))
	}
	repeat := http.RedirectHandler("/api/v3/runner/token", http.StatusTemporaryRedirect)
	type row struct {
		response http.Handler
		// want is the end of the cause.
		want string
	}
	tests := map[string]row{
		"202":      {raw(202, createdToken), "returned 202 Accepted"},
		"redirect": {repeat, "to http://127.0.0.1:80, which was not followed"},
		"closed":   {circlecitest.AbortConnection(), "the connection was closed before a response came"},
		"reset":    {circlecitest.Reset(""), "connection reset by peer"},
		"timeout":  {circlecitest.Hang(), "timed out after 1m0s waiting for a complete response"},
		"truncated": {
			circlecitest.TruncatedBody(createdToken), "the connection was closed in the middle of the response",
		},
		"empty":               {raw(201, ""), "the response is empty"},
		"page":                {raw(201, "<title>"+secret), "the response is an HTML page, not JSON"},
		"list":                {raw(201, `{"items":[]}`), "the response has no resource_class"},
		"ID that is no UUID":  {edited(newID, "42"), "the response has no UUID for id"},
		"ID of another token": {edited(newID, oldTokenID), "has the ID " + oldTokenID + ", which existed before"},
		"other class": {
			edited("acme/old", "acme/new"), "the response is about resource class (redacted), though acme/old was requested",
		},
		"trailing data": {edited("}", "}}"), "after top-level value"},
		"no secret":     {edited(secret, ""), "the response has no token, which is the secret"},
		"no time":       {edited("2026-01-01", "today"), "the response has no RFC 3339 date-time for created_at"},
	}
	for _, code := range []int{408, 425, 500, 502, 503, 504, 524} {
		want := strings.TrimSpace(fmt.Sprintf("returned %d %s", code, http.StatusText(code)))
		tests[want] = row{raw(code, ""), want}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
				server.Enqueue(nil, server.After(test.response))
				_, err := createToken.do(t.Context(), client)
				equal(t, "requests", sent(server), []string{createToken.list, createToken.post, createToken.list})
				uncertain := errorOf[*circleci.UncertainError](t, err)
				equal(t, "IDs that appeared", uncertain.Appeared, created(server))
				equal(t, "error of the listing", errorText(uncertain.ListErr), "")
				equal(t, "is retryable", circleci.IsRetryable(err), false)
				assertSuffix(t, uncertain.Err.Error(), test.want)
				want := "; the request may have been carried out; new since then: " + created(server)[0]
				equal(t, "error", err.Error(), uncertain.Err.Error()+want)
			}, withRetries(4))
		})
	}
	serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(nil, circlecitest.Error(503, "busy"))
		_, err := createToken.do(t.Context(), client)
		assertSuffix(t, errorText(err), "; the request may have been carried out, although nothing new was listed afterwards")
	}, withRetries(4))
}

func TestCreateUnverified(t *testing.T) {
	serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(nil, server.After(circlecitest.AbortConnection()), circlecitest.Error(403, "no more"))
		_, err := createToken.do(t.Context(), client)
		uncertain := errorOf[*circleci.UncertainError](t, err)
		assertSuffix(t, errorText(uncertain.ListErr), `returned 403 Forbidden: "no more"`)
		assertSuffix(t, err.Error(), ", and what exists could not be listed ("+uncertain.ListErr.Error()+")")
	})
}

// What is being created when the operation is canceled, as Ctrl-C does, may still end for a short time, and so may the
// listing that verifies it.
func TestCreateCanceledInFlight(t *testing.T) {
	serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		server.Intercept(func(r *http.Request) http.Handler {
			if r.Method == http.MethodPost {
				cancel()
				time.Sleep(time.Second)
			}
			return nil
		})
		id, err := createToken.do(ctx, client)
		equal(t, "error", errorText(err), "")
		equal(t, "created", created(server), []string{id})
		equal(t, "requests", sent(server), []string{createToken.list, createToken.post})
	})
	serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		server.Enqueue(nil, hangAfter(cancel), circlecitest.Hang())
		start := time.Now()
		_, err := createToken.do(ctx, client)
		uncertain := errorOf[*circleci.UncertainError](t, err)
		assertSuffix(t, uncertain.Err.Error(), ": context canceled")
		equal(t, "the listing was canceled", errors.Is(uncertain.ListErr, context.Canceled), true)
		equal(t, "elapsed", time.Since(start), 5*time.Second+5*time.Second)
	})
}

// A response that rejects a creation counts even when the operation has ended meanwhile.
func TestCreateRejectedAfterEnd(t *testing.T) {
	serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		server.Enqueue(nil, circlecitest.Delay(3*time.Second, circlecitest.Error(409, "no")))
		_, err := createClass.do(ctx, client)
		equal(t, "status", errorOf[*circleci.StatusError](t, err).StatusCode, 409)
		equal(t, "uncertain", errors.As(err, new(*circleci.UncertainError)), false)
	})
}

// A request that did not arrive, or was not let in, is sent again until it is carried out once.
func TestCreateNotArrived(t *testing.T) {
	const failures = 3
	closing := circlecitest.WithHeader(circlecitest.JSON(`{"items":[]}`), "Connection", "close")
	refuse := func(config *circleci.Config) {
		dial, n := config.DialContext, 0
		config.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if n++; n > 1 && n <= 1+failures {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
			}
			return dial(ctx, network, address)
		}
	}
	serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(closing)
		id, err := createToken.do(t.Context(), client)
		equal(t, "error", errorText(err), "")
		equal(t, "created", created(server), []string{id})
		equal(t, "requests", sent(server), []string{createToken.list, createToken.post})
	}, withRetries(failures), refuse)
	serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(slices.Concat([]http.Handler{nil}, slices.Repeat([]http.Handler{retryAfter(429, "7")}, failures))...)
		id, err := createToken.do(t.Context(), client)
		equal(t, "error", errorText(err), "")
		equal(t, "created", created(server), []string{id})
		equal(t, "requests", len(sent(server)), 1+failures+1)
	}, withRetries(1))
	synctest.Test(t, func(t *testing.T) { // The handshake fails.
		server, trusting := startTLSServer(t, circlecitest.NewCA(), "127.0.0.1", (*circlecitest.Server).UseMemory)
		server.Enqueue(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			closing.ServeHTTP(w, r)
			server.ResetConnections(failures)
		}))
		id, err := createClass.do(t.Context(), newClient(t, server, withRetries(failures), trusting))
		equal(t, "error", errorText(err), "")
		equal(t, "created", created(server), []string{id})
		equal(t, "requests", sent(server), []string{createClass.list, createClass.post})
	})
}

// What was not sent is not uncertain: a creation that is canceled before there is a connection, or that would be sent
// again after its deadline only.
func TestCreateNotSent(t *testing.T) {
	serveObjects(t, func(t *testing.T, server *circlecitest.Server, _ *circleci.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		client := newClient(t, server, func(config *circleci.Config) {
			dial, dials := config.DialContext, 0
			config.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				if dials++; dials == 2 {
					cancel()
					time.Sleep(3 * time.Second)
				}
				return dial(ctx, network, address)
			}
		})
		start := time.Now()
		_, err := createToken.do(ctx, client)
		equal(t, "is a cancellation", errors.Is(err, context.Canceled), true)
		equal(t, "uncertain", errors.As(err, new(*circleci.UncertainError)), false)
		equal(t, "elapsed", time.Since(start), time.Duration(0))
		time.Sleep(time.Hour)
		equal(t, "requests", sent(server), []string{createToken.list})
	})
	serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		server.Enqueue(nil, retryAfter(429, "7"))
		_, err := createToken.do(ctx, client)
		equal(t, "pause", errorOf[*circleci.RetryError](t, err).RetryAfter, 7*time.Second)
		equal(t, "uncertain", errors.As(err, new(*circleci.UncertainError)), false)
	}, withRetries(1))
}
