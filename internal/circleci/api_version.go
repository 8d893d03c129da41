package circleci

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// ErrVersion3Required is returned for what needs version 3, when the installation serves version 2.
var ErrVersion3Required = errors.New("this needs version 3 of the API, but the installation serves version 2")

// versions knows which version of the API an installation serves, once a read has found it out. It is safe for
// concurrent use.
type versions struct {
	service *service
	// keep keeps the classes of a namespace, which were listed to find out the version.
	keep func(namespace string, classes []ResourceClass)
	// candidates are the versions to try, in order.
	candidates []APIVersion

	mu    sync.Mutex
	found APIVersion
	// search is the one that is in flight, nil for none.
	search *versionSearch
	// isRefused reports whether the last search was refused by both versions. Reads do not wait for each other then: all
	// of them may be refused.
	isRefused bool
}

// versionSearch is a read that finds out the version. The others wait until it is done.
type versionSearch struct {
	done chan struct{}
	// err is a transient error, which those who waited share: each of them would need as long to get one.
	err error
}

// newVersions returns the versions to try for a configured one, "" for Auto. Only version 2 documents launch tokens.
func newVersions(service *service, keep func(namespace string, classes []ResourceClass)) *versions {
	v := &versions{service: service, keep: keep, candidates: []APIVersion{V3, V2}}
	switch configured := service.config.APIVersion; {
	case configured != "" && configured != Auto:
		v.candidates, v.found = []APIVersion{configured}, configured
	case service.config.Credential.kind == launchToken:
		v.candidates = []APIVersion{V2, V3}
	}
	return v
}

// current returns the version that is known, "" for none.
func (v *versions) current() APIVersion {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.found
}

// begin returns the version once it is known, or a search for the caller to do and to end. It waits for one that is in
// flight.
func (v *versions) begin(ctx context.Context) (found APIVersion, search *versionSearch, err error) {
	for {
		v.mu.Lock()
		found, other := v.found, v.search
		if found == "" && (other == nil || v.isRefused) {
			v.search = &versionSearch{done: make(chan struct{})}
			defer v.mu.Unlock()
			return "", v.search, nil
		}
		v.mu.Unlock()
		if found != "" {
			return found, nil, nil
		}
		select {
		case <-other.done:
			if other.err != nil {
				return "", nil, fmt.Errorf("the request that finds out the version of the API failed: %w", other.err)
			}
		case <-ctx.Done():
			return "", nil, ctx.Err()
		}
	}
}

// end ends a search. found is "" if it found no version. An error is not shared if the time of its caller was too
// short: the others may have more.
func (v *versions) end(search *versionSearch, found APIVersion, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.search == search {
		v.search = nil
	}
	v.found = cmp.Or(v.found, found)
	v.isRefused = v.found == "" && isDefinite(err)
	if found == "" && isTransientForAll(err) {
		search.err = err
	}
	close(search.done)
}

// find returns a handler that sends a call to the version that the installation serves. The first read finds it out. A
// write is not sent to two versions: what creates lists first, and so knows it.
func (v *versions) find(next handler) handler {
	return func(ctx context.Context, call apiCall) error {
		call.version = v.candidates[0]
		if call.method != http.MethodGet {
			call.version = cmp.Or(v.current(), call.version)
			return next(ctx, call)
		}
		waiting := newProgress(ctx, func() string { return v.service.request(call) })
		found, search, err := v.begin(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return waiting.stop(err)
		case err != nil:
			return err
		case search != nil:
			found, err := v.searchWith(ctx, next, call)
			v.end(search, found, err)
			return err
		case found == V2 && call.onlyV3:
			return ErrVersion3Required
		}
		call.version = found
		return next(ctx, call)
	}
}

// searchWith sends a read to one version after the other until one serves it.
func (v *versions) searchWith(ctx context.Context, next handler, call apiCall) (found APIVersion, err error) {
	for _, version := range v.candidates {
		if call.onlyV3 && version != V3 {
			continue
		}
		call.version = version
		isServed, isRefused, tried := v.try(ctx, next, call)
		switch {
		case isServed:
			return version, tried
		case err != nil && (isDefinite(tried) || isRefused):
			return "", &otherVersionError{first: err, version: version, other: tried}
		case err != nil || !isRefused:
			return "", tried
		}
		err = tried
	}
	return "", err
}

// try sends a read to one version. It is served, too, if it does not find what is read but lists the classes of the
// namespace. It is refused if the other version may be served.
func (v *versions) try(ctx context.Context, next handler, call apiCall) (isServed, isRefused bool, err error) {
	err = next(ctx, call)
	if !isNotFound(err) || !v.canListClasses(call) {
		return err == nil, v.mayServeOther(err), err
	}
	listErr := v.listClasses(ctx, next, call)
	isRefused = v.mayServeOther(listErr)
	if listErr != nil && !isRefused && !isDefinite(listErr) {
		err = listErr
	}
	return listErr == nil, isRefused, err
}

// mayServeOther reports whether an error says that a version is not served, or not for this credential, so that the
// other one may be.
func (v *versions) mayServeOther(err error) bool {
	statuses := []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented}
	if v.service.config.Credential.kind != sessionCookie {
		return hasStatus(err, statuses...)
	}
	request, response := (*RequestError)(nil), (*ResponseError)(nil)
	return hasStatus(err, append(statuses, http.StatusUnauthorized, http.StatusForbidden)...) ||
		errors.As(err, &request) && request.RedirectedTo != "" || errors.As(err, &response) && response.Body == BodyHTML
}

// isDefinite reports whether an error is the service's own verdict, which no repetition changes.
func isDefinite(err error) bool {
	return errors.As(err, new(*StatusError)) && !IsRetryable(err)
}

// canListClasses reports whether a call that was not found is about a namespace whose classes can be listed.
func (v *versions) canListClasses(failed apiCall) bool {
	return failed.endpoint != classEndpoint && namespaceOf(failed) != "" && v.service.config.Credential.kind != launchToken
}

// listClasses lists the classes of a call's namespace with the call's version. It keeps them for the error, which names
// the nearest class.
func (v *versions) listClasses(ctx context.Context, next handler, failed apiCall) error {
	var classes []ResourceClass
	namespace := namespaceOf(failed)
	listing := classListing(namespace, v.service.secrets, &classes)
	listing.version = failed.version
	err := next(ctx, listing)
	if err == nil {
		v.keep(namespace, classes)
	}
	return err
}

// namespaceOf returns the namespace that a call is about, "" for none.
func namespaceOf(call apiCall) string {
	namespace, _, _ := strings.Cut(cmp.Or(call.query.Get("namespace"), call.query.Get("resource-class")), "/")
	return namespace
}

// otherVersionError is returned when both versions of the API refuse a read.
type otherVersionError struct {
	first   error
	version APIVersion
	other   error
}

func (e *otherVersionError) Error() string {
	status := (*StatusError)(nil)
	if !errors.As(e.other, &status) {
		return e.first.Error() + "; " + e.other.Error()
	}
	said := "; API " + string(e.version) + " returned " + formatStatus(status.StatusCode)
	if hasStatus(e.first, status.StatusCode) {
		said += " too"
	}
	return e.first.Error() + said
}

// Unwrap returns the error of the first version.
func (e *otherVersionError) Unwrap() error { return e.first }
