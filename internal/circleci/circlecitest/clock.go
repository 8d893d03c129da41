package circlecitest

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Clock is a clock for the client that a test controls. It starts at the machine's time, so that dates which a server
// sends mean the same to both, and moves only when it is told to, or with every sleep.
type Clock struct {
	mu      sync.Mutex
	changed *sync.Cond
	now     time.Time
	// hurried says that a sleep moves the clock instead of waiting for it.
	hurried bool
	// wakings holds when each of those who sleep is to wake.
	wakings []time.Time
	slept   []time.Duration
}

// NewClock returns a clock on which nobody waits: a sleep moves it ahead and returns at once.
func NewClock() *Clock {
	c := NewStoppedClock()
	c.hurried = true
	return c
}

// NewStoppedClock returns a clock that moves with Advance only.
func NewStoppedClock() *Clock {
	c := &Clock{now: time.Now().Truncate(time.Second)}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep returns when the clock has moved ahead by d, or with the context's error when that ends first.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.changed.Broadcast()
	})
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slept = append(c.slept, d)
	end := c.now.Add(d)
	if c.hurried && ctx.Err() == nil {
		c.now = end
		c.changed.Broadcast()
		return nil
	}
	c.wakings = append(c.wakings, end)
	defer func() {
		i := slices.Index(c.wakings, end)
		c.wakings = slices.Delete(c.wakings, i, i+1)
	}()
	c.changed.Broadcast()
	for ctx.Err() == nil && c.now.Before(end) {
		c.changed.Wait()
	}
	return ctx.Err()
}

// Advance moves the clock ahead.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.changed.Broadcast()
}

// AwaitSleepers returns when at least n sleep at the same time. Who is to wake by now does not count, even if it did not
// get to it yet.
func (c *Clock) AwaitSleepers(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.asleep() < n {
		c.changed.Wait()
	}
}

func (c *Clock) asleep() int {
	n := 0
	for _, waking := range c.wakings {
		if waking.After(c.now) {
			n++
		}
	}
	return n
}

// Slept returns how long each sleep so far was to last, in the order in which they began.
func (c *Clock) Slept() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.slept)
}
