package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func newRunnerTokensDataSource() datasource.DataSource {
	return &tokensDataSource{apiDataSource{name: "runner_tokens"}}
}

// tokensDataSource implements data "circleci_runner_tokens": the tokens of a resource class, without their secrets.
type tokensDataSource struct{ apiDataSource }

type tokensModel struct {
	ResourceClass types.String       `tfsdk:"resource_class"`
	Tokens        []runnerTokenModel `tfsdk:"tokens"`
}

type runnerTokenModel struct {
	ID        string `tfsdk:"id"`
	Nickname  string `tfsdk:"nickname"`
	CreatedAt string `tfsdk:"created_at"`
}

func (d *tokensDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the runner tokens of a resource class, without their secrets. Needs a personal API " +
			"token.",
		Attributes: map[string]schema.Attribute{
			"resource_class": resourceClassAttribute,
			"tokens": computedList("The tokens, sorted by `created_at`, then `id`. Empty if there are none, never null.",
				map[string]schema.Attribute{
					"id":         computedString("UUID of the token."),
					"nickname":   computedString("Nickname, which may be empty. Tokens may share one."),
					"created_at": computedString("When the token was created, RFC 3339, as the API returns it."),
				}),
		},
	}
}

func (d *tokensDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if resp.Diagnostics.Append(d.api.requirePersonalToken()...); resp.Diagnostics.HasError() {
		return
	}
	var model tokensModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	class := model.ResourceClass.ValueString()
	tokens, err := d.api.client.ListTokens(ctx, class)
	if err != nil {
		d.api.addTokensError(ctx, &resp.Diagnostics, class, err)
		return
	}
	model.Tokens = make([]runnerTokenModel, len(tokens))
	for i, token := range tokens {
		model.Tokens[i] = runnerTokenModel{ID: token.ID, Nickname: token.Nickname, CreatedAt: token.CreatedAt}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
