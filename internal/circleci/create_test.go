package circleci_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

const (
	oldClassID = "11111111-1111-4111-8111-111111111111"
	oldTokenID = "22222222-2222-4222-8222-222222222222"
	newID      = "33333333-3333-4333-8333-333333333333"
	otherID    = "44444444-4444-4444-8444-444444444444"
	secret     = "a-secret-of-a-runner-token"
)

// creation creates an object of one kind, on a server that has one of the kind already.
type creation struct {
	name string
	// list and post are the requests that it sends.
	list, post string
	do         func(context.Context, *circleci.Client) (id string, err error)
	// good is a response that is right but for the ID %s.
	good string
	old  string
}

var creations = []creation{
	{
		name: "resource class",
		list: "GET /api/v3/runner/resource?namespace=acme",
		post: `POST /api/v3/runner/resource application/json {"resource_class":"acme/linux","description":"<Linux> & \"more\""}`,
		do: func(ctx context.Context, client *circleci.Client) (string, error) {
			class, err := client.CreateResourceClass(ctx, "acme/linux", `<Linux> & "more"`)
			if err == nil && (class.ResourceClass != "acme/linux" || class.Description != `<Linux> & "more"`) {
				err = fmt.Errorf("got %+v", class)
			}
			return class.ID, err
		},
		good: `{"id":"%s","resource_class":"acme/linux","description":"<Linux> & \"more\""}`,
		old:  oldClassID,
	},
	{
		name: "token",
		list: "GET /api/v3/runner/token?resource-class=acme%2Fold",
		post: `POST /api/v3/runner/token application/json {"resource_class":"acme/old","nickname":"ci-1"}`,
		do: func(ctx context.Context, client *circleci.Client) (string, error) {
			token, value, err := client.CreateToken(ctx, "acme/old", "ci-1")
			if err == nil && (token.ResourceClass != "acme/old" || token.Nickname != "ci-1" || !strings.HasPrefix(value, "circlecitest-")) {
				err = fmt.Errorf("got %+v, %s", token, value)
			}
			return token.ID, err
		},
		good: `{"id":"%s","resource_class":"acme/old","nickname":"ci-1","created_at":"2026-01-01T00:00:00Z","token":"` + secret + `"}`,
		old:  oldTokenID,
	},
}

// created returns the IDs of the objects that were created.
func created(server *circlecitest.Server) (ids []string) {
	for _, class := range server.ResourceClasses() {
		if class.ID != oldClassID {
			ids = append(ids, class.ID)
		}
	}
	for _, token := range server.Tokens() {
		if token.ID != oldTokenID {
			ids = append(ids, token.ID)
		}
	}
	return ids
}

// sent returns the requests that a server received, one a line.
func sent(server *circlecitest.Server) (lines []string) {
	for _, r := range server.Requests() {
		line := r.Method + " " + r.Path
		if len(r.Query) > 0 {
			line += "?" + r.Query.Encode()
		}
		if r.Body != "" {
			line += " " + r.Header.Get("Content-Type") + " " + r.Body
		}
		lines = append(lines, line)
	}
	return lines
}

// create runs a test with virtual time for each kind of object.
func create(t *testing.T, test func(t *testing.T, c creation, server *circlecitest.Server, client *circleci.Client)) {
	t.Helper()
	for _, c := range creations {
		t.Run(c.name, func(t *testing.T) {
			c.inBubble(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) { test(t, c, server, client) })
		})
	}
}

// inBubble runs a test with virtual time, and a server that has one object of each kind.
func (creation) inBubble(t *testing.T, test func(t *testing.T, server *circlecitest.Server, client *circleci.Client)) {
	t.Helper()
	inBubble(t, nil, nil, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.SetResourceClasses(circlecitest.ResourceClass{ID: oldClassID, ResourceClass: "acme/old"})
		server.SetTokens(circlecitest.Token{ID: oldTokenID, ResourceClass: "acme/old"})
		test(t, server, client)
	})
}

// hangAfter calls cancel and does not respond.
func hangAfter(cancel func()) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		circlecitest.Hang().ServeHTTP(w, r)
	})
}

// creationFault is a response from which it is not known whether an object was created.
type creationFault struct {
	response http.Handler
	// reason is the end of the cause's text, where it is the same for all kinds.
	reason string
}

