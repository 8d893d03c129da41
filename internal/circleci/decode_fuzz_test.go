package circleci

import (
	"bytes"
	"encoding/json"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	seedRunner = `"resource_class":"acme/linux","name":"one"`
	seedClass  = `"id":"2bc0df8e-d258-4ae8-9c2b-3793f004725f","resource_class":"acme/linux","description":"Linux"`
	seedToken  = `"id":"9e12ad09-527d-482c-b7ce-1a2fd20d1b9b","resource_class":"acme/linux",` +
		`"nickname":null,"created_at":"2020-10-01T09:55:00Z"`
)

var (
	// Bodies.
	seeds = []string{
		``, `{}`, `[]`, `null`, `42`, "\ufeff" + `{"items":[]}`, `<html></html>`, `{"items":[]}`, `{"items":null}`,
		`{"Items":[]}`, `{"items":{}}`, `{"items":[]}{"items":[]}`, `{"items":[],}`, `{"items":[],"item\u0073":[]}`,
		`{` + seedClass + `}`, `{` + seedClass + `}x`, `{"id":"7","resource_class":"a/b"}`,
		`{` + seedToken + `}`, `{` + seedToken + `,"token":"secret"}`, `{` + seedToken + `,"token":""}`,
		`{"other":[1e400],"unclaimed_task_coun\u0074":7}`, `{"Unclaimed_Task_Count":1}`, `{"unclaimed_task_count":4`,
		`{"unclaimed_task_count":1,"unclaimed_task_count":1}`, "{\"unclaimed_task_count\":42,\"other\":\"\xed\xa0\x80\"}",
	}
	// Members beside an empty list.
	memberSeeds = []string{
		`"other":1,"other":2`, `"other":[{"a":1,"\u0061":1}]`, `"other":` + strings.Repeat("[", 10_001),
		`"next_page_token":"2"`, `"nextPageToken":"a"`, `"next_page":2`, `"next":0`, `"cursor":{}`, `"has_more":true`,
		`"truncated":true`, `"has_more":false,"truncated":false,"cursor":null,"next":""`, `"page":{"next":1}`,
		`"links":{"next":{}}`, `"page":1,"page":2`, `"links":{"next":null,"next":null}`,
		`"links":[{"next":1}],"page":"next"`, `"page":{"next":null},"links":{"next":""}`,
	}
	// Items of a list.
	itemSeeds = []string{
		`null`, `[]`, `{}`, `{` + seedRunner + `}`, `{` + seedRunner + `},{"n\u0061me":"one","resource_class":"a\/b"}`,
		`{` + seedRunner + `,"name":"two"}`, `{` + seedRunner + `,"version":3}`, `{` + seedRunner, `{` + seedRunner + `},`,
		`{` + seedRunner + `,"hostname":"h","first_connected":"2020-05-15T00:00:00Z","last_connected":null,"last_used":""}`,
		`{"name":"","resource_class":""},{` + seedRunner + `,"ip":"192.0.2.1","status":"idle","version":"1.0-a"}`,
		`{"resource_class":null,"name":"one"}`, `{"resource_class":"a","Name":"b"}`,
		"{\"resource_class\":\"\",\"name\":\"\xff\"}",
		`{` + seedClass + `}`, `{` + seedClass + `},{` + strings.Replace(seedClass, "2bc0", "2BC0", 1) + `}`,
		`{"id":null,"resource_class":"a/b"}`, `{"id":"2BC0DF8E-d258-4ae8-9c2b-3793f004725f","resource_class":""}`,
		`{` + seedToken + `,"token":7}`, `{` + strings.Replace(seedToken, "2020", "today", 1) + `}`,
	}
	countSeeds = []string{
		`0`, `9223372036854775807`, `9223372036854775808`, `-1`, `-0`, `42.0`, `4e1`, `042`, `+1`, `null`, `"42"`, `[42]`, ``,
	}
)

// FuzzDecode compares each decoder with a slow and simple reference, which decodes the complete response to a tree with
// encoding/json. Both must accept the same responses, with the same result.
func FuzzDecode(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	add := func(format string, values []string) {
		for _, value := range values {
			f.Add([]byte(strings.Replace(format, "@", value, 1)))
		}
	}
	add(`{"items":[],@}`, memberSeeds)
	add(`{"items":[@]}`, itemSeeds)
	add(`{"unclaimed_task_count":@}`, countSeeds)
	f.Fuzz(func(t *testing.T, body []byte) {
		if surrogate.Match(body) {
			t.Skip("encoding/json accepts half of a surrogate pair")
		}
		tree, isJSON := referenceTree(body)
		items, isList := referenceItems(tree)
		isList = isList && isJSON

		runners, err := decodeRunners(body)
		assertAgree(t, runners, err, items, isList, runnerRules)
		classes, err := decodeResourceClasses(body)
		assertAgree(t, classes, err, items, isList && !hasRepeatedID(items), classRules)
		tokens, err := decodeTokens(body)
		assertAgree(t, tokens, err, items, isList && !hasRepeatedID(items), tokenRules)
		class, err := decodeResourceClass(body)
		assertAgree(t, []ResourceClass{class}, err, []any{tree}, isJSON, classRules)
		created, err := decodeCreatedToken(body)
		assertAgree(t, []createdToken{created}, err, []any{tree}, isJSON, createdRules)

		count, err := decodeCount(body, "unclaimed_task_count")
		want, ok := referenceCount(tree)
		if (err == nil) != (ok && isJSON) || err == nil && count != want {
			t.Fatalf("the decoder returns %d, %v; the reference returns %d, %t", count, err, want, ok)
		}
	})
}

