package provider

import (
	"cmp"
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func newRunnerTokenList() list.ListResource { return &runnerTokenList{} }

// runnerTokenList implements list "circleci_runner_token".
type runnerTokenList struct{ apiResource }

var _ list.ListResourceWithConfigure = (*runnerTokenList)(nil)

type runnerTokenListModel struct {
	ResourceClass types.String `tfsdk:"resource_class"`
}

func (l *runnerTokenList) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_runner_token"
}

func (l *runnerTokenList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the runner tokens of a resource class, to import them. Their secrets cannot be read.",
		Attributes: map[string]schema.Attribute{
			"resource_class": schema.StringAttribute{
				Required:            true,
				Validators:          []validator.String{resourceClassValidator()},
				MarkdownDescription: "Resource class, `namespace/name`.",
			},
		},
	}
}

func (l *runnerTokenList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	if l.api.client == nil {
		stream.Results = unconfiguredResults()
		return
	}
	ctx = withThrottleLog(ctx)
	var model runnerTokenListModel
	if diags := req.Config.Get(ctx, &model); diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	class := model.ResourceClass.ValueString()
	tokens, err := l.api.client.ListTokens(ctx, class)
	if err != nil {
		var diags diag.Diagnostics
		l.api.addError(ctx, &diags, path.Root("resource_class"), "Error reading tokens of resource class "+class, err)
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	results := make([]listed, len(tokens))
	for i, token := range tokens {
		id := types.StringValue(token.ID)
		results[i] = listed{
			displayName: class + ": " + cmp.Or(l.api.client.Sanitize(token.Nickname), token.ID),
			identity:    tokenIdentity{model.ResourceClass, id},
			resource: runnerTokenResourceModel{
				ID: id, ResourceClass: model.ResourceClass, Nickname: types.StringValue(token.Nickname), CreatedAt: types.StringValue(token.CreatedAt),
			},
		}
	}
	stream.Results = listResults(ctx, req, results)
}
