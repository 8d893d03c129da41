package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// throttled is a plan against a server with a rate limit.
type throttled struct {
	plan     plan
	limit    *circlecitest.RateLimit
	requests int // that the limit must accept
}

// runThrottled runs plans concurrently, since they wait for most of their time. The sample is that of the worst: what its
// time is of the time that it may take, and which share of its requests was refused.
func runThrottled(plans []throttled) run {
	return func(ctx context.Context) (worst sample, err error) {
		samples := make([]sample, len(plans))
		group, ctx := errgroup.WithContext(ctx)
		for i, p := range plans {
			group.Go(func() error {
				s, err := p.plan.run()(ctx)
				if err != nil {
					return err
				}
				accepted, refused := p.limit.Counts()
				if accepted != p.requests {
					return fmt.Errorf("the plan %s had %d requests accepted, not %d", p.plan.name, accepted, p.requests)
				}
				samples[i] = sample{
					Seconds: s.Seconds / p.timeLimit().Seconds(),
					Refused: float64(refused) / float64(accepted+refused),
				}
				return nil
			})
		}
		err = group.Wait()
		for _, s := range samples {
			worst.Seconds, worst.Refused = max(worst.Seconds, s.Seconds), max(worst.Refused, s.Refused)
		}
		return worst, err
	}
}

// timeLimit is twice the time that the rate limit itself costs, and ten seconds.
func (t throttled) timeLimit() time.Duration {
	atLimit := (float64(t.requests) - t.limit.Burst) / t.limit.PerSecond
	return time.Duration((2*atLimit + 10) * float64(time.Second))
}
