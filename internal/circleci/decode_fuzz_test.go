package circleci

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzDecode compares each decoder with a slow and simple reference, which decodes the complete response to a tree with
// encoding/json. Both must accept the same responses, with the same result.
func FuzzDecode(f *testing.F) {
	const (
		runner = `"resource_class":"acme/linux","name":"one"`
		class  = `"id":"2bc0df8e-d258-4ae8-9c2b-3793f004725f","resource_class":"acme/linux","description":"Linux"`
		token  = `"id":"9e12ad09-527d-482c-b7ce-1a2fd20d1b9b","resource_class":"acme/linux","nickname":null,"created_at":"2020-10-01T09:55:00Z"`
	)
	for _, seed := range []string{
		``, `{}`, `[]`, `null`, `42`, `[42]`, "\ufeff" + `{"items":[]}`, `<html><title>Sign in</title></html>`,
		`{"items":[]}`, `{"items":null}`, `{"Items":[]}`, `{"items":{}}`, `{"items":[null]}`, `{"items":[[]]}`, `{"items":[{}]}`,
		`{"items":[]}{"items":[]}`, `{"items":[]}x`, `{"items":[],}`, `{"items":[],"items":[]}`, `{"items":[],"item\u0073":[]}`,
		`{"items":[],"other":1,"other":2}`, `{"items":[],"other":[{"a":1,"\u0061":1}]}`, `{"items":[],"other":"\udc00\ud800"}`,
		`{"items":[],"other":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
		`{"items":[],"other":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + `}`,
		`{"items":[],"next_page_token":"2"}`, `{"items":[],"next_page_token":null,"next_page_token":null}`,
		`{"items":[],"page":{"next":null},"links":{"next":""},"has_more":false,"truncated":false,"cursor":null,"next":""}`,
		`{"items":[],"page":{"next":1}}`, `{"items":[],"links":{"next":{}}}`, `{"items":[],"next":0}`, `{"items":[],"page":1,"page":2}`, `{"items":[],"links":{"next":null,"next":null}}`,
		`{"items":[],"links":[{"next":1}],"page":"next"}`, `{"items":[],"has_more":true}`, `{"items":[],"nextPageToken":"a"}`,

		`{"items":[{` + runner + `}]}`, `{"items":[{` + runner + `},{` + runner + `,"id":1},{"id":1.0,` + runner + `}]}`,
		`{"items":[{` + runner + `,"id":1},{"n\u0061me":"one","id":1,"resource_class":"acme\/linux"}]}`,
		`{"items":[{` + runner + `,"name":"two"}]}`, `{"items":[{` + runner + `,"version":3}]}`,
		`{"items":[{` + runner + `,"hostname":"h","first_connected":"2020-05-15T00:00:00Z","last_connected":null,` +
			`"last_used":"","version":"1.0.12345-abcdef0"},{"name":"","resource_class":""}],"next_page_token":null}`,
		` { "next_page_token" : "" , "items" : [ { ` + runner + ` , "ip" : [1.5e3, {"name":2}] } ] , "other" : true } `,
		`{"items":[{"n\u0061me":"\u00e9 \ud83d\ude00 \"\\\/","resource_class":"acme\/linux"}]}`,
		`{"items":[{` + runner + `,"ip":"192.0.2.1","status":"idle"},{` + runner + `,"ip":null}]}`,
		`{"items":[{` + runner + `,"ip":"192.0.2.1","ip":7,"status":true}]}`, `{"items":[{` + runner, `{"items":[{` + runner + `},]}`,
		`{"items":[{"resource_class":null,"name":"one"}]}`, `{"items":[{"resource_class":"acme/linux","Name":"one"}]}`,
		`{"items":[{"resource_class":"acme/linux","name":"` + "\xff" + `"}]}`, `{"items":[{"resource_class":"acme/linux","name":"\ud800"}]}`,

		`{"items":[{` + class + `}]}`, `{"items":[{` + class + `},{` + strings.Replace(class, "2bc0", "2BC0", 1) + `}]}`,
		`{` + class + `}`, `{` + class + `}x`,
		`{"items":[{"id":"7","resource_class":"","description":""}]}`, `{"items":[{"id":null,"resource_class":"","description":""}]}`,
		`{"items":[{"id":"2BC0DF8E-d258-4ae8-9c2b-3793f004725f"}]}`, `{` + class + `,"id":"2bc0df8e-d258-4ae8-9c2b-3793f004725f"}`,
		`{"items":[{` + token + `,"token":7}],"next_page_token":null}`, `{` + token + `}`,
		`{` + token + `,"token":"secret"}`, `{` + token + `,"token":""}`,

		` { "other" : [ 1e400 ] , "unclaimed_task_coun\u0074" : 7 } `, `{"Unclaimed_Task_Count":1}`, `{"running_runner_tasks":1}`,
		`{"unclaimed_task_count":1,"unclaimed_task_count":1}`, `{"unclaimed_task_count":1,"unclaimed_task_coun\u0074":2}`,
		`{"unclaimed_task_count":4`, `{"unclaimed_task_count":42}x`, `{"unclaimed_task_count":42}{"unclaimed_task_count":42}`,
		`{"unclaimed_task_count":42,}`, `{"unclaimed_task_count":42,"other":"` + "\xed\xa0\x80" + `"}`, `{"unclaimed_task_count":42,"\ud800":1}`,
	} {
		f.Add([]byte(seed))
	}
	for _, count := range []string{
		`0`, `42`, `9223372036854775807`, `9223372036854775808`, `18446744073709551616`, `-1`, `-0`, `42.0`, `4e1`, `042`, `+1`, `0x2A`, `4_2`,
		`NaN`, `null`, `true`, `"42"`, `[42]`, `{}`, ``, strings.Repeat("9", 1000),
	} {
		f.Add([]byte(`{"unclaimed_task_count":` + count + `}`))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		given := bytes.Clone(body)
		tree, isJSON := referenceTree(given)
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
		if want, ok := referenceCount(tree, "unclaimed_task_count"); (err == nil) != (ok && isJSON) || err == nil && count != want {
			t.Fatalf("the decoder returns %d, %v; the reference returns %d, %t", count, err, want, ok)
		}
		if !bytes.Equal(body, given) {
			t.Fatalf("the decoders modified the response to %q", body)
		}
	})
}

