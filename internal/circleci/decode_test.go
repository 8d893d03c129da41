package circleci_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// FuzzDecode has what is accepted and what is not. These tests have the reasons.

// position is that of an error of syntax, which the tests call N.
var position = regexp.MustCompile(`^is not valid JSON at byte [0-9]+`)

// assertRejected asserts that the client rejects a response without a retry, and with it everything in it.
func assertRejected(t *testing.T, body string, kind circleci.BodyKind, want string) {
	t.Helper()
	server, client := serve(t, circlecitest.JSON(body), withRetries(4))
	var err error
	if strings.Contains(body, `"items"`) {
		var runners []circleci.Runner
		runners, err = client.ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
		equal(t, body+": runners", runners, []circleci.Runner(nil))
	} else {
		got := <-countTasks(t.Context(), client)
		equal(t, body+": count", got.count, int64(0))
		err = got.err
	}
	e := errorOf[*circleci.ResponseError](t, err)
	equal(t, body+": reason", position.ReplaceAllString(e.Reason, "is not valid JSON at byte N"), want)
	equal(t, body+": kind", e.Body, kind)
	equal(t, body+": error", err.Error(), e.Request+": the response "+e.Reason)
	equal(t, body+": requests", len(server.Requests()), 1)
}

// assertReason asserts the beginning of the reason for which a response is rejected.
func assertReason(t *testing.T, err error, want string) {
	t.Helper()
	if got := errorOf[*circleci.ResponseError](t, err).Reason; !strings.HasPrefix(got, want) {
		t.Errorf("got reason %q, want %q", got, want)
	}
}

const (
	notJSON   = "is not valid JSON at byte N: "
	truncated = "is truncated: its JSON does not end"
	twice     = notJSON + "duplicate object member name"
	wrongType = "has a value of another type than documented for "
)

func TestResponseIsNotJSON(t *testing.T) {
	type row struct {
		body, want string
		kind       circleci.BodyKind
	}
	const page = "\n<!DOCTYPE html><html><head><TITLE>\n Sign in &\n proxy </TITLE></head></html>"
	for _, test := range []row{
		{" \r\n\t", "is empty", circleci.BodyEmpty},
		{"<html></html>", "is an HTML page, not JSON", circleci.BodyHTML},
		{page, `is an HTML page, not JSON; its title is "Sign in & proxy"`, circleci.BodyHTML},
		{"no healthy\nupstream", `is plain text, not JSON: "no healthy upstream"`, circleci.BodyText},
	} {
		assertRejected(t, test.body, test.kind, test.want)
	}
}

func TestMalformedCount(t *testing.T) {
	const digits = ` for unclaimed_task_count, which is not a whole number from 0 to 9223372036854775807 in plain digits`
	for want, bodies := range map[string][]string{
		"is not a JSON object":        {`[` + goodTasks + `]`, `42`},
		"has no unclaimed_task_count": {`{"message":"OK"}`, `null`, `{"Unclaimed_Task_Count":1}`},
		truncated:                     {`{`, `{"unclaimed_task_count":4`},
		twice:                         {`{"unclaimed_task_count":42,"unclaimed_task_count":42}`},
		"has -1" + digits:             {`{"unclaimed_task_count":-1}`},
		"has 4e1" + digits:            {`{"unclaimed_task_count":4e1}`},
		`has "` + strings.Repeat("4", 39) + digits: {`{"unclaimed_task_count":"` + strings.Repeat("4", 1000) + `"}`},

		notJSON + "invalid character '{' after top-level value": {goodTasks + goodTasks},
		notJSON + "invalid UTF-8":                               {"{\"a\":\"\xff\"}"},
		notJSON + "exceeded max depth":                          {`{"a":` + strings.Repeat("[", 100_000)},
	} {
		for _, body := range bodies {
			assertRejected(t, body, circleci.BodyJSON, want)
		}
	}
}

func TestMalformedRunners(t *testing.T) {
	const item = `{"resource_class":"acme/linux","name":"one"`
	items := func(items string) string { return `{"items":[` + items + `]}` }
	for want, bodies := range map[string][]string{
		"has no items":                      {`{"items":null}`},
		"has no resource_class in items[1]": {items(item + `},{}`), items(item + `},null`)},
		"has no name in items[0]":           {items(`{"resource_class":"acme/linux","name":null}`)},
		wrongType + "items":                 {`{"items":{}}`},
		wrongType + "items[1]":              {items(item + `},"two"`)},
		wrongType + "items[0].version":      {items(item + `,"version":3}`)},
		truncated:                           {`{"items":[` + item, `{"items":[` + item + `},`},
		twice:                               {items(item + `,"name":"one"}`)},

		notJSON + `invalid surrogate pair "\\ud800 is al" in string`: {items(`{"name":"\ud800 is alone"}`)},
	} {
		for _, body := range bodies {
			assertRejected(t, body, circleci.BodyJSON, want)
		}
	}
}
