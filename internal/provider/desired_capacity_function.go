package provider

import (
	"context"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func newDesiredCapacityFunction() function.Function { return desiredCapacityFunction{} }

// desiredCapacityFunction is desired_capacity: how many machines the tasks of a resource class need.
type desiredCapacityFunction struct{}

// numberPrecision is the precision of Terraform's own numbers in bits, so that a sum is as exact here as in an expression.
const numberPrecision = 512

func (desiredCapacityFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "desired_capacity"
}

// Definition takes numbers of any size: the framework's whole numbers would answer a fraction with the request to report
// an error of the provider.
func (desiredCapacityFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	const whole = " A whole number, 0 or more."
	resp.Definition = function.Definition{
		Summary: "Computes how many machines the tasks of a resource class need",
		MarkdownDescription: "Returns a number, never null: one machine for each task that waits or runs, `unclaimed` + `running`, but " +
			"at least `min` and at most `max`. `provider::circleci::desired_capacity(3, 2, 1, 10)` is `5`; it is `1` without tasks, and " +
			"`10` with 3 waiting and 20 running. A null `running` is an error, because taking it for 0 would scale away machines that " +
			"are at work.",
		Parameters: []function.Parameter{
			function.NumberParameter{
				Name: "unclaimed",
				MarkdownDescription: "Number of tasks that no runner has claimed yet, such as `unclaimed_task_count` of " +
					"`circleci_runner_tasks`." + whole + " Null is an error.",
			},
			function.NumberParameter{
				Name:           "running",
				AllowNullValue: true,
				MarkdownDescription: "Number of tasks that run, such as `running_task_count` of `circleci_runner_tasks`." + whole +
					" Null is an error; the Runner API sends this count with `api_version = \"v3\"` only.",
			},
			function.NumberParameter{
				Name:                "min",
				MarkdownDescription: "Number of machines to keep even without tasks." + whole + " Null is an error.",
			},
			function.NumberParameter{
				Name:                "max",
				MarkdownDescription: "Number of machines never to exceed." + whole + " Not below `min`. Null is an error.",
			},
		},
		Return: function.NumberReturn{},
	}
}

func (desiredCapacityFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var unclaimed, running, minimum, maximum types.Number
	if resp.Error = req.Arguments.Get(ctx, &unclaimed, &running, &minimum, &maximum); resp.Error != nil {
		return
	}
	if running.IsNull() {
		resp.Error = function.NewArgumentFuncError(1, "it is null, so nobody knows how many machines are at work. The count of running "+
			`tasks comes with version 3 of the Runner API only: set api_version = "v3" in the provider's configuration`)
		return
	}
	for i, number := range []types.Number{unclaimed, running, minimum, maximum} {
		switch value := number.ValueBigFloat(); {
		case value.Sign() < 0:
			resp.Error = function.NewArgumentFuncError(int64(i), "it is below 0. Give a whole number that is 0 or more")
			return
		case !value.IsInt():
			resp.Error = function.NewArgumentFuncError(int64(i), "it is not a whole number. Give a whole number that is 0 or more")
			return
		}
	}
	low, high := minimum.ValueBigFloat(), maximum.ValueBigFloat()
	if low.Cmp(high) > 0 {
		resp.Error = function.NewArgumentFuncError(2, "it is above max. Give a min that is not above max")
		return
	}
	wanted := new(big.Float).SetPrec(numberPrecision).Add(unclaimed.ValueBigFloat(), running.ValueBigFloat())
	switch {
	case wanted.Cmp(low) < 0:
		wanted = low
	case wanted.Cmp(high) > 0:
		wanted = high
	}
	resp.Error = resp.Result.Set(ctx, types.NumberValue(wanted))
}
