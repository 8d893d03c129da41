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
		id, class = `{"items":[{"id":"` + newID + `",`, `"resource_class":"acme/linux",`
		first     = id + class + `"description":""},`
		time      = `"created_at":"2026-01-01T00:00:00Z"}]}`
	)
	again := `{"id":"` + strings.ToUpper(newID) + `",` + class + `"description":""}]}`
	for reason, body := range map[string]string{
		"has no items":                                                       `{}`,
		"is one page of several":                                             `{"items":[],"next_page_token":"2"}`,
		"has no items[0].id":                                                 `{"items":[{` + class + `"description":""}]}`,
		`has "7" for items[0].id, which is not a UUID`:                       `{"items":[{"id":"7",` + class + `"description":""}]}`,
		"has null for items[0].resource_class":                               id + `"resource_class":null,"description":""}]}`,
		"has no items[0].description":                                        id + `"resource_class":"acme/linux"}]}`,
		"lists the ID " + newID + " twice":                                   first + again,
		`lists resource class "other/linux", though only namespace acme was`: id + `"resource_class":"other/linux","description":""}]}`,

		`lists a token of resource class "acme/other", though only acme/linux`:    id + `"resource_class":"acme/other","nickname":"",` + time,
		`has "today" for items[0].created_at, which is not an RFC 3339 date-time`: id + class + `"nickname":"","created_at":"today"}]}`,
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

func TestDelete(t *testing.T) {
	deleteClass := func(force bool) func(context.Context, *circleci.Client) error {
		return func(ctx context.Context, client *circleci.Client) error {
			return client.DeleteResourceClass(ctx, circleci.ResourceClass{ID: oldClassID, ResourceClass: "acme/linux"}, force)
		}
	}
	deleteToken := func(id string) func(context.Context, *circleci.Client) error {
		return func(ctx context.Context, client *circleci.Client) error {
			return client.DeleteToken(ctx, circleci.Token{ID: id, ResourceClass: "acme/linux"})
		}
	}
	class, forced, token := deleteClass(false), deleteClass(true), deleteToken(oldTokenID)
	const (
		classPath  = "DELETE /api/v2/runner/resource/" + oldClassID
		forcedPath = classPath + "/force"
		tokenPath  = "DELETE /api/v2/runner/token/" + oldTokenID
		classes    = "GET /api/v2/runner/resource?namespace=acme"
		tokens     = "GET /api/v2/runner/token?resource-class=acme%2Flinux"
		hasTokens  = `returned 409 Conflict: "resource class still has tokens"`
	)
	abort, busy, notFound := circlecitest.AbortConnection(), circlecitest.Error(503, ""), circlecitest.Error(404, "no")
	redirect := http.RedirectHandler("/api/v2/runner/token/"+otherID, http.StatusTemporaryRedirect)
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

// The secret of a token is redacted from the response on that returns it, even a malformed one.
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
		server.SetHandler(circlecitest.Error(403, "not for "+secret))
		_, err = client.ListTokens(t.Context(), "acme/linux")
		equal(t, name+": message", errorOf[*circleci.StatusError](t, err).Message, "not for (redacted)")
		for _, attempt := range attempts.all() {
			texts = append(texts, errorText(attempt.Err))
		}
		if strings.Contains(strings.Join(texts, "\n"), secret) {
			t.Errorf("%s: the errors hold the secret: %s", name, texts)
		}
	}
}
