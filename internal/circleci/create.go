package circleci

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// identified is an object that has an ID.
type identified interface{ id() string }

// creation is how to create an object of one kind.
type creation[T identified] struct {
	lock *createLock
	// class is the resource class that is created, or gets a token. Objects of the same one are created one at a time.
	class string
	list  func(ctx context.Context) ([]T, error)
	// post sends the request. Its error is an *UncertainError if the outcome is not known.
	post func(ctx context.Context, before []T) (T, error)
	// forget keeps what was listed before from being used again.
	forget func()
	// isWanted reports whether an object could be the one that was to be created.
	isWanted func(T) bool
}

// create lists what exists, and then creates an object: of a request of which the outcome is not known, only a
// comparison tells what it created. It sends nothing if the listing fails, unless with 404: the API may respond so to a
// name without objects.
//
// The request is sent again only when it cannot have created anything. When its outcome is not known, the error is
// an *UncertainError, and appeared are the objects that exist since.
func create[T identified](ctx context.Context, wanted creation[T]) (created T, appeared []T, err error) {
	var none T
	release, err := wanted.lock.acquire(ctx, wanted.class)
	if err != nil {
		return none, nil, err
	}
	defer release()
	wanted.forget()
	defer wanted.forget()
	before, listErr := wanted.list(ctx)
	if listErr != nil && !isNotFound(listErr) {
		return none, nil, listErr
	}
	created, err = wanted.post(ctx, before)
	isUncertain, cause := unwrapUncertain(err)
	if !isUncertain {
		return created, nil, err
	}
	if listErr != nil { // What exists now may have existed before.
		return none, nil, &UncertainError{Err: cause, ListErr: listErr}
	}

	verify, cancel := outlive(ctx, func() bool { return true })
	defer cancel()
	after, afterErr := wanted.list(verify)
	uncertain := &UncertainError{Err: cause, ListErr: afterErr}
	for _, object := range after {
		if wanted.isWanted(object) && !hasID(before, object.id()) {
			appeared = append(appeared, object)
			uncertain.Appeared = append(uncertain.Appeared, object.id())
		}
	}
	return none, appeared, uncertain
}

// hasID reports whether one of these objects has an ID.
func hasID[T identified](objects []T, id string) bool {
	return slices.ContainsFunc(objects, func(object T) bool { return strings.EqualFold(object.id(), id) })
}

// createLock lets one object at a time be created of a resource class. Otherwise what another call creates meanwhile
// would look like the object of a request of which the outcome is not known. It is safe for concurrent use.
type createLock struct {
	// turns are channels by class in lower case. One is full while an object is being created.
	turns sync.Map
}

// acquire waits for its turn. The caller calls release when it is done.
func (l *createLock) acquire(ctx context.Context, class string) (release func(), err error) {
	value, _ := l.turns.LoadOrStore(strings.ToLower(class), make(chan struct{}, 1))
	turn := value.(chan struct{}) //nolint:forcetypeassert // There is no other type in it.
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// checkCreated rejects a response to the creation of an object of a class that is about another class, or about an
// object that existed before.
func checkCreated[T identified](c *Client, id, gotClass, class string, before []T) error {
	switch {
	case !SameName(gotClass, class):
		return fmt.Errorf("is about resource class %q, though %s was requested", c.Sanitize(gotClass), class)
	case hasID(before, id):
		return fmt.Errorf("has the ID %s, which existed before", id)
	}
	return nil
}
