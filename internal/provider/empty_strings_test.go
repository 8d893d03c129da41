package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// TestEmptyStrings creates a class without a description and a token without a nickname, which the API leaves out, or
// has as null, in every response. Nothing is uncertain, and nothing differs after a refresh.
func TestEmptyStrings(t *testing.T) {
	t.Parallel()
	for form, replacer := range map[string]*strings.Replacer{
		"absent": strings.NewReplacer(`,"description":""`, "", `,"nickname":""`, ""),
		"null":   strings.NewReplacer(`"description":""`, `"description":null`, `"nickname":""`, `"nickname":null`),
		"empty":  strings.NewReplacer(),
	} {
		for resource, attribute := range map[string]string{
			"circleci_runner_resource_class": "description", "circleci_runner_token": "nickname",
		} {
			runInBubble(t, form+" "+attribute, func(t *testing.T) {
				server := newMemoryServer(t)
				if attribute == "nickname" {
					server.SetResourceClasses(circlecitest.ResourceClass{ResourceClass: "acme/linux"})
				}
				server.SetHandler(server.Edit(func(body string) http.Handler { return circlecitest.JSON(replacer.Replace(body)) }))
				p := newProvider(t, server, nil)
				planned, _, _ := p.plan(resource, nil, linuxClass)
				created, got, err := p.Apply(t.Context(), resource, nil, planned)
				if err != nil {
					t.Fatal(err)
				}
				assertNoDiagnostics(t, protocolDiagnostics(got))
				expectSame(t, attribute, providertest.String(""), created[attribute])
				refreshed, got, err := p.ReadResource(t.Context(), resource, created)
				if err != nil {
					t.Fatal(err)
				}
				assertNoDiagnostics(t, protocolDiagnostics(got))
				expectSame(t, "refreshed state", created, refreshed)
				planned, _, _ = p.plan(resource, refreshed, linuxClass)
				expectSame(t, "planned state", created, planned)
			})
		}
	}
}
