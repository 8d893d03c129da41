package circleci

import (
	"context"
	"net/url"
)

// UnclaimedTaskCount returns how many tasks of a resource class, namespace/name, wait for a runner.
//
// Source: GET /runner/tasks, https://circleci.com/docs/api/v2/, "Runner". Errors are those of
// [Client.ListRunners].
func (c *Client) UnclaimedTaskCount(ctx context.Context, resourceClass string) (int64, error) {
	return c.count(ctx, "runner/tasks", resourceClass, "unclaimed_task_count")
}

func (c *Client) count(ctx context.Context, endpoint, resourceClass, key string) (int64, error) {
	body, asked, err := c.get(ctx, endpoint, url.Values{"resource-class": {resourceClass}})
	if err != nil {
		return 0, err
	}
	count, err := decodeCount(body, key)
	if err != nil {
		return 0, c.newAnswerError(asked, body, err)
	}
	return count, nil
}
