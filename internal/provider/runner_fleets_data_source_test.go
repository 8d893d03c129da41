package provider_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// ago returns a time as the API writes it.
func ago(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339) }

func TestAccRunnerFleetsDataSource(t *testing.T) {
	t.Parallel()
	recent, older, future := ago(time.Minute), ago(time.Hour), ago(-time.Hour)
	const formed = "2024-02-29T05:05:06.5+01:00"
	server := newServer(t)
	server.SetResourceClasses(movedClass, circlecitest.ResourceClass{ResourceClass: "acme/empty"})
	server.SetRunners( // Those of acme/mac stay listed, although the class was deleted.
		circlecitest.Runner{ResourceClass: "acme/linux", Name: "a", LastConnected: older, Version: "1.0.10000-abc"},
		circlecitest.Runner{ResourceClass: "acme/linux", Name: "b", LastConnected: recent, Version: "1.0.9000-def"},
		circlecitest.Runner{ResourceClass: "acme/linux", Name: "c", LastConnected: older, Version: "1.0.10000-abc"},
		circlecitest.Runner{ResourceClass: "ACME/Linux", Name: "d", LastConnected: older, Version: "3.1"},
		circlecitest.Runner{ResourceClass: "acme/mac", Name: "e", LastConnected: future, Version: "3.1.2"},
		circlecitest.Runner{ResourceClass: "forms/arm", Name: "a", LastConnected: ""},
		circlecitest.Runner{ResourceClass: "forms/arm", Name: "b", LastConnected: "yesterday", Version: "2"},
		circlecitest.Runner{ResourceClass: "forms/arm", Name: "c", LastConnected: formed, Version: "10"},
	)
	server.SetTasks("acme/linux", 3, 2)
	server.SetTasks("acme/mac", 4, 1)
	server.SetTasks("acme/empty", 9, 0)
	server.SetTasks("forms/arm", 5, 0)
	// The values of a block and of a fleet, in the order of the outputs.
	type values = []any
	type fleets = map[string][]any
	versions := values{"1.0.9000-def", "1.0.10000-abc", "3.1"}
	linux, mac := values{4, 4, 3, 2, recent, versions}, values{1, 1, 4, 1, future, values{"3.1.2"}}
	empty := values{0, 0, 9, 0, nil, values{}}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: testdataConfig(t, server),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownOutputValue("totals", exactly{fleets{
						"default": {5, 5, 7, 3}, "classes": {5, 2, 16, 3}, "all": {5, 5, 16, 3}, "only": {4, 4, 12, 2},
						"times": {3, 3, 5, 0},
					}}),
					statecheck.ExpectKnownOutputValue("fleets", exactly{map[string]fleets{
						"default": {"ACME/Linux": linux, "acme/mac": mac},
						"classes": {"Acme/linux": {4, 1, 3, 2, recent, versions}, "acme/mac": mac, "acme/empty": empty},
						"all":     {"acme/Linux": linux, "acme/mac": mac, "acme/empty": empty},
						"only":    {"Acme/linux": linux, "acme/empty": empty},
						"times":   {"forms/arm": {3, 3, 5, 0, formed, values{"2", "10"}}},
					}}),
				},
			},
			{
				PreConfig: func() { refuseV3(server, 404) },
				Config:    testdataConfig(t, server),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownOutputValueAtPath("totals", tfjsonpath.New("only"), exactly{values{4, 4, 12, nil}}),
					statecheck.ExpectKnownOutputValueAtPath("fleets", tfjsonpath.New("only"), exactly{fleets{
						"Acme/linux": {4, 4, 3, nil, recent, versions}, "acme/empty": {0, 0, 9, nil, nil, values{}},
					}}),
				},
			},
		},
	})
}

// TestRunnerFleetsDataSourceEmpty has a namespace without a fleet, whose counts would pass any check of a limit.
func TestRunnerFleetsDataSourceEmpty(t *testing.T) {
	t.Parallel()
	const (
		lists = "The API lists no runner and no resource class of namespace acme, so every count is 0. "
		named = "No runner of namespace acme is listed, and no resource class is named, so every count is 0. "
		check = "Check the name of the namespace."
		add   = " If its classes are scaled to zero, name them in resource_classes, or set all_resource_classes."
		only  = "No resource class is named in only_resource_classes, so every count is 0. Name at least one."
	)
	server := newServer(t)
	for want, attributes := range map[wantDiagnostic]providertest.Attributes{
		{at: "namespace", detail: named + check + add}: {},
		{at: "namespace", detail: lists + check}:       {"all_resource_classes": providertest.Bool(true)},
		{at: "only_resource_classes", detail: only}:    {"only_resource_classes": classes(0)},
	} {
		for _, version := range []string{"v2", "v3"} {
			attributes["namespace"] = providertest.String("acme")
			p := newProvider(t, server, providertest.Attributes{"api_version": providertest.String(version)})
			state, got := p.read(t.Context(), "circleci_runner_fleets", attributes)
			want.severity, want.summary = "warning", "No fleet"
			assertDiagnostic(t, got, want)
			for _, count := range []string{"runner_count", "connected_runner_count", "unclaimed_task_count"} {
				expectSame(t, count, providertest.Number(0), state[count])
			}
			running := tftypes.NewValue(tftypes.Number, map[string]any{"v2": nil, "v3": 0}[version])
			expectSame(t, "running tasks with "+version, running, state["running_task_count"])
		}
	}
}