// faults returns the responses to the creation of an object. One of them calls cancel.
func (c creation) faults(cancel func()) map[string]creationFault {
	raw := func(code int, body string) http.Handler { return circlecitest.Raw(code, "application/json", body) }
	good := func(code int, id string, oldnew ...string) http.Handler {
		return raw(code, strings.NewReplacer(oldnew...).Replace(fmt.Sprintf(c.good, id)))
	}
	const (
		before = "the connection was closed before a response came"
		middle = "the connection was closed in the middle of the response"
		html   = `the response is an HTML page, not JSON`
	)
	again := http.RedirectHandler("/api/v3/runner/resource", http.StatusTemporaryRedirect)
	faults := map[string]creationFault{
		"500 with the object":      {response: good(500, newID)},
		"202":                      {response: good(202, newID)},
		"204":                      {response: raw(204, ""), reason: "returned 204 No Content"},
		"redirect":                 {response: circlecitest.Redirect("/"), reason: "to http://127.0.0.1:80, which was not followed"},
		"redirect that repeats":    {response: again, reason: "which was not followed"},
		"closed kept connection":   {response: circlecitest.AbortConnection(), reason: before},
		"reset kept connection":    {response: circlecitest.Reset("")},
		"timeout":                  {response: circlecitest.Hang(), reason: "timed out after 1m0s waiting for a complete response"},
		"truncated response":       {response: circlecitest.TruncatedBody(`{"id":"` + newID), reason: middle},
		"canceled":                 {response: hangAfter(cancel), reason: "context canceled"},
		"empty":                    {response: raw(201, ""), reason: "the response is empty"},
		"HTML":                     {response: raw(201, "<html></html>"), reason: html},
		"list":                     {response: raw(201, `{"items":[]}`), reason: "the response has no resource_class"},
		"null":                     {response: raw(201, `null`), reason: "the response has no resource_class"},
		"ID that is no UUID":       {response: good(201, "42"), reason: "the response has no UUID for id"},
		"other ID that is no UUID": {response: good(201, newID+"0"), reason: "the response has no UUID for id"},
		"ID of another object":     {response: good(200, c.old), reason: "which existed before"},
		"other class":              {response: good(201, newID, "acme/", "other/"), reason: "was requested"},
		"no class":                 {response: good(201, newID, "resource_class", "class"), reason: "the response has no resource_class"},
		"trailing data":            {response: good(201, newID, "}", "}}")},
	}
	for _, code := range []int{408, 425, 500, 502, 503, 504, 524} {
		reason := strings.TrimSpace(fmt.Sprintf("returned %d %s", code, http.StatusText(code)))
		faults[strconv.Itoa(code)] = creationFault{response: raw(code, ""), reason: reason}
	}
	if c.name == "resource class" {
		return faults
	}
	const noToken, noTime = "the response has no token, which is the secret", "the response has no RFC 3339 date-time for created_at"
	maps.Copy(faults, map[string]creationFault{
		"no token":    {response: good(201, newID, `"token"`, `"tokens"`), reason: noToken},
		"null token":  {response: good(201, newID, `"`+secret+`"`, "null"), reason: noToken},
		"empty token": {response: good(201, newID, secret, ""), reason: noToken},
		"no time":     {response: good(201, newID, "2026-01-01", "today"), reason: noTime},
	})
	return faults
}

func TestCreateWithFaults(t *testing.T) {
	for _, c := range creations {
		for name := range c.faults(nil) {
			for _, acted := range []bool{false, true} { // The service may have carried out the request before, or not.
				t.Run(fmt.Sprintf("%s/%s/acted=%t", c.name, name, acted), func(t *testing.T) {
					c.inBubble(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
						ctx, cancel := context.WithCancel(t.Context())
						defer cancel()
						fault := c.faults(cancel)[name]
						if acted {
							fault.response = server.After(fault.response)
						}
						server.Enqueue(nil, fault.response)

						id, err := c.do(ctx, client)
						equal(t, "requests", sent(server), []string{c.list, c.post, c.list})
						created := created(server)
						equal(t, "number of objects", len(created) == 1, acted)
						if acted && c.name == "resource class" {
							equal(t, "error", errorText(err), "")
							equal(t, "ID", id, created[0])
							return
						}
						equal(t, "ID", id, "")
						uncertain := errorOf[*circleci.UncertainError](t, err)
						equal(t, "IDs that appeared", uncertain.Appeared, created)
						equal(t, "error of the list", errorText(uncertain.ListErr), "")
						equal(t, "retryable", circleci.IsRetryable(err), false)
						equal(t, "canceled", errors.Is(err, context.Canceled), name == "canceled")
						request := "POST " + server.URL + strings.Fields(c.post)[1]
						if text := uncertain.Err.Error(); !strings.HasPrefix(text, request) || !strings.HasSuffix(text, fault.reason) {
							t.Errorf("got cause %q, want %q with %q", text, request, fault.reason)
						}
						appeared := ", although nothing new was listed afterwards"
						if acted {
							appeared = ": new since then is " + created[0]
						}
						equal(t, "error", err.Error(), uncertain.Err.Error()+"; the request may have been carried out"+appeared)
						equal(t, "the error holds the secret", strings.Contains(err.Error(), secret), false)
					})
				})
			}
		}
	}
}

