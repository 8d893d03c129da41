package circlecitest_test

import (
	"context"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestClockHurries(t *testing.T) {
	t.Parallel()
	clock := circlecitest.NewClock()
	start := clock.Now()
	for _, d := range []time.Duration{time.Hour, time.Nanosecond} {
		if err := clock.Sleep(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "time that passed", clock.Now().Sub(start), time.Hour+time.Nanosecond)
	clock.Advance(time.Minute)
	equal(t, "time that passed", clock.Now().Sub(start), time.Hour+time.Nanosecond+time.Minute)
	equal(t, "sleeps", clock.Slept(), []time.Duration{time.Hour, time.Nanosecond})

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	equal(t, "error", clock.Sleep(ctx, time.Hour), context.Canceled)
	equal(t, "time that passed", clock.Now().Sub(start), time.Hour+time.Nanosecond+time.Minute)
}

// A server writes dates by the machine's clock, in whole seconds.
func TestClockStartsAtTheMachinesTime(t *testing.T) {
	t.Parallel()
	before := time.Now().Truncate(time.Second)
	got := circlecitest.NewStoppedClock().Now()
	if got.Before(before) || got.After(time.Now()) || got.Nanosecond() != 0 {
		t.Errorf("starts at %s, after %s", got, before)
	}
}

func TestClockThatIsStopped(t *testing.T) {
	t.Parallel()
	clock := circlecitest.NewStoppedClock()
	sleep := func(ctx context.Context, d time.Duration) <-chan error {
		woken := make(chan error, 1)
		go func() { woken <- clock.Sleep(ctx, d) }()
		return woken
	}
	expectAsleep := func(woken <-chan error) {
		t.Helper()
		select {
		case err := <-woken:
			t.Fatalf("woke with %v", err)
		default:
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	short, long, given := sleep(t.Context(), time.Minute), sleep(t.Context(), time.Hour), sleep(ctx, time.Hour)
	clock.AwaitSleepers(3)
	equal(t, "number of sleeps", len(clock.Slept()), 3)

	clock.Advance(time.Minute - time.Nanosecond)
	clock.AwaitSleepers(3)
	expectAsleep(short)
	clock.Advance(time.Nanosecond)
	equal(t, "short sleep", <-short, nil)
	expectAsleep(long)
	expectAsleep(given)

	cancel()
	equal(t, "sleep that was given up", <-given, context.Canceled)
	expectAsleep(long)
	clock.Advance(24 * time.Hour)
	equal(t, "long sleep", <-long, nil)
}

// Who is to wake does not count as one who sleeps, whether or not it got to it.
func TestClockCountsOnlyThoseWhoGoOnSleeping(t *testing.T) {
	t.Parallel()
	clock := circlecitest.NewStoppedClock()
	first := make(chan error, 1)
	go func() { first <- clock.Sleep(t.Context(), time.Second) }()
	clock.AwaitSleepers(1)
	clock.Advance(time.Second)

	counted := make(chan struct{})
	go func() {
		clock.AwaitSleepers(1)
		close(counted)
	}()
	equal(t, "first sleep", <-first, nil)
	select {
	case <-counted:
		t.Fatal("counts a sleep that is over")
	default:
	}
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error, 1)
	go func() { second <- clock.Sleep(ctx, time.Second) }()
	<-counted
	cancel()
	equal(t, "second sleep", <-second, context.Canceled)
}
