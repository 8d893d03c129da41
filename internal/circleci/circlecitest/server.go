// Package circlecitest is a Runner API on loopback, for tests and demos, in the manner of net/http/httptest: a real
// HTTP server that responds as CircleCI's reference documents, from the runners and tasks that a test sets, records the
// requests, and misbehaves as configured.
package circlecitest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// The credentials that a Server takes.
const (
	PersonalToken = "circlecitest-personal-token"
	LaunchToken   = "circlecitest-launch-token"
	SessionCookie = "circlecitest-session-cookie"
)

// Runner is a runner as the API lists it. A nil LastUsed is sent as null.
type Runner struct {
	ResourceClass  string  `json:"resource_class"`
	Hostname       string  `json:"hostname"`
	Name           string  `json:"name"`
	FirstConnected string  `json:"first_connected"`
	LastConnected  string  `json:"last_connected"`
	LastUsed       *string `json:"last_used"`
	Version        string  `json:"version"`
	IP             string  `json:"ip,omitzero"`
	// Status, "idle" or "busy", is sent by API v3 only, and only in a listing by organization.
	Status string `json:"status,omitzero"`
	// OrganizationID is the organization that the runner is listed under; it is never sent.
	OrganizationID string `json:"-"`
}

// Request is a request that the server received.
type Request struct {
	Method string
	Path   string
	Query  url.Values
	Header http.Header
	// Body is the body, "" when there was none.
	Body string
}

// Server is a Runner API on loopback. All methods are safe for concurrent use.
type Server struct {
	*httptest.Server
	// DialContext opens connections to a server whose connections are in memory; nil for one on loopback.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	mu          sync.Mutex
	runners     []Runner
	tasks       map[string]tasks
	resources   resources
	requests    []Request
	next        []http.Handler
	intercept   func(*http.Request) http.Handler
	connections int
	refusals    int
}

type tasks struct{ unclaimed, running int64 }

// NewServer starts a Server on plain HTTP. The caller closes it.
func NewServer() *Server {
	s := newServer()
	s.Start()
	return s
}

// NewServerOn is NewServer on a listener, which the Server closes.
func NewServerOn(l net.Listener) *Server {
	s := newServer()
	_ = s.Listener.Close()
	s.Listener = &listener{Listener: l, server: s}
	s.Start()
	return s
}

func newServer() *Server {
	s := &Server{tasks: map[string]tasks{}, resources: newResources()}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Listener = &listener{Listener: s.Listener, server: s}
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.connections++
		}
	}
	return s
}

// SetRunners replaces all runners that the server lists. Their order is the order of the list.
func (s *Server) SetRunners(runners ...Runner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runners = slices.Clone(runners)
}

// SetTasks says how many tasks of a resource class wait and run. The class exists from then on.
func (s *Server) SetTasks(resourceClass string, unclaimed, running int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tasks[strings.ToLower(resourceClass)] = tasks{unclaimed, running}
}

// Enqueue queues handlers. Each responds to one of the next requests, in this order; then the server responds as usual
// again. A nil handler leaves a request to the server itself.
func (s *Server) Enqueue(handlers ...http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = append(s.next, handlers...)
}

// Intercept calls choose for each request that no queued handler responds to. The server responds as usual if it
// returns nil. A nil function ends it.
func (s *Server) Intercept(choose func(*http.Request) http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intercept = choose
}

// SetHandler responds to every request with one handler; nil ends that.
func (s *Server) SetHandler(handler http.Handler) {
	s.Intercept(func(*http.Request) http.Handler { return handler })
}

// ResetConnections resets the next n connections as soon as they are opened, before anything is read: a client sees a
// reset, and on HTTPS an aborted handshake.
func (s *Server) ResetConnections(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = n
}

// listener resets the connections that its server should not accept.
type listener struct {
	net.Listener
	server *Server
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		connection, err := l.Listener.Accept()
		if err != nil || !l.server.refuses() {
			return connection, err
		}
		abort(connection)
	}
}

// abort closes a connection so that the client sees a reset.
func abort(connection net.Conn) {
	switch c := connection.(type) {
	case *net.TCPConn:
		_ = c.SetLinger(0) // Closing then sends a reset.
	case *memoryConn:
		c.abort()
	}
	_ = connection.Close()
}

func (s *Server) refuses() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusals == 0 {
		return false
	}
	s.refusals--
	return true
}

// Requests returns the requests that the server received, in order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ResetRecords clears the records of requests and connections.
func (s *Server) ResetRecords() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.connections = nil, 0
}

// Connections returns how many connections were opened to the server.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// Edit responds with a handler that is made from the body of the usual response.
func (s *Server) Edit(edit func(body string) http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		usual := httptest.NewRecorder()
		s.respond(usual, r)
		edit(usual.Body.String()).ServeHTTP(w, r)
	})
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if handler := s.take(r); handler != nil {
		handler.ServeHTTP(w, r)
		return
	}
	s.respond(w, r)
}

