package circleci_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// bodies are bodies of status 200 that are rejected, by the reason. The position of an error of syntax is called N.
type bodies map[string][]string

var position = regexp.MustCompile(`^is not valid JSON at byte [0-9]+`)

const (
	notJSON   = "is not valid JSON at byte N: "
	twice     = notJSON + "duplicate object member name"
	truncated = "is truncated: its JSON does not end"
	surrogate = notJSON + `invalid surrogate pair "\\ud800 is al" in string`
	notUTF8   = notJSON + "invalid UTF-8"

	wrongTypeFor = "has a value of another type than documented for "
)

// assertMalformed asserts that the client rejects a response, that neither a list nor a count is returned with the error,
// and that the request is not retried.
func assertMalformed(t *testing.T, c call, response http.Handler, kind circleci.BodyKind, reason string) {
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
	equal(t, "kind of body", e.Body, kind)
	equal(t, "reason", position.ReplaceAllString(e.Reason, "is not valid JSON at byte N"), reason)
	equal(t, "error", err.Error(), e.Request+": the response "+e.Reason)
	equal(t, "requests and attempts", [2]int{len(server.Requests()), len(attempts.all())}, [2]int{1, 1})
}

// assertAllMalformed runs assertMalformed for each body.
func assertAllMalformed(t *testing.T, c call, kind circleci.BodyKind, bodies bodies) {
	t.Helper()
	for reason, bodies := range bodies {
		for _, body := range bodies {
			t.Run(fmt.Sprintf("%s/%.40q", c.name, body), func(t *testing.T) { assertMalformed(t, c, circlecitest.JSON(body), kind, reason) })
		}
	}
}

// withOther returns the good response with another member, of the given key and value, at the start.
func (c call) withOther(key, value string) string {
	return `{` + key + `:` + value + `,` + c.good[1:]
}

func TestMalformedResponse(t *testing.T) {
	const (
		notHTML = "is an HTML page, not JSON"
		notText = "is plain text, not JSON: "
	)
	for _, c := range calls {
		assertAllMalformed(t, c, circleci.BodyEmpty, bodies{"is empty": {``, " \r\n\t", strings.Repeat(" ", 1000)}})
		assertAllMalformed(t, c, circleci.BodyHTML, bodies{
			notHTML: {"\n\n<html></html>", strings.Repeat("\n", 1000) + "<html></html>"},
			notHTML + `; its title is "Sign in & proxy"`: {"<!DOCTYPE html><html><head><TITLE>\n Sign in &\n proxy </TITLE></head></html>"},
		})
		assertAllMalformed(t, c, circleci.BodyText, bodies{
			notText + `"upstream is gone"`: {"upstream is\ngone"},
			// They start like null and true.
			notText + `"no healthy upstream"`: {"no healthy upstream"}, notText + `"timed out"`: {"timed out"},
			notText + `"` + strings.Repeat("é", 300) + `…"`: {strings.Repeat("é", 100_000)},
			notText + `"go ne"`: {"\x1bgo\u202e ne\x00"},
		})
		deep := func(begin, value, end string) string {
			return c.withOther(`"other"`, strings.Repeat(begin, 100_000)+value+strings.Repeat(end, 100_000))
		}
		assertAllMalformed(t, c, circleci.BodyJSON, bodies{
			"is not a JSON object": {`[` + c.good + `]`, `42`, `true`, `"` + strings.ReplaceAll(c.good, `"`, `\"`) + `"`},

			"has no " + c.good[2:strings.Index(c.good, `":`)]: {`{"message":"OK"}`, `null`},
			truncated: {`{`, c.good[:5], c.good[:len(c.good)-1], `{"other":[1,`, `{"other":"\u00`},
			twice:     {c.withOther(`"other"`, `1,"other":2`), c.withOther(`"other"`, `[{"a":1,"\u0061":1}]`)},

			notJSON + "invalid character '{' after top-level value":    {c.good + c.good},
			notJSON + "invalid character 'n' after top-level value":    {c.good + "\nnull\n"},
			notJSON + `invalid character '\x00' after top-level value`: {c.good + "\x00"},
			notJSON + "invalid character ',' at start of value":        {c.good[:len(c.good)-1] + `,}`},
			notUTF8:   {c.withOther(`"other"`, "\"\xff\""), c.withOther("\"\xc3\"", `1`)},
			surrogate: {c.withOther(`"other"`, `"\ud800 is alone"`), c.withOther(`"\ud800 is alone"`, `1`)},
			notJSON + `invalid character '\n' in string (expecting non-control character)`: {c.withOther(`"other"`, "\"a\nb\"")},
			notJSON + "exceeded max depth": {deep("[", "", "]"), deep(`{"a":`, `1`, `}`)},
		})
	}
}

