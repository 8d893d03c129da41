package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// providerData is what the provider hands to its data sources: the client, and the settings that an error must explain.
type providerData struct {
	client   *circleci.Client
	settings settings
}

// configure takes the providerData from the provider. There is none when Terraform only validates.
func (a *providerData) configure(req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	switch data := req.ProviderData.(type) {
	case nil:
	case *providerData:
		*a = *data
	default:
		resp.Diagnostics.AddError("Unexpected provider data",
			fmt.Sprintf("The data source was given %T. This is a bug in the provider: please report it at %s.", data, issuesURL))
	}
}

const issuesURL = "https://github.com/circleci-community/terraform-provider-circleci/issues"
