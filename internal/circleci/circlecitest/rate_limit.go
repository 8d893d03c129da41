package circlecitest

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// RateLimit is a token bucket in front of a Server: it accepts a burst, then PerSecond requests per second, and
// responds to the others with 429.
type RateLimit struct {
	// PerSecond is the rate at which requests are accepted, in requests per second.
	PerSecond float64
	// Burst is the size of the bucket: how many requests are accepted in a row after an idle period.
	Burst float64
	// RetryAfter is sent with a 429, rounded down to seconds, unless it is 0.
	RetryAfter time.Duration

	mu                sync.Mutex
	tokens            float64
	last              time.Time
	accepted, refused int
}

// Handler returns nil for a request that is accepted, for Server.Intercept.
func (l *RateLimit) Handler(*http.Request) http.Handler {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.last.IsZero() {
		l.tokens = l.Burst
	} else {
		l.tokens = min(l.Burst, l.tokens+now.Sub(l.last).Seconds()*l.PerSecond)
	}
	l.last = now
	if l.tokens >= 1 {
		l.tokens--
		l.accepted++
		return nil
	}
	l.refused++
	refusal := Error(http.StatusTooManyRequests, "rate limit exceeded")
	if l.RetryAfter > 0 {
		refusal = WithHeader(refusal, "Retry-After", strconv.Itoa(int(l.RetryAfter.Seconds())))
	}
	return refusal
}

// Counts returns how many requests were accepted and refused so far.
func (l *RateLimit) Counts() (accepted, refused int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accepted, l.refused
}
