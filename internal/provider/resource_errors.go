package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// addResourceError reports that an operation of a resource failed. The advice is what is known of this operation, or
// "".
func (api *providerData) addResourceError(
	ctx context.Context, diags *diag.Diagnostics, summary string, err error, advice string,
) {
	at := path.Root("resource_class")
	if advice == "" {
		advice = api.writeAdvice(ctx, at, err)
	}
	detail := sentence(err) + "\n\n" + advice
	switch apiStatusOf(err) {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusConflict:
		diags.AddAttributeError(at, summary, detail)
	default:
		diags.AddError(summary, detail)
	}
}

// writeAdvice is the advice about a request that changes something.
func (api *providerData) writeAdvice(ctx context.Context, at path.Path, err error) string {
	request, status := (*circleci.RequestError)(nil), (*circleci.StatusError)(nil)
	switch code := statusOf(err); {
	case code == http.StatusTooManyRequests:
		return rateLimitAdvice
	case code != http.StatusNotFound && isUnsupported(code):
		return "The installation serves API " + string(api.client.APIVersion()) + ", but not, or no longer, this request: " +
			"use the newest version of the provider. If you have it, please report this at " + issuesURL + "."
	case errors.Is(err, context.Canceled):
		return "The request was canceled, and may have been carried out. The next plan shows what exists."
	case errors.As(err, &request) && request.RedirectedTo != "" && request.RedirectedTo == circleci.Origin(api.settings.APIURL):
		return "The Runner API does not redirect: a proxy or a sign-in page at the same origin did. A request that changes " +
			"something is sent to no other URL. Check the path in api_url, and the proxies (HTTPS_PROXY, NO_PROXY)."
	case !isUnspecificRejection(code) || !errors.As(err, &status):
	case status.Body == circleci.BodyHTML:
		return fmt.Sprintf("Something other than the Runner API returned this %d: check api_url and the proxies "+
			"(HTTPS_PROXY, NO_PROXY).", code)
	}
	return api.advice(ctx, at, err)
}

// isUnspecificRejection reports whether a status means that the API rejected a request for a reason that only its
// message says.
func isUnspecificRejection(status int) bool {
	return slices.Contains([]int{
		http.StatusBadRequest, http.StatusPaymentRequired, http.StatusConflict, http.StatusUnprocessableEntity,
	}, status)
}

// addClassesError reports that the resource classes of the attribute namespace could not be listed.
func (api *providerData) addClassesError(ctx context.Context, diags *diag.Diagnostics, namespace string, err error) {
	api.addError(ctx, diags, path.Root("namespace"), "Error reading resource classes of namespace "+namespace, err)
}

// addTokensError reports that the tokens of the attribute resource_class could not be listed.
func (api *providerData) addTokensError(ctx context.Context, diags *diag.Diagnostics, class string, err error) {
	api.addError(ctx, diags, path.Root("resource_class"), tokensErrorSummary+class, err)
}

const tokensErrorSummary = "Error reading tokens of resource class "

// addRefreshError is addTokensError for a token in state, whose class existed.
func (api *providerData) addRefreshError(ctx context.Context, diags *diag.Diagnostics, class string, err error) {
	if statusOf(err) != http.StatusNotFound {
		api.addTokensError(ctx, diags, class, err)
		return
	}
	diags.AddAttributeError(path.Root("resource_class"), tokensErrorSummary+class,
		sentence(err)+"\n\nThe resource class does not exist, or the credential may not see it"+
			api.settings.orAPIVersion(", or api_version is wrong")+". If the class was deleted outside of Terraform, so were "+
			"its tokens: remove them from state with the command state rm.")
}

// isClassGone reports whether a class is certainly gone when the listing of its tokens failed with err. A credential
// that lost its rights gets the same 404, so the namespace must be listed, without the class.
func (api *providerData) isClassGone(ctx context.Context, class string, err error) bool {
	if statusOf(err) != http.StatusNotFound {
		return false
	}
	namespace, _, _ := strings.Cut(class, "/")
	classes, err := api.client.CachedResourceClasses(ctx, namespace)
	return err == nil && !containsClass(classes, class)
}

// incompleteState is the error of state in which nothing identifies a resource. No version of this provider writes it.
var incompleteState = diag.NewAttributeErrorDiagnostic(path.Root("resource_class"), "Incomplete state",
	"The state of the resource needs a resource_class that is namespace/name, and an id that is a UUID, but lacks one of "+
		"them. Remove it with the command state rm, and import it.")

// checkIdentified rejects what requests find no class or token by.
func checkIdentified(class, id types.String) (diags diag.Diagnostics) {
	if !isResourceClass(class.ValueString()) || !circleci.IsUUID(id.ValueString()) {
		diags.Append(incompleteState)
	}
	return diags
}
