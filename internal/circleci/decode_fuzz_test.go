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

// Both fuzz tests compare a decoder with a slow and simple reference, which decodes the complete response to a tree with
// encoding/json. Both must accept the same responses, with the same result.

func FuzzDecodeRunners(f *testing.F) {
	const identity = `"resource_class":"acme/linux","name":"one"`
	for _, seed := range []string{
		`{"items":[]}`,
		`{"items":[{` + identity + `}]}`,
		`{"items":[{` + identity + `,"hostname":"h","first_connected":"2020-05-15T00:00:00Z","last_connected":null,` +
			`"last_used":"","version":"1.0.12345-abcdef0"},{"name":"","resource_class":""}],"next_page_token":null}`,
		` { "next_page_token" : "" , "items" : [ { ` + identity + ` , "ip" : [1.5e3, {"name":2}] } ] , "other" : true } `,
		`{"items":[{"n\u0061me":"\u00e9 \ud83d\ude00 \"\\\/","resource_class":"acme\/linux"}]}`,
		`{"items":[{` + identity + `,"ip":"192.0.2.1","status":"idle"},{` + identity + `,"ip":null}]}`,
		`{"items":[{` + identity + `,"ip":"192.0.2.1","ip":7,"status":true}]}`,
		`{"items":null}`, `{"Items":[]}`, `{"items":{}}`, `{"items":[null]}`, `{"items":[[]]}`, `{"items":[{}]}`, `{}`, `[]`, `null`, ``,
		`{"items":[],"items":[]}`, `{"items":[],"item\u0073":[]}`, `{"items":[],"other":1,"other":2}`,
		`{"items":[],"next_page_token":"2"}`, `{"items":[],"next_page_token":null,"next_page_token":null}`,
		`{"items":[],"page":{"next":null},"links":{"next":""},"has_more":false,"truncated":false,"cursor":null,"next":""}`,
		`{"items":[],"page":{"next":1}}`, `{"items":[],"page":1,"page":2}`, `{"items":[],"links":{"next":null,"next":null}}`,
		`{"items":[],"links":[{"next":1}],"page":"next"}`, `{"items":[],"has_more":true}`, `{"items":[],"nextPageToken":"a"}`,
		`{"items":[{` + identity + `,"name":"two"}]}`, `{"items":[{` + identity + `,"version":3}]}`,
		`{"items":[{"resource_class":null,"name":"one"}]}`, `{"items":[{"resource_class":"acme/linux","Name":"one"}]}`,
		`{"items":[{` + identity, `{"items":[{` + identity + `},]}`, `{"items":[]}{"items":[]}`, `{"items":[]}x`, `{"items":[],}`,
		`{"items":[{"resource_class":"acme/linux","name":"` + "\xff" + `"}]}`,
		`{"items":[{"resource_class":"acme/linux","name":"\ud800"}]}`, `{"items":[],"other":"\udc00\ud800"}`,
		`{"items":[],"other":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
		`{"items":[],"other":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + `}`,
		"\ufeff" + `{"items":[]}`, `<html><title>Sign in</title></html>`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		given := bytes.Clone(body)
		// The additional fields of a listing by organization are ignored in other listings.
		for _, keys := range [][]string{runnerKeys[:documentedKeys], runnerKeys} {
			got, err := decodeRunners(body, keys)
			want, ok := referenceRunners(given, len(keys) == len(runnerKeys))
			assertAgree(t, body, given, got, err, want, ok)
		}
	})
}

// assertAgree asserts that a decoder and its reference accept the same responses with the same result, and modify none.
func assertAgree[T any](t *testing.T, body, given []byte, got T, err error, want T, ok bool) {
	t.Helper()
	if (err == nil) != ok || ok && !reflect.DeepEqual(got, want) {
		t.Fatalf("the decoder returns %s, %v; the reference returns %s, %t", asJSON(got), err, asJSON(want), ok)
	}
	if !bytes.Equal(body, given) {
		t.Fatalf("the decoder modified the response to %q", body)
	}
}

