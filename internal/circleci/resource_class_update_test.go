package circleci_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

const linuxClass = "/api/v3/runner/resource-classes/" + newID

func TestGetResourceClass(t *testing.T) {
	server, client := serveFleet(t)
	class, err := client.GetResourceClass(t.Context(), newID)
	equal(t, "error", errorText(err), "")
	equal(t, "class", class, circleci.ResourceClass{ID: newID, ResourceClass: "acme/linux", Description: "Linux"})
	_, err = client.GetResourceClass(t.Context(), otherID)
	equal(t, "status", errorOf[*circleci.StatusError](t, err).StatusCode, 404)
	get := "GET " + linuxClass
	equal(t, "requests", sent(server), []string{get, strings.Replace(get, newID, otherID, 1)})
}

// An update is repeated until it is carried out, whether or not it was before. What was listed before is forgotten.
func TestUpdateResourceClass(t *testing.T) {
	const update = "POST " + linuxClass + `/update application/json {"description":"<New> & \"more\""}`
	failures := []http.Handler{
		circlecitest.Error(503, "busy"), circlecitest.AbortConnection(), circlecitest.Hang(),
		circlecitest.Error(429, "later"),
	}
	want := circleci.ResourceClass{ID: newID, ResourceClass: "acme/linux", Description: `<New> & "more"`}
	for name, failures := range map[string][]http.Handler{
		"no failure": nil, "not carried out": failures, "carried out": failures,
	} {
		synctest.Test(t, func(t *testing.T) {
			server, client := serveFleet(t, withRetries(4))
			_, err := client.CachedResourceClasses(t.Context(), "acme")
			equal(t, "error", errorText(err), "")
			for _, failure := range failures {
				if name == "carried out" {
					failure = server.After(failure)
				}
				server.Enqueue(failure)
			}
			class, err := client.UpdateResourceClass(t.Context(), newID, want.Description)
			equal(t, name+": error", errorText(err), "")
			equal(t, "class", class, want)
			listed, err := client.CachedResourceClasses(t.Context(), "acme")
			equal(t, "error", errorText(err), "")
			equal(t, "listed", listed, []circleci.ResourceClass{want})
			updates := slices.Repeat([]string{update}, 1+len(failures))
			equal(t, name+": requests", sent(server), slices.Concat([]string{v3Classes}, updates, []string{v3Classes}))
		})
	}
}

// A class that is described as something else than what was requested is an error, and not sent again.
func TestInvalidUpdate(t *testing.T) {
	const good = `{"data":{"id":"` + newID + `","attributes":{"resource_class":"acme/linux","description":"new"}}}`
	with := func(old, other string) string { return strings.Replace(good, old, other, 1) }
	const another = ", though another one was requested"
	for reason, body := range map[string]string{
		"is empty":              "",
		"has no data":           `{"id":"` + newID + `"}`,
		"has no resource_class": with("resource_class", "name"),
		"has no UUID for id":    with(newID, "7"),

		"is about the ID " + otherID + ", though " + newID + " was requested": with(newID, otherID),
		`has the description "old"` + another:                                 with("new", "old"),
		`has the description ""` + another:                                    with(`"new"`, `null`),
		wrongType + "data.attributes.description":                             with(`"new"`, `{}`),
	} {
		server, client := serve(t, circlecitest.JSON(body), withRetries(4))
		class, err := client.UpdateResourceClass(t.Context(), newID, "new")
		equal(t, "class", class, circleci.ResourceClass{})
		equal(t, "reason", errorOf[*circleci.ResponseError](t, err).Reason, reason)
		equal(t, "number of requests", len(server.Requests()), 1)
		if !strings.Contains(reason, "has the description") {
			class, err = client.GetResourceClass(t.Context(), newID)
			equal(t, "class that is read", class, circleci.ResourceClass{})
			equal(t, "reason of the read", errorOf[*circleci.ResponseError](t, err).Reason, reason)
		}
	}
	server, client := serve(t, circlecitest.JSON(with(`,"description":"new"`, "")))
	class, err := client.UpdateResourceClass(t.Context(), newID, "")
	equal(t, "error without a description", errorText(err), "")
	equal(t, "class without a description", class, circleci.ResourceClass{ID: newID, ResourceClass: "acme/linux"})
	equal(t, "number of requests", len(server.Requests()), 1)
}

func TestUpdateInvalidID(t *testing.T) {
	server, client := serve(t, nil)
	for _, id := range []string{"", "7", newID + "/update", "../resource/" + newID} {
		_, err := client.UpdateResourceClass(t.Context(), id, "new")
		assertSuffix(t, errorText(err), "is not a UUID")
		_, err = client.GetResourceClass(t.Context(), id)
		assertSuffix(t, errorText(err), "is not a UUID")
	}
	equal(t, "number of requests", len(server.Requests()), 0)
}

// An update that fails is no creation of which the outcome is not known.
func TestFailedUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := serve(t, circlecitest.Hang(), withRetries(4))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := client.UpdateResourceClass(ctx, newID, "new")
		equal(t, "is a deadline", errors.Is(err, context.DeadlineExceeded), true)
		equal(t, "elapsed", time.Since(start), time.Second)
		for want, response := range map[string]http.Handler{
			"timed out after 30s waiting": circlecitest.Hang(),
			"the connection was closed":   circlecitest.AbortConnection(),
			"503 Service Unavailable":     circlecitest.Error(503, "busy"),
			"403 Forbidden":               circlecitest.Error(403, "no"),
		} {
			server.SetHandler(response)
			_, err = client.UpdateResourceClass(t.Context(), newID, "new")
			assertContains(t, errorText(err), want)
			equal(t, "is uncertain", errors.As(err, new(*circleci.UncertainError)), false)
		}
	})
}
