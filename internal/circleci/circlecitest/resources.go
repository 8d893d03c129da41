package circlecitest

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// The service's own limits.
const (
	DefaultMaxResourceClasses = 650
	DefaultMaxTokens          = 10
)

// resources are the resource classes and runner tokens that a Server holds, in the order of their creation.
type resources struct {
	classes []ResourceClass
	tokens  []Token
	// agents are those of the fleet API, by class in lower case.
	agents        map[string][]Agent
	hasNoFleetAPI bool
	// namespaces are those that exist, nil when all do.
	namespaces            []string
	maxClasses, maxTokens int
}

func newResources() resources {
	return resources{agents: map[string][]Agent{}, maxClasses: DefaultMaxResourceClasses, maxTokens: DefaultMaxTokens}
}

// SetNamespaces says which namespaces exist. Without a call, every namespace does.
func (s *Server) SetNamespaces(namespaces ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources.namespaces = append([]string{}, namespaces...)
}

// SetLimits says how many resource classes a namespace may have, and how many tokens a resource class.
func (s *Server) SetLimits(resourceClasses, tokens int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources.maxClasses, s.resources.maxTokens = resourceClasses, tokens
}

// routeResource is route for resource classes and tokens, of which only a personal token can read and change any. rest
// is what follows "resource/" or "token/" in the path.
func (s *Server) routeResource(r *http.Request, resource, rest string, v3 bool) http.Handler {
	cookie, _ := r.Cookie("ring-session")
	_, launch := authenticate(r)
	id, suffix, _ := strings.Cut(rest, "/")
	isForced := resource == "resource" && suffix == "force"
	switch request := r.Method + " " + resource; {
	case launch, cookie != nil && cookie.Value == SessionCookie:
		return Error(http.StatusForbidden, "Permission denied")
	case rest == "" && request == "GET resource":
		return s.listClasses(r, v3)
	case rest == "" && request == "POST resource":
		return s.createClass(r)
	case rest == "" && request == "GET token":
		return s.listTokens(r)
	case rest == "" && request == "POST token":
		return s.createToken(r)
	case suffix != "" && !isForced:
		return Error(http.StatusNotFound, "Not found")
	case rest == "" || r.Method != http.MethodDelete:
		return Error(http.StatusMethodNotAllowed, "Method not allowed")
	case !uuidForm.MatchString(id):
		return Error(http.StatusBadRequest, "id is not a valid UUID")
	case resource == "token":
		return s.deleteToken(id)
	default:
		return s.deleteClass(id, isForced)
	}
}

// After processes a request and then responds with another handler, as if an error occurred between the service and its
// client. For an error before the service processes the request, the handler alone is enough.
func (s *Server) After(response http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.respond(discard{http.Header{}}, r)
		response.ServeHTTP(w, r)
	})
}

// discard discards a response.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

func (r *resources) findClass(name string) int {
	return slices.IndexFunc(r.classes, func(c ResourceClass) bool { return strings.EqualFold(c.ResourceClass, name) })
}

func (r *resources) hasNamespace(name string) bool {
	isName := func(namespace string) bool { return strings.EqualFold(namespace, name) }
	return r.namespaces == nil || slices.ContainsFunc(r.namespaces, isName)
}

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// newUUID makes a random UUID, of version 4.
func newUUID() string {
	var b [16]byte
	_, err := rand.Read(b[:])
	must(err)
	return formatUUID(b)
}

// formatUUID formats random bytes as a UUID of version 4.
func formatUUID(b [16]byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// respondJSON responds with a status and a value.
func respondJSON(status int, value any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, status, value) })
}
