package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// What several failures of a request that changes something have as advice.
const (
	termsAdvice = "An owner of the organization must have accepted the runner terms of service in CircleCI's web app."
	// A deletion may have been carried out by an earlier attempt.
	rateLimitAdvice = "The API limits the rate of requests: apply again later, with a lower -parallelism."
)

// rejectionAdvice refers to the message of a rejection if it has one. Plain text of a response that may hold the secret
// of a token is not shown.
func rejectionAdvice(err error) string {
	if status := (*circleci.StatusError)(nil); errors.As(err, &status) && status.Message != "" {
		return rejectedAdvice
	}
	return "The API rejected the request."
}

// creationAdvice says what to do about a failed creation, whatever was to be created. It is "" if that is not known.
func creationAdvice(err error) string {
	switch status := apiStatusOf(err); {
	case errors.Is(err, context.Canceled) && !errors.As(err, new(*circleci.UncertainError)):
		return "Nothing was created: the request was canceled before the API accepted it."
	case status == http.StatusTooManyRequests:
		return "Nothing was created. " + rateLimitAdvice
	case status == http.StatusPaymentRequired:
		return rejectionAdvice(err) + " " + termsAdvice
	}
	return ""
}

// deletionAdvice says what to do about a failed deletion of one of these objects. It is "" if that is not known.
func deletionAdvice(err error, objects string) string {
	switch apiStatusOf(err) {
	case http.StatusForbidden:
		return "Only an administrator of the organization may delete " + objects + "."
	case http.StatusNotFound: // It is listed, or may be.
		return "If what exists could not be listed, apply again. CircleCI also returns 404 to a credential that may not " +
			"delete it: use a personal API token of an administrator of the organization. If it no longer exists, remove it " +
			"from state with the command state rm."
	}
	return ""
}

// createClassAdvice says what to do about a class that was not created. It is "" if that is not known.
func (api *providerData) createClassAdvice(ctx context.Context, name string, err error) string {
	const onlyAdministrators = "Only an administrator of the organization may create resource classes"
	switch status := apiStatusOf(err); {
	case errors.As(err, new(*circleci.UncertainError)):
		return "It is not known whether the resource class was created. Check whether it exists, for example with the data " +
			"source circleci_runner_resource_classes. If not, apply again. If it does, and it is the one to manage here, import " +
			"it:" + importClassBlock(name)
	case status == http.StatusConflict:
		return "The resource class exists already, and was not changed. To manage it here, import it:" +
			importClassBlock(name) + "\n\nIf you renamed its block, this apply may have deleted it meanwhile: apply again. A " +
			"moved block avoids that. If this apply replaces it, remove create_before_destroy from it and from what depends " +
			"on it. Otherwise choose another name."
	case status == http.StatusForbidden:
		return onlyAdministrators + ", and a namespace has at most 650 of them. " + termsAdvice
	case status == http.StatusNotFound:
		namespace, _, _ := strings.Cut(name, "/")
		if _, listErr := api.client.ListResourceClasses(ctx, namespace); listErr == nil {
			return onlyAdministrators + ". Other members get this 404, although they may list the classes of the namespace."
		}
		return "Check that the namespace exists and belongs to your organization" +
			api.settings.orAPIVersion(", and check api_version") + ". You create a namespace in CircleCI."
	}
	return creationAdvice(err)
}

func importClassBlock(name string) string {
	return fmt.Sprintf("\n\n  import {\n    to = circleci_runner_resource_class.NAME\n    id = %q\n  }\n\n"+
		"NAME is the name of the resource block.", name)
}

// deleteClassAdvice says what to do about a class that was not deleted. It is "" if that is not known.
func (api *providerData) deleteClassAdvice(ctx context.Context, name string, err error) string {
	if apiStatusOf(err) == http.StatusConflict {
		return api.remainingTokensAdvice(ctx, name)
	}
	return deletionAdvice(err, "resource classes")
}

