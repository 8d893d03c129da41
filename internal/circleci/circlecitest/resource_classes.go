package circlecitest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// ResourceClass is a resource class as the API lists it.
type ResourceClass struct {
	ID            string `json:"id"`
	ResourceClass string `json:"resource_class"`
	Description   string `json:"description"`
	// OrganizationID is the organization that the class is listed under; it is never sent.
	OrganizationID string `json:"-"`
}

// SetResourceClasses replaces all resource classes that the server lists. Their order is the order of the response. A
// class without an ID gets one.
func (s *Server) SetResourceClasses(classes ...ResourceClass) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources.classes = slices.Clone(classes)
	for i := range classes {
		if classes[i].ID == "" {
			s.resources.classes[i].ID = newUUID()
		}
	}
}

// ResourceClasses returns the resource classes that exist, in the order of their creation.
func (s *Server) ResourceClasses() []ResourceClass {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.resources.classes)
}

func (s *Server) listClasses(r *http.Request, v3 bool) http.Handler {
	query := r.URL.Query()
	namespace, organization := query.Get("namespace"), query.Get("org-id")
	switch {
	case organization == "" && namespace == "":
		return Error(http.StatusBadRequest, "namespace or org-id must be given")
	case organization == "" && !s.resources.hasNamespace(namespace):
		return Error(http.StatusNotFound, "namespace not found")
	}
	items := []any{}
	for _, class := range s.resources.classes {
		in, _, _ := strings.Cut(class.ResourceClass, "/")
		switch {
		case organization != "" && !strings.EqualFold(class.OrganizationID, organization),
			organization == "" && !strings.EqualFold(in, namespace):
		case v3:
			items = append(items, struct {
				ResourceClass
				ActiveTasks int64 `json:"active_tasks"`
			}{class, s.tasks[strings.ToLower(class.ResourceClass)].running})
		default:
			items = append(items, class)
		}
	}
	return respondJSON(http.StatusOK, map[string]any{"items": items})
}

var resourceClassForm = regexp.MustCompile(`^[a-z0-9_-]+/[A-Za-z0-9:_+-]+$`)

func (s *Server) createClass(r *http.Request) http.Handler {
	var body struct {
		ResourceClass string `json:"resource_class"`
		Description   string `json:"description"`
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil || !resourceClassForm.MatchString(body.ResourceClass) {
		return Error(http.StatusBadRequest, "resource class not valid")
	}
	namespace, _, _ := strings.Cut(body.ResourceClass, "/")
	inNamespace, organization := 0, "" // A namespace belongs to one organization.
	for _, class := range s.resources.classes {
		if in, _, _ := strings.Cut(class.ResourceClass, "/"); strings.EqualFold(in, namespace) {
			inNamespace++
			organization = cmp.Or(organization, class.OrganizationID)
		}
	}
	switch {
	case !s.resources.hasNamespace(namespace):
		return Error(http.StatusNotFound, "namespace not found")
	case s.resources.findClass(body.ResourceClass) >= 0:
		return Error(http.StatusConflict, "resource class already exists")
	case inNamespace >= s.resources.maxClasses:
		return Error(http.StatusForbidden, "too many resource classes in the namespace")
	}
	class := ResourceClass{
		ID: newUUID(), ResourceClass: body.ResourceClass, Description: body.Description, OrganizationID: organization,
	}
	s.resources.classes = append(s.resources.classes, class)
	return respondJSON(http.StatusCreated, class)
}

// deleteClass deletes a class with its agents, and with force its tokens. Its runners stay listed.
func (s *Server) deleteClass(id string, force bool) http.Handler {
	i := slices.IndexFunc(s.resources.classes, func(c ResourceClass) bool { return strings.EqualFold(c.ID, id) })
	if i < 0 {
		return Error(http.StatusNotFound, "resource class not found")
	}
	class := s.resources.classes[i].ResourceClass
	isItsToken := func(t Token) bool { return strings.EqualFold(t.ResourceClass, class) }
	if !force && slices.ContainsFunc(s.resources.tokens, isItsToken) {
		return Error(http.StatusConflict, "resource class still has tokens")
	}
	s.resources.tokens = slices.DeleteFunc(s.resources.tokens, isItsToken)
	s.resources.classes = slices.Delete(s.resources.classes, i, i+1)
	delete(s.tasks, strings.ToLower(class))
	delete(s.resources.agents, strings.ToLower(class))
	return respondJSON(http.StatusOK, map[string]string{"message": "resource class deleted"})
}
