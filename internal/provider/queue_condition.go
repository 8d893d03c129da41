package provider

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// queueLimits are the limits of a wait for the queue. A null limit sets none.
type queueLimits struct {
	MaxUnclaimed types.Number `tfsdk:"max_unclaimed"`
	MaxRunning   types.Number `tfsdk:"max_running"`
}

var (
	maxUnclaimedAttribute = optionalInteger("Maximum number of unclaimed tasks. Null sets no limit.", 0, math.MaxInt64)
	maxRunningAttribute   = optionalInteger("Maximum number of running tasks. Requires API v3. Null sets no limit.",
		0, math.MaxInt64)
)

// requireLimit rejects a wait without a limit. The attributes are those of parent.
func requireLimit(parent path.Path, maxUnclaimed, maxRunning attr.Value) (diags diag.Diagnostics) {
	if !maxUnclaimed.IsNull() || !maxRunning.IsNull() {
		return nil
	}
	detail := "To wait for the queue, set max_unclaimed, max_running or both"
	if !parent.Equal(path.Empty()) {
		detail += " in " + parent.String()
	}
	diags.AddAttributeError(parent.AtName("max_unclaimed"), "Missing limit", detail+".")
	return diags
}

// addTasksError adds the error of counting the tasks of a class. The limits are attributes of parent.
func (api *providerData) addTasksError(
	ctx context.Context, diags *diag.Diagnostics, class string, parent path.Path, err error,
) {
	if errors.Is(err, circleci.ErrVersion3Required) {
		diags.Append(version3Required(parent.AtName("max_running"), servesVersion2))
		return
	}
	api.addError(ctx, diags, path.Root("resource_class"), "Error counting tasks of resource class "+class, err)
}

// queueCondition is reached when the tasks of a resource class are within its limits.
type queueCondition struct {
	queueLimits
	client *circleci.Client
	class  string
	// count is the result of the last poll.
	count circleci.TaskCount
}

// String describes the condition, such as "at most 3 unclaimed tasks".
func (c *queueCondition) String() string {
	var (
		limits []string
		last   int64
	)
	if !c.MaxUnclaimed.IsNull() {
		last = int64OrDefault(c.MaxUnclaimed, 0)
		limits = append(limits, fmt.Sprintf("at most %d unclaimed", last))
	}
	if !c.MaxRunning.IsNull() {
		last = int64OrDefault(c.MaxRunning, 0)
		limits = append(limits, fmt.Sprintf("at most %d running", last))
	}
	return strings.Join(limits, " and ") + " " + plural(last, "task")
}

func (c *queueCondition) poll(ctx context.Context) (observation, error) {
	count, err := c.client.CountTasks(ctx, c.class)
	if err != nil {
		return observation{}, err
	}
	if count.Running == nil && !c.MaxRunning.IsNull() {
		return observation{}, circleci.ErrVersion3Required
	}
	c.count = count
	found, last := fmt.Sprintf("%d unclaimed", count.Unclaimed), count.Unclaimed
	if count.Running != nil {
		last = *count.Running
		found += fmt.Sprintf(" and %d running", last)
	}
	found += " " + plural(last, "task")
	isReached := isWithin(count.Unclaimed, c.MaxUnclaimed) && isWithin(last, c.MaxRunning)
	return observation{isReached: isReached, progress: found, details: found}, nil
}

func isWithin(count int64, limit types.Number) bool {
	return count <= int64OrDefault(limit, math.MaxInt64)
}

func (c *queueCondition) advice() string {
	return "Check that runners of resource class " + c.class + " are connected and claim its tasks"
}