// TestRunnerFleetsDataSourceErrors has lists and counts from which no fleets can be made.
func TestRunnerFleetsDataSourceErrors(t *testing.T) {
	t.Parallel()
	const reading, counting = "Error reading fleets of namespace acme", "Error counting tasks of namespace acme"
	list := func(classes ...string) string {
		return `{"items": [{"name": "x", "resource_class": "` +
			strings.Join(classes, `"}, {"name": "x", "resource_class": "`) + `"}]}`
	}
	for name, row := range map[string]struct {
		runners    string
		counts     map[string]string // The unclaimed tasks by class. The default is an error.
		attributes providertest.Attributes
		want       wantDiagnostic
	}{
		"some counts": {
			runners: list("acme/a", "acme/b", "acme/c"), counts: map[string]string{"acme/b": "1"},
			want: wantDiagnostic{summary: counting, detail: "Could not count the tasks of 2 of 3 resource " +
				"classes, so there is no total: acme/a, acme/c; first error: GET " +
				` ... resource-class=acme%2Fa ... 403 Forbidden: "no".`},
		},
		"invalid time": {
			runners:    `{"items": [{"resource_class": "acme/a", "name": "x", "last_connected": "\u0000yesterday "}]}`,
			attributes: providertest.Attributes{"connected_within": providertest.String("10m")},
			want: wantDiagnostic{summary: reading, detail: `Runner "x" of resource class acme/a has ` +
				`last_connected "\x00yesterday ", which is not an RFC 3339 time, so it may or may not be connected.` +
				"\n\nTo read the runners anyway, remove connected_within and wait_for: the provider then does not parse"},
		},
		"total beyond 64 bits": {
			runners: list("acme/a", "acme/b"),
			counts:  map[string]string{"acme/a": "9223372036854775807", "acme/b": "1"},
			want: wantDiagnostic{summary: reading, detail: "The task counts of the fleets add up " +
				"to more than 9223372036854775807.\n\nAt least one of the counts must be wrong: read them one by one with " +
				"circleci_runner_tasks"},
		},
		"class that is not listed": {
			runners:    `{"items": []}`,
			attributes: providertest.Attributes{"all_resource_classes": providertest.Bool(true), "resource_classes": classes(1)},
			want: wantDiagnostic{at: "resource_classes", summary: "Resource class not found",
				detail: `The API does not list the resource class "acme/0" in namespace acme.`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.Intercept(func(r *http.Request) http.Handler {
				class := r.URL.Query().Get("resource-class")
				if count := row.counts[class]; count != "" {
					return circlecitest.JSON(`{"unclaimed_task_count": ` + count + `, "running_runner_tasks": 1}`)
				}
				if class != "" {
					return circlecitest.Error(403, "no")
				}
				return circlecitest.JSON(row.runners)
			})
			attributes := maps.Clone(acmeNamespace)
			maps.Copy(attributes, row.attributes)
			p := newProvider(t, server, providertest.Attributes{"api_version": providertest.String("v3")})
			_, got := p.read(t.Context(), "circleci_runner_fleets", attributes)
			assertDiagnostic(t, got, row.want)
		})
	}
}

// TestRunnerFleetsDataSourceOnly counts no tasks of the classes that are not in the fleets, and parses no time of theirs.
func TestRunnerFleetsDataSourceOnly(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetRunners(
		circlecitest.Runner{ResourceClass: "acme/0", Name: "a", LastConnected: ago(0)},
		circlecitest.Runner{ResourceClass: "acme/1", Name: "a", LastConnected: ago(0)},
		circlecitest.Runner{ResourceClass: "acme/2", Name: "a", LastConnected: "yesterday"},
	)
	attributes := maps.Clone(acmeNamespace)
	attributes["connected_within"], attributes["only_resource_classes"] = providertest.String("10m"), classes(2)
	p := newProvider(t, server, providertest.Attributes{"api_version": providertest.String("v2")})
	state, got := p.read(t.Context(), "circleci_runner_fleets", attributes)
	assertNoDiagnostics(t, got)
	expectSame(t, "connected runners", providertest.Number(2), state["connected_runner_count"])
	const tasks = "/api/v2/runner/tasks?resource-class=acme%2F"
	expectRequests(t, server, "/api/v2/runner?namespace=acme", tasks+"0", tasks+"1")
}
