package circleci_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// malformed is a response of status 200 that is rejected.
type malformed struct {
	name, body string
	kind       circleci.BodyKind
	// reason is the reason of the error. Syntax, if set, is the cause in a reason that names the position of a syntax error.
	reason, syntax string
}

// assertMalformed asserts that the client rejects a response, that neither a list nor a count is returned with the error,
// and that the request is not retried.
func assertMalformed(t *testing.T, c call, response http.Handler, want malformed) {
	t.Helper()
	var attempts record
	server, client := respond(t, response, withRetries(4), attempts.keep)
	got, err := c.do(t.Context(), client)

	equal(t, "result", got, c.nothing)
	e, ok := err.(*circleci.ResponseError) //nolint:errorlint // A wrapped error would be one that was retried.
	if !ok {
		t.Fatalf("got error %T %v, want a ResponseError", err, err)
	}
	equal(t, "request", e.Request, c.requestTo(server))
	equal(t, "kind of body", e.Body, want.kind)
	reason := e.Reason
	if want.syntax != "" {
		position := strings.TrimSuffix(strings.TrimPrefix(reason, "is not valid JSON at byte "), ": "+want.syntax)
		equal(t, "digits of the position", strings.Trim(position, "0123456789"), "")
		want.reason = "is not valid JSON at byte " + position + ": " + want.syntax
	}
	equal(t, "reason", reason, want.reason)
	equal(t, "error", err.Error(), e.Request+": the response "+reason)
	equal(t, "number of requests", len(server.Requests()), 1)
	equal(t, "number of attempts", len(attempts.all()), 1)
}

// assertAllMalformed runs assertMalformed for each row.
func assertAllMalformed(t *testing.T, c call, tests []malformed) {
	t.Helper()
	for _, test := range tests {
		t.Run(c.name+"/"+test.name, func(t *testing.T) { assertMalformed(t, c, circlecitest.JSON(test.body), test) })
	}
}

const truncated = "is truncated: its JSON does not end"

// withOther returns the good response with another member, of the given key and value, at the start.
func (c call) withOther(key, value string) string {
	return `{` + key + `:` + value + `,` + c.good[1:]
}