// Nothing is sent if what exists cannot be listed first, and nothing is listed again if a response says that nothing was created.
func TestCreateRejected(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409} {
		for name, before := range map[string][]http.Handler{"list": nil, "creation": {nil}} {
			if name == "list" && status == 404 {
				continue // See TestCreateAfterListNotFound.
			}
			create(t, func(t *testing.T, c creation, server *circlecitest.Server, client *circleci.Client) {
				server.Enqueue(append(slices.Clone(before), circlecitest.Error(status, "no"))...)
				id, err := c.do(t.Context(), client)
				equal(t, name+": ID", id, "")
				equal(t, name+": status", errorOf[*circleci.StatusError](t, err).StatusCode, status)
				equal(t, "uncertain", errors.As(err, new(*circleci.UncertainError)), false)
				equal(t, "requests", sent(server), []string{c.list, c.post}[:1+len(before)])
			})
		}
	}
}

// A listing that is not found does not keep anything from being created: a namespace without classes may be responded to so,
// and a class without tokens. What exists then is not known, so nothing is adopted.
func TestCreateAfterListNotFound(t *testing.T) {
	notFound := circlecitest.Error(404, "no")
	create(t, func(t *testing.T, c creation, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(notFound)
		id, err := c.do(t.Context(), client)
		equal(t, "error", errorText(err), "")
		equal(t, "created", created(server), []string{id})
		equal(t, "requests", sent(server), []string{c.list, c.post})
	})
	create(t, func(t *testing.T, c creation, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(notFound, server.After(circlecitest.Error(502, "bad gateway")))
		_, err := c.do(t.Context(), client)
		uncertain := errorOf[*circleci.UncertainError](t, err)
		equal(t, "IDs that appeared", uncertain.Appeared, []string(nil))
		equal(t, "status of the listing", errorOf[*circleci.StatusError](t, uncertain.ListErr).StatusCode, 404)
		equal(t, "requests", sent(server), []string{c.list, c.post})
	})
}

// Whatever is created late is not created twice.
func TestCreateCarriedOutAfterTimeout(t *testing.T) {
	create(t, func(t *testing.T, c creation, server *circlecitest.Server, client *circleci.Client) {
		late := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			time.Sleep(time.Minute)
			server.After(circlecitest.AbortConnection()).ServeHTTP(w, r)
		})
		server.Enqueue(nil, late)
		_, err := c.do(t.Context(), client)
		equal(t, "IDs that appeared", errorOf[*circleci.UncertainError](t, err).Appeared, []string(nil))
		time.Sleep(time.Hour)
		equal(t, "requests", sent(server), []string{c.list, c.post, c.list})
		equal(t, "number of objects", len(created(server)), 1)
	})
}

func TestCreateUnverified(t *testing.T) {
	create(t, func(t *testing.T, c creation, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(nil, server.After(circlecitest.AbortConnection()), circlecitest.Error(403, "no more"))
		_, err := c.do(t.Context(), client)
		list := strings.Replace(c.list, "GET ", "GET "+server.URL, 1) + ` returned 403 Forbidden: "no more"`
		equal(t, "error of the list", errorText(errorOf[*circleci.UncertainError](t, err).ListErr), list)
		assertSuffix(t, err.Error(), `what exists could not be listed (`+list+`)`)

		ctx, cancel := context.WithCancel(t.Context())
		server.Enqueue(nil, hangAfter(cancel), circlecitest.Hang())
		start := time.Now()
		_, err = c.do(ctx, client)
		equal(t, "canceled", errors.Is(errorOf[*circleci.UncertainError](t, err).ListErr, context.Canceled), true)
		equal(t, "elapsed", time.Since(start), 5*time.Second+5*time.Second)
	})
}

