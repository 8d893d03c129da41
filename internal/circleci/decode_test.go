package circleci_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// expectAnswerError asks a server that gives this answer and expects an ResponseError with a reason that starts with
// reason and ends with cause. Between them lies at most a position. No part of a list nor a count may come with it.
func expectAnswerError(t *testing.T, c call, answer http.Handler, kind circleci.BodyKind, reason, cause string) {
	t.Helper()
	server := startServer(t)
	server.SetHandler(answer)
	got, err := c.do(t.Context(), newClient(t, server))

	equal(t, "what came with the error", got, c.nothing)
	e := errorOf[*circleci.ResponseError](t, err)
	equal(t, "request", e.Request, c.requestTo(server))
	equal(t, "kind of body", e.Body, kind)
	if position := strings.TrimSuffix(strings.TrimPrefix(e.Reason, reason), cause); e.Reason != reason+position+cause ||
		strings.Trim(position, "0123456789") != "" {
		t.Errorf("reason:\n got %s\nwant %s%s", e.Reason, reason, cause)
	}
	equal(t, "error", err.Error(), e.Request+": the answer "+e.Reason)
	equal(t, "number of requests", len(server.Requests()), 1)
}

const (
	cutShort = "is truncated: its JSON does not end"
	// syntaxAt is followed by a position and the cause.
	syntaxAt = "is not valid JSON at byte "
)

// withOther returns the good answer with another member, of the given key and value, before what matters.
func (c call) withOther(key, value string) string {
	return `{` + key + `:` + value + `,` + c.good[1:]
}

func TestAnswerThatIsNoAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range calls {
		tests := []struct {
			name   string
			body   string
			kind   circleci.BodyKind
			reason string
			cause  string
		}{
			{name: "nothing", body: ``, kind: circleci.BodyEmpty, reason: "is empty"},
			{name: "white space", body: " \r\n\t", kind: circleci.BodyEmpty, reason: "is empty"},
			{name: "much white space", body: strings.Repeat(" ", 1000), kind: circleci.BodyEmpty, reason: "is empty"},
			{name: "null", body: `null`, reason: "is null, not an object"},
			{name: "array", body: `[` + c.good + `]`, reason: "is an array, not an object"},
			{name: "string", body: `"` + strings.ReplaceAll(c.good, `"`, `\"`) + `"`, reason: "is a string, not an object"},
			{name: "number", body: `42`, reason: "is a number, not an object"},
			{name: "boolean", body: `true`, reason: "is a boolean, not an object"},

			{
				name: "HTML page", body: "<!DOCTYPE html><html><head><TITLE>\n Sign in &\n proxy </TITLE></head></html>",
				kind: circleci.BodyHTML, reason: `is an HTML page, not JSON; its title is "Sign in & proxy"`,
			},
			{
				name: "HTML page without a title", body: "\n\n<html></html>", kind: circleci.BodyHTML,
				reason: "is an HTML page, not JSON",
			},
			{
				name: "HTML page behind much white space", body: strings.Repeat("\n", 1000) + "<html></html>",
				kind: circleci.BodyHTML, reason: "is an HTML page, not JSON",
			},
			{
				name: "plain text", body: "upstream is\ngone", kind: circleci.BodyText,
				reason: `is plain text, not JSON: "upstream is gone"`,
			},
			{
				name: "plain text that starts as a null does", body: "no healthy upstream", kind: circleci.BodyText,
				reason: `is plain text, not JSON: "no healthy upstream"`,
			},
			{
				name: "plain text that starts as a boolean does", body: "timed out", kind: circleci.BodyText,
				reason: `is plain text, not JSON: "timed out"`,
			},
			{
				name: "long plain text", body: strings.Repeat("é", 100_000), kind: circleci.BodyText,
				reason: `is plain text, not JSON: "` + strings.Repeat("é", 300) + `…"`,
			},
			{
				name: "plain text with commands to a terminal", body: "\x1b]0;title\x07\x1b[1;31mgo\x1b[0m\u202e ne\x00",
				kind: circleci.BodyText, reason: `is plain text, not JSON: "go ne"`,
			},

			{name: "byte order mark", body: "\ufeff" + c.good, reason: "starts with a byte order mark, which JSON must not have"},
			{
				name: "HTML page behind a byte order mark", body: "\ufeff<html></html>", kind: circleci.BodyHTML,
				reason: "is an HTML page, not JSON",
			},
			{
				name: "UTF-16", body: "\xff\xfe{\x00}\x00", kind: circleci.BodyText,
				reason: "starts with a byte order mark of UTF-16, where JSON is in UTF-8",
			},
			{
				name: "UTF-16, big endian", body: "\xfe\xff\x00{\x00}", kind: circleci.BodyText,
				reason: "starts with a byte order mark of UTF-16, where JSON is in UTF-8",
			},
			{name: "NUL before it", body: "\x00" + c.good, kind: circleci.BodyText, reason: "starts with a NUL character, not with JSON"},

			{name: "nothing but a brace", body: `{`, reason: cutShort},
			{name: "cut in a key", body: c.good[:5], reason: cutShort},
			{name: "cut before the last brace", body: c.good[:len(c.good)-1], reason: cutShort},
			{name: "cut in an ignored value", body: `{"other":[1,`, reason: cutShort},
			{name: "cut in an ignored text", body: `{"other":"\u00`, reason: cutShort},

			{name: "second value", body: c.good + c.good, reason: "has trailing data"},
			{name: "second value on a new line", body: c.good + "\nnull\n", reason: "has trailing data"},
			{
				name: "garbage after the end", body: c.good + `x`,
				reason: syntaxAt, cause: ": invalid character 'x' at start of value",
			},
			{
				name: "brace after the end", body: c.good + `}`,
				reason: syntaxAt, cause: ": invalid character '}' at start of value",
			},
			{
				name: "zero byte after the end", body: c.good + "\x00",
				reason: syntaxAt, cause: `: invalid character '\x00' at start of value`,
			},
			{
				name: "comma before the end", body: c.good[:len(c.good)-1] + `,}`,
				reason: syntaxAt, cause: ": invalid character ',' at start of value",
			},

			{
				name: "invalid UTF-8 in an ignored value", body: c.withOther(`"other"`, "\"\xff\""),
				reason: syntaxAt, cause: ": invalid UTF-8",
			},
			{
				name: "invalid UTF-8 in an ignored key", body: c.withOther("\"\xc3\"", `1`),
				reason: syntaxAt, cause: ": invalid UTF-8",
			},
			{
				name: "lone surrogate in an ignored value", body: c.withOther(`"other"`, `"\ud800 is alone"`),
				reason: syntaxAt, cause: ": invalid surrogate pair in string",
			},
			{
				name: "lone surrogate in an ignored key", body: c.withOther(`"\udc00 is alone"`, `1`),
				reason: syntaxAt, cause: ": invalid surrogate pair in string",
			},
			{
				name: "control character in a string", body: c.withOther(`"other"`, "\"a\nb\""),
				reason: syntaxAt, cause: `: invalid character '\n' in string (expecting non-control character)`,
			},
			{
				name: "deep nesting", body: c.withOther(`"other"`, strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)),
				reason: syntaxAt, cause: ": exceeded max depth",
			},
			{
				name:   "deep nesting of objects",
				body:   c.withOther(`"other"`, strings.Repeat(`{"a":`, 100_000)+`1`+strings.Repeat(`}`, 100_000)),
				reason: syntaxAt, cause: ": exceeded max depth",
			},
		}
		for _, test := range tests {
			t.Run(c.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				expectAnswerError(t, c, circlecitest.JSON(test.body), test.kind, test.reason, test.cause)
			})
		}
	}
}