func TestMalformedResponse(t *testing.T) {
	const (
		notHTML   = "is an HTML page, not JSON"
		notText   = "is plain text, not JSON: "
		utf16     = "starts with a byte order mark of UTF-16, where JSON is in UTF-8"
		trailing  = "has trailing data"
		surrogate = "invalid surrogate pair in string"
	)
	for _, c := range calls {
		assertAllMalformed(t, c, []malformed{
			{name: "empty", body: ``, kind: circleci.BodyEmpty, reason: "is empty"},
			{name: "white space", body: " \r\n\t", kind: circleci.BodyEmpty, reason: "is empty"},
			{name: "much white space", body: strings.Repeat(" ", 1000), kind: circleci.BodyEmpty, reason: "is empty"},
			{name: "null", body: `null`, reason: "is null, not an object"},
			{name: "array", body: `[` + c.good + `]`, reason: "is an array, not an object"},
			{name: "string", body: `"` + strings.ReplaceAll(c.good, `"`, `\"`) + `"`, reason: "is a string, not an object"},
			{name: "number", body: `42`, reason: "is a number, not an object"},
			{name: "boolean", body: `true`, reason: "is a boolean, not an object"},
			{name: "another object", body: `{"message":"OK"}`, reason: "has no " + c.good[2:strings.Index(c.good, `":`)]},

			{
				name: "HTML page", body: "<!DOCTYPE html><html><head><TITLE>\n Sign in &\n proxy </TITLE></head></html>", kind: circleci.BodyHTML,
				reason: notHTML + `; its title is "Sign in & proxy"`,
			},
			{name: "HTML page without a title", body: "\n\n<html></html>", kind: circleci.BodyHTML, reason: notHTML},
			{name: "HTML page after much white space", body: strings.Repeat("\n", 1000) + "<html></html>", kind: circleci.BodyHTML, reason: notHTML},
			{name: "plain text", body: "upstream is\ngone", kind: circleci.BodyText, reason: notText + `"upstream is gone"`},
			{name: "plain text that starts like null", body: "no healthy upstream", kind: circleci.BodyText, reason: notText + `"no healthy upstream"`},
			{name: "plain text that starts like true", body: "timed out", kind: circleci.BodyText, reason: notText + `"timed out"`},
			{name: "long plain text", body: strings.Repeat("é", 100_000), kind: circleci.BodyText, reason: notText + `"` + strings.Repeat("é", 300) + `…"`},
			{
				name: "plain text with control sequences", body: "\x1b]0;title\x07\x1b[1;31mgo\x1b[0m\u202e ne\x00", kind: circleci.BodyText,
				reason: notText + `"go ne"`,
			},

			{name: "byte order mark", body: "\ufeff" + c.good, reason: "starts with a byte order mark, which JSON must not have"},
			{name: "HTML page after a byte order mark", body: "\ufeff<html></html>", kind: circleci.BodyHTML, reason: notHTML},
			{name: "UTF-16", body: "\xff\xfe{\x00}\x00", kind: circleci.BodyText, reason: utf16},
			{name: "UTF-16, big endian", body: "\xfe\xff\x00{\x00}", kind: circleci.BodyText, reason: utf16},
			{name: "leading NUL", body: "\x00" + c.good, kind: circleci.BodyText, reason: "starts with a NUL character, not with JSON"},

			{name: "only a brace", body: `{`, reason: truncated},
			{name: "truncated in a key", body: c.good[:5], reason: truncated},
			{name: "truncated before the last brace", body: c.good[:len(c.good)-1], reason: truncated},
			{name: "truncated in an ignored value", body: `{"other":[1,`, reason: truncated},
			{name: "truncated in an ignored string", body: `{"other":"\u00`, reason: truncated},

			{name: "second value", body: c.good + c.good, reason: trailing},
			{name: "second value on a new line", body: c.good + "\nnull\n", reason: trailing},
			{name: "trailing garbage", body: c.good + `x`, syntax: "invalid character 'x' at start of value"},
			{name: "trailing brace", body: c.good + `}`, syntax: "invalid character '}' at start of value"},
			{name: "trailing NUL", body: c.good + "\x00", syntax: `invalid character '\x00' at start of value`},
			{name: "trailing comma in the object", body: c.good[:len(c.good)-1] + `,}`, syntax: "invalid character ',' at start of value"},

			{name: "invalid UTF-8 in an ignored value", body: c.withOther(`"other"`, "\"\xff\""), syntax: "invalid UTF-8"},
			{name: "invalid UTF-8 in an ignored key", body: c.withOther("\"\xc3\"", `1`), syntax: "invalid UTF-8"},
			{name: "lone surrogate in an ignored value", body: c.withOther(`"other"`, `"\ud800 is alone"`), syntax: surrogate},
			{name: "lone surrogate in an ignored key", body: c.withOther(`"\udc00 is alone"`, `1`), syntax: surrogate},
			{
				name: "control character in a string", body: c.withOther(`"other"`, "\"a\nb\""),
				syntax: `invalid character '\n' in string (expecting non-control character)`,
			},
			{name: "deep nesting", body: c.withOther(`"other"`, strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)), syntax: "exceeded max depth"},
			{
				name: "deep nesting of objects", body: c.withOther(`"other"`, strings.Repeat(`{"a":`, 100_000)+`1`+strings.Repeat(`}`, 100_000)),
				syntax: "exceeded max depth",
			},
		})
	}
}

