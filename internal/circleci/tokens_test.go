package circleci_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// A token that the client itself creates concurrently is not taken for one that was lost.
func TestCreateTokensConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := startMemoryServer(t)
		server.SetResourceClasses(circlecitest.ResourceClass{ResourceClass: "acme/linux"})
		var posts atomic.Int32
		server.Intercept(func(r *http.Request) http.Handler {
			if r.Method == http.MethodPost && posts.Add(1) == 1 {
				return circlecitest.Delay(time.Second, server.After(circlecitest.Error(503, "busy")))
			}
			return nil
		})
		client := newClient(t, server)
		var (
			created [2]circleci.Token
			errs    [2]error
			creates sync.WaitGroup
		)
		for i, class := range []string{"acme/linux", "ACME/Linux"} {
			creates.Go(func() { created[i], _, errs[i] = client.CreateToken(t.Context(), class, "") })
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, _, err := client.CreateToken(ctx, "acme/linux", "")
		equal(t, "error of the one that did not get its turn", errorText(err), "context deadline exceeded")
		creates.Wait()

		equal(t, "error", errorText(errs[1]), "")
		tokens := server.Tokens()
		equal(t, "number of tokens", len(tokens), 2)
		equal(t, "ID", created[1].ID, tokens[1].ID)
		equal(t, "IDs that appeared", errorOf[*circleci.UncertainError](t, errs[0]).Appeared, []string{tokens[0].ID})
	})
}
