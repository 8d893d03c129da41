package circleci_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// The outage of one listing does not keep a write from finding out what it did, once the service is back.
func TestOutageDoesNotHideWrites(t *testing.T) {
	busy := circlecitest.Error(503, "busy")
	synctest.Test(t, func(t *testing.T) {
		server, client := serve(t, nil)
		server.SetResourceClasses(circlecitest.ResourceClass{ID: oldClassID, ResourceClass: "acme/old"})
		server.Enqueue(nil, circlecitest.Delay(2*time.Second, server.After(circlecitest.AbortConnection())))
		created := make(chan error)
		go func() {
			_, err := client.CreateResourceClass(t.Context(), "acme/new", "")
			created <- err
		}()
		synctest.Wait() // The creation is in flight.
		server.Enqueue(busy)
		_, err := client.ListTokens(t.Context(), "acme/old")
		assertContains(t, errorText(err), "busy")
		equal(t, "error of the creation", errorText(<-created), "")
	})
	synctest.Test(t, func(t *testing.T) {
		server, client := serve(t, nil, withRetries(1))
		class := circleci.ResourceClass{ID: oldClassID, ResourceClass: "acme/old"}
		server.SetResourceClasses(circlecitest.ResourceClass{ID: class.ID, ResourceClass: class.ResourceClass})
		server.Enqueue(busy, busy)
		_, err := client.ListTokens(t.Context(), "acme/old")
		assertContains(t, errorText(err), "busy")
		server.Enqueue(server.After(circlecitest.AbortConnection()))
		equal(t, "error of the deletion", errorText(client.DeleteResourceClass(t.Context(), class, false)), "")
	})
}

// A listing that has less time than the service needs does not fail those that have more.
func TestShortListingIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := serve(t, nil, withRetries(1))
		server.SetResourceClasses(circlecitest.ResourceClass{ID: oldClassID, ResourceClass: "acme/old"})
		server.Enqueue(circlecitest.WithHeader(circlecitest.Error(503, "busy"), "Retry-After", "2"))
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := client.ListResourceClasses(short, "acme")
		assertContains(t, errorText(err), "exceeds the time that is left")
		_, err = client.CachedResourceClasses(t.Context(), "acme")
		equal(t, "error of a listing with more time", errorText(err), "")
	})
}