// rules say by key which values an object may have. A key that is missing has the value nil, like null.
type rules map[string]func(value any) bool

var (
	runnerRules = rules{
		"resource_class": isText, "name": isText, "hostname": isOptional, "version": isOptional, "ip": isOptional, "status": isOptional,
		"first_connected": isOptional, "last_connected": isOptional, "last_used": isOptional,
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
	if runners, isRunners := any(want).([]Runner); isRunners {
		slices.SortFunc(runners, compareRunners)
	}
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

func hasRepeated(items []any) bool {
	seen := map[string]bool{}
	for _, item := range items {
		seen[string(encode(item))] = true
	}
	return len(seen) < len(items)
}

func hasRepeatedID(items []any) bool {
	var ids []any
	for _, item := range items {
		object, _ := item.(map[string]any)
		id, _ := object["id"].(string)
		ids = append(ids, strings.ToLower(id))
	}
	return hasRepeated(ids)
}

// isNoHint reports whether a value does not say that there is another page.
func isNoHint(value any) bool { return value == nil || value == "" || value == false }

// referenceItems returns the items of a complete list.
func referenceItems(tree any) ([]any, bool) {
	top, _ := tree.(map[string]any)
	items, ok := top["items"].([]any)
	for _, key := range []string{"next_page_token", "nextPageToken", "next_page", "next", "cursor", "has_more", "truncated"} {
		ok = ok && isNoHint(top[key])
	}
	for _, key := range []string{"page", "links"} {
		links, _ := top[key].(map[string]any)
		ok = ok && isNoHint(links["next"])
	}
	return items, ok
}

func referenceCount(tree any, key string) (int64, bool) {
	top, _ := tree.(map[string]any)
	number, isNumber := top[key].(json.Number)
	if !isNumber || strings.Trim(string(number), "0123456789") != "" {
		return 0, false
	}
	n, ok := new(big.Int).SetString(string(number), 10)
	if !ok || n.Cmp(big.NewInt(math.MaxInt64)) > 0 {
		return 0, false
	}
	return n.Int64(), true
}

// referenceTree decodes a body that is exactly one value of strict JSON: nil, a bool, a json.Number, a string, a []any or a
// map[string]any.
func referenceTree(body []byte) (tree any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	ok = utf8.Valid(body) && json.Valid(body) && d.Decode(&tree) == nil && !hasLoneSurrogate(body)
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

var escapes = regexp.MustCompile(`(?i)\\u(d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|[0-9a-f]{4})|\\[^u]`)

// hasLoneSurrogate reports whether an escape from \ud800 to \udfff is not part of a pair, which encoding/json decodes to
// U+FFFD. Backslashes are in strings only, because the JSON is valid.
func hasLoneSurrogate(body []byte) bool {
	return slices.ContainsFunc(escapes.FindAll(body, -1), func(escape []byte) bool {
		return len(escape) == len(`\ud800`) && (escape[2] == 'd' || escape[2] == 'D') && escape[3] >= '8'
	})
}
