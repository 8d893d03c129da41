package circleci

import (
	"testing"
	"time"
)

// The pace is halved once for all requests that were in flight, if something was accepted since the last refusal.
func TestPace(t *testing.T) {
	limit := new(throttle)
	expect := func(what string, want float64) {
		t.Helper()
		if limit.pace != want {
			t.Errorf("%s: got a pace of %g, want %g", what, limit.pace, want)
		}
	}
	limit.accept(0)
	expect("without a refusal", 0)
	limit.refuse(0, time.Second, nil)
	expect("first refusal", 8)
	limit.refuse(0, time.Second, nil)
	expect("refusal of a request that was in flight", 8)
	limit.accept(1)
	expect("acceptance of a request that was in flight", 8)
	limit.refuse(2, time.Second, nil)
	expect("refusal although nothing was accepted", 8)
	limit.accept(3)
	expect("acceptance", 8.4)
	limit.refuse(3, time.Second, nil)
	expect("refusal after an acceptance", 4.2)
	for range 20 {
		limit.accept(limit.epoch)
		limit.refuse(limit.epoch, 0, nil)
	}
	expect("a service that refuses half of all requests", minPace)
	for range 2000 {
		limit.accept(limit.epoch)
	}
	expect("a limit that is lifted", 0)
	limit.refuse(0, time.Second, nil)
	expect("refusal of a request that was in flight before the limit", 8)
}
