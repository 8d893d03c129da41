package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newVersionAtLeastFunction() function.Function { return versionAtLeast{} }

// versionAtLeast implements version_at_least: it reports whether an agent has a minimum version or a newer one.
type versionAtLeast struct{}

func (versionAtLeast) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "version_at_least"
}

func (versionAtLeast) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	const form = "one or more numbers separated by dots, without a leading `v`. What follows `-` or `+` is ignored. " +
		"Null is an error"
	resp.Definition = function.Definition{
		Summary: "Reports whether an agent's version is a minimum or newer",
		MarkdownDescription: "Compares versions of runner agents. Returns `true` when `version` is `minimum` or newer, and " +
			"`false` otherwise, never null. Numbers are compared as numbers, and a missing number is 0. What follows `-` or `+` " +
			"is a build, such as a commit, and is ignored: " +
			"`provider::circleci::version_at_least(\"1.0.12345-abcdef0\", \"1.0.9000\")` returns `true`. An invalid version " +
			"fails. With `try(provider::circleci::version_at_least(runner.version, minimum), false)`, a runner whose version is " +
			"null or invalid counts as older.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name: "version",
				MarkdownDescription: "Version of an agent, such as `1.0.12345-abcdef0`: " + form + ", so use `try(…, false)` " +
					"for a list of runners, as in the example.",
			},
			function.StringParameter{
				Name:                "minimum",
				MarkdownDescription: "Oldest version that is new enough, such as `3.1.2`: " + form + ".",
			},
		},
		Return: function.BoolReturn{},
	}
}

func (versionAtLeast) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var arguments [2]string
	if resp.Error = req.Arguments.Get(ctx, &arguments[0], &arguments[1]); resp.Error != nil {
		return
	}
	var versions [2]circleci.AgentVersion
	for i, argument := range arguments {
		var err error
		if versions[i], err = circleci.ParseVersion(argument); err != nil {
			resp.Error = function.NewArgumentFuncError(int64(i), invalidVersion(argument, err))
			return
		}
	}
	resp.Error = resp.Result.Set(ctx, versions[0].Compare(versions[1]) >= 0)
}

// invalidVersion says what is wrong with a version, which ParseVersion rejected. It does not repeat the build, which
// could be anything.
func invalidVersion(version string, err error) string {
	if strings.HasPrefix(version, "v") {
		if _, err := circleci.ParseVersion(version[1:]); err == nil {
			numbers := strings.FieldsFunc(version, func(r rune) bool { return r == '-' || r == '+' })[0]
			return fmt.Sprintf(`%q is not a version: remove the "v"`, numbers)
		}
	}
	return "it " + err.Error() + ". A version is one or more numbers separated by dots, " +
		`without a leading v, such as "3.1.2" or "1.0.12345-abcdef0"`
}
