package circleci

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Runner is a self-hosted runner that CircleCI lists. A disconnected runner stays listed for a while: LastConnected,
// the last time CircleCI saw it, is the only way to tell. A nil field is one that the API omitted or set to null, or a
// time that it set to "". Times are RFC 3339 date-times, as the API formats them: see [ParseTime].
//
// Source: GET /runner, https://circleci.com/docs/api/v2/, "Runner".
type Runner struct {
	// ResourceClass is the class that the runner serves, namespace/name.
	ResourceClass string `json:"resource_class"`
	// Name is what the runner was registered as.
	Name string `json:"name"`
	// Hostname is the name of the machine.
	Hostname *string `json:"hostname"`
	// FirstConnected is when the runner was first seen.
	FirstConnected *string `json:"first_connected"`
	// LastConnected is when the runner was last seen.
	LastConnected *string `json:"last_connected"`
	// LastUsed is when the runner last claimed a task; nil if it never did.
	LastUsed *string `json:"last_used"`
	// Version is the version of the runner's agent, such as "3.1.2" or "1.0.12345-abcdef0".
	Version *string `json:"version"`
	// IP is the address of the machine. It is observed with every version, not documented.
	IP *string `json:"ip"`
	// Status is "idle" or "busy". It is observed with V3, in a listing of an organization only, not documented.
	Status *string `json:"status"`
}

// ListRunners returns the runners that match the filter, sorted by resource class, name, hostname and then the
// remaining fields, so that the order of the response does not matter. Without any runner, the list is empty, not nil.
//
// The error is a *StatusError, a *ResponseError or a *RequestError, or a *RetryError around one of them, or wraps
// ctx.Err(). For an organization it may be ErrVersion3Required.
//
// Source: GET /runner, https://circleci.com/docs/api/v2/, "Runner".
func (c *Client) ListRunners(ctx context.Context, filter RunnerFilter) ([]Runner, error) {
	parameter, _, value := filter.selected()
	call := apiCall{endpoint: "runner", query: url.Values{parameter: {value}}, onlyV3: filter.OrganizationID != ""}
	return read(ctx, c, call, func(body []byte) ([]Runner, error) {
		runners, err := decodeRunners(body)
		if err != nil {
			return nil, err
		}
		for i, runner := range runners {
			switch class := runner.ResourceClass; {
			case !filter.matches(class): // A service that ignores the filter must not inflate a count.
				return nil, fmt.Errorf("lists a runner of resource class %q, though only %s was requested",
					c.Sanitize(class), filter)
			case i > 0 && compareRunners(runners[i-1], runner) == 0:
				return nil, fmt.Errorf("lists runner %q of resource class %s twice",
					c.Sanitize(runner.Name), c.Sanitize(class))
			}
		}
		return runners, nil
	})
}

// decodeRunners returns the runners of a list, sorted.
func decodeRunners(body []byte) ([]Runner, error) {
	// What identifies a runner may be empty, but not missing or null.
	type item struct {
		Runner

		ResourceClass *string `json:"resource_class"`
		Name          *string `json:"name"`
	}
	items, err := decodeList(body, func(item *item) error {
		switch {
		case item.ResourceClass == nil:
			return errors.New("has no resource_class")
		case item.Name == nil:
			return errors.New("has no name")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	runners := make([]Runner, len(items))
	for i, item := range items {
		runners[i] = item.Runner
		runners[i].ResourceClass, runners[i].Name = *item.ResourceClass, *item.Name
		for _, time := range []**string{&runners[i].FirstConnected, &runners[i].LastConnected, &runners[i].LastUsed} {
			*time = nonEmpty(*time)
		}
	}
	slices.SortFunc(runners, compareRunners)
	return runners, nil
}

func compareRunners(a, b Runner) int {
	// One of these two nearly always differs.
	order := cmp.Or(strings.Compare(a.ResourceClass, b.ResourceClass), strings.Compare(a.Name, b.Name))
	if order != 0 {
		return order
	}
	return slices.Compare(a.optional(), b.optional())
}

// optional returns the fields of a runner that may be nil, "" for each that is.
func (r Runner) optional() (values []string) {
	for _, field := range []*string{
		r.Hostname, r.FirstConnected, r.LastConnected, r.LastUsed, r.Version, r.IP, r.Status,
	} {
		value := ""
		if field != nil {
			value = *field
		}
		values = append(values, value)
	}
	return values
}