var surrogate = regexp.MustCompile(`(?i)\\ud[89a-f]`)

// rules say by key which values an object may have. A key that is missing has the value nil, like null.
type rules map[string]func(value any) bool

var (
	runnerRules = rules{
		"resource_class": isText, "name": isText, "hostname": isOptional, "version": isOptional, "ip": isOptional,
		"status": isOptional, "first_connected": isOptional, "last_connected": isOptional, "last_used": isOptional,
	}
	classRules   = rules{"id": isID, "resource_class": isSet, "description": isOptional}
	tokenRules   = rules{"id": isID, "resource_class": isSet, "nickname": isOptional, "created_at": isTime}
	createdRules = rules{"id": isID, "resource_class": isSet, "nickname": isOptional, "created_at": isTime, "token": isSet}
)

// emptyIsNull are the keys with times that there are not, when they are "".
var emptyIsNull = []string{"first_connected", "last_connected", "last_used"}

func isText(value any) bool {
	_, ok := value.(string)
	return ok
}

func isOptional(value any) bool { return value == nil || isText(value) }

func isSet(value any) bool { return isText(value) && value != "" }

func isID(value any) bool {
	text, _ := value.(string)
	return IsUUID(text)
}

func isTime(value any) bool {
	text, _ := value.(string)
	_, err := ParseTime(text)
	return err == nil
}

// assertAgree asserts that a decoder accepts items if ok is true and they conform to the rules, and with which result.
func assertAgree[T any](t *testing.T, got []T, err error, items []any, ok bool, rules rules) {
	t.Helper()
	want := make([]T, len(items))
	for i, item := range items {
		object, isObject := item.(map[string]any)
		ok = ok && (isObject || item == nil)
		fields := map[string]any{}
		for key, isValid := range rules {
			value := object[key]
			ok = ok && isValid(value)
			if value != "" || !slices.Contains(emptyIsNull, key) {
				fields[key] = value
			}
		}
		if ok && json.Unmarshal(encode(fields), &want[i]) != nil {
			t.Fatalf("%v is no %T", fields, want[i])
		}
	}
	slices.SortFunc(want, func(a, b T) int { return bytes.Compare(encode(a), encode(b)) })
	got = slices.Clone(got)
	slices.SortFunc(got, func(a, b T) int { return bytes.Compare(encode(a), encode(b)) })
	if (err == nil) != ok || ok && len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Fatalf("the decoder returns %+v, %v; the reference returns %+v, %t", got, err, want, ok)
	}
}

// encode encodes a value with the keys of objects in order.
func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // Unreachable: the value was decoded.
	}
	return text
}

func hasRepeatedID(items []any) bool {
	ids := map[string]bool{}
	for _, item := range items {
		object, _ := item.(map[string]any)
		id, _ := object["id"].(string)
		ids[strings.ToLower(id)] = true
	}
	return len(ids) < len(items)
}

// isNoHint reports whether a value does not say that there is another page.
func isNoHint(value any) bool { return value == nil || value == "" || value == false }

// referenceItems returns the items of a complete list.
func referenceItems(tree any) ([]any, bool) {
	top, _ := tree.(map[string]any)
	items, ok := top["items"].([]any)
	for _, key := range strings.Fields("next_page_token nextPageToken next_page next cursor has_more truncated") {
		ok = ok && isNoHint(top[key])
	}
	for _, key := range []string{"page", "links"} {
		links, _ := top[key].(map[string]any)
		ok = ok && isNoHint(links["next"])
	}
	return items, ok
}

func referenceCount(tree any) (int64, bool) {
	top, _ := tree.(map[string]any)
	number, _ := top["unclaimed_task_count"].(json.Number)
	n, ok := new(big.Int).SetString(string(number), 10)
	if !ok || strings.HasPrefix(string(number), "-") || !n.IsInt64() {
		return 0, false
	}
	return n.Int64(), true
}

// referenceTree decodes a body that is exactly one value of strict JSON.
func referenceTree(body []byte) (tree any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	ok = utf8.Valid(body) && json.Valid(body) && d.Decode(&tree) == nil
	// A key that is repeated is lost in a map.
	return tree, ok && countTokens(body) == countTokens(encode(tree))
}

func countTokens(text []byte) (n int) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		if _, err := d.Token(); err != nil {
			return n
		}
		n++
	}
}
