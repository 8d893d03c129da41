package provider

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func (p *circleciProvider) newOrganizationRunnersDataSource() datasource.DataSource {
	return &organizationRunnersDataSource{apiDataSource{p.unconfigured()}}
}

// organizationRunnersDataSource implements data "circleci_organization_runners": the runners of an organization, with the
// undocumented attributes that API v3 sends.
type organizationRunnersDataSource struct{ apiDataSource }

var _ datasource.DataSourceWithValidateConfig = (*organizationRunnersDataSource)(nil)

type organizationRunnersModel struct {
	OrganizationID types.String              `tfsdk:"organization_id"`
	Runners        []organizationRunnerModel `tfsdk:"runners"`
}

type organizationRunnerModel struct {
	runnerModel

	IP     types.String `tfsdk:"ip"`
	Status types.String `tfsdk:"status"`
}

func (d *organizationRunnersDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_organization_runners"
}

func (d *organizationRunnersDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := runnerAttributes()
	attributes["ip"] = computedString("Address of the machine. Observed, not documented. Null if the API does not send it.")
	attributes["status"] = computedString("`idle` or `busy`. Observed, not documented. Null if the API does not send it.")
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the self-hosted runners of an organization. Requires `api_version = \"v3\"`. That API v3 takes an " +
			"organization, and that it sends `ip` and `status`, is observed, not documented by CircleCI.",
		Attributes: map[string]schema.Attribute{
			"organization_id": schema.StringAttribute{
				Required: true,
				Validators: []validator.String{stringFuncValidator{
					check: func(id string) error {
						if !circleci.IsUUID(id) {
							return errors.New("is not a UUID")
						}
						return nil
					},
					summary: "Invalid organization ID",
					want:    "Give the organization's UUID, such as b9291e0d-a11e-41fb-8517-c545388b5953, as the organization's settings show it.",
				}},
				MarkdownDescription: "UUID of the organization.",
			},
			"runners": schema.ListNestedAttribute{
				Computed: true,
				MarkdownDescription: "The runners, sorted by resource class, name and hostname. Empty if there are none, " +
					"never null.",
				NestedObject: schema.NestedAttributeObject{Attributes: attributes},
			},
		},
	}
}

// ValidateConfig rejects a version of the API without this list.
func (d *organizationRunnersDataSource) ValidateConfig(
	_ context.Context, _ datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse,
) {
	resp.Diagnostics.Append(d.checkVersion()...)
}

func (d *organizationRunnersDataSource) checkVersion() (diags diag.Diagnostics) {
	if d.api.settings.apiVersion == circleci.V2 {
		diags.AddAttributeError(path.Root("organization_id"), "API v3 required",
			"API v2 does not list the runners of an organization. Set api_version to v3 in the provider, or use circleci_runners.")
	}
	return diags
}

func (d *organizationRunnersDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx = withThrottleLog(ctx)
	if resp.Diagnostics.Append(d.checkVersion()...); resp.Diagnostics.HasError() {
		return
	}
	var model organizationRunnersModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	filter := circleci.RunnerFilter{OrganizationID: model.OrganizationID.ValueString()}
	runners, err := d.api.client.ListRunners(ctx, filter)
	if err != nil {
		d.api.addError(ctx, &resp.Diagnostics, path.Root("organization_id"), "Error reading runners of "+filter.String(), err)
		return
	}
	model.Runners = []organizationRunnerModel{}
	if !sendToEncoder(ctx, runners, organizationRunnerFields) {
		model.Runners = newOrganizationRunnerModels(runners)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

func newOrganizationRunnerModels(runners []circleci.Runner) []organizationRunnerModel {
	models := make([]organizationRunnerModel, len(runners))
	for i, r := range runners {
		models[i] = organizationRunnerModel{newRunnerModel(r), types.StringPointerValue(r.IP), types.StringPointerValue(r.Status)}
	}
	return models
}
