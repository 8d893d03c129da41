package circleci_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

const (
	oldClassID = "11111111-1111-4111-8111-111111111111"
	oldTokenID = "22222222-2222-4222-8222-222222222222"
	newID      = "33333333-3333-4333-8333-333333333333"
	otherID    = "44444444-4444-4444-8444-444444444444"
	secret     = "a-secret-of-a-runner-token"
)

// creation creates an object of one kind, on a server that has one of the kind already.
type creation struct {
	name string
	// list and post are the requests that it sends.
	list, post string
	do         func(context.Context, *circleci.Client) (id string, err error)
}

var createClass = creation{
	name: "resource class",
	list: "GET /api/v3/runner/resource?namespace=acme",
	post: `POST /api/v3/runner/resource application/json {"resource_class":"acme/new","description":"<New> & \"more\""}`,
	do: func(ctx context.Context, client *circleci.Client) (string, error) {
		class, err := client.CreateResourceClass(ctx, "acme/new", `<New> & "more"`)
		if err == nil && (class.ResourceClass != "acme/new" || class.Description != `<New> & "more"`) {
			err = fmt.Errorf("got %+v", class)
		}
		return class.ID, err
	},
}

var createToken = creation{
	name: "token",
	list: "GET /api/v3/runner/token?resource-class=acme%2Fold",
	post: `POST /api/v3/runner/token application/json {"resource_class":"acme/old","nickname":"ci-1"}`,
	do: func(ctx context.Context, client *circleci.Client) (string, error) {
		token, value, err := client.CreateToken(ctx, "acme/old", "ci-1")
		if err == nil && (token.ResourceClass != "acme/old" || token.Nickname != "ci-1" || value == "") {
			err = fmt.Errorf("got %+v, %s", token, value)
		}
		return token.ID, err
	},
}

// serveObjects is serve with a class and a token, with virtual time.
func serveObjects(
	t *testing.T, test func(t *testing.T, server *circlecitest.Server, client *circleci.Client), opts ...option,
) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server, client := serve(t, nil, opts...)
		server.SetResourceClasses(circlecitest.ResourceClass{ID: oldClassID, ResourceClass: "acme/old"})
		server.SetTokens(circlecitest.Token{ID: oldTokenID, ResourceClass: "acme/old"})
		test(t, server, client)
	})
}

// created returns the IDs of the objects that were created.
func created(server *circlecitest.Server) (ids []string) {
	for _, class := range server.ResourceClasses() {
		ids = append(ids, class.ID)
	}
	for _, token := range server.Tokens() {
		ids = append(ids, token.ID)
	}
	return slices.DeleteFunc(ids, func(id string) bool { return id == oldClassID || id == oldTokenID })
}

// What exists is listed first. The connection of the listing may end at any time after it, so a creation opens its own.
func TestCreate(t *testing.T) {
	for _, c := range []creation{createClass, createToken} {
		serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			id, err := c.do(t.Context(), client)
			equal(t, "error", errorText(err), "")
			equal(t, "created", created(server), []string{id})
			equal(t, "requests", sent(server), []string{c.list, c.post})
			equal(t, "connections", server.Connections(), 2)
		})
	}
}

// Nothing is sent if what exists cannot be listed first, and nothing is listed again if the API rejects the creation.
func TestCreateRejected(t *testing.T) {
	for _, c := range []creation{createClass, createToken} {
		for _, before := range [][]http.Handler{nil, {nil}} { // It is the listing or the creation that is rejected.
			serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
				server.Enqueue(append(before, circlecitest.Error(403, "no"))...)
				_, err := c.do(t.Context(), client)
				equal(t, "status", errorOf[*circleci.StatusError](t, err).StatusCode, 403)
				equal(t, "uncertain", errors.As(err, new(*circleci.UncertainError)), false)
				equal(t, "requests", sent(server), []string{c.list, c.post}[:1+len(before)])
			})
		}
	}
}

