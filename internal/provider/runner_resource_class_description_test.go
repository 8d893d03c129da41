package provider_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

const (
	resourceClass   = "circleci_runner_resource_class"
	movedClassID    = "2bc0df8e-d258-4ae8-9c2b-3793f004725f"
	fleetClassURL   = "/api/v3/runner/resource-classes/" + movedClassID
	classOfFleetAPI = `{"data": {"id": "` + movedClassID + `",
		"attributes": {"resource_class": "acme/linux", "description": "new"}}}`
	otherID         = "though " + movedClassID + " was requested"
	otherName       = `The fleet API returned the resource class "acme/mac" for the ID of acme/linux`
	changedFleetAPI = "\n\nCircleCI's fleet API is a preview, and may have changed: use the newest version of the provider"
)

// newCloud starts a Runner API on HTTPS, and returns it with an option that connects any host to it, such as those of
// CircleCI Cloud.
func newCloud(t *testing.T) (*circlecitest.Server, provider.Option) {
	t.Helper()
	server := newTLSServer(t, circlecitest.NewCA(), "circleci.com")
	return server, func(config *circleci.Config) {
		config.MaxRetries = 0
		// Its certificate is for one of those hosts.
		config.TLS = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}
		config.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		}
	}
}

// TestAccDescription changes the description of a class of CircleCI Cloud, there and in the configuration: the class
// stays. No plan is left after any step.
func TestAccDescription(t *testing.T) {
	t.Parallel()
	server, connect := newCloud(t)
	server.SetResourceClasses(movedClass)
	block := func(attributes string) string {
		return strings.Replace(providerConfig(server), server.URL, circleci.DefaultAPIURL, 1) +
			"import {\n  to = " + classAddress + "\n  id = \"acme/linux\"\n}\n\n" + classBlock(attributes)
	}
	const listing, read = "GET /api/v3/runner/resource", "GET " + fleetClassURL
	updated := []string{read, read, "POST " + fleetClassURL + "/update"} // Terraform plans once more when it applies.
	step := func(change func(), attributes, description string, want []string) resource.TestStep {
		action := plancheck.ResourceActionUpdate
		if want == nil {
			action = plancheck.ResourceActionNoop
		}
		return resource.TestStep{
			PreConfig:        change,
			Config:           block(attributes),
			ConfigPlanChecks: expectAction(classAddress, action),
			ConfigStateChecks: []statecheck.StateCheck{expectAttributes(classAddress, func() map[string]any {
				return map[string]any{
					"id": movedClassID, "resource_class": "acme/linux", "description": description, "force_delete": nil,
				}
			})},
			PostApplyFunc: func() {
				var got []string
				for _, request := range server.Requests() {
					got = append(got, request.Method+" "+request.Path)
				}
				expectSame(t, "requests", want, slices.DeleteFunc(got, func(r string) bool { return r == listing }),
					cmpopts.EquateEmpty())
				server.ResetRecords()
				expectSame(t, "description", description, server.ResourceClasses()[0].Description)
			},
		}
	}
	change := func() {
		changed := movedClass
		changed.Description = "Changed elsewhere"
		server.SetResourceClasses(changed)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"circleci": func() (tfprotov6.ProviderServer, error) { return provider.NewServer("test", connect)(), nil },
		},
		Steps: []resource.TestStep{
			step(nil, `  description = "Imported"`, "Imported", updated),
			step(nil, `  description = "Linux"`, "Linux", updated),
			step(change, `  description = "Linux"`, "Linux", updated),
			step(nil, `  description = ""`, "", updated),
			step(change, "", "Changed elsewhere", nil),
		},
	})
}

// TestAccDescriptionOfServer replaces a class of an installation that cannot change it.
func TestAccDescriptionOfServer(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.OmitFleetAPI()
	block := func(description string) string {
		return providerConfig(server) + classBlock(`  description = "`+description+`"`)
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories, Steps: []resource.TestStep{
		{Config: block("one"), PostApplyFunc: func() { expectMutations(t, server, "POST /api/v3/runner/resource") }},
		{
			Config:           block("two"),
			ConfigPlanChecks: expectAction(classAddress, plancheck.ResourceActionReplace),
			PostApplyFunc: func() {
				expectSame(t, "number of changes, which are a deletion and a creation", 2, len(mutations(server)))
				expectSame(t, "description", "two", server.ResourceClasses()[0].Description)
			},
		},
	}})
}

