package provider_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// ago returns a time as the API writes it.
func ago(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339) }

func TestFleet(t *testing.T) {
	t.Parallel()
	recent, older, future := ago(time.Minute), ago(time.Hour), ago(-time.Hour)
	runners := []circlecitest.Runner{
		{ResourceClass: "acme/linux", Name: "a", LastConnected: older, Version: "1.0.10000-abc"},
		{ResourceClass: "acme/linux", Name: "b", LastConnected: recent, Version: "1.0.9000-def"},
		{ResourceClass: "acme/linux", Name: "c", LastConnected: older, Version: "1.0.10000-abc"},
		{ResourceClass: "ACME/Linux", Name: "d", LastConnected: older, Version: "3.1"},
		{ResourceClass: "acme/mac", Name: "e", LastConnected: future, Version: "3.1.2"},
		{ResourceClass: "other/linux", Name: "f", LastConnected: recent, Version: "9"},
	}
	class := func(runners, connected, unclaimed int, running, lastConnected any, versions ...any) map[string]any {
		return map[string]any{
			"runner_count": float64(runners), "connected_runner_count": float64(connected), "unclaimed_task_count": float64(unclaimed),
			"running_task_count": running, "last_connected": lastConnected, "versions": append([]any{}, versions...),
		}
	}
	severalForms := []circlecitest.Runner{
		{ResourceClass: "acme/arm", Name: "a", LastConnected: ""},
		{ResourceClass: "acme/arm", Name: "b", LastConnected: "yesterday", Version: "2"},
		{ResourceClass: "acme/arm", Name: "c", LastConnected: "2024-02-29T05:05:06.5+01:00", Version: "10"},
	}
	const noClass = "No runner of namespace acme is listed, and no resource class is named, so every count is 0. Check the name of the " +
		"namespace. If its classes are scaled to zero, name them in resource_classes, or set all_resource_classes."
	type classes = map[string]any
	for name, row := range map[string]struct {
		version    string // The default is the one that is found out, v3.
		attributes string
		runners    []circlecitest.Runner
		classes    classes
		totals     []any // They are the runners, the connected ones, the unclaimed tasks and the running ones.
		warning    string
	}{
		"v2": {
			version: "v2", runners: runners, totals: []any{5.0, 5.0, 7.0, nil}, classes: classes{
				"ACME/Linux": class(4, 4, 3, nil, recent, "1.0.9000-def", "1.0.10000-abc", "3.1"),
				"acme/mac":   class(1, 1, 4, nil, future, "3.1.2"),
			},
		},
		"classes and a limit": {
			attributes: "\n  resource_classes = [\"acme/empty\", \"Acme/linux\"]\n  connected_within = \"10m\"",
			runners:    runners, totals: []any{5.0, 2.0, 16.0, 3.0}, classes: classes{
				"Acme/linux": class(4, 1, 3, 2.0, recent, "1.0.9000-def", "1.0.10000-abc", "3.1"),
				"acme/empty": class(0, 0, 9, 0.0, nil),
				"acme/mac":   class(1, 1, 4, 1.0, future, "3.1.2"),
			},
		},
		"times of several forms": {
			version: "v2", runners: severalForms, totals: []any{3.0, 3.0, 5.0, nil},
			classes: classes{"acme/arm": class(3, 3, 5, nil, "2024-02-29T05:05:06.5+01:00", "2", "10")},
		},
		"only some classes": {
			attributes: "\n  only_resource_classes = [\"acme/empty\", \"Acme/linux\"]", runners: runners, totals: []any{4.0, 4.0, 12.0, 2.0},
			classes: classes{
				"Acme/linux": class(4, 4, 3, 2.0, recent, "1.0.9000-def", "1.0.10000-abc", "3.1"),
				"acme/empty": class(0, 0, 9, 0.0, nil),
			},
		},
		"no class": {
			version: "v2", attributes: "\n  only_resource_classes = []", runners: runners, totals: []any{0.0, 0.0, 0.0, nil}, classes: classes{},
			warning: "No resource class is named in only_resource_classes, so every count is 0. Name at least one.",
		},
		"empty":     {totals: []any{0.0, 0.0, 0.0, 0.0}, classes: classes{}, warning: noClass},
		"v2, empty": {version: "v2", totals: []any{0.0, 0.0, 0.0, nil}, classes: classes{}, warning: noClass},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.SetRunners(row.runners...)
			server.SetTasks("acme/linux", 3, 2)
			server.SetTasks("acme/mac", 4, 1)
			server.SetTasks("acme/empty", 9, 0)
			server.SetTasks("acme/arm", 5, 0)
			w := newWorkspace(t, versionBlock(server, cmp.Or(row.version, "auto"))+dataBlock("circleci_runner_fleet", `namespace = "acme"`+row.attributes)+
				strings.ReplaceAll(output("[T.by_resource_class, T.runner_count, T.connected_runner_count, T.unclaimed_task_count, T.running_task_count]"),
					"T.", "data.circleci_runner_fleet.test."))
			var want []diagnostic
			if row.warning != "" {
				want = []diagnostic{{Severity: "warning", Summary: "Empty fleet", Detail: row.warning}}
			}
			expectReport(t, w.apply(), want...)
			expectSame(t, "outputs", map[string]any{"test": append([]any{row.classes}, row.totals...)}, w.outputs())
			lists := slices.DeleteFunc(server.Requests(), func(r circlecitest.Request) bool { return !strings.HasSuffix(r.Path, "/runner") })
			if len(lists) != 1 || requestURL(lists[0]) != lists[0].Path+"?namespace=acme" {
				t.Errorf("the runners were listed by %+v, want one request for the namespace", lists)
			}
		})
	}
}

