// Package provider is the Terraform side: the provider's configuration and its data sources.
package provider

import (
	"context"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// Address is the provider's address in a registry.
const Address = "registry.terraform.io/circleci-community/circleci"

// New returns a function that makes the provider, as the plugin framework's servers ask for. The version is sent to
// CircleCI in the User-Agent.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &circleciProvider{version: version} }
}

type circleciProvider struct{ version string }

var _ provider.ProviderWithValidateConfig = (*circleciProvider)(nil)

func (p *circleciProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "circleci"
	resp.Version = p.version
}

func (p *circleciProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads the self-hosted runners of CircleCI, and the tasks that wait for them.",
		Attributes: map[string]schema.Attribute{
			"token": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "Personal API token, sent as `Circle-Token`. When unset, the environment variable " +
					"`CIRCLE_TOKEN` is used, then `CIRCLECI_CLI_TOKEN`.",
			},
			"api_url": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Origin of the Runner API, such as `https://circleci.example.com`. A path prefix is " +
					"allowed; plain `http` is allowed for loopback only. When unset, the environment variable " +
					"`CIRCLECI_RUNNER_API_URL` is used, then `" + circleci.DefaultAPIURL + "`.",
			},
			"api_version": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{stringvalidator.OneOf(string(circleci.V2), string(circleci.V3))},
				MarkdownDescription: "Version of the Runner API, `v2` or `v3`. When unset, the environment variable " +
					"`CIRCLECI_RUNNER_API_VERSION` is used, then `v2`.",
			},
		},
	}
}

// ValidateConfig judges what the configuration alone says; the environment counts only when the provider runs.
func (p *circleciProvider) ValidateConfig(ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse) {
	var config providerModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	_, diags := config.resolve(nil)
	resp.Diagnostics.Append(diags...)
}

func (p *circleciProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	if resp.Diagnostics.Append(config.requireKnown()...); resp.Diagnostics.HasError() {
		return
	}
	settings, diags := config.resolve(os.Getenv)
	if settings.token.value == "" && !diags.HasError() {
		diags.AddError("No CircleCI token", missingToken)
	}
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	resp.DataSourceData = &runnerAPI{
		settings: settings,
		client: circleci.New(circleci.Config{
			APIURL:     settings.apiURL,
			APIVersion: settings.apiVersion,
			Credential: circleci.PersonalToken(settings.token.value),
			UserAgent: fmt.Sprintf("terraform-provider-circleci/%s (+https://github.com/circleci-community/terraform-provider-circleci) Terraform/%s",
				p.version, req.TerraformVersion),
		}),
	}
}

func (p *circleciProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newRunnersDataSource, newRunnerTasksDataSource}
}

func (p *circleciProvider) Resources(context.Context) []func() resource.Resource { return nil }
