package circleci_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// The slot of a canceled request, queued or in flight, is free for others.
func TestCancelReleasesSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := serve(t, nil, withConcurrency(1))
		server.Enqueue(circlecitest.Hang())
		ctx, cancel := context.WithCancel(t.Context())
		first := countTasks(ctx, client)
		synctest.Wait()
		second, third := countTasks(ctx, client), countTasks(t.Context(), client)
		synctest.Wait()
		cancel()
		equal(t, "the first is canceled", errors.Is((<-first).err, context.Canceled), true)
		equal(t, "the second is canceled", errors.Is((<-second).err, context.Canceled), true)
		equal(t, "third", <-third, result{count: 42})
	})
}
