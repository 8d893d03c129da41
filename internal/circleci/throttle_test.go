package circleci_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
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
				equal(t, "error", errorText(err), "")
				equal(t, "count", got, int64(i))
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

// A rate limit adds little more than the unavoidable delay, and few requests are refused.
func TestRateLimit(t *testing.T) {
	for _, test := range []struct {
		name           string
		reads, callers int
		perSecond      float64
		burst          float64
		retryAfter     time.Duration
	}{
		{"200 classes at 10/s", 200, 200, 10, 10, time.Second},
		{"200 classes at 20/s without Retry-After", 200, 200, 20, 20, 0},
		{"200 classes at 5/s with a long Retry-After", 200, 200, 5, 25, 5 * time.Second},
		{"200 classes at 50/s", 200, 200, 50, 50, time.Second},
		{"650 classes at 100/s", 650, 650, 100, 20, time.Second},
		{"100 blocks at 10/s", 100, 10, 10, 10, time.Second},
	} {
		for _, latency := range []time.Duration{0, 100 * time.Millisecond} {
			var attempts record
			config := func(config *circleci.Config) {
				config.MaxRetries = 1
				attempts.keep(config)
			}
			name := fmt.Sprintf("%s/%s", test.name, latency)
			runInBubble(t, name, nil, config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
				limit := circlecitest.RateLimit{
					PerSecond: test.perSecond, Burst: test.burst, RetryAfter: test.retryAfter,
				}
				server.Intercept(func(r *http.Request) http.Handler {
					time.Sleep(latency)
					return limit.Handler(r)
				})
				start := time.Now()
				countAll(t, server, client, test.reads, test.callers)
				elapsed := time.Since(start)

				accepted, refused := limit.Counts()
				equal(t, "accepted requests", accepted, test.reads)
				equal(t, "attempts", len(attempts.all()), accepted+refused)
				if 4*refused > accepted+refused {
					t.Errorf("%d of %d requests were refused, want at most a quarter", refused, accepted+refused)
				}
				atLimit := time.Duration((float64(test.reads) - test.burst) / test.perSecond * float64(time.Second))
				if limit := 2*atLimit + 10*time.Second; elapsed > limit {
					t.Errorf("took %s, want at most %s, since the limit itself takes %s", elapsed, limit, atLimit)
				}
			})
		}
	}
}

// After a limit is lifted, the client sends as many requests concurrently as before.
func TestRateLimitIsLifted(t *testing.T) {
	inBubble(t, nil, withRetries(1), func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(retryAfter(429, "1"))
		// All others are sent after the refusal.
		equal(t, "outcome", <-readTasks(t.Context(), client), outcome{count: 42})
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

// A request that was sent before the limit may be refused after others were accepted, or after the limit is lifted.
func TestLateRefusal(t *testing.T) {
	for _, accepted := range []int{10, 1100} {
		inBubble(t, nil, nil, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			slow := circlecitest.Delay(20*time.Second, circlecitest.Error(429, "slow down"))
			server.Enqueue(slow, retryAfter(429, "1"))
			late := readTasks(t.Context(), client)
			synctest.Wait()
			countAll(t, server, client, accepted, 50)
			equal(t, "outcome", <-late, outcome{count: 42})
			equal(t, "number of requests", len(server.Requests()), accepted+3)
		})
	}
}

// A refusal of a request that was sent before the limit delays what waits for its slot, too.
func TestLateRefusalDelays(t *testing.T) {
	config := func(config *circleci.Config) { config.MaxConcurrentRequests = 2 }
	inBubble(t, nil, config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		good := circlecitest.JSON(calls[1].good)
		late := circlecitest.Delay(10*time.Second, retryAfter(429, "60"))
		server.Enqueue(late, retryAfter(429, "1"), circlecitest.Delay(25*time.Second, good))
		start := time.Now()
		outcomes := []<-chan outcome{readTasks(t.Context(), client)}
		synctest.Wait()
		outcomes = append(outcomes, readTasks(t.Context(), client))
		time.Sleep(5 * time.Second)
		outcomes = append(outcomes, readTasks(t.Context(), client))
		time.Sleep(60 * time.Second)
		equal(t, "number of requests before the end of the wait", len(server.Requests()), 3)
		for _, out := range outcomes {
			equal(t, "outcome", <-out, outcome{count: 42})
		}
		if elapsed := time.Since(start); elapsed < 70*time.Second {
			t.Errorf("took %s", elapsed)
		}
	})
}

// A request that is delayed by the refusal of another says so, whatever its own last error was.
func TestRateLimitAfterOtherError(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(circlecitest.Error(503, "busy"), retryAfter(429, "600"))
		first := readTasks(t.Context(), client)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		own := errorText((<-readTasks(ctx, client)).err)
		assertSuffix(t, own, "requests are paused for 10m0s, which exceeds the time that is left")
		got := errorText((<-first).err)
		assertSuffix(t, got, "which exceeds the time that is left")
		if !strings.Contains(got, "429 Too Many Requests") {
			t.Errorf("got error %s, want the refusal", got)
		}
	})
}

// Without Retry-After, the pause doubles while the service accepts nothing.
func TestRateLimitBackoff(t *testing.T) {
	var attempts record
	inBubble(t, nil, attempts.keep, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.SetHandler(circlecitest.Error(429, "slow down"))
		e := errorOf[*circleci.RetryError](t, (<-readTasks(t.Context(), client)).err)
		assertContains(t, e.Error(), "; requests are paused for ")
		for i, wait := range attempts.waits()[:5] {
			if least := time.Second << i / 2; wait < least {
				t.Errorf("wait %d lasts %s, want at least %s", i+1, wait, least)
			}
		}
	})
}

