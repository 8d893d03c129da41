package circleci_test

import (
	"context"
	"fmt"
	"math"
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
		{name: "200 classes at 10/s", reads: 200, callers: 200, perSecond: 10, burst: 10, retryAfter: time.Second},
		{name: "200 classes at 20/s without Retry-After", reads: 200, callers: 200, perSecond: 20, burst: 20},
		{name: "200 classes at 5/s with a long Retry-After", reads: 200, callers: 200, perSecond: 5, burst: 25, retryAfter: 5 * time.Second},
		{name: "200 classes at 50/s", reads: 200, callers: 200, perSecond: 50, burst: 50, retryAfter: time.Second},
		{name: "100 blocks at 10/s", reads: 100, callers: 10, perSecond: 10, burst: 10, retryAfter: time.Second},
	} {
		for _, latency := range []time.Duration{0, 100 * time.Millisecond} {
			var attempts record
			config := func(config *circleci.Config) {
				config.MaxRetries = 1
				attempts.keep(config)
			}
			runInBubble(t, fmt.Sprintf("%s/%s", test.name, latency), nil, config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
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
		equal(t, "outcome", <-readTasks(t.Context(), client), outcome{count: 42}) // All others are sent after the refusal.
		countAll(t, server, client, 200, 200)
		start := time.Now()
		server.Intercept(func(*http.Request) http.Handler {
			time.Sleep(time.Second)
			return nil
		})
		countAll(t, server, client, 3*circleci.DefaultMaxConcurrentRequests, 200)
		equal(t, "elapsed", time.Since(start), 3*time.Second)
	})
}

// A request that was sent before the limit may be refused after the limit is lifted.
func TestLateRefusal(t *testing.T) {
	inBubble(t, nil, withRetries(1), func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(circlecitest.Delay(20*time.Second, retryAfter(429, "1")), retryAfter(429, "1"))
		late := readTasks(t.Context(), client)
		synctest.Wait()
		countAll(t, server, client, 112, 112)
		equal(t, "outcome", <-late, outcome{count: 42})
		equal(t, "number of requests", len(server.Requests()), 112+3)
	})
}

// A refusal of a request that was sent before the limit delays what waits for its slot, too.
func TestLateRefusalDelays(t *testing.T) {
	config := func(config *circleci.Config) { config.MaxConcurrentRequests = 2 }
	inBubble(t, nil, config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		good := circlecitest.JSON(calls[1].good)
		server.Enqueue(circlecitest.Delay(10*time.Second, retryAfter(429, "60")), retryAfter(429, "1"), circlecitest.Delay(25*time.Second, good))
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

// The pace that is measured does not depend on a request that waits for its own retry.
func TestRateLimitBesideBackoff(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		limit := circlecitest.RateLimit{PerSecond: 5, Burst: 10, RetryAfter: time.Second}
		server.Intercept(limit.Handler)
		server.Enqueue(retryAfter(503, "60"))
		sleeper := readTasks(t.Context(), client)
		synctest.Wait()
		countAll(t, server, client, 15, 15) // More than the burst.
		time.Sleep(50 * time.Second)
		countAll(t, server, client, 400, 400)
		equal(t, "outcome", <-sleeper, outcome{count: 42})
	})
}

// A request that may be sent immediately is sent, however little time it has.
func TestMeasuredRateLimitAllowsFirst(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		limit := circlecitest.RateLimit{PerSecond: 0.3, Burst: 1, RetryAfter: 3 * time.Second}
		server.Intercept(limit.Handler)
		countAll(t, server, client, 12, 12)
		time.Sleep(8 * time.Second) // The service accepts the next request, and the client still throttles.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		equal(t, "outcome", <-readTasks(ctx, client), outcome{count: 42})
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
		other := errorText((<-readTasks(ctx, client)).err) // The same request, which was refused itself.
		request := calls[1].requestTo(server)
		equal(t, "error of the other", other, request+` returned 429 Too Many Requests: "later" (tried once in 0s); the server asked to retry `+
			"after 10m0s, which exceeds the 1s read timeout")
		got := errorText((<-first).err)
		if want := request + " was not sent again, because the API limits the rate of requests: " + request + " returned 429"; !strings.HasPrefix(got, want) {
			t.Errorf("got error %s, want %s", got, want)
		}
	})
}

