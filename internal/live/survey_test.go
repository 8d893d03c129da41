package live_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// fact is a GET request, to which a real installation alone knows the response.
type fact struct {
	what, target string
	member       string // of the items, how many of which lack it in which way
	misleads     string // what the provider reports wrongly if the response is valid
	ifEmpty      bool   // misleads only if the response lists nothing, and that of the fact before lists something
}

// facts are requested in this order. The first one decides whether an installation serves a version.
var facts = []fact{
	{what: "version", target: "runner?namespace={namespace}", member: "last_used"},
	{what: "unknown namespace", target: "runner?namespace={unknown}"},
	{what: "class", target: "runner?resource-class={class}", member: "ip"},
	{what: "its other case", target: "runner?resource-class={CLASS}", ifEmpty: true, misleads: "another case is empty"},
	{what: "unknown class", target: "runner?resource-class={namespace}/{unknown}", misleads: "a wrong class is empty"},
	{what: "its tasks", target: "runner/tasks?resource-class={namespace}/{unknown}", misleads: "a wrong class is idle"},
	{what: "classes", target: "runner/resource?namespace={namespace}", member: "description"},
	{what: "their namespace in another case", target: "runner/resource?namespace={NAMESPACE}", ifEmpty: true,
		misleads: "all classes seem to be deleted in another case"},
	{what: "classes of an unknown namespace", target: "runner/resource?namespace={unknown}"},
	{what: "classes of an empty namespace", target: "runner/resource?namespace={empty}"},
	{what: "tokens", target: "runner/token?resource-class={class}", member: "nickname"},
	{what: "tokens of a class without tokens", target: "runner/token?resource-class={created}-empty"},
}

// survey reports how both versions respond. Its error says where the provider would report something wrong.
func (i installation) survey(ctx context.Context, report func(string)) (err error) {
	values := strings.NewReplacer("{class}", i.resourceClass, "{CLASS}", strings.ToUpper(i.resourceClass),
		"{namespace}", i.namespace, "{NAMESPACE}", strings.ToUpper(i.namespace),
		"{unknown}", "terraform-test-unknown", "{empty}", i.emptyNamespace, "{created}", i.created)
	for _, version := range []string{"v2", "v3"} {
		var before response
		for n, f := range facts {
			target := "/api/" + version + "/" + values.Replace(f.target)
			if strings.HasSuffix(target, "=") || strings.HasSuffix(target, "=-empty") {
				continue // The installation has no such namespace or class.
			}
			query, value, _ := strings.Cut(target, "=")
			got := get(ctx, i.apiURL+query+"="+url.QueryEscape(value), i.token)
			detail := strings.ReplaceAll(got.detail, i.token, "[redacted]") + describe(got.items, f.member)
			report(fmt.Sprintf("%-32s GET %-65s %s", f.what, target, detail))
			if f.misleads != "" && got.isValid && (!f.ifEmpty || len(got.items) == 0 && len(before.items) > 0) {
				err = errors.Join(err, fmt.Errorf("GET %s: %s: please report this at "+
					"https://github.com/circleci-community/terraform-provider-circleci/issues", target, f.misleads))
			}
			if n == 0 && !got.isValid {
				break
			}
			before = got
		}
	}
	return err
}

// response is what came back.
type response struct {
	isValid bool // with status 200, a list or a count
	items   []map[string]any
	detail  string // It has no host name or address of a runner, because users pass it on.
}

// withoutRedirects follows no redirect, which could lead elsewhere with the token.
var withoutRedirects = &http.Client{
	Timeout:       30 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// get sends a request without the provider's client, which would retry it and reject what it does not expect.
func get(ctx context.Context, target, token string) (got response) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return response{detail: err.Error()}
	}
	request.Header.Set("Circle-Token", token)
	received, err := withoutRedirects.Do(request)
	if err != nil {
		return response{detail: err.Error()}
	}
	defer received.Body.Close() //nolint:errcheck // Nothing was written, so closing has nothing to lose.
	content, err := io.ReadAll(io.LimitReader(received.Body, 64<<20))
	var body struct {
		Message string
		Items   []map[string]any
		Tasks   *int `json:"unclaimed_task_count"`
	}
	err = cmp.Or(err, json.Unmarshal(content, &body))
	got.detail = received.Status + " " + body.Message
	if until := received.Header.Get("Deprecation") + received.Header.Get("Sunset"); until != "" {
		got.detail += ", deprecated or gone at " + until
	}
	switch {
	case err != nil:
		got.detail += ", no JSON but " + received.Header.Get("Content-Type")
	case received.StatusCode == http.StatusOK && (body.Items != nil || body.Tasks != nil):
		got = response{true, body.Items, fmt.Sprintf("%s, %d items", got.detail, len(body.Items))}
	}
	return got
}

