package circleci

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decodeCount decodes a response such as {"unclaimed_task_count": 42}. Only plain digits are accepted: a missing, null,
// negative or fractional count is an error, never 0.
func decodeCount(body []byte, key string) (int64, error) {
	var (
		d     = newDecoder(body)
		count int64
	)
	seen, err := d.object(rootPath, []string{key}, func(int) (err error) {
		count, err = d.count(key)
		return err
	})
	if err != nil {
		return 0, err
	}
	if !seen.has(0) {
		return 0, fmt.Errorf("has no %s", key)
	}
	return count, d.expectEOF()
}

// decodeRunners decodes a response such as {"items": [{"resource_class": "acme/linux", …}, …]}. A response that may be
// only part of a list, or that is not a list, is an error, never an empty list. Members of a runner other than fields, a
// prefix of runnerKeys, are ignored.
func decodeRunners(body []byte, fields []string) ([]Runner, error) {
	d, runners := newDecoder(body), []Runner{}
	err := d.list(func(index int) error {
		runner, err := d.runner(jsonPath(index), fields)
		runners = append(runners, runner)
		return err
	})
	if err != nil {
		return nil, err
	}
	return runners, nil
}

// list reads a response that is a list. It calls item for each of its items, with the index.
func (d *decoder) list(item func(index int) error) error {
	seen, err := d.object(rootPath, listKeys, func(key int) error {
		switch name := listKeys[key]; name {
		case "items":
			return d.array(name, item)
		case "page", "links":
			return d.pageLinks(name)
		default:
			return d.rejectPagination(name)
		}
	})
	if err != nil {
		return err
	}
	if !seen.has(0) {
		return errors.New("has no items")
	}
	return d.expectEOF()
}

// listKeys are the members of a list that are decoded: its items, and the members by which other APIs indicate another page.
var listKeys = []string{
	"items", "next_page_token", "nextPageToken", "next_page", "next", "cursor", "has_more", "truncated", "page", "links",
}

// pageLinks decodes the value of page or links, which indicates pagination if it is an object with a next page.
func (d *decoder) pageLinks(name string) error {
	if d.PeekKind() != jsontext.KindBeginObject {
		return d.SkipValue()
	}
	_, err := d.object(rootPath, []string{"next"}, func(int) error { return d.rejectPagination(name + ".next") })
	return err
}

// rejectPagination rejects a response that indicates another page: no endpoint is documented to paginate, so a page must
// not be mistaken for the complete list.
func (d *decoder) rejectPagination(hint string) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	switch string(value) {
	case "null", "false", `""`:
		return nil
	}
	return &PaginationError{Hint: hint}
}

// nextLink matches a link to the next page in a Link header.
var nextLink = regexp.MustCompile(`(?i);\s*rel\s*=\s*"?[^",;]*\bnext\b`)

// rejectPaginationHeaders rejects a response whose header indicates another page.
func rejectPaginationHeaders(header http.Header) error {
	switch {
	case nextLink.MatchString(strings.Join(header.Values("Link"), ",")):
		return &PaginationError{Hint: `the header Link with rel="next"`}
	case header.Get("Content-Range") != "":
		return &PaginationError{Hint: "the header Content-Range"}
	}
	return nil
}

