package circleci

import (
	"bytes"
	"encoding/json"
	"maps"
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
		`{"items":[],"other":1,"other":2}`, `{"items":[],"other":"\udc00\ud800"}`,
		`{"items":[],"other":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
		`{"items":[],"other":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + `}`,
		`{"items":[],"next_page_token":"2"}`, `{"items":[],"next_page_token":null,"next_page_token":null}`,
		`{"items":[],"page":{"next":null},"links":{"next":""},"has_more":false,"truncated":false,"cursor":null,"next":""}`,
		`{"items":[],"page":{"next":1}}`, `{"items":[],"page":1,"page":2}`, `{"items":[],"links":{"next":null,"next":null}}`,
		`{"items":[],"links":[{"next":1}],"page":"next"}`, `{"items":[],"has_more":true}`, `{"items":[],"nextPageToken":"a"}`,

		`{"items":[{` + runner + `}]}`, `{"items":[{` + runner + `,"name":"two"}]}`, `{"items":[{` + runner + `,"version":3}]}`,
		`{"items":[{` + runner + `,"hostname":"h","first_connected":"2020-05-15T00:00:00Z","last_connected":null,` +
			`"last_used":"","version":"1.0.12345-abcdef0"},{"name":"","resource_class":""}],"next_page_token":null}`,
		` { "next_page_token" : "" , "items" : [ { ` + runner + ` , "ip" : [1.5e3, {"name":2}] } ] , "other" : true } `,
		`{"items":[{"n\u0061me":"\u00e9 \ud83d\ude00 \"\\\/","resource_class":"acme\/linux"}]}`,
		`{"items":[{` + runner + `,"ip":"192.0.2.1","status":"idle"},{` + runner + `,"ip":null}]}`,
		`{"items":[{` + runner + `,"ip":"192.0.2.1","ip":7,"status":true}]}`, `{"items":[{` + runner, `{"items":[{` + runner + `},]}`,
		`{"items":[{"resource_class":null,"name":"one"}]}`, `{"items":[{"resource_class":"acme/linux","Name":"one"}]}`,
		`{"items":[{"resource_class":"acme/linux","name":"` + "\xff" + `"}]}`, `{"items":[{"resource_class":"acme/linux","name":"\ud800"}]}`,

		`{"items":[{` + class + `}]}`, `{"items":[{` + class + `},{` + class + `}]}`, `{` + class + `}`, `{` + class + `}x`,
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
		tree := referenceTree(given)
		items, isList := referenceItems(tree)
		runners, err := decodeRunners(body, runnerKeys[:documentedKeys])
		assertAgree(t, runners, err, items, isList, runnerRules)
		runners, err = decodeRunners(body, runnerKeys)
		assertAgree(t, runners, err, items, isList, organizationRules)
		classes, err := decodeList(body, (*decoder).resourceClass, func(class ResourceClass) string { return class.ID })
		assertAgree(t, classes, err, items, isList, classRules)
		tokens, err := decodeList(body, (*decoder).token, func(token Token) string { return token.ID })
		assertAgree(t, tokens, err, items, isList, tokenRules)

		class, err := decodeObject(body, (*decoder).resourceClass)
		assertAgree(t, []ResourceClass{class}, err, []any{tree}, true, classRules)
		token, err := decodeObject(body, (*decoder).createdToken)
		type created struct {
			Token
			Secret string `json:"token"`
		}
		assertAgree(t, []created{{token.Token, token.secret}}, err, []any{tree}, true, createdRules)

		count, err := decodeCount(body, "unclaimed_task_count")
		if want, ok := referenceCount(tree, "unclaimed_task_count"); (err == nil) != ok || ok && count != want {
			t.Fatalf("the decoder returns %d, %v; the reference returns %d, %t", count, err, want, ok)
		}
		if !bytes.Equal(body, given) {
			t.Fatalf("the decoders modified the response to %q", body)
		}
	})
}

// rules say by key which strings an object may have.
type rules map[string]rule

type rule struct {
	mayBeMissing, mayBeNull, emptyIsNull bool
	isValid                              func(string) bool
}

var (
	anyText, nullable = rule{}, rule{mayBeNull: true}
	optional          = rule{mayBeMissing: true, mayBeNull: true}
	optionalTime      = rule{mayBeMissing: true, mayBeNull: true, emptyIsNull: true}
	id                = rule{isValid: IsUUID}
	instant           = rule{isValid: func(text string) bool { _, err := ParseTime(text); return err == nil }}

	runnerRules = rules{
		"resource_class": anyText, "name": anyText, "hostname": optional, "version": optional,
		"first_connected": optionalTime, "last_connected": optionalTime, "last_used": optionalTime,
	}
	// The additional fields of a listing by organization are ignored in other listings.
	organizationRules = with(runnerRules, rules{"ip": optional, "status": optional})
	classRules        = rules{"id": id, "resource_class": anyText, "description": nullable}
	tokenRules        = rules{"id": id, "resource_class": anyText, "nickname": nullable, "created_at": instant}
	createdRules      = with(tokenRules, rules{"token": {isValid: func(text string) bool { return text != "" }}})
)

func with(base, more rules) rules {
	all := maps.Clone(base)
	maps.Copy(all, more)
	return all
}

// read returns the values of an object, by keys without underscores, and whether they conform to the rules.
func (r rules) read(value any) (fields map[string]any, ok bool) {
	o, ok := value.(object)
	fields = map[string]any{}
	for key, rule := range r {
		value, times := o.find(key)
		text, isText := value.(string)
		ok = ok && times <= 1 && (times == 1 || rule.mayBeMissing) && (isText || value == nil && rule.mayBeNull || times == 0) &&
			(!isText || rule.isValid == nil || rule.isValid(text))
		if text == "" && rule.emptyIsNull {
			value = nil
		}
		fields[strings.ReplaceAll(key, "_", "")] = value
	}
	return fields, ok
}

// assertAgree asserts that a decoder accepts items if they conform to the rules and have different IDs, and with which result.
// The names of the fields of a T are those of the keys, to encoding/json, but for the underscores.
func assertAgree[T any](t *testing.T, got []T, err error, items []any, ok bool, rules rules) {
	t.Helper()
	want, ids := make([]T, len(items)), map[string]bool{}
	for i, item := range items {
		fields, conforms := rules.read(item)
		id, hasID := fields["id"].(string)
		ok = ok && conforms && (!hasID || !ids[strings.ToLower(id)])
		ids[strings.ToLower(id)] = true
		text, err := json.Marshal(fields)
		if ok && (err != nil || json.Unmarshal(text, &want[i]) != nil) {
			t.Fatalf("%s is no %T", text, want[i])
		}
	}
	if (err == nil) != ok || ok && len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Fatalf("the decoder returns %+v, %v; the reference returns %+v, %t", got, err, want, ok)
	}
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

func referenceCount(tree any, key string) (int64, bool) {
	top, _ := tree.(object)
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
