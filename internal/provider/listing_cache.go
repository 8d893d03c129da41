package provider

import (
	"context"
	"sync"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// maxListingAge is how long a listing is reused. A plan refreshes within it; what changes outside of Terraform is seen soon.
const maxListingAge = time.Minute

// listingCache lets one listing serve all the refreshes of a plan: no request of the API reads a single item. Listings of
// the same name that overlap are one request. It is safe for concurrent use.
type listingCache[T any] struct {
	list func(ctx context.Context, name string) ([]T, error)

	mu     sync.Mutex
	byName map[string]*listing[T]
}

// listing is a request that is in flight, or its result. The fields but the last two are guarded by the cache's mutex.
type listing[T any] struct {
	waiting int
	ended   time.Time
	cancel  context.CancelFunc
	// done is closed when items and err are set.
	done  chan struct{}
	items []T
	err   error
}

func newListingCache[T any](list func(ctx context.Context, name string) ([]T, error)) *listingCache[T] {
	return &listingCache[T]{list: list, byName: map[string]*listing[T]{}}
}

// get returns the items of a name, from a listing that is in flight or at most maxListingAge old, or from a new one. The
// caller does not change them. Case does not distinguish names. Errors are not kept. A caller whose context ends leaves;
// the request is canceled only when no other caller waits for it.
func (c *listingCache[T]) get(ctx context.Context, name string) ([]T, error) {
	key := circleci.ResourceClassKey(name)
	c.mu.Lock()
	l := c.byName[key]
	if l == nil || !l.ended.IsZero() && time.Since(l.ended) > maxListingAge {
		l = c.start(ctx, key, name)
	}
	l.waiting++
	c.mu.Unlock()

	defer c.leave(key, l)
	select {
	case <-l.done:
		return l.items, l.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// start sends the request, outside of the context of the caller that happens to be the first.
func (c *listingCache[T]) start(ctx context.Context, key, name string) *listing[T] {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &listing[T]{cancel: cancel, done: make(chan struct{})}
	c.byName[key] = l
	go func() {
		defer cancel()
		l.items, l.err = c.list(ctx, name)
		c.mu.Lock()
		defer c.mu.Unlock()
		l.ended = time.Now()
		if l.err != nil {
			c.drop(key, l)
		}
		close(l.done)
	}()
	return l
}

func (c *listingCache[T]) leave(key string, l *listing[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.waiting--; l.waiting == 0 && l.ended.IsZero() {
		l.cancel()
		c.drop(key, l)
	}
}

// drop keeps a listing from being used again, unless a newer one has replaced it.
func (c *listingCache[T]) drop(key string, l *listing[T]) {
	if c.byName[key] == l {
		delete(c.byName, key)
	}
}

// forget keeps all listings from being used again, those in flight too. Who waits for one gets it.
func (c *listingCache[T]) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.byName)
}
