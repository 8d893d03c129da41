package circleci

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

const (
	// pageLimit is how many objects a page has: the most that the fleet API accepts.
	pageLimit = 250
	// maxPages bounds the pages of one list.
	maxPages = 100
)

// listedObject is an object in a list of the fleet API, as the response has it.
type listedObject[T any] interface {
	// value returns what the client makes of the object, or what is wrong with it.
	value() (T, error)
	// resourceClass is the class that the object is about.
	resourceClass() string
	// keys are what no other object in the list may have.
	keys() []string
}

// listPages returns what a list of the fleet API has on all of its pages, in their order. They have one deadline.
func listPages[T any, O listedObject[T]](
	ctx context.Context, c *Client, endpoint string, filter RunnerFilter,
) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, ReadTimeout)
	defer cancel()
	parameter, _, value := filter.selected()
	call := fleetCall(endpoint)
	call.query = url.Values{
		"filter[" + strings.ReplaceAll(parameter, "-", "_") + "]": {value}, "page[limit]": {strconv.Itoa(pageLimit)},
	}
	list := pages[T, O]{
		filter: filter, secrets: c.service.secrets, values: []T{}, known: map[string]bool{}, cursors: map[string]bool{},
	}
	for {
		next, err := read(ctx, c, call, list.add)
		switch {
		case err != nil:
			return nil, err
		case next == "":
			return list.values, nil
		}
		call.query.Set("page[cursor]", next)
	}
}

// pages are those of a list that were read so far.
type pages[T any, O listedObject[T]] struct {
	filter  RunnerFilter
	secrets redactor
	values  []T
	// known are the keys of the objects, in lower case, and cursors those that led to a page.
	known, cursors map[string]bool
}

// add adds a page, and returns the cursor of the next one, "" for none.
func (p *pages[T, O]) add(body []byte) (next string, err error) {
	var page struct {
		Data []O `json:"data"`
		Page *struct {
			Next nullable `json:"next"`
		} `json:"page"`
	}
	err = decodeInto(&page, body)
	switch {
	case err != nil:
		return "", err
	case page.Data == nil:
		return "", errors.New("has no data")
	case page.Page == nil || !page.Page.Next.isSet:
		return "", errors.New("has no page.next, which says whether it is the last page")
	}
	for i, object := range page.Data {
		value, err := object.value()
		if err != nil {
			return "", fmt.Errorf("%w in data[%d]", err, i)
		}
		if err := p.check(object); err != nil {
			return "", err
		}
		p.values = append(p.values, value)
	}
	return page.Page.Next.text, p.follow(page.Page.Next.text)
}

// check rejects an object that was not requested, or was listed before: it must not inflate a count.
func (p *pages[T, O]) check(object O) error {
	if class := object.resourceClass(); !p.filter.matches(class) {
		return fmt.Errorf("lists resource class %q, though only %s was requested", p.secrets.sanitize(class), p.filter)
	}
	for _, key := range object.keys() {
		if p.known[strings.ToLower(key)] {
			return fmt.Errorf("lists %q twice", p.secrets.sanitize(key))
		}
		p.known[strings.ToLower(key)] = true
	}
	return nil
}

// follow rejects a cursor with which the list would not end.
func (p *pages[T, O]) follow(cursor string) error {
	switch {
	case cursor == "":
		return nil
	case p.cursors[cursor]:
		return fmt.Errorf("repeats the cursor %q in page.next", p.secrets.sanitize(cursor))
	case len(p.cursors) == maxPages-1:
		return fmt.Errorf("has another page after %d pages", maxPages)
	}
	p.cursors[cursor] = true
	return nil
}