func TestMalformedRunners(t *testing.T) {
	const (
		identity = `"resource_class":"acme/linux","name":"one"`
		unnamed  = ", without which a runner cannot be told from others"
		noItems  = "has no items"
		noClass  = "has no resource_class in items[0]" + unnamed
		noName   = "has no name in items[0]" + unnamed
	)
	item := func(members string) string { return `{"items":[{` + members + `}]}` }
	tests := []malformed{
		{name: "items missing", body: `{}`, reason: noItems},
		{name: "items in another case", body: `{"Items":[]}`, reason: noItems},
		{name: "items in capitals", body: `{"ITEMS":[]}`, reason: noItems},
		{name: "items nested in another object", body: `{"data":{"items":[]}}`, reason: noItems},
		{name: "items without a value", body: `{"items":}`, syntax: "missing value after object name"},

		{name: "second element", body: `{"items":[{` + identity + `},"two"]}`, reason: "has a string for items[1], not an object"},
		{name: "resource_class missing", body: item(`"name":"one"`), reason: noClass},
		{name: "resource_class null", body: item(`"resource_class":null,"name":"one"`), reason: noClass},
		{name: "resource_class in another case", body: item(`"Resource_Class":"acme/linux","name":"one"`), reason: noClass},
		{name: "name missing", body: item(`"resource_class":"acme/linux"`), reason: noName},
		{name: "name null", body: item(`"resource_class":"acme/linux","name":null`), reason: noName},
		{name: "name in another case", body: item(`"resource_class":"acme/linux","Name":"one"`), reason: noName},
		{name: "second element empty", body: `{"items":[{` + identity + `},{}]}`, reason: "has no resource_class in items[1]" + unnamed},

		{name: "items twice", body: `{"items":[],"items":[]}`, reason: "has items twice"},
		{name: "items twice, second escaped", body: `{"items":[],"item\u0073":[]}`, reason: "has items twice"},
		{name: "items twice, first escaped", body: `{"\u0069tems":[],"items":[]}`, reason: "has items twice"},
		{name: "next_page_token twice", body: `{"next_page_token":null,"items":[],"next_page_token":null}`, reason: "has next_page_token twice"},
		{name: "name twice", body: item(identity + `,"name":"one"`), reason: "has items[0].name twice"},
		{name: "name twice, second escaped", body: item(identity + `,"n\u0061me":"one"`), reason: "has items[0].name twice"},
		{name: "last_used twice, once null", body: item(identity + `,"last_used":"x","last_used":null`), reason: "has items[0].last_used twice"},

		{name: "truncated after the array's start", body: `{"items":[`, reason: truncated},
		{name: "truncated after a runner", body: `{"items":[{` + identity + `}`, reason: truncated},
		{name: "truncated in a runner", body: `{"items":[{` + identity, reason: truncated},
		{name: "truncated in a name", body: `{"items":[{"resource_class":"acme/linux","name":"on`, reason: truncated},
		{name: "truncated after a comma", body: `{"items":[{` + identity + `},`, reason: truncated},
		{name: "array closed as an object", body: `{"items":[}`, syntax: "invalid character '}' at start of value"},
		{
			name: "no comma", body: `{"items":[{` + identity + `} {` + identity + `}]}`,
			syntax: "invalid character '{' after array element (expecting ',' or ']')",
		},
		{
			name: "lone surrogate in a name", body: item(`"resource_class":"acme/linux","name":"\ud83d is half"`),
			syntax: "invalid surrogate pair in string",
		},
		{name: "invalid UTF-8 in a name", body: item("\"resource_class\":\"acme/linux\",\"name\":\"\xed\xa0\x80\""), syntax: "invalid UTF-8"},
	}
	// wrongType adds rows for the values that are not of the type of a path, which is that of without.
	wrongType := func(path, want, without string, body func(value string) string) {
		for kind, value := range map[string]string{
			"null": `null`, "an object": `{}`, "an array": `[]`, "a string": `""`, "a number": `1`, "a boolean": `true`,
		} {
			if kind != want && kind != without {
				reason := "has " + kind + " for " + path + ", not " + want
				tests = append(tests, malformed{name: path + " " + kind, body: body(value), reason: reason})
			}
		}
	}
	wrongType("items", "an array", "", func(value string) string { return `{"items":` + value + `}` })
	wrongType("items[0]", "an object", "", func(value string) string { return `{"items":[` + value + `]}` })
	for _, key := range []string{"resource_class", "name", "hostname", "first_connected", "last_connected", "last_used", "version"} {
		wrongType("items[0]."+key, "a string", "null", func(value string) string {
			return item(strings.Replace(identity+`,"`+key+`":`+value, map[string]string{
				"resource_class": `"resource_class":"acme/linux",`, "name": `,"name":"one"`,
			}[key], "", 1))
		})
	}
	assertAllMalformed(t, calls[0], tests)
}