// TestFleetErrors has lists and counts from which no fleet can be made. Each list is of namespace acme.
func TestFleetErrors(t *testing.T) {
	t.Parallel()
	list := func(classes ...string) string {
		return `{"items": [{"name": "x", "resource_class": "` + strings.Join(classes, `"}, {"name": "x", "resource_class": "`) + `"}]}`
	}
	for name, row := range map[string]struct {
		runners         string
		count           func(class string) http.Handler // It is the count of running tasks, too.
		connectedWithin string
		want            wantDiagnostic
	}{
		"some counts": {
			runners: list("acme/a", "acme/b", "acme/c"),
			count: func(class string) http.Handler {
				if class == "acme/b" {
					return circlecitest.JSON(`{"unclaimed_task_count": 1, "running_runner_tasks": 1}`)
				}
				return circlecitest.Error(403, "no")
			},
			want: wantDiagnostic{
				summary: "Error counting tasks of namespace acme",
				detail: "Could not count the tasks of 2 of 3 resource classes, so there is no total: acme/a, acme/c; first error: GET " +
					` ... resource-class=acme%2Fa ... 403 Forbidden: "no".`,
			},
		},
		"invalid time": {
			runners:         `{"items": [{"resource_class": "acme/a", "name": "x", "last_connected": "\u0000yesterday "}]}`,
			connectedWithin: "10m",
			want: wantDiagnostic{
				summary: "Error reading fleet of namespace acme",
				detail: `Runner "x" of resource class acme/a has last_connected "\x00yesterday ", which is not an RFC 3339 time, ` +
					"so whether it is connected is not known.\n\nTo read the runners anyway, remove connected_within and wait_for: " +
					"last_connected is not parsed then",
			},
		},
		"total beyond 64 bits": {
			runners: list("acme/a", "acme/b"),
			count: func(string) http.Handler {
				return circlecitest.JSON(`{"unclaimed_task_count": 9223372036854775807, "running_runner_tasks": 1}`)
			},
			want: wantDiagnostic{
				summary: "Error counting tasks of namespace acme",
				detail: "The task counts of the resource classes add up to more than 9223372036854775807.\n\nAt least one of the counts must be " +
					"wrong: read them one by one with circleci_runner_tasks",
			},
		},
		"malformed list": {
			runners: `{}`, want: wantDiagnostic{summary: "Error reading runners of namespace acme", detail: " has no items."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.Intercept(func(r *http.Request) http.Handler {
				if class := r.URL.Query().Get("resource-class"); class != "" {
					return row.count(class)
				}
				return circlecitest.JSON(row.runners)
			})
			attributes := maps.Clone(acmeNamespace)
			if row.connectedWithin != "" {
				attributes["connected_within"] = providertest.String(row.connectedWithin)
			}
			p := newProvider(t, server, providertest.Attributes{"api_version": providertest.String("v3")})
			_, got := p.read(t.Context(), "circleci_runner_fleet", attributes)
			assertDiagnostic(t, got, row.want)
		})
	}
}

// TestFleetRequests has a fleet of two classes in a namespace of many, and a runner of another class whose time is invalid.
func TestFleetRequests(t *testing.T) {
	t.Parallel()
	runners := make([]circlecitest.Runner, 300)
	for i := range runners {
		runners[i] = circlecitest.Runner{ResourceClass: fmt.Sprintf("acme/class-%d", i), Name: "a", LastConnected: ago(0)}
	}
	runners[0].LastConnected = "yesterday"
	attributes := maps.Clone(acmeNamespace)
	attributes["connected_within"] = providertest.String("10m")
	attributes["only_resource_classes"] = tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, []tftypes.Value{
		providertest.String("acme/class-7"), providertest.String("acme/class-8"),
	})
	for version, want := range map[string][]string{
		"v2": {"?namespace=acme", "/tasks?resource-class=acme%2Fclass-7", "/tasks?resource-class=acme%2Fclass-8"},
		"v3": {
			"?namespace=acme", "/tasks?resource-class=acme%2Fclass-7", "/tasks?resource-class=acme%2Fclass-8",
			"/tasks/running?resource-class=acme%2Fclass-7", "/tasks/running?resource-class=acme%2Fclass-8",
		},
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.SetRunners(runners...)
			p := newProvider(t, server, providertest.Attributes{"api_version": providertest.String(version)})
			state, got := p.read(t.Context(), "circleci_runner_fleet", attributes)
			assertNoDiagnostics(t, got)
			expectSame(t, "runners", providertest.Number(2).String(), state["connected_runner_count"].String())
			for i := range want {
				want[i] = "/api/" + version + "/runner" + want[i]
			}
			expectRequests(t, server, want...)
		})
	}
}
