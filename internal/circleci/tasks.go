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

// CountTasks counts the tasks of a resource class, namespace/name. With V3 it requests both counts, concurrently once
// it is known that the installation serves V3. When both fail, the error is that of the unclaimed tasks. Errors are
// those of [Client.ListRunners].
func (c *Client) CountTasks(ctx context.Context, resourceClass string) (TaskCount, error) {
	// Only one read cancels the other: if each did, the error would depend on which fails first.
	runningCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		running int64
		reads   errgroup.Group
	)
	readRunning := func() (err error) {
		running, err = c.RunningTaskCount(runningCtx, resourceClass)
		return err
	}
	isConcurrent := c.versions.current() == V3
	if isConcurrent {
		reads.Go(readRunning)
	}
	unclaimed, err := c.UnclaimedTaskCount(ctx, resourceClass)
	switch {
	case err != nil:
		cancel()
		_ = reads.Wait()
		return TaskCount{}, err
	case c.versions.current() == V2:
		return TaskCount{Unclaimed: unclaimed}, nil
	case !isConcurrent:
		reads.Go(readRunning)
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
	return c.count(ctx, apiCall{endpoint: "runner/tasks"}, resourceClass, "unclaimed_task_count")
}

// RunningTaskCount returns how many tasks of a resource class, namespace/name, run. Only V3 reports it. Errors are
// those of [Client.ListRunners], and ErrVersion3Required.
//
// Source: GET /runner/tasks/running, https://circleci.com/docs/guides/execution-runner/runner-api/.
func (c *Client) RunningTaskCount(ctx context.Context, resourceClass string) (int64, error) {
	return c.count(ctx, apiCall{endpoint: "runner/tasks/running", onlyV3: true}, resourceClass, "running_runner_tasks")
}

func (c *Client) count(ctx context.Context, call apiCall, resourceClass, key string) (int64, error) {
	call.query = url.Values{"resource-class": {resourceClass}}
	return read(ctx, c, call, func(body []byte) (int64, error) { return decodeCount(body, key) })
}
