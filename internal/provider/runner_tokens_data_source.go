package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func newRunnerTokensDataSource() datasource.DataSource { return &runnerTokensDataSource{} }

// runnerTokensDataSource implements data "circleci_runner_tokens": the tokens of a resource class, without their secrets.
type runnerTokensDataSource struct{ apiDataSource }

type runnerTokensModel struct {
	ResourceClass types.String       `tfsdk:"resource_class"`
	Tokens        []runnerTokenModel `tfsdk:"tokens"`
}

type runnerTokenModel struct {
	ID        types.String `tfsdk:"id"`
	Nickname  types.String `tfsdk:"nickname"`
	CreatedAt types.String `tfsdk:"created_at"`
}

func (d *runnerTokensDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_runner_tokens"
}

func (d *runnerTokensDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the runner tokens of a resource class, without their secrets. Needs a personal API token.",
		Attributes: map[string]schema.Attribute{
			"resource_class": schema.StringAttribute{
				Required:            true,
				Validators:          []validator.String{resourceClassValidator()},
				MarkdownDescription: "Resource class, `namespace/name`.",
			},
			"tokens": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The tokens, sorted by `created_at`, then `id`. Empty when there is none, never null.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":         computedString("UUID of the token."),
					"nickname":   computedString("Nickname, which may be empty. Tokens may share one."),
					"created_at": computedString("When the token was created, RFC 3339, as the API wrote it."),
				}},
			},
		},
	}
}

func (d *runnerTokensDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx = withThrottleLog(ctx)
	if resp.Diagnostics.Append(d.api.requirePersonalToken()...); resp.Diagnostics.HasError() {
		return
	}
	var model runnerTokensModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	class := model.ResourceClass.ValueString()
	tokens, err := d.api.client.ListTokens(ctx, class)
	if err != nil {
		d.api.addError(ctx, &resp.Diagnostics, path.Root("resource_class"), "Error reading tokens of resource class "+class, err)
		return
	}
	model.Tokens = make([]runnerTokenModel, len(tokens))
	for i, token := range tokens {
		model.Tokens[i] = runnerTokenModel{
			types.StringValue(token.ID), types.StringValue(token.Nickname), types.StringValue(token.CreatedAt),
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