func TestRunnersThatAreNoList(t *testing.T) {
	t.Parallel()
	const (
		identity = `"resource_class":"acme/linux","name":"one"`
		unnamed  = ", without which a runner cannot be told from others"
	)
	item := func(members string) string { return `{"items":[{` + members + `}]}` }
	tests := []struct{ name, body, reason, cause string }{
		{name: "items missing", body: `{}`, reason: "has no items"},
		{name: "another key instead", body: `{"message":"OK"}`, reason: "has no items"},
		{name: "items in another case", body: `{"Items":[]}`, reason: "has no items"},
		{name: "items in capitals", body: `{"ITEMS":[]}`, reason: "has no items"},
		{name: "items inside of another object", body: `{"data":{"items":[]}}`, reason: "has no items"},
		{name: "items null", body: `{"items":null}`, reason: "has null for items, not an array"},
		{name: "items an object", body: `{"items":{}}`, reason: "has an object for items, not an array"},
		{name: "items a string", body: `{"items":""}`, reason: "has a string for items, not an array"},
		{name: "items a number", body: `{"items":0}`, reason: "has a number for items, not an array"},
		{name: "items a boolean", body: `{"items":false}`, reason: "has a boolean for items, not an array"},
		{name: "items without a value", body: `{"items":}`, reason: syntaxAt, cause: ": missing value after object name"},

		{name: "element null", body: `{"items":[null]}`, reason: "has null for items[0], not an object"},
		{
			name: "element a string", body: `{"items":[{` + identity + `},"two"]}`,
			reason: "has a string for items[1], not an object",
		},
		{name: "element an array", body: `{"items":[[]]}`, reason: "has an array for items[0], not an object"},
		{name: "element a number", body: `{"items":[1]}`, reason: "has a number for items[0], not an object"},

		{name: "resource_class missing", body: item(`"name":"one"`), reason: "has no resource_class in items[0]" + unnamed},
		{
			name: "resource_class null", body: item(`"resource_class":null,"name":"one"`),
			reason: "has no resource_class in items[0]" + unnamed,
		},
		{
			name: "resource_class in another case", body: item(`"Resource_Class":"acme/linux","name":"one"`),
			reason: "has no resource_class in items[0]" + unnamed,
		},
		{name: "name missing", body: item(`"resource_class":"acme/linux"`), reason: "has no name in items[0]" + unnamed},
		{
			name: "name null", body: item(`"resource_class":"acme/linux","name":null`),
			reason: "has no name in items[0]" + unnamed,
		},
		{
			name: "name in another case", body: item(`"resource_class":"acme/linux","Name":"one"`),
			reason: "has no name in items[0]" + unnamed,
		},
		{
			name: "nothing in the second", body: `{"items":[{` + identity + `},{}]}`,
			reason: "has no resource_class in items[1]" + unnamed,
		},

		{
			name: "resource_class a number", body: item(`"resource_class":1,"name":"one"`),
			reason: "has a number for items[0].resource_class, not a string",
		},
		{
			name: "name an object", body: item(`"resource_class":"acme/linux","name":{}`),
			reason: "has an object for items[0].name, not a string",
		},
		{
			name: "hostname an array", body: item(identity + `,"hostname":[]`),
			reason: "has an array for items[0].hostname, not a string",
		},
		{
			name: "first_connected a number", body: item(identity + `,"first_connected":1589500800`),
			reason: "has a number for items[0].first_connected, not a string",
		},
		{
			name: "last_connected a boolean", body: item(identity + `,"last_connected":true`),
			reason: "has a boolean for items[0].last_connected, not a string",
		},
		{
			name: "last_used a boolean", body: item(identity + `,"last_used":false`),
			reason: "has a boolean for items[0].last_used, not a string",
		},
		{
			name: "version a number", body: item(identity + `,"version":3.1`),
			reason: "has a number for items[0].version, not a string",
		},

		{name: "items twice", body: `{"items":[],"items":[]}`, reason: "has items twice"},
		{name: "items twice, once escaped", body: `{"items":[],"item\u0073":[]}`, reason: "has items twice"},
		{name: "items twice, first escaped", body: `{"\u0069tems":[],"items":[]}`, reason: "has items twice"},
		{
			name: "next_page_token twice", body: `{"next_page_token":null,"items":[],"next_page_token":null}`,
			reason: "has next_page_token twice",
		},
		{name: "name twice", body: item(identity + `,"name":"one"`), reason: "has items[0].name twice"},
		{name: "name twice, once escaped", body: item(identity + `,"n\u0061me":"one"`), reason: "has items[0].name twice"},
		{
			name: "last_used twice, once null", body: item(identity + `,"last_used":"x","last_used":null`),
			reason: "has items[0].last_used twice",
		},

		{name: "cut behind the array's start", body: `{"items":[`, reason: cutShort},
		{name: "cut behind a runner", body: `{"items":[{` + identity + `}`, reason: cutShort},
		{name: "cut in a runner", body: `{"items":[{` + identity, reason: cutShort},
		{name: "cut in a name", body: `{"items":[{"resource_class":"acme/linux","name":"on`, reason: cutShort},
		{name: "cut behind a comma", body: `{"items":[{` + identity + `},`, reason: cutShort},
		{
			name: "array closed as an object", body: `{"items":[}`,
			reason: syntaxAt, cause: ": invalid character '}' at start of value",
		},
		{
			name: "no comma", body: `{"items":[{` + identity + `} {` + identity + `}]}`,
			reason: syntaxAt, cause: ": invalid character '{' after array element (expecting ',' or ']')",
		},
		{
			name: "lone surrogate in a name", body: item(`"resource_class":"acme/linux","name":"\ud83d is half"`),
			reason: syntaxAt, cause: ": invalid surrogate pair in string",
		},
		{
			name: "invalid UTF-8 in a name", body: item("\"resource_class\":\"acme/linux\",\"name\":\"\xed\xa0\x80\""),
			reason: syntaxAt, cause: ": invalid UTF-8",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			expectAnswerError(t, calls[0], circlecitest.JSON(test.body), circleci.BodyJSON, test.reason, test.cause)
		})
	}
}