func FuzzDecodeCount(f *testing.F) {
	count := func(value string) string { return `{"unclaimed_task_count":` + value + `}` }
	for _, seed := range []string{
		count(`0`), count(`42`), count(`9223372036854775807`), ` { "other" : [ 1e400 ] , "unclaimed_task_coun\u0074" : 7 } `,
		count(`9223372036854775808`), count(`18446744073709551616`), count(`-1`), count(`-0`), count(`42.0`), count(`4e1`), count(`042`),
		count(`+1`), count(`0x2A`), count(`4_2`), count(`NaN`), count(`null`), count(`true`), count(`"42"`), count(`[42]`), count(`{}`),
		count(``), `{}`, `{"Unclaimed_Task_Count":1}`, `{"running_runner_tasks":1}`, `42`, `[42]`, `null`, ``,
		`{"unclaimed_task_count":1,"unclaimed_task_count":1}`, `{"unclaimed_task_count":1,"unclaimed_task_coun\u0074":2}`,
		`{"unclaimed_task_count":4`, count(`42`) + `x`, count(`42`) + count(`42`), `{"unclaimed_task_count":42,}`,
		`{"unclaimed_task_count":42,"other":"` + "\xed\xa0\x80" + `"}`, `{"unclaimed_task_count":42,"\ud800":1}`,
		`{"unclaimed_task_count":` + strings.Repeat("9", 1000) + `}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		given := bytes.Clone(body)
		got, err := decodeCount(body, "unclaimed_task_count")
		want, ok := referenceCount(given, "unclaimed_task_count")
		assertAgree(t, body, given, got, err, want, ok)
	})
}

// The decoders of resource classes and tokens, in lists and alone.
func FuzzDecodeResourcesAndTokens(f *testing.F) {
	const (
		class = `"id":"2bc0df8e-d258-4ae8-9c2b-3793f004725f","resource_class":"acme/linux","description":"Linux"`
		token = `"id":"9e12ad09-527d-482c-b7ce-1a2fd20d1b9b","resource_class":"acme/linux","nickname":null,"created_at":"2020-10-01T09:55:00.000000Z"`
	)
	for _, seed := range []string{
		`{"items":[]}`, `{"items":[{` + class + `}]}`, `{"items":[{` + token + `,"token":7}],"next_page_token":null}`, `{` + class + `}`,
		`{` + token + `,"token":"secret"}`, `{` + token + `,"token":""}`, `{` + token + `}`, `{"items":[{` + class + `},{` + class + `}]}`,
		`{"items":[{"id":"7","resource_class":"","description":""}]}`, `{"items":[],"next_page_token":"2"}`, `{"items":[null]}`, ``,
		`{"items":[{"id":null,"resource_class":"","description":""}]}`, `{"items":[{"id":"2BC0DF8E-d258-4ae8-9c2b-3793f004725f"}]}`,
		`{` + class + `,"id":"2bc0df8e-d258-4ae8-9c2b-3793f004725f"}`, `{` + class + `}x`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		tree := referenceTree(bytes.Clone(body))
		list, isList := referenceItems(tree)
		classKeys, tokenKeys := []string{"id", "resource_class", "description"}, []string{"id", "resource_class", "nickname", "created_at"}

		classes, err := decodeList(body, (*decoder).resourceClass, func(class ResourceClass) string { return class.ID })
		want, ok := referenceObjects(list, classKeys)
		assertDecoded(t, err, isList && ok, len(classes), len(want), func(i int) bool {
			return classes[i] == ResourceClass{want[i]["id"], want[i]["resource_class"], want[i]["description"]}
		})
		tokens, err := decodeList(body, (*decoder).token, func(token Token) string { return token.ID })
		want, ok = referenceObjects(list, tokenKeys)
		assertDecoded(t, err, isList && ok, len(tokens), len(want), func(i int) bool {
			return tokens[i] == Token{want[i]["id"], want[i]["resource_class"], want[i]["nickname"], want[i]["created_at"]}
		})
		class, err := decodeObject(body, (*decoder).resourceClass)
		want, ok = referenceObjects([]any{tree}, classKeys)
		assertDecoded(t, err, ok, len(want), len(want), func(int) bool {
			return class == ResourceClass{want[0]["id"], want[0]["resource_class"], want[0]["description"]}
		})
		created, err := decodeObject(body, (*decoder).createdToken)
		want, ok = referenceObjects([]any{tree}, append(tokenKeys, "token"))
		assertDecoded(t, err, ok && want[0]["token"] != "", len(want), len(want), func(int) bool {
			return created == createdToken{Token{want[0]["id"], want[0]["resource_class"], want[0]["nickname"], want[0]["created_at"]}, want[0]["token"]}
		})
	})
}

func assertDecoded(t *testing.T, err error, ok bool, got, want int, isEqual func(int) bool) {
	t.Helper()
	if (err == nil) != ok {
		t.Fatalf("got error %v; the reference accepts it: %t", err, ok)
	}
	for i := range want {
		if err == nil && (got != want || !isEqual(i)) {
			t.Fatalf("item %d of %d differs from the reference", i, got)
		}
	}
}

// referenceObjects reads objects that have all of the keys, and different IDs.
func referenceObjects(list []any, keys []string) ([]map[string]string, bool) {
	var all []map[string]string
	ids := map[string]bool{}
	for _, item := range list {
		fields, ok := item.(object)
		if !ok {
			return nil, false
		}
		texts := map[string]string{}
		for _, key := range keys {
			value, times := fields.find(key)
			text, isText := value.(string)
			if times != 1 || !isText && (value != nil || key != "description" && key != "nickname") {
				return nil, false
			}
			texts[key] = text
		}
		id := strings.ToLower(texts["id"])
		_, timeErr := ParseTime(texts["created_at"])
		if _, hasTime := texts["created_at"]; ids[id] || !IsUUID(id) || hasTime && timeErr != nil {
			return nil, false
		}
		ids[id] = true
		all = append(all, texts)
	}
	return all, true
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// object is a JSON object with the order and the duplicates of its keys.
type object []member

type member struct {
	key   string
	value any
}

// find returns the value of a key, and how often the object contains the key.
func (o object) find(key string) (value any, times int) {
	for _, m := range o {
		if m.key == key {
			value = m.value
			times++
		}
	}
	return value, times
}

// lacks reports whether an object has a key at most once, and with an empty value.
func (o object) lacks(key string) bool {
	value, times := o.find(key)
	return times <= 1 && (value == nil || value == "" || value == false)
}

// referenceItems returns the items of a complete list.
func referenceItems(tree any) ([]any, bool) {
	top, _ := tree.(object)
	items, times := top.find("items")
	list, isList := items.([]any)
	ok := times == 1 && isList
	for _, key := range []string{"next_page_token", "nextPageToken", "next_page", "next", "cursor", "has_more", "truncated"} {
		ok = ok && top.lacks(key)
	}
	for _, key := range []string{"page", "links"} {
		value, times := top.find(key)
		nested, _ := value.(object)
		ok = ok && times <= 1 && nested.lacks("next")
	}
	return list, ok
}

func referenceRunners(body []byte, organization bool) ([]Runner, bool) {
	keys := []string{"resource_class", "name", "hostname", "first_connected", "last_connected", "last_used", "version"}
	if organization {
		keys = append(keys, "ip", "status")
	}
	list, ok := referenceItems(referenceTree(body))
	if !ok {
		return nil, false
	}
	runners := []Runner{}
	for _, item := range list {
		fields, ok := item.(object)
		if !ok {
			return nil, false
		}
		texts := map[string]*string{}
		for _, key := range keys {
			value, times := fields.find(key)
			text, isText := value.(string)
			switch {
			case times > 1, value != nil && !isText:
				return nil, false
			case isText && text == "" && slices.Contains([]string{"first_connected", "last_connected", "last_used"}, key):
			case isText:
				texts[key] = &text
			}
		}
		if texts["resource_class"] == nil || texts["name"] == nil {
			return nil, false
		}
		runners = append(runners, Runner{
			ResourceClass: *texts["resource_class"], Name: *texts["name"], Hostname: texts["hostname"], FirstConnected: texts["first_connected"],
			LastConnected: texts["last_connected"], LastUsed: texts["last_used"], Version: texts["version"], IP: texts["ip"], Status: texts["status"],
		})
	}
	return runners, true
}

func referenceCount(body []byte, key string) (int64, bool) {
	top, ok := referenceTree(body).(object)
	if !ok {
		return 0, false
	}
	value, times := top.find(key)
	number, isNumber := value.(json.Number)
	if times != 1 || !isNumber || strings.Trim(string(number), "0123456789") != "" {
		return 0, false
	}
	n, ok := new(big.Int).SetString(string(number), 10)
	if !ok || n.Cmp(big.NewInt(math.MaxInt64)) > 0 {
		return 0, false
	}
	return n.Int64(), true
}

// malformed is the result of referenceTree unless the body is exactly one value of strict JSON.
type malformed struct{}

// referenceTree decodes one JSON value: nil, a bool, a json.Number, a string, a []any or an object.
func referenceTree(body []byte) any {
	if !utf8.Valid(body) || !json.Valid(body) || hasLoneSurrogate(body) {
		return malformed{}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return referenceValue(d)
}

func referenceValue(d *json.Decoder) any {
	token, err := d.Token()
	if err != nil {
		panic(err) // Unreachable: the JSON is valid.
	}
	switch token {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			key, isText := referenceValue(d).(string)
			if !isText {
				panic("a key is not a string")
			}
			o = append(o, member{key, referenceValue(d)})
		}
		referenceValue(d)
		return o
	case json.Delim('['):
		list := []any{}
		for d.More() {
			list = append(list, referenceValue(d))
		}
		referenceValue(d)
		return list
	}
	return token
}

var escapes = regexp.MustCompile(`(?i)\\u(d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|[0-9a-f]{4})|\\[^u]`)

// hasLoneSurrogate reports whether an escape from \ud800 to \udfff is not part of a pair, which encoding/json decodes to
// U+FFFD. Backslashes are in strings only, because the JSON is valid.
func hasLoneSurrogate(body []byte) bool {
	return slices.ContainsFunc(escapes.FindAll(body, -1), func(escape []byte) bool {
		return len(escape) == len(`\ud800`) && (escape[2] == 'd' || escape[2] == 'D') && escape[3] >= '8'
	})
}