// A request that did not arrive, or was not let in, is sent again until it is carried out once.
func TestCreateNotArrived(t *testing.T) {
	const failures = 3
	closing := circlecitest.WithHeader(circlecitest.JSON(`{"items":[]}`), "Connection", "close")
	fail := func(err error) func(*circleci.Config) {
		return func(config *circleci.Config) {
			dial, n := config.DialContext, 0
			config.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				if n++; n > 1 && n <= 1+failures {
					return nil, err
				}
				return dial(ctx, network, address)
			}
		}
	}
	for name, test := range map[string]struct {
		config func(*circleci.Config)
		posts  int
	}{
		"refused":           {config: fail(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}), posts: 1},
		"name not resolved": {config: fail(&net.DNSError{Err: "no such host", Name: "runner.circleci.com", IsNotFound: true}), posts: 1},
		"429":               {config: func(*circleci.Config) {}, posts: 1 + failures},
	} {
		create(t, func(t *testing.T, c creation, server *circlecitest.Server, _ *circleci.Client) {
			server.Enqueue(closing)
			server.Enqueue(slices.Repeat([]http.Handler{retryAfter(429, "7")}, test.posts-1)...)
			id, err := c.do(t.Context(), newClient(t, server, withRetries(failures), test.config))
			equal(t, name+": error", errorText(err), "")
			equal(t, "created", created(server), []string{id})
			equal(t, "requests", sent(server), slices.Concat([]string{c.list}, slices.Repeat([]string{c.post}, test.posts)))
		})
	}
	t.Run("handshake", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ca := circlecitest.NewCA()
			server := circlecitest.NewTLSServer(ca, "127.0.0.1", (*circlecitest.Server).UseMemory)
			t.Cleanup(server.Close)
			server.Enqueue(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				closing.ServeHTTP(w, r)
				server.ResetConnections(failures)
			}))
			client := newClient(t, server, withRetries(failures), trust(t, ca))
			id, err := creations[0].do(t.Context(), client)
			equal(t, "error", errorText(err), "")
			equal(t, "created", created(server), []string{id})
			equal(t, "requests", sent(server), []string{creations[0].list, creations[0].post})
		})
	})
}

// What is being created when the operation is canceled, as Ctrl-C does, is not lost.
func TestCreateCanceledInFlight(t *testing.T) {
	create(t, func(t *testing.T, c creation, server *circlecitest.Server, client *circleci.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		server.Intercept(func(r *http.Request) http.Handler {
			if r.Method == http.MethodPost {
				cancel()
				time.Sleep(time.Second)
			}
			return nil
		})
		id, err := c.do(ctx, client)
		equal(t, "error", errorText(err), "")
		equal(t, "created", created(server), []string{id})
		equal(t, "requests", sent(server), []string{c.list, c.post})
	})
}

// A response that refuses a creation counts even when the operation has ended meanwhile.
func TestCreateRejectedAfterEnd(t *testing.T) {
	for _, status := range []int{403, 409} {
		create(t, func(t *testing.T, c creation, server *circlecitest.Server, client *circleci.Client) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			server.Enqueue(nil, circlecitest.Delay(3*time.Second, circlecitest.Error(status, "no")))
			_, err := c.do(ctx, client)
			equal(t, "status", errorOf[*circleci.StatusError](t, err).StatusCode, status)
			equal(t, "uncertain or timed out", errors.As(err, new(*circleci.UncertainError)) || errors.As(err, new(*circleci.RequestError)), false)

			ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			server.Enqueue(nil, circlecitest.Hang(), circlecitest.Hang())
			_, err = c.do(ctx, client)
			listErr := errorOf[*circleci.UncertainError](t, err).ListErr
			equal(t, "the listing timed out", errors.Is(listErr, context.DeadlineExceeded), true)
		})
	}
}

// A creation that is canceled before there is a connection is not sent.
func TestCreateCanceledWhileDialing(t *testing.T) {
	create(t, func(t *testing.T, c creation, server *circlecitest.Server, _ *circleci.Client) {
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
		_, err := c.do(ctx, client)
		equal(t, "is a cancellation", errors.Is(err, context.Canceled), true)
		equal(t, "uncertain", errors.As(err, new(*circleci.UncertainError)), false)
		equal(t, "elapsed", time.Since(start), time.Duration(0))
		time.Sleep(time.Hour)
		equal(t, "requests", sent(server), []string{c.list})
	})
}

