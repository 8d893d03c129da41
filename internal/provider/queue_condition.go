package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// missingLimitSummary is the summary of the error of a wait for the queue without a limit.
const missingLimitSummary = "Missing limit"

// queueCondition is reached when the tasks of a resource class are within its limits. A null limit sets none.
type queueCondition struct {
	client                   *circleci.Client
	class                    string
	maxUnclaimed, maxRunning types.Number
	// count is the result of the last poll.
	count circleci.TaskCount
}

// String describes the condition, such as "at most 3 unclaimed tasks".
func (c *queueCondition) String() string {
	var (
		limits []string
		last   int64
	)
	if !c.maxUnclaimed.IsNull() {
		last = int64OrDefault(c.maxUnclaimed, 0)
		limits = append(limits, fmt.Sprintf("at most %d unclaimed", last))
	}
	if !c.maxRunning.IsNull() {
		last = int64OrDefault(c.maxRunning, 0)
		limits = append(limits, fmt.Sprintf("at most %d running", last))
	}
	return strings.Join(limits, " and ") + " " + plural(last, "task")
}

func (c *queueCondition) poll(ctx context.Context) (observation, error) {
	count, err := c.client.CountTasks(ctx, c.class)
	if err != nil {
		return observation{}, err
	}
	c.count = count
	found, last := fmt.Sprintf("%d unclaimed", count.Unclaimed), count.Unclaimed
	if count.Running != nil {
		last = *count.Running
		found += fmt.Sprintf(" and %d running", last)
	}
	found += " " + plural(last, "task")
	return observation{isReached: c.isMetBy(count), progress: found, details: found}, nil
}

func (c *queueCondition) isMetBy(count circleci.TaskCount) bool {
	return (c.maxUnclaimed.IsNull() || count.Unclaimed <= int64OrDefault(c.maxUnclaimed, 0)) &&
		(c.maxRunning.IsNull() || count.Running != nil && *count.Running <= int64OrDefault(c.maxRunning, 0))
}

func (c *queueCondition) remedy() string {
	return "Check that runners of resource class " + c.class + " are connected and claim its tasks"
}

// checkMaxRunning rejects a limit of running tasks that the API does not report. It ignores an unknown one, which may be null.
func (a *providerData) checkMaxRunning(at path.Path, limit attr.Value) (diags diag.Diagnostics) {
	if isKnown(limit) && a.settings.apiVersion == circleci.V2 {
		diags.AddAttributeError(diagnosticPath(at), "API v3 required",
			"API v2 does not report how many tasks are running. Set api_version to v3 in the provider, or use max_unclaimed.")
	}
	return diags
}
