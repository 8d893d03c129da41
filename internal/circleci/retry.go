package circleci

import (
	"context"
)

// retry returns a handler that sends a call until it succeeds, fails with an error that is not transient, or has used
// up its retries or its time. A 429 uses up time only: the limits delay the next attempt.
func retry(service *service, limits *limits, next handler) handler {
	return func(ctx context.Context, call apiCall) error {
		sending := newProgress(ctx, func() string { return service.request(call) })
		for failures := 0; ; {
			epoch, release, err := limits.acquire(ctx)
			if err != nil {
				return sending.stop(err)
			}
			sending.attempts++
			call.attempt = sending.attempts
			err = next(ctx, call)
			limits.observe(epoch, err)
			release()
			sending.last = err
			switch isLimit := isRateLimited(err); {
			case err == nil, isRejection(err) && !isLimit:
				return err
			case isLimit && service.config.MaxRetries > 0:
				continue
			case ctx.Err() != nil:
				return sending.stop(err)
			case !IsRetryable(err):
				return err
			}
			if failures++; failures > service.config.MaxRetries {
				return sending.fail(err)
			}
			if err := sending.backOff(failures); err != nil {
				return err
			}
		}
	}
}
