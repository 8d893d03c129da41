package circleci_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// countAll counts the tasks of n resource classes, at most callers of them concurrently, and asserts each count.
func countAll(t *testing.T, server *circlecitest.Server, client *circleci.Client, n, callers int) {
	t.Helper()
	classes := make(chan int)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := range classes {
				got, err := client.UnclaimedTaskCount(t.Context(), fmt.Sprintf("acme/%d", i))
				equal(t, "count of its class", result{got, err}, result{count: int64(i)})
			}
		})
	}
	for i := range n {
		server.SetTasks(fmt.Sprintf("acme/%d", i), int64(i), 0)
		classes <- i
	}
	close(classes)
	wg.Wait()
}

// A rate limit adds little more than the unavoidable delay, and few requests are refused: see BENCHMARKS.md.
func TestRateLimit(t *testing.T) {
	for _, test := range []struct {
		reads, callers   int
		perSecond, burst float64
		retryAfter       time.Duration
	}{
		{200, 200, 10, 10, time.Second},
		{200, 200, 20, 20, 0},
		{200, 200, 5, 25, 5 * time.Second},
		{200, 200, 50, 50, time.Second},
		{650, 650, 100, 20, time.Second},
		{100, 10, 10, 10, time.Second},
	} {
		for _, latency := range []time.Duration{0, 100 * time.Millisecond} {
			t.Run(fmt.Sprint(test, latency), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, client := serve(t, nil, withRetries(1))
					limit := circlecitest.RateLimit{PerSecond: test.perSecond, Burst: test.burst, RetryAfter: test.retryAfter}
					server.Intercept(func(r *http.Request) http.Handler {
						time.Sleep(latency)
						return limit.Handler(r)
					})
					start := time.Now()
					countAll(t, server, client, test.reads, test.callers)
					elapsed := time.Since(start)

					accepted, refused := limit.Counts()
					equal(t, "accepted requests", accepted, test.reads)
					if 4*refused > accepted+refused {
						t.Errorf("%d of %d requests were refused, want at most a quarter", refused, accepted+refused)
					}
					atLimit := time.Duration((float64(test.reads) - test.burst) / test.perSecond * float64(time.Second))
					if limit := 2*atLimit + 10*time.Second; elapsed > limit {
						t.Errorf("took %s, want at most %s, since the limit itself takes %s", elapsed, limit, atLimit)
					}
				})
			})
		}
	}
}

// After a limit is lifted, the client sends as many requests concurrently as before.
func TestRateLimitIsLifted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := serve(t, nil, withRetries(1))
		server.Enqueue(retryAfter(429, "1"))
		// All others are sent after the refusal.
		equal(t, "result", <-countTasks(t.Context(), client), result{count: 42})
		countAll(t, server, client, 1000, 50)
		start := time.Now()
		server.Intercept(func(*http.Request) http.Handler {
			time.Sleep(time.Second)
			return nil
		})
		countAll(t, server, client, 3*circleci.DefaultMaxConcurrentRequests, 200)
		equal(t, "elapsed", time.Since(start), 3*time.Second)
	})
}

// A 429 delays all requests, also those that wait for a slot. Of two pauses, the one that ends later counts.
func TestRateLimitDelays(t *testing.T) {
	later := func(seconds int, header string) http.Handler {
		return circlecitest.Delay(time.Duration(seconds)*time.Second, retryAfter(429, header))
	}
	slow := circlecitest.Delay(25*time.Second, circlecitest.JSON(goodTasks))
	for name, test := range map[string]struct {
		responses          []http.Handler
		reads, concurrency int
		until              time.Duration
	}{
		"all":               {[]http.Handler{retryAfter(429, "30")}, 11, 32, 30 * time.Second},
		"longer pause last": {[]http.Handler{later(1, "10"), later(2, "25")}, 2, 2, 27 * time.Second},
		"longer pause":      {[]http.Handler{later(1, "25"), later(2, "10")}, 2, 2, 26 * time.Second},
		"queued and paced":  {[]http.Handler{later(10, "60"), later(0, "1"), slow}, 4, 2, 70 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := serve(t, nil, withRetries(1), withConcurrency(test.concurrency))
				server.Enqueue(test.responses...)
				start := time.Now()
				var results []<-chan result
				for range test.reads {
					results = append(results, countTasks(t.Context(), client))
					synctest.Wait()
				}
				time.Sleep(test.until - time.Second)
				results = append(results, countTasks(t.Context(), client))
				time.Sleep(time.Second - 1)
				synctest.Wait()
				equal(t, "requests during the pause", len(server.Requests()), len(test.responses))
				for _, got := range results {
					equal(t, "result", <-got, result{count: 42})
				}
				if elapsed := time.Since(start); elapsed > test.until+5*time.Second {
					t.Errorf("took %s", elapsed)
				}
			})
		})
	}
}