func TestMalformedRunners(t *testing.T) {
	const identity = `"resource_class":"acme/linux","name":"one"`
	item := func(members string) string { return `{"items":[{` + members + `}]}` }
	rejected := bodies{
		"has no items": {`{}`, `{"items":null}`, `{"Items":[]}`, `{"ITEMS":[]}`, `{"data":{"items":[]}}`},
		notJSON + "missing value after object name": {`{"items":}`},
		wrongTypeFor + "items[1]":                   {`{"items":[{` + identity + `},"two"]}`},
		"has no resource_class in items[1]":         {`{"items":[{` + identity + `},{}]}`, `{"items":[{` + identity + `},null]}`},
		"has no resource_class in items[0]": {
			item(`"name":"one"`), item(`"resource_class":null,"name":"one"`), item(`"Resource_Class":"acme/linux","name":"one"`),
		},
		"has no name in items[0]": {
			item(`"resource_class":"acme/linux"`), item(`"resource_class":"acme/linux","name":null`),
			item(`"resource_class":"acme/linux","Name":"one"`),
		},

		twice: {
			`{"items":[],"items":[]}`, `{"items":[],"item\u0073":[]}`, `{"next_page_token":null,"items":[],"next_page_token":null}`,
			item(identity + `,"name":"one"`), item(identity + `,"n\u0061me":"one"`),
		},
		truncated: {
			`{"items":[`, `{"items":[{` + identity + `}`, `{"items":[{` + identity, `{"items":[{"resource_class":"acme/linux","name":"on`,
			`{"items":[{` + identity + `},`,
		},
		notJSON + "invalid character '}' at start of value":                          {`{"items":[}`},
		notJSON + "invalid character '{' after array element (expecting ',' or ']')": {`{"items":[{` + identity + `} {` + identity + `}]}`},
		surrogate: {item(`"resource_class":"acme/linux","name":"\ud800 is alone"`)},
		notUTF8:   {item("\"resource_class\":\"acme/linux\",\"name\":\"\xed\xa0\x80\"")},
	}
	// wrongType adds the values that are not of the type of a path.
	wrongType := func(path, want string, body func(value string) string) {
		for kind, value := range map[string]string{
			"an object": `{}`, "an array": `[]`, "a string": `""`, "a number": `1`, "a boolean": `true`,
		} {
			if kind != want {
				rejected[wrongTypeFor+path] = append(rejected[wrongTypeFor+path], body(value))
			}
		}
	}
	wrongType("items", "an array", func(value string) string { return `{"items":` + value + `}` })
	wrongType("items[0]", "an object", func(value string) string { return `{"items":[` + value + `]}` })
	for _, key := range []string{
		"resource_class", "name", "hostname", "first_connected", "last_connected", "last_used", "version", "ip", "status",
	} {
		wrongType("items[0]."+key, "a string", func(value string) string {
			return item(strings.Replace(identity+`,"`+key+`":`+value, map[string]string{
				"resource_class": `"resource_class":"acme/linux",`, "name": `,"name":"one"`,
			}[key], "", 1))
		})
	}
	assertAllMalformed(t, calls[0], circleci.BodyJSON, rejected)
}

func TestMalformedCount(t *testing.T) {
	const (
		digits = " for unclaimed_task_count, which is not a whole number from 0 to 9223372036854775807 in plain digits"
		after  = " after object value (expecting ',' or '}')"
	)
	rejected := bodies{
		"has no unclaimed_task_count": {
			`{}`, `{"running_runner_tasks":1}`, `{"Unclaimed_Task_Count":42}`, `{"data":{"unclaimed_task_count":42}}`,
		},
		twice: {
			`{"unclaimed_task_count":42,"unclaimed_task_count":42}`, `{"unclaimed_task_count":42,"unclaimed_task_coun\u0074":0}`,
		},
		truncated: {`{"unclaimed_task_count":4`, `{"unclaimed_task_count":`, `{"unclaimed_task_count":42,"other":nu`},
	}
	add := func(reason, value string) {
		rejected[reason] = append(rejected[reason], `{"unclaimed_task_count":`+value+`}`)
	}
	for _, value := range []string{
		`null`, `"42"`, `true`, `[42]`, `{}`, `-1`, `-0`, `42.5`, `42.0`, `4e1`, `42E0`, `9223372036854775808`, `18446744073709551616`,
	} {
		add("has "+value+digits, value)
	}
	for value, syntax := range map[string]string{
		``: "invalid character '}' at start of value", `+42`: "invalid character '+' at start of value", `042`: "invalid character '4'" + after,
		`0x2A`: "invalid character 'x'" + after, `4_2`: "invalid character '_'" + after, `NaN`: "invalid character 'N' at start of value",
	} {
		add(notJSON+syntax, value)
	}
	assertAllMalformed(t, calls[1], circleci.BodyJSON, rejected)
}

func TestUnusualResponse(t *testing.T) {
	for _, c := range calls {
		for name, body := range map[string]string{
			"as documented":                    c.good,
			"white space around":               "\r\n\t " + strings.ReplaceAll(c.good, ":", " : ") + "\r\n\t ",
			"much white space before":          strings.Repeat(" ", 1000) + c.good,
			"unknown key":                      c.withOther(`"other"`, `{"items":null,"unclaimed_task_count":-1,"name":7}`),
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
		"ip": null, "labels": ["a", {"name": "inner"}], "Name": null,
		"resource_class": "acme\/linux", "n\u0061me": "\u00e9 \ud83d\ude00 \"\\", "version": "\u0000"
	}]}`)
	equal(t, "error", errorText(err), "")
	equal(t, "runners", got, []circleci.Runner{{ResourceClass: "acme/linux", Name: "é 😀 \"\\", Version: new("\x00")}})
}
