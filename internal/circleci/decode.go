package circleci

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decodeInto decodes the body of a response. Keys match in their exact case. A key that an object contains twice,
// invalid UTF-8 and data after the value are errors.
//
// Its error completes a sentence that starts with "the response", like those of all functions that decode one.
func decodeInto(value any, body []byte) error {
	err := json.Unmarshal(body, value)
	syntax, mismatch := (*jsontext.SyntacticError)(nil), (*json.SemanticError)(nil)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("is truncated: its JSON does not end")
	case errors.As(err, &syntax):
		return fmt.Errorf("is not valid JSON at byte %d: %w", syntax.ByteOffset, syntax.Err)
	case !errors.As(err, &mismatch):
		return err
	}
	where := arrayIndex.ReplaceAllString(string(mismatch.JSONPointer), "[$1]") // Such as items[1].name.
	where = strings.TrimPrefix(strings.ReplaceAll(where, "/", "."), ".")
	switch {
	case errors.Is(err, errNextPage):
		return fmt.Errorf(pageOfSeveral, where)
	case where == "":
		return errors.New("is not a JSON object")
	}
	return errors.New("has a value of another type than documented for " + where)
}

var arrayIndex = regexp.MustCompile(`/(\d+)`)

// decodeCount decodes a response such as {"unclaimed_task_count": 42}.
func decodeCount(body []byte, key string) (int64, error) {
	var members map[string]jsontext.Value
	if err := decodeInto(&members, body); err != nil {
		return 0, err
	}
	value, ok := members[key]
	if !ok {
		return 0, errors.New("has no " + key)
	}
	// ParseUint accepts digits only: no sign, fraction or exponent.
	count, err := strconv.ParseUint(string(value), 10, 63)
	if err != nil {
		const format = "has %.40s for %s, which is not a whole number from 0 to %d in plain digits"
		return 0, fmt.Errorf(format, value, key, int64(math.MaxInt64))
	}
	return int64(count), nil
}

// listResponse is a response such as {"items": [{"resource_class": "acme/linux", …}, …]}. In its other members other
// APIs say that there is another page. No endpoint is documented to have pages, so a page must not be mistaken for the
// list.
type listResponse[T any] struct {
	Items              []T       `json:"items"`
	NextPageToken      pageHint  `json:"next_page_token"`
	NextPageTokenCamel pageHint  `json:"nextPageToken"`
	NextPage           pageHint  `json:"next_page"`
	Next               pageHint  `json:"next"`
	Cursor             pageHint  `json:"cursor"`
	HasMore            pageHint  `json:"has_more"`
	Truncated          pageHint  `json:"truncated"`
	Page               pageLinks `json:"page"`
	Links              pageLinks `json:"links"`
}

// decodeList decodes a complete list, of which validate accepts each item.
func decodeList[T any](body []byte, validate func(item *T) error) ([]T, error) {
	var response listResponse[T]
	if err := decodeInto(&response, body); err != nil {
		return nil, err
	}
	if response.Items == nil {
		return nil, errors.New("has no items")
	}
	for i := range response.Items {
		if err := validate(&response.Items[i]); err != nil {
			return nil, fmt.Errorf("%w in items[%d]", err, i)
		}
	}
	return response.Items, nil
}

// errNextPage is described as pageOfSeveral, with what indicates the next page.
var errNextPage = errors.New("next page")

const pageOfSeveral = "is one page of several (it has %s), but the documented API has no pages"

// pageHint rejects a list that has another page, as every value but null, false and "" indicates.
type pageHint struct{}

// UnmarshalJSON implements json.Unmarshaler.
func (*pageHint) UnmarshalJSON(value []byte) error {
	switch string(value) {
	case "null", "false", `""`:
		return nil
	}
	return errNextPage
}

// pageLinks rejects a list that links to the next page.
type pageLinks struct{}

// UnmarshalJSON implements json.Unmarshaler.
func (*pageLinks) UnmarshalJSON(value []byte) error {
	if jsontext.Value(value).Kind() != jsontext.KindBeginObject {
		return nil
	}
	return json.Unmarshal(value, &struct {
		Next pageHint `json:"next"`
	}{})
}

// nextLink matches a link to the next page in a Link header.
var nextLink = regexp.MustCompile(`(?i);\s*rel\s*=\s*"?[^",;]*\bnext\b`)

// rejectPaginationHeaders rejects a response whose header indicates another page.
func rejectPaginationHeaders(header http.Header) error {
	switch {
	case nextLink.MatchString(strings.Join(header.Values("Link"), ",")):
		return fmt.Errorf(pageOfSeveral, `the header Link with rel="next"`)
	case header.Get("Content-Range") != "":
		return fmt.Errorf(pageOfSeveral, "the header Content-Range")
	}
	return nil
}

// nullable is a string that may be null, but must not be missing: it may have another name by now.
type nullable struct {
	isSet bool
	// text is "" for null.
	text string
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *nullable) UnmarshalJSON(value []byte) error {
	n.isSet = true
	return json.Unmarshal(value, &n.text)
}

// decodeData decodes a response such as {"data": {"id": "…", "attributes": {…}}}.
func decodeData[T any](body []byte) (data T, err error) {
	response := struct {
		Data *T `json:"data"`
	}{}
	err = decodeInto(&response, body)
	switch {
	case err != nil:
		return data, err
	case response.Data == nil:
		return data, errors.New("has no data")
	}
	return *response.Data, nil
}

// nonEmpty returns a field of a response, nil also for "".
func nonEmpty(field *string) *string {
	if field != nil && *field == "" {
		return nil
	}
	return field
}

// ids are those of the objects in a response, in lower case.
type ids map[string]bool

// add adds the ID of an object, which must be a new UUID, and requires its resource class.
func (known ids) add(id, class string) error {
	key := strings.ToLower(id)
	switch {
	case class == "":
		return errors.New("has no resource_class")
	case !IsUUID(id):
		return errors.New("has no UUID for id")
	case known[key]:
		return fmt.Errorf("repeats the ID %s", id)
	}
	known[key] = true
	return nil
}

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// IsUUID reports whether an ID is a UUID in its usual form, RFC 9562, section 4. Case does not matter.
func IsUUID(id string) bool { return uuidForm.MatchString(id) }
