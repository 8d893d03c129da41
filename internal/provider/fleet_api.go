package provider

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// fleetAPINote ends the description of everything that needs the fleet API.
const fleetAPINote = "Preview: needs CircleCI's fleet API, which only CircleCI Cloud serves. CircleCI may change it without " +
	"notice. Such a change causes an error, not a wrong number."

// requireFleetAPI rejects settings with which the fleet API cannot be requested, so that the plan fails. The
// attribute at is what needs that API.
func (api *providerData) requireFleetAPI(at path.Path) (diags diag.Diagnostics) {
	switch {
	case api.settings.credential.method.attribute != "token":
		diags.AddAttributeError(at, tokenRequired, api.needPersonalToken("CircleCI's fleet API needs"))
	case api.settings.APIVersion == circleci.V2:
		diags.AddAttributeError(at, "API v3 required", "CircleCI's fleet API is part of version 3 of the Runner API. "+
			`Remove api_version = "v2" from the provider.`)
	}
	return diags
}

// addFleetAPIError adds an error of the fleet API. The attribute at selects what is read.
func (api *providerData) addFleetAPIError(
	ctx context.Context, diags *diag.Diagnostics, at path.Path, summary string, err error,
) {
	switch advice := api.fleetAPIAdvice(err); {
	case advice == "":
		api.addError(ctx, diags, at, summary, err)
	case isUnsupported(apiStatusOf(err)):
		diags.AddAttributeError(at, summary, sentence(err)+"\n\n"+advice)
	default:
		diags.AddError(summary, sentence(err)+"\n\n"+advice)
	}
}

const changedFleetAPIAdvice = "CircleCI's fleet API is a preview, and may have changed: use the newest version of the " +
	"provider, or please report this at " + issuesURL + "."

// fleetAPIAdvice says what to do about an error that only the fleet API explains. It is "" for any other.
func (api *providerData) fleetAPIAdvice(err error) string {
	request, response := (*circleci.RequestError)(nil), (*circleci.ResponseError)(nil)
	switch {
	case errors.As(err, &request) && request.RedirectedTo != "":
		return "CircleCI's fleet API does not redirect, so check the proxies (HTTPS_PROXY, NO_PROXY). The credential was not " +
			"sent to the new address."
	case errors.As(err, &response) && response.Body == circleci.BodyJSON:
		return changedFleetAPIAdvice
	case isUnsupported(apiStatusOf(err)):
		return api.unsupportedFleetAPIAdvice()
	}
	return ""
}

func (api *providerData) unsupportedFleetAPIAdvice() string {
	if api.isCloud() {
		return "Check the name of the resource class or namespace, and that the token has access to it: CircleCI Cloud " +
			"responds to a token without access in the same way."
	}
	return "The installation does not seem to have CircleCI's fleet API: only CircleCI Cloud is known to serve it."
}

// isCloud reports whether the fleet API that is requested may be that of CircleCI Cloud, under any of its hosts.
func (api *providerData) isCloud() bool {
	return strings.HasSuffix("."+api.settings.APIURL.Hostname(), ".circleci.com")
}