// describe counts the ways in which items have no value of a member.
func describe(items []map[string]any, member string) string {
	if len(items) == 0 || member == "" {
		return ""
	}
	n := map[string]int{}
	for _, item := range items {
		if value, found := item[member]; !found {
			n["absent"]++
		} else if value == nil || value == "" || member == "last_used" && fmt.Sprint(value) < "2011" { // before CircleCI
			n[fmt.Sprintf("%#v", value)]++
		}
	}
	return fmt.Sprintf(", without %s: %v", member, n)
}

// TestSurvey has installations whose responses differ from the documented ones.
func TestSurvey(t *testing.T) {
	emptyList := circlecitest.JSON(`{"items": [], "unclaimed_task_count": 0}`)
	gone := circlecitest.WithHeader(circlecitest.Error(http.StatusGone, "Use v3"), "Sunset", "Thu, 05 Mar 2026")
	for name, row := range map[string]struct {
		pattern  string // of the URLs that get the response
		response http.Handler
		report   []string // regular expressions
		misleads []string
	}{
		"as observed": {report: []string{
			"version +GET /api/v2/runner.namespace=acme +200 OK , 4 items, without last_used: map.<nil>:1.\n",
			"class +GET /api/v2/runner.resource-class=acme/linux +200 OK , 3 items, without ip: map..\n",
			"its tasks .* 404 Not Found resource class not found\n",
			"its other case .*=ACME/LINUX +200 OK , 3 items",
			"classes +GET .* 3 items, without description: map.\"\":1.\n",
			"classes of an empty namespace .* 200 OK , 0 items\n",
		}},
		"v2 is gone": {pattern: "/v2/", response: gone,
			report: []string{
				"^version .*/v2/.* 410 Gone Use v3, deprecated or gone at Thu, 05 Mar 2026\nversion .*/v3/.* 200 OK , 4 items",
			}},
		"v3 is a page": {pattern: "/v3/", response: circlecitest.Raw(200, "text/html", "<title>Sign in</title>"),
			report: []string{"version +GET /api/v3/runner.namespace=acme +200 OK , no JSON but text/html\n$"}},
		"unknown class is empty": {pattern: "/v3/.*acme/terraform-test-unknown", response: emptyList, misleads: []string{
			"GET /api/v3/runner?resource-class=acme/terraform-test-unknown: a wrong class is empty: ",
			"GET /api/v3/runner/tasks?resource-class=acme/terraform-test-unknown: a wrong class is idle: ",
		}},
		"other case is empty": {pattern: "/v3/.*ACME", response: emptyList,
			misleads: []string{": another case is empty: ", ": all classes seem to be deleted in another case: "}},
		"never is a time": {pattern: "/v2/runner.namespace",
			response: circlecitest.JSON(`{"items": [{"last_used": "0001-01-01T00:00:00Z"}]}`),
			report:   []string{"version +GET /api/v2/.* 1 items, without last_used: map.\"0001-01-01T00:00:00Z\":1.\n"}},
		"token in the message": {pattern: "token.", response: circlecitest.Error(403, circlecitest.PersonalToken),
			report: []string{`tokens +GET .*acme/linux +403 Forbidden \[redacted\]`}},
	} {
		t.Run(name, func(t *testing.T) {
			server, i := loopback(t)
			server.Intercept(func(r *http.Request) http.Handler {
				decoded, _ := url.QueryUnescape(r.URL.String())
				if row.response != nil && regexp.MustCompile(row.pattern).MatchString(decoded) {
					return row.response
				}
				return nil
			})
			report := ""
			err := fmt.Sprint(i.survey(t.Context(), func(line string) { report += line + "\n" }))
			for _, want := range row.report {
				if !regexp.MustCompile(want).MatchString(report) {
					t.Errorf("the report does not match %q:\n%s", want, report)
				}
			}
			isMissing := func(want string) bool { return !strings.Contains(err, want) }
			if slices.ContainsFunc(row.misleads, isMissing) || (err == "<nil>") != (row.misleads == nil) {
				t.Errorf("survey() = %s, want %q\n%s", err, row.misleads, report)
			}
		})
	}
}