// A listing that is not found does not keep anything from being created: the API may respond so to a namespace without
// classes. What exists then is not known, so nothing is adopted.
func TestCreateAfterListNotFound(t *testing.T) {
	notFound := circlecitest.Error(404, "no")
	for _, c := range []creation{createClass, createToken} {
		serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			server.Enqueue(notFound)
			id, err := c.do(t.Context(), client)
			equal(t, "error", errorText(err), "")
			equal(t, "created", created(server), []string{id})
			equal(t, "requests", sent(server), []string{c.list, c.post})
		})
		serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			server.Enqueue(notFound, server.After(circlecitest.Error(502, "bad gateway")))
			_, err := c.do(t.Context(), client)
			uncertain := errorOf[*circleci.UncertainError](t, err)
			equal(t, "IDs that appeared", uncertain.Appeared, []string(nil))
			equal(t, "status of the listing", errorOf[*circleci.StatusError](t, uncertain.ListErr).StatusCode, 404)
			equal(t, "requests", sent(server), []string{c.list, c.post})
		})
	}
}

// Of what appeared, only the one class with this name and description is adopted.
func TestCreateAdopts(t *testing.T) {
	class := func(id, name, description string) string {
		return fmt.Sprintf(`{"id":%q,"resource_class":%q,"description":%q}`, id, name, description)
	}
	old, list := class(oldClassID, "acme/linux", "Linux"), `{"items":[%s]}`
	failed := circlecitest.Error(500, "oops")
	for _, test := range []struct {
		response http.Handler
		listed   []string
		adopted  string
		appeared []string
	}{
		{failed, []string{class(otherID, "acme/other", "Linux"), class(newID, "Acme/LINUX", "Linux")}, newID, nil},
		{circlecitest.JSON(`{}`), []string{class(newID, "acme/linux", "Linux")}, newID, nil},
		{circlecitest.JSON(old), []string{class(newID, "acme/linux", "Linux")}, newID, nil},
		{circlecitest.JSON(class(newID, "acme/arm", "Linux")), nil, "", nil},
		{failed, []string{class(newID, "acme/linux", "another")}, "", []string{newID}},
		{
			failed, []string{class(otherID, "acme/Linux", "Linux"), class(newID, "acme/linux", "Linux")},
			"", []string{otherID, newID},
		},
	} {
		server, client := serve(t, nil)
		after := fmt.Sprintf(list, strings.Join(append(test.listed, old), ","))
		server.Enqueue(circlecitest.JSON(fmt.Sprintf(list, old)), test.response, circlecitest.JSON(after))
		got, err := client.CreateResourceClass(t.Context(), "acme/linux", "Linux")
		equal(t, "ID", got.ID, test.adopted)
		if test.adopted == "" {
			equal(t, "IDs that appeared", errorOf[*circleci.UncertainError](t, err).Appeared, test.appeared)
		} else {
			equal(t, "error", errorText(err), "")
		}
	}
}

// A token that the client itself creates concurrently is not taken for one that was lost.
func TestCreateTokensConcurrently(t *testing.T) {
	serveObjects(t, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(nil, circlecitest.Delay(time.Second, server.After(circlecitest.Error(503, "busy"))))
		var (
			tokens  [2]circleci.RunnerToken
			errs    [2]error
			creates sync.WaitGroup
		)
		for i, class := range []string{"acme/old", "ACME/Old"} {
			creates.Go(func() { tokens[i], _, errs[i] = client.CreateToken(t.Context(), class, "") })
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, _, err := client.CreateToken(ctx, "acme/old", "")
		equal(t, "error of the one that did not get its turn", errorText(err), "context deadline exceeded")
		creates.Wait()

		equal(t, "error of the second", errorText(errs[1]), "")
		equal(t, "created", created(server)[1:], []string{tokens[1].ID})
		appeared := errorOf[*circleci.UncertainError](t, errs[0]).Appeared
		equal(t, "IDs that appeared for the first", appeared, created(server)[:1])
	})
}

func TestCreateInvalidName(t *testing.T) {
	server, client := serve(t, nil)
	_, err := client.CreateResourceClass(t.Context(), "linux", "")
	equal(t, "error", errorText(err), `resource class "linux" has no slash between namespace and name`)
	_, _, err = client.CreateToken(t.Context(), "linux", "")
	equal(t, "error", errorText(err), `resource class "linux" has no slash between namespace and name`)
	equal(t, "requests", sent(server), []string(nil))
}

// What the service writes in place of a class enters an error in one line of limited length.
func TestLongClassInError(t *testing.T) {
	server, client := serve(t, nil)
	long := `{"id":"` + newID + `","resource_class":"acme/` + strings.Repeat("x", 10_000) + `"}`
	server.Enqueue(nil, circlecitest.Raw(201, "application/json", long))
	_, err := client.CreateResourceClass(t.Context(), "acme/new", "")
	equal(t, "length is limited", len(errorText(err)) < 1000, true)
}
