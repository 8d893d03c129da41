package provider

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// resourceError is an operation of a resource that failed.
type resourceError struct {
	summary string
	err     error
	// hint says what to do about it. When it is empty, addResourceError chooses one.
	hint string
}

// addResourceError reports a resourceError.
func (a *providerData) addResourceError(ctx context.Context, diags *diag.Diagnostics, failed resourceError) {
	at := path.Root("resource_class")
	switch {
	case failed.hint != "":
	case statusOf(failed.err) == http.StatusTooManyRequests:
		failed.hint = rateLimitHint
	case errors.Is(failed.err, context.Canceled):
		failed.hint = "The request was canceled, and may have been carried out. The next plan shows what exists."
	default:
		failed.hint = a.remediation(ctx, at, failed.err)
	}
	detail := sentence(failed.err) + "\n\n" + failed.hint
	switch statusOf(failed.err) {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusConflict:
		diags.AddAttributeError(at, failed.summary, detail)
	default:
		diags.AddError(failed.summary, detail)
	}
}

// rateLimitHint is what to do when the API limits the rate of requests. A deletion may have been carried out by an earlier attempt.
const rateLimitHint = "The API limits the rate of requests: apply again later, with a lower -parallelism."

// incompleteState is the error of state without what identifies a resource, which no version of this provider writes.
func incompleteState() diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root("resource_class"), "Incomplete state",
		"The state of the resource lacks resource_class or id: remove it with the command state rm, and import it.")
}

// canceledBeforeHint is what became of a creation of which isCanceledBefore.
const canceledBeforeHint = "Nothing was created: it was canceled before the API had accepted the request."

// isCanceledBefore reports whether the creation of something was canceled before the API had accepted its request.
func isCanceledBefore(err error) bool {
	return errors.Is(err, context.Canceled) && !errors.As(err, new(*circleci.UncertainError))
}

// deleteNotFoundHint is what to do when something is not found for its deletion, although it is listed or may be.
const deleteNotFoundHint = "If what exists could not be listed, apply again. CircleCI also responds with 404 to a credential that may " +
	"not delete it: use a personal API token of an administrator of the organization. If it no longer exists, remove it from state with " +
	"the command state rm."

// addClassesError reports that the resource classes of the attribute namespace could not be listed.
func (a *providerData) addClassesError(ctx context.Context, diags *diag.Diagnostics, namespace string, err error) {
	a.addError(ctx, diags, path.Root("namespace"), "Error reading resource classes of namespace "+namespace, err)
}

// addTokensError reports that the tokens of a class could not be listed.
func (a *providerData) addTokensError(ctx context.Context, diags *diag.Diagnostics, class string, err error) {
	summary := "Error reading tokens of resource class " + class
	if statusOf(err) != http.StatusNotFound {
		a.addError(ctx, diags, path.Root("resource_class"), summary, err)
		return
	}
	diags.AddAttributeError(path.Root("resource_class"), summary, sentence(err)+"\n\nThe resource class does not exist, or the credential may not "+
		"see it, or api_version is not the installation's. When the class was deleted outside of Terraform, its tokens were deleted with it: "+
		"remove them from state with the command state rm.")
}

// isClassGone reports whether a class is certainly gone when the listing of its tokens failed with err. A credential that
// lost its rights gets the same 404, so the other classes of the namespace must be listed.
func (a *providerData) isClassGone(ctx context.Context, class string, err error) bool {
	if statusOf(err) != http.StatusNotFound {
		return false
	}
	namespace, _, _ := strings.Cut(class, "/")
	listed, err := a.classes.get(ctx, namespace)
	isSame := func(c circleci.ResourceClass) bool { return circleci.SameName(c.ResourceClass, class) }
	return err == nil && len(listed) > 0 && !slices.ContainsFunc(listed, isSame)
}

// statusOf returns the HTTP status that an error is about, 0 when it is about none, or when the outcome is not known.
func statusOf(err error) int {
	uncertain, status := (*circleci.UncertainError)(nil), (*circleci.StatusError)(nil)
	if errors.As(err, &uncertain) || !errors.As(err, &status) {
		return 0
	}
	return status.StatusCode
}
