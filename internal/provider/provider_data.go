package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// providerData is what the provider hands to its data sources, resources and actions: the client, and the settings that an error must explain.
type providerData struct {
	client   *circleci.Client
	settings settings
	// classes and tokens are the listings that refreshes share. Whatever writes forgets them.
	classes *listingCache[circleci.ResourceClass]
	tokens  *listingCache[circleci.Token]
}

func newProviderData(settings settings, client *circleci.Client) *providerData {
	return &providerData{
		client: client, settings: settings,
		classes: newListingCache(client.ListResourceClasses), tokens: newListingCache(client.ListTokens),
	}
}

// apiDataSource, apiAction and apiResource, which is for list resources too, are what each of their kind has.
type (
	apiDataSource struct{ api providerData }
	apiAction     struct{ api providerData }
	apiResource   struct{ api providerData }
)

func (d *apiDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	resp.Diagnostics.Append(d.api.take(req.ProviderData)...)
}

func (a *apiAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	resp.Diagnostics.Append(a.api.take(req.ProviderData)...)
}

// Configure rejects credentials that cannot read or change what the resources are, so that a plan does.
func (r *apiResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if resp.Diagnostics.Append(r.api.take(req.ProviderData)...); resp.Diagnostics.HasError() || r.api.client == nil {
		return
	}
	resp.Diagnostics.Append(r.api.requirePersonalToken()...)
}

// take sets the providerData of the provider. There is none when Terraform only validates.
func (a *providerData) take(given any) (diags diag.Diagnostics) {
	switch data := given.(type) {
	case nil:
	case *providerData:
		*a = *data
	default:
		diags.AddError("Unexpected provider data",
			fmt.Sprintf("The provider handed on %T. This is a bug in the provider: please report it at %s.", data, issuesURL))
	}
	return diags
}

// requirePersonalToken rejects other credentials for what CircleCI allows with personal API tokens only.
func (a *providerData) requirePersonalToken() (diags diag.Diagnostics) {
	if a.settings.credential.method.attribute != "token" {
		diags.AddError("Personal API token required",
			"Resource classes and runner tokens need a personal API token, but the credential is the "+a.settings.credential.method.name+
				" from "+a.settings.credential.source()+". Set the provider's attribute token or the environment variable CIRCLE_TOKEN instead.")
	}
	return diags
}

// forgetListings makes the next refreshes list again. Call it before and after a write: a listing that was in flight
// meanwhile may or may not show what was written.
func (a *providerData) forgetListings() {
	a.classes.forget()
	a.tokens.forget()
}

const issuesURL = "https://github.com/circleci-community/terraform-provider-circleci/issues"
