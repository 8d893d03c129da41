package circleci

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Runner is a self-hosted runner that CircleCI lists. A disconnected runner stays listed for a while: LastConnected, the
// last time CircleCI saw it, is the only way to tell. A nil field is one that the API omitted or set to null, or a time
// that it set to "". Times are RFC 3339 date-times, as the API formats them: see [ParseTime].
//
// Source: GET /runner, https://circleci.com/docs/api/v2/, "Runner".
type Runner struct {
	// ResourceClass is the class that the runner serves, namespace/name.
	ResourceClass string
	// Name is what the runner was registered as.
	Name string
	// Hostname is the name of the machine.
	Hostname *string
	// FirstConnected is when the runner was first seen.
	FirstConnected *string
	// LastConnected is when the runner was last seen.
	LastConnected *string
	// LastUsed is when the runner last claimed a task; nil if it never did.
	LastUsed *string
	// Version is the version of the runner's agent, such as "3.1.2" or "1.0.12345-abcdef0".
	Version *string
	// IP is the address of the machine. It is observed with V3, not documented, and read in a listing of an
	// organization only.
	IP *string
	// Status is "idle" or "busy". It is observed with V3, not documented, and read in a listing of an organization only.
	Status *string
}

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
	switch {
	case f.OrganizationID != "":
		return "organization " + f.OrganizationID
	case f.ResourceClass != "":
		return "resource class " + f.ResourceClass
	}
	return "namespace " + f.Namespace
}

func (f RunnerFilter) query() url.Values {
	switch {
	case f.OrganizationID != "":
		return url.Values{"org-id": {f.OrganizationID}}
	case f.ResourceClass != "":
		return url.Values{"resource-class": {f.ResourceClass}}
	}
	return url.Values{"namespace": {f.Namespace}}
}

// Matches reports whether the runners of a resource class match the filter. Names are compared as by [ResourceClassKey].
// An organization matches every class, because a runner does not state its organization.
func (f RunnerFilter) Matches(class string) bool {
	switch {
	case f.OrganizationID != "":
		return true
	case f.ResourceClass != "":
		return SameName(class, f.ResourceClass)
	}
	return InNamespace(class, f.Namespace)
}

// ListRunners returns the runners that match the filter, sorted by resource class, name, hostname and then the
// remaining fields, so that the order of the response does not matter. Without any runner, the list is empty, not nil.
//
// The error is a *StatusError, a *ResponseError, a *RedirectError, a *CertificateError, a *NoTLSError, a
// *TLSAlertError, a *RequestError, or a *RetryError around one of them, or wraps ctx.Err().
//
// Source: GET /runner, https://circleci.com/docs/api/v2/, "Runner".
func (c *Client) ListRunners(ctx context.Context, filter RunnerFilter) ([]Runner, error) {
	body, request, err := c.get(ctx, "runner", filter.query())
	if err != nil {
		return nil, err
	}
	keys := runnerKeys[:documentedKeys]
	if filter.OrganizationID != "" {
		keys = runnerKeys
	}
	runners, err := decodeRunners(body, keys)
	if err != nil {
		return nil, c.newResponseError(request, body, err)
	}
	for i := range runners {
		// A service that ignores the filter must not inflate a count of runners.
		if class := runners[i].ResourceClass; !filter.Matches(class) {
			return nil, &ResponseError{Request: request, Reason: fmt.Sprintf("lists a runner of resource class %q, though only %s was requested",
				c.sanitize(class), filter)}
		}
	}
	slices.SortFunc(runners, compareRunners)
	for i := range runners[:max(0, len(runners)-1)] {
		if compareRunners(runners[i], runners[i+1]) != 0 {
			continue
		}
		// Equal in all decoded fields; the remaining ones decide whether one runner is listed twice.
		if name, class, repeated := repeatedItem(body); repeated {
			return nil, &ResponseError{Request: request, Reason: fmt.Sprintf("lists the runner %q of resource class %q twice, with all fields equal",
				c.sanitize(name), c.sanitize(class))}
		}
		break
	}
	return runners, nil
}

func compareRunners(a, b Runner) int {
	// One of these two nearly always differs.
	if order := strings.Compare(a.ResourceClass, b.ResourceClass); order != 0 {
		return order
	}
	if order := strings.Compare(a.Name, b.Name); order != 0 {
		return order
	}
	return cmp.Or(
		compareOptional(a.Hostname, b.Hostname),
		compareOptional(a.FirstConnected, b.FirstConnected),
		compareOptional(a.LastConnected, b.LastConnected),
		compareOptional(a.LastUsed, b.LastUsed),
		compareOptional(a.Version, b.Version),
		compareOptional(a.IP, b.IP),
		compareOptional(a.Status, b.Status),
	)
}

// compareOptional sorts nil before every string.
func compareOptional(a, b *string) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return strings.Compare(*a, *b)
}
