package circlecitest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// OmitFleetAPI makes the server respond with 404 to the fleet API, as CircleCI Server does.
func (s *Server) OmitFleetAPI() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources.hasNoFleetAPI = true
}

// isFleetResource reports whether the fleet API has a resource.
func isFleetResource(resource string) bool {
	return slices.Contains([]string{"fleets", "agents", "resource-classes"}, resource)
}

// routeFleetAPI is route for the fleet API of version 3, which accepts a personal token, but not with HTTP Basic. rest
// is what follows the resource in the path.
func (s *Server) routeFleetAPI(r *http.Request, resource, rest string) http.Handler {
	token := cmp.Or(r.Header.Get("Circle-Token"), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	id, suffix, _ := strings.Cut(rest, "/")
	isUpdate := resource == "resource-classes" && suffix == "update"
	i := slices.IndexFunc(s.resources.classes, func(c ResourceClass) bool { return strings.EqualFold(c.ID, id) })
	switch {
	case s.resources.hasNoFleetAPI, suffix != "" && !isUpdate, resource == "agents" && rest != "":
		return Error(http.StatusNotFound, "Not found")
	case token != PersonalToken:
		return Error(http.StatusUnauthorized, "Invalid token provided.")
	case isUpdate != (r.Method == http.MethodPost) || !isUpdate && r.Method != http.MethodGet:
		return Error(http.StatusMethodNotAllowed, "Method not allowed")
	case rest == "":
		return s.listFleetResource(resource, r.URL.Query())
	case !uuidForm.MatchString(id):
		return Error(http.StatusBadRequest, "id is not a valid UUID")
	case i < 0:
		return Error(http.StatusNotFound, "resource class not found")
	case isUpdate:
		return s.updateClass(&s.resources.classes[i], r)
	case resource == "fleets":
		return respondJSON(http.StatusOK, object{"data": s.fleetObject(s.resources.classes[i], true)})
	}
	return respondJSON(http.StatusOK, object{"data": classObject(s.resources.classes[i])})
}

// listFleetResource lists what the one filter of a query selects.
func (s *Server) listFleetResource(resource string, query url.Values) http.Handler {
	filters := []string{"filter[org_id]", "filter[namespace]", "filter[resource_class]"}
	if resource == "fleets" {
		filters = append(filters, "filter[resource_class_id]")
	}
	filters = slices.DeleteFunc(filters, func(name string) bool { return !query.Has(name) })
	if len(filters) != 1 {
		return Error(http.StatusBadRequest, "exactly one filter must be given")
	}
	var list []func() object
	for _, class := range s.resources.classes {
		namespace, _, _ := strings.Cut(class.ResourceClass, "/")
		value := map[string]string{
			"filter[org_id]": class.OrganizationID, "filter[namespace]": namespace,
			"filter[resource_class]": class.ResourceClass, "filter[resource_class_id]": class.ID,
		}[filters[0]]
		if !strings.EqualFold(value, query.Get(filters[0])) {
			continue
		}
		switch resource {
		case "fleets":
			list = append(list, func() object { return s.fleetObject(class, false) })
		case "agents":
			for _, agent := range s.resources.agents[strings.ToLower(class.ResourceClass)] {
				list = append(list, func() object { return agent.object(class) })
			}
		default:
			list = append(list, func() object { return classObject(class) })
		}
	}
	if len(list) == 0 && resource == "resource-classes" && query.Has("filter[resource_class]") {
		return Error(http.StatusNotFound, "resource class not found")
	}
	return respondPage(query, list)
}

// respondPage responds with the page of a list that a query selects.
func respondPage(query url.Values, list []func() object) http.Handler {
	const cursor = "from=%d&" // Its characters are escaped in a URL.
	limit, err := strconv.Atoi(cmp.Or(query.Get("page[limit]"), "20"))
	if err != nil || limit < 1 || limit > 250 {
		return Error(http.StatusBadRequest, "page[limit] must be from 1 to 250")
	}
	begin := 0
	if query.Has("page[cursor]") {
		if _, err := fmt.Sscanf(query.Get("page[cursor]"), cursor, &begin); err != nil || begin > len(list) {
			return Error(http.StatusBadRequest, "page[cursor] is not valid")
		}
	}
	next, data := any(nil), []object{}
	if len(list) > begin+limit {
		list, next = list[:begin+limit], fmt.Sprintf(cursor, begin+limit)
	}
	for _, item := range list[begin:] {
		data = append(data, item())
	}
	return respondJSON(http.StatusOK, object{"data": data, "page": object{"next": next}})
}

func classObject(class ResourceClass) object {
	return object{"id": class.ID, "attributes": object{
		"resource_class": class.ResourceClass, "description": class.Description,
	}}
}

// updateClass changes the description of a class in place.
func (*Server) updateClass(class *ResourceClass, r *http.Request) http.Handler {
	var body struct {
		Description *string `json:"description"`
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil || body.Description == nil {
		return Error(http.StatusBadRequest, "description is required")
	}
	class.Description = *body.Description
	return respondJSON(http.StatusOK, object{"data": classObject(*class)})
}