// Without Retry-After, the pause doubles while the service accepts nothing.
func TestRateLimitBackoff(t *testing.T) {
	var attempts record
	inBubble(t, circlecitest.Error(429, "slow down"), attempts.keep, func(t *testing.T, _ *circlecitest.Server, client *circleci.Client) {
		e := errorOf[*circleci.RetryError](t, (<-readTasks(t.Context(), client)).err)
		equal(t, "is the client's own pause", e.IsBackoff, true)
		for i, wait := range attempts.waits()[:5] {
			if least := time.Second << i / 2; wait < least {
				t.Errorf("wait %d lasts %s, want at least %s", i+1, wait, least)
			}
		}
	})
}

// OnThrottle reports each 429 and the pace that results.
func TestOnThrottle(t *testing.T) {
	var got []circleci.Throttle
	config := func(config *circleci.Config) {
		config.OnThrottle = func(_ context.Context, throttle circleci.Throttle) { got = append(got, throttle) }
	}
	inBubble(t, nil, config, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(retryAfter(429, "2"), circlecitest.Error(429, "slow down"))
		equal(t, "outcome", <-readTasks(t.Context(), client), outcome{count: 42})
		// Nothing was accepted between the two, so the pace is halved.
		equal(t, "throttles", got, []circleci.Throttle{{RetryAfter: 2 * time.Second, Pace: 4}, {Pace: 2}})
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
		"all":               {responses: []http.Handler{retryAfter(429, "30")}, reads: 11, concurrency: 32, until: 30 * time.Second},
		"queued":            {responses: []http.Handler{later(1, "30")}, reads: 6, concurrency: 1, until: 31 * time.Second},
		"longer wait later": {responses: []http.Handler{later(1, "10"), later(2, "25")}, reads: 2, concurrency: 2, until: 27 * time.Second},
		"longer wait first": {responses: []http.Handler{later(1, "25"), later(2, "10")}, reads: 2, concurrency: 2, until: 26 * time.Second},
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
		request := calls[1].requestTo(server)
		equal(t, "error", e.Error(), request+" was not sent, because the API limits the rate of requests: "+request+
			` returned 429 Too Many Requests: "later"; the server asked to retry after 9m0s, which exceeds the 5m0s read timeout`)
		equal(t, "number of requests", len(server.Requests()), 1)

		time.Sleep(5 * time.Minute)
		start := time.Now()
		equal(t, "outcome", <-readTasks(t.Context(), client), outcome{count: 42})
		if elapsed := time.Since(start).Round(time.Second); math.Abs((elapsed - 4*time.Minute).Seconds()) > 1 {
			t.Errorf("waited %s, want 4 minutes", elapsed)
		}
	})
}

// A request that has less time than the one that is sent next fails immediately, too, and one whose turn does not come fails with
// the response that delays it.
func TestRateLimitExceedsDeadline(t *testing.T) {
	for header, want := range map[string]string{
		"120": "; the server asked to retry after 1m59s, which exceeds the 100ms read timeout",
		"":    "ms, which exceeds the 100ms read timeout", // The backoff has jitter.
	} {
		inBubble(t, nil, nil, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
			server.Enqueue(retryAfter(429, header))
			first := readTasks(t.Context(), client)
			if header != "" {
				time.Sleep(time.Second)
			}
			synctest.Wait()
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			e := errorOf[*circleci.RetryError](t, (<-readTasks(ctx, client)).err)
			equal(t, "elapsed", time.Since(start), time.Duration(0))
			equal(t, "pause is not requested", e.IsBackoff, header == "")
			assertSuffix(t, e.Error(), want)
			equal(t, "outcome of the first", <-first, outcome{count: 42})
		})
	}
	inBubble(t, nil, nil, func(t *testing.T, server *circlecitest.Server, client *circleci.Client) {
		server.Enqueue(circlecitest.Delay(time.Second, retryAfter(429, "60")), retryAfter(429, "2"))
		var outcomes []<-chan outcome
		for range 2 {
			outcomes = append(outcomes, readTasks(t.Context(), client))
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		e := errorOf[*circleci.RetryError](t, (<-readTasks(ctx, client)).err)
		equal(t, "elapsed", time.Since(start), 10*time.Second)
		equal(t, "wait", e.RetryAfter.Round(time.Second), 51*time.Second)
		for _, out := range outcomes {
			equal(t, "outcome of another", <-out, outcome{count: 42})
		}
	})
}