func TestCountThatIsNoCount(t *testing.T) {
	t.Parallel()
	const digits = ", which is not a whole number from 0 to 9223372036854775807 in plain digits"
	count := func(value string) string { return `{"unclaimed_task_count":` + value + `}` }
	tests := []struct{ name, body, reason, cause string }{
		{name: "missing", body: `{}`, reason: "has no unclaimed_task_count"},
		{name: "another count", body: `{"running_runner_tasks":1}`, reason: "has no unclaimed_task_count"},
		{name: "another case", body: `{"Unclaimed_Task_Count":42}`, reason: "has no unclaimed_task_count"},
		{
			name: "inside of another object", body: `{"data":{"unclaimed_task_count":42}}`,
			reason: "has no unclaimed_task_count",
		},
		{name: "null", body: count(`null`), reason: "has null for unclaimed_task_count, not a number"},
		{name: "string", body: count(`"42"`), reason: "has a string for unclaimed_task_count, not a number"},
		{name: "boolean", body: count(`true`), reason: "has a boolean for unclaimed_task_count, not a number"},
		{name: "array", body: count(`[42]`), reason: "has an array for unclaimed_task_count, not a number"},
		{name: "object", body: count(`{}`), reason: "has an object for unclaimed_task_count, not a number"},
		{name: "no value", body: count(``), reason: syntaxAt, cause: ": missing value after object name"},
		{name: "negative", body: count(`-1`), reason: "has unclaimed_task_count -1" + digits},
		{name: "negative zero", body: count(`-0`), reason: "has unclaimed_task_count -0" + digits},
		{name: "fraction", body: count(`42.5`), reason: "has unclaimed_task_count 42.5" + digits},
		{name: "fraction of nothing", body: count(`42.0`), reason: "has unclaimed_task_count 42.0" + digits},
		{name: "exponent", body: count(`4e1`), reason: "has unclaimed_task_count 4e1" + digits},
		{name: "exponent of nothing", body: count(`42E0`), reason: "has unclaimed_task_count 42E0" + digits},
		{
			name: "beyond 64 bits", body: count(`9223372036854775808`),
			reason: "has unclaimed_task_count 9223372036854775808" + digits,
		},
		{
			name: "beyond 64 bits unsigned", body: count(`18446744073709551616`),
			reason: "has unclaimed_task_count 18446744073709551616" + digits,
		},
		{
			name: "a million digits", body: count(strings.Repeat("9", 1_000_000)),
			reason: "has unclaimed_task_count of 1000000 characters" + digits,
		},
		{name: "plus sign", body: count(`+42`), reason: syntaxAt, cause: ": invalid character '+' at start of value"},
		{
			name: "leading zero", body: count(`042`),
			reason: syntaxAt, cause: ": invalid character '4' after object value (expecting ',' or '}')",
		},
		{
			name: "hexadecimal", body: count(`0x2A`),
			reason: syntaxAt, cause: ": invalid character 'x' after object value (expecting ',' or '}')",
		},
		{
			name: "underscore", body: count(`4_2`),
			reason: syntaxAt, cause: ": invalid character '_' after object value (expecting ',' or '}')",
		},
		{name: "not a number", body: count(`NaN`), reason: syntaxAt, cause: ": invalid character 'N' at start of value"},
		{
			name: "twice", body: `{"unclaimed_task_count":42,"unclaimed_task_count":42}`,
			reason: "has unclaimed_task_count twice",
		},
		{
			name: "twice, once escaped", body: `{"unclaimed_task_count":42,"unclaimed_task_coun\u0074":0}`,
			reason: "has unclaimed_task_count twice",
		},
		{name: "cut in the digits", body: `{"unclaimed_task_count":4`, reason: cutShort},
		{name: "cut before the digits", body: `{"unclaimed_task_count":`, reason: cutShort},
		{name: "cut in the null", body: `{"unclaimed_task_count":42,"other":nu`, reason: cutShort},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			expectAnswerError(t, calls[1], circlecitest.JSON(test.body), circleci.BodyJSON, test.reason, test.cause)
		})
	}
}

