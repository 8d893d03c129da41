package circleci_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestDelete(t *testing.T) {
	type deletion = func(context.Context, *circleci.Client) error
	deleteClass := func(id string, force bool) deletion {
		return func(ctx context.Context, client *circleci.Client) error {
			return client.DeleteResourceClass(ctx, circleci.ResourceClass{ID: id, ResourceClass: "acme/old"}, force)
		}
	}
	class, forced := deleteClass(oldClassID, false), deleteClass(oldClassID, true)
	token := func(ctx context.Context, client *circleci.Client) error {
		return client.DeleteToken(ctx, circleci.RunnerToken{ID: oldTokenID, ResourceClass: "acme/old"})
	}
	const (
		classPath  = "DELETE /api/v3/runner/resource/" + oldClassID
		forcedPath = classPath + "/force"
		tokenPath  = "DELETE /api/v3/runner/token/" + oldTokenID
		classes    = "GET /api/v3/runner/resource?namespace=acme"
		tokens     = "GET /api/v3/runner/token?resource-class=acme%2Fold"
		missing    = `404 Not Found: "no"`
	)
	type responses = []http.Handler
	busy, notFound, forbidden := circlecitest.Error(503, ""), circlecitest.Error(404, "no"), circlecitest.Error(403, "no")
	page, none := circlecitest.JSON("<html>"), circlecitest.JSON(`{"items":[]}`)
	redirect := http.RedirectHandler("/api/v3/runner/token/"+otherID, http.StatusTemporaryRedirect)
	for name, test := range map[string]struct {
		delete    deletion
		responses responses
		// isCarriedOut reports whether the service deletes it before the first response.
		isCarriedOut bool
		requests     []string
		err          string
		// left is how many classes and tokens are left.
		left [2]int
	}{
		"class": {class, nil, false, []string{classPath}, `409 Conflict: "resource class still has tokens"`, [2]int{1, 1}},
		"force": {forced, nil, false, []string{forcedPath}, "", [2]int{0, 0}},
		"token": {token, nil, false, []string{tokenPath}, "", [2]int{1, 0}},

		"not carried out": {token, responses{busy, busy}, false, []string{tokenPath, tokenPath, tokenPath}, "", [2]int{1, 0}},
		"carried out":     {forced, responses{busy}, true, []string{forcedPath, forcedPath, classes}, "", [2]int{0, 0}},
		"carried out, but timed out": {
			token, responses{circlecitest.Hang()}, true, []string{tokenPath, tokenPath, tokens}, "", [2]int{1, 0},
		},
		"not found, but listed": {class, responses{notFound}, false, []string{classPath, classes}, missing, [2]int{1, 1}},
		"not found, and may be listed": {
			class, responses{notFound, forbidden}, false, []string{classPath, classes}, `403 Forbidden: "no")`, [2]int{1, 1},
		},
		"token that is listed": {token, responses{notFound}, false, []string{tokenPath, tokens}, missing, [2]int{1, 1}},
		"token whose class is listed": {
			token, responses{notFound, notFound}, false, []string{tokenPath, tokens, classes}, missing, [2]int{1, 1},
		},
		"token whose class is not listed": {
			token, responses{notFound, notFound, none}, false, []string{tokenPath, tokens, classes}, "", [2]int{1, 1},
		},
		"redirect": {token, responses{redirect}, false, []string{tokenPath}, "was not followed", [2]int{1, 1}},
		"page":     {token, responses{page}, false, []string{tokenPath}, "is an HTML page, not JSON", [2]int{1, 1}},
		"no UUID":  {deleteClass("../token/"+oldTokenID, false), nil, false, nil, "is not a UUID", [2]int{1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
				for _, response := range test.responses {
					if test.isCarriedOut {
						response = server.After(response)
					}
					server.Enqueue(response)
				}
				err := test.delete(t.Context(), client)
				if text := errorText(err); (text == "") != (test.err == "") || !strings.HasSuffix(text, test.err) {
					t.Errorf("got error %q, want one that ends with %q", text, test.err)
				}
				equal(t, "requests", sent(server), test.requests)
				equal(t, "classes and tokens", [2]int{len(server.ResourceClasses()), len(server.Tokens())}, test.left)
			}, withRetries(4))
		})
	}
}
