package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// notFoundAdvice explains a 404. It lists the classes of a namespace to find out whether a class is mistyped.
func (api *providerData) notFoundAdvice(ctx context.Context, attribute string, err *circleci.StatusError) string {
	credential, class, noRunners := api.settings.credential, err.Class, ""
	if class != "" && err.Endpoint != "runner/token" {
		noRunners = " CircleCI may also return 404 for a resource class without runners."
	}
	check := "Check that " + attribute + " is correct, and that the credential has access to it." + noRunners
	if attribute == "organization_id" && err.Endpoint == "runner" && api.client.APIVersion() == circleci.Auto {
		check += " It needs API v3, which the installation may not serve."
	}
	switch {
	case credential.method.attribute == "launch_token":
		return check + " " + credential.describe() + " may not be allowed to read this" + credential.advice()
	case class == "" || credential.method.attribute != "token": // Only a personal API token lists classes.
		return check + api.alwaysNotFoundAdvice()
	}
	// An explanation may take as long as one request.
	ctx, cancel := context.WithTimeout(ctx, api.settings.RequestTimeout)
	defer cancel()
	namespace, _, _ := strings.Cut(class, "/")
	classes, listErr := api.client.CachedResourceClasses(ctx, namespace)
	switch {
	case listErr != nil:
		return check + api.alwaysNotFoundAdvice()
	case containsClass(classes, class):
		return "The API lists this resource class: check that the credential has access to it." + noRunners
	}
	return api.unlistedClassAdvice(class, classes)
}

func containsClass(classes []circleci.ResourceClass, name string) bool {
	return slices.ContainsFunc(classes, func(class circleci.ResourceClass) bool {
		return circleci.SameName(class.ResourceClass, name)
	})
}

// maxSuggestedClasses limits how many resource classes an error suggests.
const maxSuggestedClasses = 5

// unlistedClassAdvice names the class that was probably meant, or some of those that the namespace has.
func (api *providerData) unlistedClassAdvice(class string, classes []circleci.ResourceClass) string {
	namespace, name, _ := strings.Cut(class, "/")
	if len(classes) == 0 {
		return "The API lists no resource class of namespace " + namespace + ": check the name of the namespace."
	}
	names, full := make([]string, len(classes)), make([]string, len(classes))
	for i, c := range classes {
		_, names[i], _ = strings.Cut(api.client.Sanitize(c.ResourceClass), "/")
		full[i] = namespace + "/" + names[i]
	}
	problem := fmt.Sprintf("Namespace %s has no resource class %s; ", namespace, class)
	if nearest := nearestName(name, names); nearest != "" {
		return problem + "the nearest name is " + namespace + "/" + nearest + "."
	}
	return problem + "it has " + summarizeNames(full, maxSuggestedClasses) + "."
}

// alwaysNotFoundAdvice says which settings may make every request fail with 404.
func (api *providerData) alwaysNotFoundAdvice() string {
	var causes []string
	if api.settings.APIVersion != circleci.Auto {
		causes = append(causes, "api_version")
	}
	switch {
	case api.settings.APIURL.Path != "":
		causes = append(causes, "the path of api_url")
	case api.settings.APIURL.String() != circleci.DefaultAPIURL:
		causes = append(causes, "api_url")
	}
	if len(causes) == 0 {
		return ""
	}
	return " If every request fails with 404, check " + strings.Join(causes, " and ") + "."
}