func TestAnswerThatIsUnusualButWhole(t *testing.T) {
	t.Parallel()
	for _, c := range calls {
		deep := strings.Repeat("[", 1000) + strings.Repeat("]", 1000)
		tests := []struct{ name, body string }{
			{"as documented", c.good},
			{"white space around", "\r\n\t " + strings.ReplaceAll(c.good, ":", " : ") + "\r\n\t "},
			{"much white space before", strings.Repeat(" ", 1000) + c.good},
			{"unknown key", c.withOther(`"other"`, `{"items":null,"unclaimed_task_count":-1,"name":7}`)},
			{"unknown key twice", c.withOther(`"other"`, `1,"other":2`)},
			{"unknown key that differs in case", c.withOther(`"ITEMS"`, `null,"Unclaimed_task_count":-1`)},
			{"empty key", c.withOther(`""`, `null`)},
			{"null character in an unknown key", c.withOther(`"items\u0000"`, `null`)},
			{"escaped key", strings.Replace(strings.Replace(c.good, `"it`, `"i\u0074`, 1), `"unc`, `"\u0075nc`, 1)},
			{"surrogate pair", c.withOther(`"other"`, `"\ud83d\ude00"`)},
			{"nesting of a thousand", c.withOther(`"other"`, deep)},
			{"number of a million digits", c.withOther(`"other"`, strings.Repeat("9", 1_000_000))},
		}
		for _, test := range tests {
			t.Run(c.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				server := startServer(t)
				server.SetHandler(circlecitest.JSON(test.body))
				got, err := c.do(t.Context(), newClient(t, server))
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "answer", got, c.want)
			})
		}
	}
}

func TestRunnerThatIsUnusualButWhole(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.SetHandler(circlecitest.JSON(`{"items":[{
		"ip": 7, "status": null, "labels": ["a", {"name": "inner"}], "labels": 1, "Name": null,
		"resource_class": "acme\/linux", "n\u0061me": "\u00e9 \ud83d\ude00 \"\\", "version": "\u0000"
	}]}`))
	got, err := newClient(t, server).ListRunners(t.Context(), circleci.RunnerFilter{ResourceClass: "acme/linux"})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "runners", got, []circleci.Runner{{
		ResourceClass: "acme/linux", Name: "é 😀 \"\\", Version: new("\x00"),
	}})
}

func TestCountThatIsUnusualButWhole(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	client := newClient(t, server)
	for text, want := range map[string]int64{`0`: 0, `42`: 42, `9223372036854775807`: 9223372036854775807} {
		server.Enqueue(circlecitest.JSON(`{"unclaimed_task_count":` + text + `}`))
		got, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "count", got, want)
	}
}

// An answer that is valid JSON as far as it came is not whole when the server promised more.
func TestAnswerThatEndsBeforeItsTime(t *testing.T) {
	t.Parallel()
	const (
		before = "the connection was closed before a response came"
		middle = "the connection was closed in the middle of the response"
	)
	for _, c := range calls {
		tests := []struct {
			name   string
			answer http.Handler
			reason string
			cause  error
		}{
			{"nothing", circlecitest.AbortConnection(), before, io.EOF},
			{"headers only", circlecitest.TruncatedBody(""), middle, io.ErrUnexpectedEOF},
			{"in JSON", circlecitest.TruncatedBody(c.good[:len(c.good)-1]), middle, io.ErrUnexpectedEOF},
			{"valid JSON", circlecitest.TruncatedBody(c.good), middle, io.ErrUnexpectedEOF},
			{
				"compressed", circlecitest.WithHeader(circlecitest.TruncatedBody("\x1f\x8b\b"), "Content-Encoding", "gzip"), middle,
				io.ErrUnexpectedEOF,
			},
			{"chunks in JSON", circlecitest.TruncatedChunks(c.good[:len(c.good)-1]), middle, io.ErrUnexpectedEOF},
			{"chunks of valid JSON", circlecitest.TruncatedChunks(c.good), middle, io.ErrUnexpectedEOF},
		}
		for _, test := range tests {
			t.Run(c.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				server := startServer(t)
				server.SetHandler(test.answer)
				got, err := c.do(t.Context(), newClient(t, server))
				equal(t, "what came with the error", got, c.nothing)
				expectRequestError(t, err, c.requestTo(server), test.reason, once, test.cause)
				equal(t, "number of requests", len(server.Requests()), 1)
			})
		}
	}
}
