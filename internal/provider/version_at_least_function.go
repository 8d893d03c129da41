package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newVersionAtLeastFunction() function.Function { return versionAtLeastFunction{} }

// versionAtLeastFunction is version_at_least: whether an agent is as new as it should be.
type versionAtLeastFunction struct{}

func (versionAtLeastFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "version_at_least"
}

func (versionAtLeastFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	const form = "numbers with dots between them, any count of them and without a `v` in front, and a build after `-` or `+`, " +
		"which does not count. Null is an error"
	resp.Definition = function.Definition{
		Summary: "Tells whether an agent's version is a minimum or newer",
		MarkdownDescription: "Compares versions of runner agents and returns a bool, never null: `true` when `version` is `minimum` " +
			"or newer. Numbers compare as numbers, and those that one version lacks count as 0. What follows `-` or `+` is a build, " +
			"such as a commit, and does not count: " +
			"`provider::circleci::version_at_least(\"1.0.12345-abcdef0\", \"1.0.9000\")` is `true`. A version that cannot be read is an " +
			"error.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name: "version",
				MarkdownDescription: "Version of an agent, such as `1.0.12345-abcdef0`: " + form + ", so leave out runners whose " +
					"`version` the API did not send.",
			},
			function.StringParameter{
				Name:                "minimum",
				MarkdownDescription: "Oldest version that is new enough, such as `3.1.2`: " + form + ".",
			},
		},
		Return: function.BoolReturn{},
	}
}

func (versionAtLeastFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var texts [2]string
	if resp.Error = req.Arguments.Get(ctx, &texts[0], &texts[1]); resp.Error != nil {
		return
	}
	var versions [2]circleci.Version
	for i, text := range texts {
		var err error
		if versions[i], err = circleci.ParseVersion(text); err != nil {
			resp.Error = function.NewArgumentFuncError(int64(i), "it "+err.Error()+". A version is numbers with dots between them, "+
				`without a v in front, such as "3.1.2" or "1.0.12345-abcdef0"`)
			return
		}
	}
	resp.Error = resp.Result.Set(ctx, versions[0].Compare(versions[1]) >= 0)
}
