package provider

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// fleetAPINote is what the description of everything says that needs the fleet API.
const fleetAPINote = "Preview: it needs CircleCI's fleet API, which CircleCI Cloud alone serves and may change without " +
	"notice. A change results in an error, not in a wrong number."

// requireFleetAPI rejects settings with which the fleet API cannot be requested, so that a plan does. The attribute at
// is what needs that API.
func (api *providerData) requireFleetAPI(at path.Path) (diags diag.Diagnostics) {
	credential := api.settings.credential
	switch {
	case credential.method.attribute != "token":
		diags.AddAttributeError(at, "Personal API token required", "CircleCI's fleet API needs a personal API token, but "+
			"the credential is the "+credential.method.name+" from "+credential.source()+". Set the provider's attribute "+
			"token or the environment variable CIRCLE_TOKEN instead.")
	case api.settings.APIVersion == circleci.V2:
		diags.AddAttributeError(at, "API v3 required", "CircleCI's fleet API is a part of version 3 of the Runner API. "+
			`Remove api_version = "v2" from the provider.`)
	}
	return diags
}

// addFleetAPIError adds an error of the fleet API. The attribute at selects what is read.
func (api *providerData) addFleetAPIError(
	ctx context.Context, diags *diag.Diagnostics, at path.Path, summary string, err error,
) {
	status, response := (*circleci.StatusError)(nil), (*circleci.ResponseError)(nil)
	switch {
	case errors.As(err, &response):
		diags.AddError(summary, sentence(err)+"\n\nCircleCI's fleet API is a preview, and may have changed: use the newest "+
			"version of the provider, or please report this at "+issuesURL+".")
	case errors.As(err, &status) && isUnsupported(status.StatusCode) && !status.FromProxy:
		diags.AddAttributeError(at, summary, sentence(err)+"\n\n"+api.unsupportedFleetAPIAdvice())
	default:
		api.addError(ctx, diags, at, summary, err)
	}
}

// isUnsupported reports whether a status may mean that an installation does not have the fleet API.
func isUnsupported(status int) bool {
	return slices.Contains([]int{
		http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented,
	}, status)
}

func (api *providerData) unsupportedFleetAPIAdvice() string {
	if api.isCloud() {
		return "Check the name of the resource class or namespace, and that the token has access to it: CircleCI Cloud " +
			"responds so to a token without rights, too."
	}
	return "The installation does not have CircleCI's fleet API, as far as is known: only CircleCI Cloud has it."
}

// isCloud reports whether the fleet API that is requested is that of CircleCI Cloud.
func (api *providerData) isCloud() bool {
	return circleci.FleetAPIURL(api.settings.APIURL).String() == circleci.BrowserAPIURL
}