// array reads an array. It calls element for each of its elements, with the index.
func (d *decoder) array(key string, element func(index int) error) error {
	if kind := d.PeekKind(); kind != jsontext.KindBeginArray {
		return d.typeError(key, kind, "an array")
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for index := 0; d.PeekKind() != jsontext.KindEndArray; index++ {
		if err := element(index); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// runnerKeys are the fields of a runner. The first two identify it, and the first documentedKeys are documented.
var runnerKeys = []string{
	"resource_class", "name", "hostname", "first_connected", "last_connected", "last_used", "version", "ip", "status",
}

const documentedKeys = 7

// timeKeys are the fields in which an empty string means the same as null: there is no such time.
var timeKeys = []string{"first_connected", "last_connected", "last_used"}

func (d *decoder) runner(where jsonPath, keys []string) (Runner, error) {
	var fields [9]*string
	_, err := d.object(where, keys, func(key int) (err error) {
		fields[key], err = d.optionalString(where, keys[key])
		if value := fields[key]; value != nil && *value == "" && slices.Contains(timeKeys, keys[key]) {
			fields[key] = nil
		}
		return err
	})
	if err != nil {
		return Runner{}, err
	}
	for key := range 2 {
		if fields[key] == nil {
			return Runner{}, fmt.Errorf("has no %s in %s, without which a runner cannot be distinguished from others", runnerKeys[key], where)
		}
	}
	return Runner{
		ResourceClass:  *fields[0],
		Name:           *fields[1],
		Hostname:       fields[2],
		FirstConnected: fields[3],
		LastConnected:  fields[4],
		LastUsed:       fields[5],
		Version:        fields[6],
		IP:             fields[7],
		Status:         fields[8],
	}, nil
}

// repeatedItem finds an item that a list contains twice, with equal values of all members, in any order.
func repeatedItem(body []byte) (name, class string, repeated bool) {
	var list struct {
		Items []jsontext.Value `json:"items"`
	}
	duplicates := jsontext.AllowDuplicateNames(true)
	if json.Unmarshal(body, &list, duplicates) != nil {
		return "", "", false
	}
	seen := make(map[string]bool, len(list.Items))
	for _, item := range list.Items {
		if item.Format(duplicates, jsontext.ReorderRawObjects(true)) != nil {
			continue
		}
		if seen[string(item)] {
			var runner struct {
				ResourceClass string `json:"resource_class"`
				Name          string `json:"name"`
			}
			err := json.Unmarshal(item, &runner, duplicates)
			return runner.Name, runner.ResourceClass, err == nil
		}
		seen[string(item)] = true
	}
	return "", "", false
}

// decoder decodes JSON strictly: valid UTF-8, no lone surrogate, keys in their exact case. It rejects duplicates of the
// decoded keys itself, because duplicates of ignored keys are allowed.
type decoder struct {
	*jsontext.Decoder
	// text is the complete response. Decoded strings are substrings of it, so that they need no memory of their own.
	text string
	// kept holds the strings that pointers refer to, allocated in blocks, because lists are long.
	kept []string
}

func newDecoder(body []byte) *decoder {
	return &decoder{Decoder: jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true)), text: string(body)}
}

// keep returns a pointer to a copy of text.
func (d *decoder) keep(text string) *string {
	if len(d.kept) == cap(d.kept) {
		d.kept = make([]string, 0, min(max(2*cap(d.kept), 16), 1024))
	}
	d.kept = append(d.kept, text)
	return &d.kept[len(d.kept)-1]
}

// jsonPath is the location of an object in a response: rootPath, or the index of an item.
type jsonPath int

const rootPath jsonPath = -1

func (p jsonPath) String() string {
	if p == rootPath {
		return ""
	}
	return "items[" + strconv.Itoa(int(p)) + "]"
}

// of returns the path of a member of the object.
func (p jsonPath) of(key string) string {
	if p == rootPath {
		return key
	}
	return p.String() + "." + key
}

// seenKeys is the set of an object's keys that have been decoded, by index.
type seenKeys uint

func (s seenKeys) has(key int) bool { return s&(1<<key) != 0 }

// object decodes an object. It calls member with the index of each of keys that it finds, and skips the others.
func (d *decoder) object(where jsonPath, keys []string, member func(key int) error) (seen seenKeys, err error) {
	if kind := d.PeekKind(); kind != jsontext.KindBeginObject {
		return 0, d.typeError(where.String(), kind, "an object")
	}
	if _, err := d.ReadToken(); err != nil {
		return 0, err
	}
	for d.PeekKind() != jsontext.KindEndObject {
		key, err := d.key(keys)
		switch {
		case err != nil:
			return 0, err
		case key < 0:
			err = d.SkipValue()
		case seen.has(key):
			return 0, fmt.Errorf("has %s twice", where.of(keys[key]))
		default:
			seen |= 1 << key
			err = member(key)
		}
		if err != nil {
			return 0, err
		}
	}
	_, err = d.ReadToken()
	return seen, err
}

// key decodes the name of a member and returns its index in keys, or -1 if it is none of them.
func (d *decoder) key(keys []string) (int, error) {
	raw, err := d.ReadValue()
	if err != nil {
		return 0, err
	}
	name, err := d.unquote(raw)
	if err != nil {
		return 0, err
	}
	for i, key := range keys {
		if name == key {
			return i, nil
		}
	}
	return -1, nil
}

// optionalString decodes a string or null, for which it returns nil.
func (d *decoder) optionalString(where jsonPath, key string) (*string, error) {
	switch kind := d.PeekKind(); kind {
	case jsontext.KindNull:
		_, err := d.ReadToken()
		return nil, err
	case jsontext.KindString:
		raw, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		text, err := d.unquote(raw)
		if err != nil {
			return nil, err
		}
		return d.keep(text), nil
	default:
		return nil, d.typeError(where.of(key), kind, "a string")
	}
}

// maxQuotedNumber is the maximum length of a number that an error quotes.
const maxQuotedNumber = 40

func (d *decoder) count(key string) (int64, error) {
	if kind := d.PeekKind(); kind != jsontext.KindNumber {
		return 0, d.typeError(key, kind, "a number")
	}
	raw, err := d.ReadValue()
	if err != nil {
		return 0, err
	}
	// ParseUint takes digits only: no sign, fraction or exponent.
	count, err := strconv.ParseUint(string(raw), 10, 63)
	if err != nil {
		value := string(raw)
		if len(raw) > maxQuotedNumber { // Not a prefix, which could be the beginning of a secret.
			value = fmt.Sprintf("of %d characters", len(raw))
		}
		return 0, fmt.Errorf("has %s %s, which is not a whole number from 0 to 9223372036854775807 in plain digits", key, value)
	}
	return int64(count), nil
}

// expectEOF rejects data after the first value.
func (d *decoder) expectEOF() error {
	switch _, err := d.ReadToken(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return errors.New("has trailing data")
}

// typeError reports that a value is not of the wanted kind. If there is no valid value, as in "no healthy upstream", it
// returns the syntax error of the decoder.
func (d *decoder) typeError(where string, kind jsontext.Kind, want string) error {
	switch kind {
	case jsontext.KindBeginObject, jsontext.KindBeginArray:
	default:
		if _, err := d.ReadToken(); err != nil {
			return err
		}
	}
	if where == "" {
		return fmt.Errorf("is %s, not %s", kindName(kind), want)
	}
	return fmt.Errorf("has %s for %s, not %s", kindName(kind), where, want)
}

func kindName(kind jsontext.Kind) string {
	switch kind {
	case jsontext.KindNull:
		return "null"
	case jsontext.KindTrue, jsontext.KindFalse:
		return "a boolean"
	case jsontext.KindString:
		return "a string"
	case jsontext.KindNumber:
		return "a number"
	case jsontext.KindBeginObject:
		return "an object"
	case jsontext.KindBeginArray:
		return "an array"
	}
	return "something else"
}

// unquote returns the value of the JSON string that was just read. It copies nothing unless the string has an escape.
func (d *decoder) unquote(raw jsontext.Value) (string, error) {
	if bytes.IndexByte(raw, '\\') < 0 {
		end := int(d.InputOffset())
		return d.text[end-len(raw)+1 : end-1], nil
	}
	text, err := jsontext.AppendUnquote[[]byte](nil, raw)
	return string(text), err
}
