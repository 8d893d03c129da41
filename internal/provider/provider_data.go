package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// providerData is what the provider hands to its data sources, resources, list resources and actions: the client, and
// the settings that an error must explain. Both are empty while Terraform only validates.
type providerData struct {
	client   *circleci.Client
	settings settings
}

// apiDataSource, apiAction and apiResource, which is for list resources too, are what each of their kind has. The name
// is that of the type, without the provider's.
type (
	apiDataSource struct {
		api  providerData
		name string
	}
	apiAction   apiDataSource
	apiResource apiDataSource
)

func (d *apiDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + d.name
}

func (d *apiDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.api.configure(req.ProviderData)
}

func (a *apiAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + a.name
}

func (a *apiAction) Configure(_ context.Context, req action.ConfigureRequest, _ *action.ConfigureResponse) {
	a.api.configure(req.ProviderData)
}

func (r *apiResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.name
}

// Configure rejects credentials that cannot read or change what the resources are, so that a plan does.
func (r *apiResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if r.api.configure(req.ProviderData) {
		resp.Diagnostics.Append(r.api.requirePersonalToken()...)
	}
}

// configure takes over what the provider hands on. It returns false if that is nothing.
func (api *providerData) configure(given any) bool {
	data, isConfigured := given.(*providerData)
	if isConfigured {
		*api = *data
	}
	return isConfigured
}

// requirePersonalToken rejects other credentials for what CircleCI allows with personal API tokens only.
func (api *providerData) requirePersonalToken() (diags diag.Diagnostics) {
	if api.settings.credential.method.attribute != "token" {
		diags.AddError(tokenRequired, api.needPersonalToken("Resource classes and runner tokens need"))
	}
	return diags
}

const tokenRequired = "Personal API token required"

// needPersonalToken is the detail of tokenRequired. It says what needs such a token.
func (api *providerData) needPersonalToken(whatNeeds string) string {
	credential := api.settings.credential
	return whatNeeds + " a personal API token, but the credential is the " + credential.method.name + " from " +
		credential.source() + ". Set the provider's token attribute or the environment variable CIRCLE_TOKEN instead."
}

// checkVersion3 rejects an attribute that only version 3 of the API serves, if api_version is v2. It ignores one that
// is null, or unknown, which may be null. Without an api_version, a read finds out the version: see
// circleci.ErrVersion3Required.
func (api *providerData) checkVersion3(at path.Path, value attr.Value) (diags diag.Diagnostics) {
	if isKnown(value) && api.settings.APIVersion == circleci.V2 {
		diags.Append(version3Required(at, `Remove api_version = "v2" from the provider`))
	}
	return diags
}

// servesVersion2 is what to do where version 2 is what a read found out.
const servesVersion2 = "The installation serves that version: upgrade it"

// version3Required is the error of an attribute that only version 3 of the API serves.
func version3Required(at path.Path, advice string) diag.Diagnostic {
	missing := "does not report how many tasks are running. " + advice + ", or use max_unclaimed."
	if at.Equal(path.Root("organization_id")) {
		missing = "does not list the runners of an organization. " + advice + ", or use circleci_runners."
	}
	return diag.NewAttributeErrorDiagnostic(at, "API v3 required", "API v2 "+missing)
}
