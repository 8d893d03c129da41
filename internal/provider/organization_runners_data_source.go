package provider

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newOrganizationRunnersDataSource() datasource.DataSource {
	return &organizationRunnersDataSource{apiDataSource{name: "organization_runners"}}
}

// organizationRunnersDataSource implements data "circleci_organization_runners": the runners of an organization, with
// the status that API v3 sends.
type organizationRunnersDataSource struct{ apiDataSource }

type organizationRunnersModel struct {
	OrganizationID types.String              `tfsdk:"organization_id"`
	Runners        []organizationRunnerModel `tfsdk:"runners"`
}

type organizationRunnerModel struct {
	runnerModel

	Status *string `tfsdk:"status"`
}

func (d *organizationRunnersDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse,
) {
	attributes := runnerAttributes()
	attributes["status"] = computedString("`idle` or `busy`. Null if the API does not send it.")
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the self-hosted runners of an organization, with their `status`. Requires API v3. CircleCI " +
			"does not document this list, which may change.",
		Attributes: map[string]schema.Attribute{
			"organization_id": requiredString("UUID of the organization.", organizationIDValidator),
			"runners":         computedList(runnersDescription, attributes),
		},
	}
}

var organizationIDValidator = stringFuncValidator{
	check: func(id string) error {
		if !circleci.IsUUID(id) {
			return errors.New("is not a UUID")
		}
		return nil
	},
	summary: "Invalid organization ID",
	description: "The organization's settings in CircleCI show its UUID, such as " +
		"b9291e0d-a11e-41fb-8517-c545388b5953.",
}

func (d *organizationRunnersDataSource) Read(
	ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse,
) {
	var model organizationRunnersModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	at := path.Root("organization_id")
	if resp.Diagnostics.Append(d.api.checkVersion3(at, model.OrganizationID)...); resp.Diagnostics.HasError() {
		return
	}
	filter := circleci.RunnerFilter{OrganizationID: model.OrganizationID.ValueString()}
	runners, err := d.api.client.ListRunners(ctx, filter)
	switch {
	case errors.Is(err, circleci.ErrVersion3Required):
		resp.Diagnostics.Append(version3Required(at, servesVersion2))
		return
	case err != nil:
		d.api.addError(ctx, &resp.Diagnostics, at, "Error reading runners of "+filter.String(), err)
		return
	}
	models := make([]organizationRunnerModel, len(runners))
	for i, runner := range runners {
		models[i] = organizationRunnerModel{newRunnerModel(runner), runner.Status}
	}
	model.Runners = handToEncoder(ctx, models)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
