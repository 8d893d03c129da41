package circleci

// RunnerFilter says which runners to list. At least one of its fields is set, and OrganizationID alone.
type RunnerFilter struct {
	// ResourceClass selects the runners of one class, namespace/name. It is sent alone, because the service rejects
	// two filters and a class belongs to one namespace.
	ResourceClass string
	// Namespace selects the runners of all classes of a namespace.
	Namespace string
	// OrganizationID selects the runners of an organization, by its UUID. It is observed with V3, not documented.
	OrganizationID string
}

// String describes the filter, such as "resource class acme/linux".
func (f RunnerFilter) String() string {
	_, noun, value := f.selected()
	return noun + " " + value
}

// selected returns the parameter that the API gets, what that selects, and its value.
func (f RunnerFilter) selected() (parameter, noun, value string) {
	switch {
	case f.OrganizationID != "":
		return "org-id", "organization", f.OrganizationID
	case f.ResourceClass != "":
		return "resource-class", "resource class", f.ResourceClass
	}
	return "namespace", "namespace", f.Namespace
}

// matches reports whether the runners of a resource class match the filter. An organization matches every class,
// because a runner does not state its organization.
func (f RunnerFilter) matches(class string) bool {
	return f.OrganizationID != "" || f.ResourceClass != "" && SameName(class, f.ResourceClass) ||
		f.ResourceClass == "" && InNamespace(class, f.Namespace)
}