// take records a request and returns the handler that a test set, if any.
func (s *Server) take(r *http.Request) http.Handler {
	body, _ := io.ReadAll(r.Body)                // A disconnected client is detected when the response is written.
	r.Body = io.NopCloser(bytes.NewReader(body)) // For the response, even if the client has disconnected.
	s.mu.Lock()
	s.requests = append(s.requests, Request{r.Method, r.URL.Path, r.URL.Query(), r.Header.Clone(), string(body)})
	choose := s.intercept
	if len(s.next) > 0 {
		handler := s.next[0]
		s.next = s.next[1:]
		s.mu.Unlock()
		return handler
	}
	s.mu.Unlock()
	if choose == nil {
		return nil
	}
	return choose(r)
}

func (s *Server) respond(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.route(r).ServeHTTP(w, r)
}

// route implements the API: both versions of its paths, as in CircleCI's reference. As the service does, it
// authenticates a request before it routes it. The caller holds the lock.
func (s *Server) route(r *http.Request) http.Handler {
	personal, launch := authenticate(r)
	rest, v2 := strings.CutPrefix(r.URL.Path, "/api/v2/")
	rest, v3 := strings.CutPrefix(rest, "/api/v3/")
	resource, id, hasID := strings.Cut(strings.TrimPrefix(rest, "runner/"), "/")
	running := rest == "runner/tasks/running" && v3
	switch {
	case !personal && !launch:
		return Error(http.StatusUnauthorized, "Invalid token provided.")
	case (v2 || v3) && (rest == "runner/"+resource || hasID) && (resource == "resource" || resource == "token"):
		return s.routeResource(r, resource, id, v3)
	case v3 && (rest == "runner/"+resource || hasID) && isFleetResource(resource):
		return s.routeFleetAPI(r, resource, id)
	case !v2 && !v3 || rest != "runner" && rest != "runner/tasks" && !running:
		return Error(http.StatusNotFound, "Not found")
	case r.Method != http.MethodGet:
		return Error(http.StatusMethodNotAllowed, "Method not allowed")
	case v3 && launch:
		return Error(http.StatusForbidden, "Permission denied")
	case rest == "runner":
		return s.listRunners(r, v3)
	case running:
		return s.count(r, "running_runner_tasks", func(t tasks) int64 { return t.running })
	}
	return s.count(r, "unclaimed_task_count", func(t tasks) int64 { return t.unclaimed })
}

// authenticate reports whether a request carries a user's credential or a launch token, which reads API v2 only.
func authenticate(r *http.Request) (personal, launch bool) {
	user, password, basic := r.BasicAuth()
	cookie, _ := r.Cookie("ring-session")
	authorization := r.Header.Get("Authorization")
	personal = r.Header.Get("Circle-Token") == PersonalToken ||
		basic && user == PersonalToken && password == "" ||
		authorization == "Bearer "+PersonalToken ||
		cookie != nil && cookie.Value == SessionCookie
	return personal, !personal && authorization == "Bearer "+LaunchToken
}

func (s *Server) listRunners(r *http.Request, v3 bool) http.Handler {
	query := r.URL.Query()
	class, namespace, organization := query.Get("resource-class"), query.Get("namespace"), ""
	if v3 {
		organization = query.Get("org-id")
	}
	if organization == "" && (class == "") == (namespace == "") {
		return Error(http.StatusBadRequest, "exactly one of resource-class and namespace must be given")
	}
	if organization == "" && class != "" && !s.exists(class) {
		return Error(http.StatusNotFound, "resource class not found")
	}
	items := []Runner{}
	for _, runner := range s.runners {
		in, _, _ := strings.Cut(runner.ResourceClass, "/")
		switch {
		case organization != "":
			if !strings.EqualFold(runner.OrganizationID, organization) {
				continue
			}
		case class != "" && !strings.EqualFold(runner.ResourceClass, class),
			namespace != "" && !strings.EqualFold(in, namespace):
			continue
		default:
			runner.Status = ""
		}
		items = append(items, runner)
	}
	return respondJSON(http.StatusOK, map[string]any{"items": items})
}

func (s *Server) count(r *http.Request, key string, count func(tasks) int64) http.Handler {
	switch class := r.URL.Query().Get("resource-class"); {
	case class == "":
		return Error(http.StatusBadRequest, "resource-class is required")
	case !s.exists(class):
		return Error(http.StatusNotFound, "resource class not found")
	default:
		return respondJSON(http.StatusOK, map[string]any{key: count(s.tasks[strings.ToLower(class)])})
	}
}

// exists reports whether a class was created, or was ever given tasks or a runner.
func (s *Server) exists(class string) bool {
	_, found := s.tasks[strings.ToLower(class)]
	isIts := func(r Runner) bool { return strings.EqualFold(r.ResourceClass, class) }
	return found || s.resources.findClass(class) >= 0 || slices.ContainsFunc(s.runners, isIts)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err) // Only a value that this package made wrongly cannot be encoded.
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
