package circleci

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// maxListingAge is how long a listing is reused. A plan refreshes within it; what changes elsewhere is seen soon.
	maxListingAge = time.Minute
	// outageDuration is how long all listings fail after one that failed although it was retried.
	outageDuration = 10 * time.Second
)

// listings let one listing serve all the refreshes of a plan: no request of the API reads a single item. Listings of
// the same name that overlap are one request. The zero value is ready, and safe for concurrent use.
type listings[T any] struct {
	group singleflight.Group

	mu sync.Mutex
	// generation counts the writes. What was listed before one is not used after it.
	generation int
	byName     map[string]listing[T]
}

type listing[T any] struct {
	items []T
	until time.Time
}

// get returns the items of a name: those of a listing that is in flight or at most maxListingAge old, or those of list.
// Errors are not kept. A caller whose context ends leaves; the listing goes on for the others.
func (l *listings[T]) get(
	ctx context.Context, name string, list func(ctx context.Context, name string) ([]T, error),
) ([]T, error) {
	l.mu.Lock()
	generation := l.generation
	l.mu.Unlock()
	result := l.group.DoChan(fmt.Sprint(generation, " ", name), func() (any, error) {
		if items, isKept := l.kept(name); isKept { // By a call that ended just before.
			return items, nil
		}
		items, err := list(context.WithoutCancel(ctx), name)
		if err == nil {
			l.keepSince(generation, name, items)
		}
		return items, err
	})
	select {
	case result := <-result:
		items, _ := result.Val.([]T)
		return items, result.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// kept returns the items of a name, if they were listed within maxListingAge.
func (l *listings[T]) kept(name string) (items []T, isKept bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.byName[name]
	return kept.items, time.Now().Before(kept.until)
}

// keep keeps the items of a name that were just listed.
func (l *listings[T]) keep(name string, items []T) {
	l.mu.Lock()
	generation := l.generation
	l.mu.Unlock()
	l.keepSince(generation, name, items)
}

func (l *listings[T]) keepSince(generation int, name string, items []T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if generation != l.generation {
		return
	}
	if l.byName == nil {
		l.byName = map[string]listing[T]{}
	}
	l.byName[name] = listing[T]{items: items, until: time.Now().Add(maxListingAge)}
}

// forget keeps all listings from being used again, those in flight too. Who waits for one gets it.
func (l *listings[T]) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.generation++
	clear(l.byName)
}

// outage remembers for a short time that a listing failed although it was retried, so that one plan pays for it once.
type outage struct {
	mu    sync.Mutex
	err   error
	until time.Time
}

// listUnlessOut calls a listing, unless another one has just failed.
func listUnlessOut[T any](o *outage, list func() ([]T, error)) ([]T, error) {
	o.mu.Lock()
	err, until := o.err, o.until
	o.mu.Unlock()
	if time.Now().Before(until) {
		return nil, fmt.Errorf("another listing has just failed: %w", err)
	}
	items, err := list()
	if isTransientForAll(err) && !isRateLimited(err) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.err, o.until = err, time.Now().Add(outageDuration)
	}
	return items, err
}