func TestMalformedCount(t *testing.T) {
	const (
		missing = "has no unclaimed_task_count"
		twice   = "has unclaimed_task_count twice"
		digits  = ", which is not a whole number from 0 to 9223372036854775807 in plain digits"
		after   = " after object value (expecting ',' or '}')"
	)
	tests := []malformed{
		{name: "missing", body: `{}`, reason: missing},
		{name: "another count", body: `{"running_runner_tasks":1}`, reason: missing},
		{name: "another case", body: `{"Unclaimed_Task_Count":42}`, reason: missing},
		{name: "nested in another object", body: `{"data":{"unclaimed_task_count":42}}`, reason: missing},
		{name: "twice", body: `{"unclaimed_task_count":42,"unclaimed_task_count":42}`, reason: twice},
		{name: "twice, second escaped", body: `{"unclaimed_task_count":42,"unclaimed_task_coun\u0074":0}`, reason: twice},
		{name: "truncated in the digits", body: `{"unclaimed_task_count":4`, reason: truncated},
		{name: "truncated before the digits", body: `{"unclaimed_task_count":`, reason: truncated},
		{name: "truncated in an ignored null", body: `{"unclaimed_task_count":42,"other":nu`, reason: truncated},
	}
	add := func(value, reason, syntax string) {
		name := "value " + value[:min(len(value), 20)]
		tests = append(tests, malformed{name: name, body: `{"unclaimed_task_count":` + value + `}`, reason: reason, syntax: syntax})
	}
	for value, kind := range map[string]string{`null`: "null", `"42"`: "a string", `true`: "a boolean", `[42]`: "an array", `{}`: "an object"} {
		add(value, "has "+kind+" for unclaimed_task_count, not a number", "")
	}
	for _, value := range []string{`-1`, `-0`, `42.5`, `42.0`, `4e1`, `42E0`, `9223372036854775808`, `18446744073709551616`} {
		add(value, "has unclaimed_task_count "+value+digits, "")
	}
	add(strings.Repeat("9", 1_000_000), "has unclaimed_task_count of 1000000 characters"+digits, "")
	for value, syntax := range map[string]string{
		``: "missing value after object name", `+42`: "invalid character '+' at start of value", `042`: "invalid character '4'" + after,
		`0x2A`: "invalid character 'x'" + after, `4_2`: "invalid character '_'" + after, `NaN`: "invalid character 'N' at start of value",
	} {
		add(value, "", syntax)
	}
	assertAllMalformed(t, calls[1], tests)
}

func TestUnusualResponse(t *testing.T) {
	for _, c := range calls {
		for name, body := range map[string]string{
			"as documented":                    c.good,
			"white space around":               "\r\n\t " + strings.ReplaceAll(c.good, ":", " : ") + "\r\n\t ",
			"much white space before":          strings.Repeat(" ", 1000) + c.good,
			"unknown key":                      c.withOther(`"other"`, `{"items":null,"unclaimed_task_count":-1,"name":7}`),
			"unknown key twice":                c.withOther(`"other"`, `1,"other":2`),
			"unknown key that differs in case": c.withOther(`"ITEMS"`, `null,"Unclaimed_task_count":-1`),
			"empty key":                        c.withOther(`""`, `null`),
			"null character in an unknown key": c.withOther(`"items\u0000"`, `null`),
			"escaped key":                      strings.Replace(strings.Replace(c.good, `"it`, `"i\u0074`, 1), `"unc`, `"\u0075nc`, 1),
			"surrogate pair":                   c.withOther(`"other"`, `"\ud83d\ude00"`),
			"nesting of a thousand":            c.withOther(`"other"`, strings.Repeat("[", 1000)+strings.Repeat("]", 1000)),
			"number of a million digits":       c.withOther(`"other"`, strings.Repeat("9", 1_000_000)),
		} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				_, client := respond(t, circlecitest.JSON(body))
				got, err := c.do(t.Context(), client)
				equal(t, "error", errorText(err), "")
				equal(t, "result", got, c.want)
			})
		}
	}
}

func TestUnusualRunner(t *testing.T) {
	got, err := listRunners(t, `{"items":[{
		"ip": 7, "status": null, "labels": ["a", {"name": "inner"}], "labels": 1, "Name": null,
		"resource_class": "acme\/linux", "n\u0061me": "\u00e9 \ud83d\ude00 \"\\", "version": "\u0000"
	}]}`)
	equal(t, "error", errorText(err), "")
	equal(t, "runners", got, []circleci.Runner{{ResourceClass: "acme/linux", Name: "é 😀 \"\\", Version: new("\x00")}})
}
