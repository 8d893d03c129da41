package circleci_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestInvalidList(t *testing.T) {
	const (
		id, class = `{"items":[{"id":"` + newID + `",`, `"resource_class":"acme/linux"`
		lower     = "abcdef12-3456-4789-8abc-def123456789"
		created   = `,"created_at":"2026-01-01T00:00:00Z"}]}`
	)
	for reason, body := range map[string]string{
		"has no items":                        `{}`,
		"is one page of several":              `{"items":[],"next_page_token":"2"}`,
		"has no resource_class in items[0]":   id + `"resource_class":null}]}`,
		"has no UUID for id in items[0]":      `{"items":[{"id":"7",` + class + `}]}`,
		"repeats the ID ABCDEF12":             strings.ReplaceAll(id, newID, lower) + class + `},{"id":"` + strings.ToUpper(lower) + `",` + class + `}]}`,
		`lists resource class "other/linux",`: id + `"resource_class":"other/linux"}]}`,

		`lists a token of resource class "acme/other",`:                     id + `"resource_class":"acme/other"` + created,
		"has no RFC 3339 date-time for created_at in items[0]":              id + class + `,"created_at":"today"}]}`,
		"has a value of another type than documented for items[0].nickname": id + class + `,"nickname":7` + created,
		"has no UUID for id in items[1]":                                    id + class + `,"created_at":"2026-01-01T00:00:00Z"},{` + class + created,
	} {
		_, client := respond(t, circlecitest.JSON(body))
		_, err := client.ListResourceClasses(t.Context(), "acme")
		if strings.Contains(body, "created_at") {
			_, err = client.ListTokens(t.Context(), "acme/linux")
		}
		if got := errorOf[*circleci.ResponseError](t, err).Reason; !strings.HasPrefix(got, reason) {
			t.Errorf("got reason %q, want %q", got, reason)
		}
	}
}

// The API may leave out a description or a nickname that is empty.
func TestNoDescriptionOrNickname(t *testing.T) {
	const (
		class = `{"id":"` + newID + `","resource_class":"acme/linux"`
		token = class + `,"created_at":"2026-01-01T00:00:00Z","token":"` + secret + `"`
	)
	wantClass := circleci.ResourceClass{ID: newID, ResourceClass: "acme/linux"}
	wantToken := circleci.RunnerToken{ID: newID, ResourceClass: "acme/linux", CreatedAt: "2026-01-01T00:00:00Z"}
	for _, empty := range []string{`}`, `,"description":null,"nickname":null}`, `,"description":"","nickname":""}`} {
		server, client := respond(t, circlecitest.JSON(`{"items":[`+class+empty+`]}`))
		classes, err := client.ListResourceClasses(t.Context(), "acme")
		equal(t, "error", errorText(err), "")
		equal(t, "classes", classes, []circleci.ResourceClass{wantClass})
		server.Enqueue(circlecitest.JSON(`{"items":[]}`), circlecitest.Raw(201, "application/json", class+empty))
		created, err := client.CreateResourceClass(t.Context(), "acme/linux", "")
		equal(t, "error", errorText(err), "")
		equal(t, "created class", created, wantClass)

		server.SetHandler(circlecitest.JSON(`{"items":[` + token + empty + `]}`))
		tokens, err := client.ListTokens(t.Context(), "acme/linux")
		equal(t, "error", errorText(err), "")
		equal(t, "tokens", tokens, []circleci.RunnerToken{wantToken})
		server.Enqueue(circlecitest.JSON(`{"items":[]}`), circlecitest.Raw(201, "application/json", token+empty))
		createdToken, value, err := client.CreateToken(t.Context(), "acme/linux", "")
		equal(t, "error", errorText(err), "")
		equal(t, "created token", createdToken, wantToken)
		equal(t, "secret", value, secret)
	}
}

