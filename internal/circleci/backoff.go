package circleci

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	initialBackoff = time.Second
	maxBackoff     = 30 * time.Second
)

// exponentialBackoff doubles the wait with each failure. Half of it is random, so that clients that failed together do
// not retry together.
func exponentialBackoff(failures int) time.Duration {
	full := maxBackoff
	if shift := failures - 1; shift < 5 {
		full = initialBackoff << shift
	}
	return full/2 + rand.N(full/2) //nolint:gosec // Jitter needs no secret randomness.
}

// sleep returns nil after d, or the context's error when that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
