package provider

import (
	"context"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func newDesiredCapacityFunction() function.Function { return desiredCapacity{} }

// desiredCapacity implements desired_capacity: how many machines the tasks of a resource class need.
type desiredCapacity struct{}

// numberPrecision is the precision of Terraform's own numbers in bits, so that a sum is as exact here as in an
// expression.
const numberPrecision = 512

func (desiredCapacity) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "desired_capacity"
}

// Definition declares number parameters: the framework reports a fraction for an Int64Parameter as a bug in the
// provider.
func (desiredCapacity) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	number := func(name, description string) function.Parameter {
		return function.NumberParameter{Name: name, MarkdownDescription: description}
	}
	resp.Definition = function.Definition{
		Summary: "Computes how many machines the tasks of a resource class need",
		MarkdownDescription: "Returns `unclaimed` + `running`, which is one machine for each task, but at least `min` and at " +
			"most `max`. The number is never null. `provider::circleci::desired_capacity(3, 2, 1, 10)` returns " +
			"`5`; without tasks it returns `1`, and with 3 unclaimed and 20 running tasks `10`. A null `running` fails, because " +
			"treating it as 0 would remove machines that run tasks.",
		Parameters: []function.Parameter{
			number("unclaimed", "Number of tasks that no runner has claimed yet, such as `unclaimed_task_count` of "+
				"`circleci_runner_tasks`. An integer, 0 or more. Must not be null."),
			function.NumberParameter{
				Name: "running", AllowNullValue: true, // Run rejects it with advice.
				MarkdownDescription: "Number of running tasks, such as `running_task_count` of `circleci_runner_tasks`. An " +
					"integer, 0 or more. Must not be null, which it is with API v2.",
			},
			number("min", "Minimum number of machines. An integer, 0 or more. Must not be null."),
			number("max", "Maximum number of machines. An integer, at least `min`. Must not be null."),
		},
		Return: function.NumberReturn{},
	}
}

func (desiredCapacity) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var unclaimed, running, minimum, maximum types.Number
	if resp.Error = req.Arguments.Get(ctx, &unclaimed, &running, &minimum, &maximum); resp.Error != nil {
		return
	}
	if running.IsNull() {
		resp.Error = function.NewArgumentFuncError(1, "it is null: the running count is not known, because API v2 "+
			"does not report it. Use an installation that serves API v3, and do not set api_version to v2")
		return
	}
	for i, number := range []types.Number{unclaimed, running, minimum, maximum} {
		if value := number.ValueBigFloat(); value.Sign() < 0 || !value.IsInt() {
			resp.Error = function.NewArgumentFuncError(int64(i), "it must be an integer of at least 0")
			return
		}
	}
	low, high := minimum.ValueBigFloat(), maximum.ValueBigFloat()
	if low.Cmp(high) > 0 {
		resp.Error = function.NewArgumentFuncError(2, "it must not exceed max")
		return
	}
	capacity := new(big.Float).SetPrec(numberPrecision).Add(unclaimed.ValueBigFloat(), running.ValueBigFloat())
	switch {
	case capacity.Cmp(low) < 0:
		capacity = low
	case capacity.Cmp(high) > 0:
		capacity = high
	}
	resp.Error = resp.Result.Set(ctx, types.NumberValue(capacity))
}