func TestDelete(t *testing.T) {
	deleteClass := func(force bool) func(context.Context, *circleci.Client) error {
		return func(ctx context.Context, client *circleci.Client) error {
			return client.DeleteResourceClass(ctx, circleci.ResourceClass{ID: oldClassID, ResourceClass: "acme/linux"}, force)
		}
	}
	deleteToken := func(id string) func(context.Context, *circleci.Client) error {
		return func(ctx context.Context, client *circleci.Client) error {
			return client.DeleteToken(ctx, circleci.RunnerToken{ID: id, ResourceClass: "acme/linux"})
		}
	}
	class, forced, token := deleteClass(false), deleteClass(true), deleteToken(oldTokenID)
	const (
		classPath  = "DELETE /api/v3/runner/resource/" + oldClassID
		forcedPath = classPath + "/force"
		tokenPath  = "DELETE /api/v3/runner/token/" + oldTokenID
		classes    = "GET /api/v3/runner/resource?namespace=acme"
		tokens     = "GET /api/v3/runner/token?resource-class=acme%2Flinux"
		hasTokens  = `returned 409 Conflict: "resource class still has tokens"`
	)
	abort, busy, notFound := circlecitest.AbortConnection(), circlecitest.Error(503, ""), circlecitest.Error(404, "no")
	redirect := http.RedirectHandler("/api/v3/runner/token/"+otherID, http.StatusTemporaryRedirect)
	for name, test := range map[string]struct {
		delete func(context.Context, *circleci.Client) error
		// failures are the first responses. The service processes those requests if acted is true.
		failures []http.Handler
		acted    bool
		sent     []string
		err      string
		// left is how many classes and tokens are left.
		left [2]int
	}{
		"class with a token": {delete: class, sent: []string{classPath}, left: [2]int{1, 1}, err: hasTokens},
		"force":              {delete: forced, sent: []string{forcedPath}},
		"token":              {delete: token, sent: []string{tokenPath}, left: [2]int{1, 0}},
		"not carried out": {
			delete: token, failures: []http.Handler{abort, busy}, sent: []string{tokenPath, tokenPath, tokenPath}, left: [2]int{1, 0},
		},
		"carried out": {delete: forced, acted: true, failures: []http.Handler{busy}, sent: []string{forcedPath, forcedPath, classes}},
		"carried out before the timeout": {
			delete: token, acted: true, failures: []http.Handler{circlecitest.Hang()}, sent: []string{tokenPath, tokenPath, tokens}, left: [2]int{1, 0},
		},
		"class that is not found, but listed": {
			delete: forced, failures: []http.Handler{notFound}, sent: []string{forcedPath, classes}, left: [2]int{1, 1}, err: `404 Not Found: "no"`,
		},
		"token that is not found, but listed": {
			delete: token, failures: []http.Handler{notFound}, sent: []string{tokenPath, tokens}, left: [2]int{1, 1}, err: `404 Not Found: "no"`,
		},
		"token that is not found, whose class is listed": {
			delete: token, failures: []http.Handler{notFound, notFound}, sent: []string{tokenPath, tokens, classes}, left: [2]int{1, 1},
			err: `404 Not Found: "no"`,
		},
		"token that is not found, whose class is not listed": {
			delete: token, failures: []http.Handler{notFound, notFound, circlecitest.JSON(`{"items":[]}`)},
			sent: []string{tokenPath, tokens, classes}, left: [2]int{1, 1},
		},
		"class that is not found, and may be listed": {
			delete: class, failures: []http.Handler{notFound, circlecitest.Error(403, "no")}, sent: []string{classPath, classes}, left: [2]int{1, 1},
			err: `returned 403 Forbidden: "no")`,
		},
		"redirect": {
			delete: token, failures: []http.Handler{redirect}, sent: []string{tokenPath}, left: [2]int{1, 1}, err: "was not followed",
		},
		"page": {
			delete: token, failures: []http.Handler{circlecitest.JSON("<html>")}, sent: []string{tokenPath}, left: [2]int{1, 1},
			err: "is an HTML page, not JSON",
		},
		"ID that is no UUID": {delete: deleteToken("../resource/" + oldClassID), left: [2]int{1, 1}, err: "is not a UUID"},
	} {
		runInBubble(t, name, nil, nil, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			server.SetResourceClasses(circlecitest.ResourceClass{ID: oldClassID, ResourceClass: "acme/linux"})
			server.SetTokens(circlecitest.Token{ID: oldTokenID, ResourceClass: "acme/linux"})
			for _, failure := range test.failures {
				if test.acted {
					failure = server.After(failure)
				}
				server.Enqueue(failure)
			}
			err := test.delete(t.Context(), client)
			if text := errorText(err); (text == "") != (test.err == "") || !strings.HasSuffix(text, test.err) {
				t.Errorf("got error %q, want one that ends with %q", text, test.err)
			}
			equal(t, "requests", sent(server), test.sent)
			equal(t, "classes and tokens", [2]int{len(server.ResourceClasses()), len(server.Tokens())}, test.left)
		})
	}
}

// The secret of a token is in no error of the response that returns it.
func TestRunnerTokenIsRedacted(t *testing.T) {
	for name, response := range map[string]http.Handler{
		"status without a message": circlecitest.Raw(500, "application/json", `{"token" : "`+secret+`"}`),
		"truncated":                circlecitest.Raw(403, "application/json", `{"token":"`+secret),
		"plain text":               circlecitest.Raw(201, "application/json", `token {"token":"`+secret+`"}`),
		"in another field":         circlecitest.JSON(`{"token":"` + secret + `","id":"` + secret + `"}`),
		"escaped":                  circlecitest.JSON(`{"token":"a\u002dsecret-of-a-runner-token","id":"` + secret + `"}`),
		"complete": circlecitest.JSON(`{"id":"` + newID + `","resource_class":"acme/linux","nickname":"","created_at":"2026-01-01T00:00:00Z",` +
			`"token":"` + secret + `"}`),
	} {
		var attempts record
		list := circlecitest.JSON(`{"items":[]}`)
		server, client := respond(t, list, attempts.keep)
		server.Enqueue(list, response)
		_, _, err := client.CreateToken(t.Context(), "acme/linux", "")
		texts := []string{errorText(err)}
		for _, attempt := range attempts.all() {
			texts = append(texts, errorText(attempt.Err))
		}
		if strings.Contains(strings.Join(texts, "\n"), secret) {
			t.Errorf("%s: the errors hold the secret: %s", name, texts)
		}
	}
}