// The connection of the listing may end at any time after it.
func TestCreateOpensConnection(t *testing.T) {
	for _, c := range creations {
		var posts atomic.Int32
		address := listen(t, func(connection net.Conn) {
			request, err := http.ReadRequest(bufio.NewReader(connection))
			if err != nil {
				return
			}
			body := `{"items":[]}`
			if request.Method == http.MethodPost {
				posts.Add(1)
				body = fmt.Sprintf(c.good, newID)
			}
			_, _ = fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			_, _ = connection.Read(make([]byte, 1)) // The connection ends at its second request.
		})
		client := circleci.New(circleci.Config{APIURL: parseURL(t, "http://"+address)})
		t.Cleanup(client.Close)
		_, _ = c.do(t.Context(), client) // The secret is not what it expects.
		equal(t, c.name+": POSTs", posts.Load(), int32(1))
	}
}

func TestCreateRateLimitedPastDeadline(t *testing.T) {
	create(t, func(t *testing.T, c creation, server *circlecitest.Server, client *circleci.Client) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		server.Enqueue(nil, retryAfter(429, "7"))
		_, err := c.do(ctx, client)
		equal(t, "time to wait", errorOf[*circleci.RetryError](t, err).RetryAfter, 7*time.Second)
		equal(t, "uncertain", errors.As(err, new(*circleci.UncertainError)), false)
		equal(t, "requests", sent(server), []string{c.list, c.post})
	})
}

// Of what appeared, only the one class with this name and description is adopted.
func TestCreateResourceClassAdopts(t *testing.T) {
	class := func(id, name, description string) string {
		return fmt.Sprintf(`{"id":%q,"resource_class":%q,"description":%q}`, id, name, description)
	}
	old := class(oldClassID, "acme/linux", "Linux")
	for _, test := range []struct {
		name     string
		listed   []string
		adopted  string
		appeared []string
	}{
		{name: "it", listed: []string{class(otherID, "acme/other", "Linux"), class(newID, "acme/linux", "Linux")}, adopted: newID},
		{name: "in another case", listed: []string{class(newID, "Acme/LINUX", "Linux")}, adopted: newID},
		{name: "existed before", listed: nil},
		{name: "other description", listed: []string{class(newID, "acme/linux", "linux")}, appeared: []string{newID}},
		{
			name: "two", listed: []string{class(otherID, "acme/Linux", "Linux"), class(newID, "acme/linux", "Linux")},
			appeared: []string{otherID, newID},
		},
	} {
		server := startServer(t)
		list := circlecitest.JSON(`{"items":[` + strings.Join(append(test.listed, old), ",") + `]}`)
		server.Enqueue(circlecitest.JSON(`{"items":[`+old+`]}`), circlecitest.Error(500, "oops"), list)
		got, err := newClient(t, server).CreateResourceClass(t.Context(), "acme/linux", "Linux")
		equal(t, test.name+": ID", got.ID, test.adopted)
		if test.adopted == "" {
			equal(t, test.name+": IDs that appeared", errorOf[*circleci.UncertainError](t, err).Appeared, test.appeared)
		} else {
			equal(t, test.name+": error", errorText(err), "")
		}
	}
}

func TestCreateWithoutAName(t *testing.T) {
	create(t, func(t *testing.T, _ creation, server *circlecitest.Server, client *circleci.Client) {
		_, err := client.CreateResourceClass(t.Context(), "linux", "")
		equal(t, "error", errorText(err), `resource class "linux" has no slash between namespace and name`)
		_, _, err = client.CreateToken(t.Context(), "linux", "")
		equal(t, "error", errorText(err), `resource class "linux" has no slash between namespace and name`)
		equal(t, "requests", sent(server), []string(nil))
	})
}

// A token that the client itself creates concurrently is not taken for one that was lost.
func TestCreateTokensConcurrently(t *testing.T) {
	inBubble(t, nil, withRetries(0), func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.SetResourceClasses(circlecitest.ResourceClass{ResourceClass: "acme/linux"})
		server.Enqueue(nil, circlecitest.Delay(time.Second, server.After(circlecitest.Error(503, "busy"))))
		var (
			tokens  [2]circleci.RunnerToken
			errs    [2]error
			creates sync.WaitGroup
		)
		for i, class := range []string{"acme/linux", "ACME/Linux"} {
			creates.Go(func() { tokens[i], _, errs[i] = client.CreateToken(t.Context(), class, "") })
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, _, err := client.CreateToken(ctx, "acme/linux", "")
		equal(t, "error of the one that did not get its turn", errorText(err), "context deadline exceeded")
		creates.Wait()

		equal(t, "error", errorText(errs[1]), "")
		created := created(server)
		equal(t, "number of tokens", len(created), 3) // The first ID is that of the class.
		equal(t, "ID", tokens[1].ID, created[2])
		equal(t, "IDs that appeared", errorOf[*circleci.UncertainError](t, errs[0]).Appeared, created[1:2])
	})
}