// Without Retry-After, the pause doubles while the service accepts nothing.
func TestRateLimitBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts recorder
		_, client := serve(t, circlecitest.Error(429, "slow down"), withRetries(1), attempts.record)
		e := errorOf[*circleci.RetryError](t, (<-countTasks(t.Context(), client)).err)
		assertContains(t, e.Error(), "; requests are paused for ")
		for i, wait := range attempts.waits()[:5] {
			if least := time.Second << i / 2; wait < least {
				t.Errorf("wait %d lasts %s, want at least %s", i+1, wait, least)
			}
		}
	})
}

// A 503 delays only its own retry. Without retries, a 429 fails its own request, and still delays the others.
func TestWhichRequestsAreDelayed(t *testing.T) {
	for status, retries := range map[int]int{503: 1, 429: 0} {
		synctest.Test(t, func(t *testing.T) {
			server, client := serve(t, nil, withRetries(retries))
			server.Enqueue(retryAfter(status, "30"))
			start := time.Now()
			refused := countTasks(t.Context(), client)
			synctest.Wait()
			equal(t, "result of another", <-countTasks(t.Context(), client), result{count: 42})
			delayed := time.Since(start)
			if status == 429 {
				equal(t, "wait of another", delayed, 30*time.Second)
				_ = assertRetryError(t, (<-refused).err, 1, 0)
				return
			}
			equal(t, "wait of another", delayed, time.Duration(0))
			equal(t, "result", <-refused, result{count: 42})
			equal(t, "elapsed", time.Since(start), 30*time.Second)
		})
	}
}

// A request that cannot be sent before its deadline fails immediately with the refusal of another, whatever its own
// last error was, and even if the others wait longer.
func TestRateLimitExceedsDeadline(t *testing.T) {
	const refused = tasksRequest + ` was not sent, because the API limits the rate of requests: ` + tasksRequest +
		` returned 429 Too Many Requests: "later"`
	for name, test := range map[string]struct {
		retryAfter string
		// after is how long after the refusal the request starts, and left what it has until its deadline.
		after, left time.Duration
		want        string
	}{
		"Retry-After":  {"120", time.Second, time.Second, "1m59s"},
		"pace":         {"1", time.Second, 100 * time.Millisecond, "125ms"},
		"read timeout": {"600", time.Minute, time.Hour, "9m0s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			server, client := serve(t, nil, withRetries(1))
			server.Enqueue(retryAfter(429, test.retryAfter))
			_ = countTasks(t.Context(), client)
			time.Sleep(test.after)
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), test.left)
			defer cancel()
			start := time.Now()
			e := errorOf[*circleci.RetryError](t, (<-countTasks(ctx, client)).err)
			equal(t, name+": elapsed", time.Since(start), time.Duration(0))
			equal(t, name+": attempts", e.Attempts, 0)
			want := refused + "; requests are paused for " + test.want + ", which exceeds the time that is left"
			equal(t, name+": error", e.Error(), want)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		server, client := serve(t, nil, withRetries(1))
		server.Enqueue(circlecitest.Error(503, "busy"), retryAfter(429, "600"))
		first := countTasks(t.Context(), client)
		synctest.Wait()
		_ = countTasks(t.Context(), client)
		assertContains(t, errorText((<-first).err), refused)
	})
}