// TestPlanDescription plans another description at CircleCI Cloud, and elsewhere.
func TestPlanDescription(t *testing.T) {
	t.Parallel()
	const cannot = "This installation cannot change the description of a resource class in place, so acme/linux is"
	type attributes = providertest.Attributes
	type row struct {
		state, config, settings attributes   // The default is another description than in classState.
		response                http.Handler // The default is the usual one.
		isReplaced, noRequest   bool
		want                    wantDiagnostic // Its summary is by default that of a failed read.
	}
	text, isNull := providertest.String, attributes{"description": tftypes.NewValue(tftypes.String, nil)}
	isUnknown := attributes{"description": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)}
	isEmpty := attributes{"description": text("")}
	fails := func(response http.Handler, detail string) row {
		return row{response: response, want: wantDiagnostic{detail: detail}}
	}
	responds := func(old, changed string) http.Handler {
		return circlecitest.JSON(strings.Replace(classOfFleetAPI, old, changed, 1))
	}
	v2 := row{settings: attributes{"api_version": text("v2")}, noRequest: true, want: wantDiagnostic{
		at: "description", summary: "API v3 required", detail: `Remove api_version = "v2" from the provider.`,
	}}
	both := map[string]row{
		"another":          {},
		"unknown":          {state: isEmpty, config: isUnknown},
		"empty, not null":  {state: isNull, config: isEmpty, noRequest: true},
		"the same":         {config: attributes{"description": text(movedClass.Description)}, noRequest: true},
		"of another class": {config: attributes{"resource_class": text("acme/new")}, isReplaced: true, noRequest: true},
		"API v2":           v2,
		"401":              fails(circlecitest.Error(401, "no"), "401 Unauthorized: \"no\".\n\nThe personal API token"),
		"403":              fails(circlecitest.Error(403, "no"), "403 Forbidden: \"no\".\n\nThe personal API token"),
		"500":              fails(circlecitest.Error(500, "no"), "500 Internal Server Error: \"no\" ... \n\nThe service"),
		"no response":      fails(circlecitest.AbortConnection(), "the connection was closed before a response came"),
		"no data":          fails(responds("data", "items"), "the response has no data."+changedFleetAPI),
		"another ID":       fails(responds(movedClassID, movedToken.ID), otherID+"."+changedFleetAPI),
		"another name":     fails(responds("acme/linux", "acme/mac"), otherName+"."+changedFleetAPI),
	}
	cloud, elsewhere := maps.Clone(both), maps.Clone(both)
	for _, status := range []int{404, 405, 410, 501} {
		name, refusal := strconv.Itoa(status), circlecitest.Error(status, "no")
		cloud[name] = fails(refusal, name+" ... CircleCI Cloud responds to a token without access in the same way.")
		elsewhere[name] = row{response: refusal, isReplaced: true, want: wantDiagnostic{
			severity: "warning", at: "description", summary: "Description forces replacement",
			detail: "GET ... " + name + " ... : \"no\".\n\n" + cannot + " replaced ... remove description.",
		}}
	}
	for origin, rows := range map[string]map[string]row{
		circleci.DefaultAPIURL: cloud, "https://app.circleci.com.": cloud, "https://circleci.example.com": elsewhere,
	} {
		for name, row := range rows {
			t.Run(origin+", "+name, func(t *testing.T) {
				t.Parallel()
				server, connect := newCloud(t)
				settings := attributes{"api_url": text(origin)}
				maps.Copy(settings, row.settings)
				server.SetResourceClasses(movedClass)
				server.SetHandler(row.response)
				state, config := maps.Clone(classState), attributes{
					"resource_class": text("acme/linux"), "description": text("new"),
				}
				maps.Copy(state, row.state)
				maps.Copy(config, row.config)
				_, isReplaced, got := newProvider(t, server, settings, connect).plan(resourceClass, state, config)
				expectSame(t, "whether the class is replaced", row.isReplaced, isReplaced)
				if row.noRequest {
					expectRequests(t, server)
				} else {
					expectRequests(t, server, fleetClassURL)
				}
				if row.want.detail == "" {
					assertNoDiagnostics(t, got)
					return
				}
				row.want.summary = cmp.Or(row.want.summary, "Error reading resource class acme/linux")
				assertDiagnostic(t, got, row.want)
			})
		}
	}
}

// TestUpdateDescription sends another description, and fails. The state stays as it is.
func TestUpdateDescription(t *testing.T) {
	t.Parallel()
	const unchanged = ".\n\nThe state is unchanged. The next plan reads the description again."
	type row struct {
		response http.Handler
		detail   string
	}
	refuses := func(status int, detail string) row { return row{circlecitest.Error(status, "no"), detail} }
	responds := func(old, changed, detail string) row {
		body := strings.Replace(classOfFleetAPI, old, changed, 1)
		return row{circlecitest.JSON(body), detail + "." + changedFleetAPI}
	}
	for _, row := range []row{
		refuses(400, `400 Bad Request: "no". ... The API rejected the request: its message says why`),
		refuses(403, `403 Forbidden: "no". ... Only an administrator of the organization may change resource classes`),
		refuses(404, `404 Not Found: "no". ... The installation does not seem to have CircleCI's fleet API`),
		refuses(500, `500 Internal Server Error: "no" ... The service, or a proxy in front of it, is failing`),
		{circlecitest.AbortConnection(), "the connection was closed before a response came ... Check api_url"},
		responds("data", "items", "the response has no data"),
		responds("new", "old", `the response has the description "old", though another one was requested`),
		responds(movedClassID, movedToken.ID, otherID),
		responds("acme/linux", "acme/mac", otherName),
	} {
		server := newMovedServer(t)
		server.SetHandler(row.response)
		p := newProvider(t, server, providertest.Attributes{"max_retries": providertest.Number(0)})
		planned := maps.Clone(classState)
		planned["description"], planned["force_delete"] = providertest.String("new"), providertest.Bool(true)
		state, got, err := p.Apply(t.Context(), resourceClass, classState, planned)
		if err != nil {
			t.Fatal(err)
		}
		want := wantDiagnostic{summary: "Error updating resource class acme/linux", detail: row.detail + " ... " + unchanged}
		assertDiagnostic(t, protocolDiagnostics(got), want)
		for name, value := range classState {
			expectSame(t, name, value, state[name])
		}
		expectSame(t, "force_delete", true, state["force_delete"].IsNull())
		expectMutations(t, server, "POST "+fleetClassURL+"/update")
	}
}
