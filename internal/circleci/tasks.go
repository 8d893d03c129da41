package circleci

import (
	"context"
	"net/url"

	"golang.org/x/sync/errgroup"
)

// TaskCount is the number of tasks of a resource class.
type TaskCount struct {
	// Unclaimed is the number of tasks that wait for a runner.
	Unclaimed int64
	// Running is the number of tasks that run. It is nil with V2, which does not report it.
	Running *int64
}

// CountTasks counts the tasks of a resource class, namespace/name. With V3 it requests both counts
// concurrently; when both fail, the error is that of the unclaimed tasks. Errors are those of [Client.ListRunners].
func (c *Client) CountTasks(ctx context.Context, resourceClass string) (TaskCount, error) {
	if c.config.APIVersion == V2 {
		unclaimed, err := c.UnclaimedTaskCount(ctx, resourceClass)
		return TaskCount{Unclaimed: unclaimed}, err
	}
	// Only one read cancels the other: if each did, the error would depend on which fails first.
	runningCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		running int64
		reads   errgroup.Group
	)
	reads.Go(func() (err error) {
		running, err = c.RunningTaskCount(runningCtx, resourceClass)
		return err
	})
	unclaimed, err := c.UnclaimedTaskCount(ctx, resourceClass)
	if err != nil {
		cancel()
		_ = reads.Wait()
		return TaskCount{}, err
	}
	if err := reads.Wait(); err != nil {
		return TaskCount{}, err
	}
	return TaskCount{Unclaimed: unclaimed, Running: &running}, nil
}

// UnclaimedTaskCount returns how many tasks of a resource class, namespace/name, wait for a runner. Errors are those of
// [Client.ListRunners].
//
// Source: GET /runner/tasks, https://circleci.com/docs/api/v2/, "Runner".
func (c *Client) UnclaimedTaskCount(ctx context.Context, resourceClass string) (int64, error) {
	return c.count(ctx, "runner/tasks", resourceClass, "unclaimed_task_count")
}

// RunningTaskCount returns how many tasks of a resource class, namespace/name, run. Only V3 reports it.
// Errors are those of [Client.ListRunners].
//
// Source: GET /runner/tasks/running, https://circleci.com/docs/guides/execution-runner/runner-api/.
func (c *Client) RunningTaskCount(ctx context.Context, resourceClass string) (int64, error) {
	return c.count(ctx, "runner/tasks/running", resourceClass, "running_runner_tasks")
}

func (c *Client) count(ctx context.Context, endpoint, resourceClass, key string) (int64, error) {
	body, request, err := c.get(ctx, endpoint, url.Values{"resource-class": {resourceClass}})
	if err != nil {
		return 0, err
	}
	count, err := decodeCount(body, key)
	if err != nil {
		return 0, c.newResponseError(request, body, err)
	}
	return count, nil
}