// remainingTokensAdvice says which tokens a class has that cannot be deleted because of them, and what to do.
func (api *providerData) remainingTokensAdvice(ctx context.Context, class string) string {
	const deleteThem = "Delete them, for example with `circleci runner token delete ID`, and try again.\n\nOr delete " +
		"the class with all of them. Machines that use one claim no more jobs then. If its block is deleted, put it back. Set " +
		"force_delete = true, without a change that replaces the class, run apply " +
		"-target=circleci_runner_resource_class.NAME, and try again. Without -target, the apply first recreates the tokens " +
		"of this configuration that are already deleted.\n\nTo replace the class together with a token of this " +
		"configuration, set replace_triggered_by = " +
		"[circleci_runner_resource_class.NAME.id] in the lifecycle block of the token."
	tokens, err := api.client.ListTokens(ctx, class)
	if err != nil {
		return "The tokens of the class could not be listed: " + err.Error() + ".\n\n" + deleteThem
	}
	if len(tokens) == 0 {
		return "Its tokens have been deleted since: destroy again. In a token of this configuration, set resource_class = " +
			"circleci_runner_resource_class.NAME.resource_class: Terraform then deletes it before the class."
	}
	lines := make([]string, len(tokens))
	for i, token := range tokens {
		lines[i] = fmt.Sprintf("  - %q (%s)\n", api.client.Sanitize(token.Nickname), token.ID)
	}
	return "The resource class has these tokens, by nickname and ID:\n" + strings.Join(lines, "") + "\n" + deleteThem
}

// replacesClass warns that another description replaces a class. err is why it cannot be changed in place.
func replacesClass(class string, err error) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("description"), "Description forces replacement",
		sentence(err)+"\n\nThis installation cannot change the description of a resource class in place, so "+class+
			" is replaced, and no token of it survives. Without force_delete, a class that has tokens cannot be deleted: "+
			"those of this configuration need replace_triggered_by = [circleci_runner_resource_class.NAME.id] in their lifecycle "+
			"block. To keep the class and its tokens, remove description.")
}

// deletesTokens warns that a planned replacement of a class deletes its tokens.
func deletesTokens(class string) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("force_delete"), "Replacement deletes tokens",
		fmt.Sprintf("Replacing resource class %s deletes all its tokens, because force_delete is true in state: machines "+
			"that use one claim no more jobs. A token of this configuration is replaced in the same apply only if its "+
			"lifecycle block has replace_triggered_by = [circleci_runner_resource_class.NAME.id]; otherwise the next apply "+
			"recreates it. To keep the class while it has tokens, set force_delete = false and apply that first.", class))
}

// createTokenAdvice says what to do about a token that was not created. It is "" if that is not known.
func (api *providerData) createTokenAdvice(ctx context.Context, class string, err error) string {
	const (
		onlyAdministrators = "Only an administrator of the organization may create tokens"
		reference          = "For a class of the same configuration, set resource_class = " +
			"circleci_runner_resource_class.NAME.resource_class."
	)
	uncertain := (*circleci.UncertainError)(nil)
	switch status := apiStatusOf(err); {
	case errors.As(err, &uncertain):
		return uncertainTokenAdvice(uncertain.Appeared)
	case status == http.StatusForbidden:
		return onlyAdministrators + ", and a resource class has at most ten of them: delete one that is no longer in " +
			"use. " + termsAdvice
	case status == http.StatusBadRequest:
		return rejectionAdvice(err) + " " + reference
	case status == http.StatusNotFound:
		if _, listErr := api.client.ListTokens(ctx, class); listErr == nil {
			return onlyAdministrators + ". Other members get this 404, although they may list the tokens of the class."
		}
		return "Check that the resource class exists. " + reference
	}
	return creationAdvice(err)
}

// uncertainTokenAdvice has the command to delete a token only if no other one could be the lost one.
func uncertainTokenAdvice(appeared []string) string {
	switch len(appeared) {
	case 0:
		return "It is not known whether a token was created. Check the tokens of the class, for example with the data " +
			"source circleci_runner_tokens, delete any that nobody uses, and apply again."
	case 1:
		return "A token may have been created, but its secret is lost. If nobody else created the new one, delete it, for " +
			"example with `circleci runner token delete " + appeared[0] + "`, and apply again."
	}
	return "A token may have been created, but its secret is lost, and several are new. Compare their nickname and " +
		"created_at, for example with the data source circleci_runner_tokens, delete the one that nobody else created, and " +
		"apply again."
}