// A 429 delays all requests, also those that wait for its slot. Of two waits, the one that ends later takes precedence.
func TestRateLimitDelays(t *testing.T) {
	later := func(seconds int, header string) http.Handler {
		return circlecitest.Delay(time.Duration(seconds)*time.Second, retryAfter(429, header))
	}
	for name, test := range map[string]struct {
		responses   []http.Handler
		reads       int
		concurrency int
		until       time.Duration
	}{
		"all":               {[]http.Handler{retryAfter(429, "30")}, 11, 32, 30 * time.Second},
		"queued":            {[]http.Handler{later(1, "30")}, 6, 1, 31 * time.Second},
		"longer wait later": {[]http.Handler{later(1, "10"), later(2, "25")}, 2, 2, 27 * time.Second},
		"longer wait first": {[]http.Handler{later(1, "25"), later(2, "10")}, 2, 2, 26 * time.Second},
	} {
		config := func(config *circleci.Config) { config.MaxConcurrentRequests = test.concurrency }
		runInBubble(t, name, nil, config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			server.Enqueue(test.responses...)
			start := time.Now()
			var outcomes []<-chan outcome
			for range test.reads {
				outcomes = append(outcomes, readTasks(t.Context(), client))
				synctest.Wait()
			}
			time.Sleep(test.until - time.Second)
			outcomes = append(outcomes, readTasks(t.Context(), client))
			time.Sleep(time.Second - 1)
			synctest.Wait()
			equal(t, "number of requests during the wait", len(server.Requests()), len(test.responses))
			for _, out := range outcomes {
				equal(t, "outcome", <-out, outcome{count: 42})
			}
			equal(t, "number of requests", len(server.Requests()), len(test.responses)+len(outcomes))
			if elapsed := time.Since(start); elapsed > test.until+5*time.Second {
				t.Errorf("took %s", elapsed)
			}
		})
	}
}

// A 503 delays only its own retry. Without retries, a 429 fails its own request, and still delays the others.
func TestWhichRequestsAreDelayed(t *testing.T) {
	for status, retries := range map[int]int{503: 1, 429: 0} {
		inBubble(t, nil, withRetries(retries), func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			server.Enqueue(retryAfter(status, "30"))
			start := time.Now()
			refused := readTasks(t.Context(), client)
			synctest.Wait()
			equal(t, "outcome of another", <-readTasks(t.Context(), client), outcome{count: 42})
			delayed := int(time.Since(start).Seconds())
			if status == 503 {
				equal(t, "wait of another", delayed, 0)
				equal(t, "outcome", <-refused, outcome{count: 42})
				equal(t, "elapsed", time.Since(start), 30*time.Second)
				return
			}
			equal(t, "wait of another", delayed, 30)
			_ = assertRetryError(t, (<-refused).err, 1, 0)
		})
	}
}

// A request that has not been sent fails immediately if the wait exceeds its deadline.
func TestRateLimitRetryAfterExceedsReadTimeout(t *testing.T) {
	inBubble(t, nil, withRetries(4), func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(retryAfter(429, "600"))
		refused := <-readTasks(t.Context(), client)
		equal(t, "attempts", errorOf[*circleci.RetryError](t, refused.err).Attempts, 1)

		time.Sleep(time.Minute)
		e := errorOf[*circleci.RetryError](t, (<-readTasks(t.Context(), client)).err)
		equal(t, "attempts", e.Attempts, 0)
		equal(t, "retry after", e.RetryAfter, 9*time.Minute)
		assertSuffix(t, e.Error(), `returned 429 Too Many Requests: "later"; requests are paused for 9m0s, `+
			"which exceeds the time that is left")
		equal(t, "number of requests", len(server.Requests()), 1)

		time.Sleep(5 * time.Minute)
		start := time.Now()
		equal(t, "outcome", <-readTasks(t.Context(), client), outcome{count: 42})
		equal(t, "wait", time.Since(start), 4*time.Minute)
	})
}

// A request that cannot be sent before its deadline fails immediately, even if the others wait longer.
func TestRateLimitExceedsDeadline(t *testing.T) {
	for name, test := range map[string]struct {
		header string
		// after is how long after the refusal the request starts.
		after time.Duration
		want  string
	}{
		"Retry-After": {
			header: "120", after: time.Second,
			want: "; requests are paused for 1m59s, which exceeds the time that is left",
		},
		"backoff": {want: "ms, which exceeds the time that is left"}, // The backoff has jitter.
		"pace": {
			header: "1", after: time.Second,
			want: "; requests are paused for 125ms, which exceeds the time that is left",
		},
	} {
		runInBubble(t, name, nil, nil, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			server.Enqueue(retryAfter(429, test.header))
			first := readTasks(t.Context(), client)
			time.Sleep(test.after)
			synctest.Wait()
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			e := errorOf[*circleci.RetryError](t, (<-readTasks(ctx, client)).err)
			equal(t, "elapsed", time.Since(start), time.Duration(0))
			assertSuffix(t, e.Error(), test.want)
			equal(t, "outcome of the first", <-first, outcome{count: 42})
		})
	}
}
