package provider_test

import (
	"cmp"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// fleet is a namespace of three runners in two classes, not sorted.
var fleet = []circlecitest.Runner{
	{
		ResourceClass: "acme/mac", Name: "mini", Hostname: "mini.local", Version: "3.1.2",
		FirstConnected: "2026-01-02T03:04:05Z", LastConnected: "2026-02-02T03:04:05.678Z",
	},
	{
		ResourceClass: "acme/linux", Name: "b", Hostname: "host-b", Version: "1.0.12345-abcdef0",
		FirstConnected: "2026-01-03T03:04:05Z", LastConnected: "2026-02-03T03:04:05+01:00", LastUsed: new("2026-02-03T03:00:00Z"),
	},
	{
		ResourceClass: "acme/linux", Name: "a", Hostname: "host-a", Version: "1.0.12345-abcdef0",
		FirstConnected: "2026-01-04T03:04:05Z", LastConnected: "2026-02-04T03:04:05Z", LastUsed: new("2026-02-04T03:00:00Z"),
	},
}

// runnerValue returns the attributes of a runner in an output, in the order of the API reference, then those of an organization.
func runnerValue(values ...any) map[string]any {
	names := []string{"resource_class", "hostname", "name", "first_connected", "last_connected", "last_used", "version", "ip", "status"}
	attributes := map[string]any{}
	for i, value := range values {
		attributes[names[i]] = value
	}
	return attributes
}

// TestRunnerFilters has each filter of the data sources with a list of runners, and each form of a runner.
func TestRunnerFilters(t *testing.T) {
	t.Parallel()
	var runners []map[string]any
	for _, r := range fleet {
		lastUsed := any(nil)
		if r.LastUsed != nil {
			lastUsed = *r.LastUsed
		}
		runners = append(runners, runnerValue(r.ResourceClass, r.Hostname, r.Name, r.FirstConnected, r.LastConnected, lastUsed, r.Version))
	}
	for name, row := range map[string]struct {
		dataSource string // The default is runners.
		attributes string
		response   string // It replaces the runners of the server.
		url        string
		want       []any
	}{
		"resource class": {
			attributes: `resource_class = "acme/linux"`, url: "/api/v3/runner?resource-class=acme%2Flinux", want: []any{runners[2], runners[1]},
		},
		"namespace": {attributes: `namespace = "acme"`, url: "/api/v3/runner?namespace=acme", want: []any{runners[2], runners[1], runners[0]}},
		"both, of which only the class is sent": {
			attributes: "resource_class = \"acme/mac\"\n  namespace = \"acme\"", url: "/api/v3/runner?resource-class=acme%2Fmac", want: []any{runners[0]},
		},
		"both, in another case": {
			attributes: "resource_class = \"ACME/Mac\"\n  namespace = \"Acme\"", url: "/api/v3/runner?resource-class=ACME%2FMac", want: []any{runners[0]},
		},
		"resource class without runners": {
			attributes: `resource_class = "acme/idle"`, url: "/api/v3/runner?resource-class=acme%2Fidle", want: []any{},
		},
		"missing, null, unknown and empty fields": {
			attributes: `namespace = "acme"`, url: "/api/v3/runner?namespace=acme",
			response: `{"items": [
				{"resource_class": "acme/linux", "name": "a", "hostname": null, "first_connected": null, "last_connected": null,
				 "last_used": null, "version": null},
				{"resource_class": "acme/linux", "name": "b", "ip": "192.0.2.1", "labels": {"a": [1, {}]}},
				{"resource_class": "acme/linux", "name": "", "hostname": "", "first_connected": "", "last_connected": "",
				 "last_used": "", "version": ""}
			], "next_page_token": null}`,
			want: []any{
				runnerValue("acme/linux", "", "", nil, nil, nil, ""),
				runnerValue("acme/linux", nil, "a", nil, nil, nil, nil), runnerValue("acme/linux", nil, "b", nil, nil, nil, nil),
			},
		},
		"organization": {
			dataSource: "organization_runners", attributes: line("organization_id", strings.ToUpper(organization)),
			url: "/api/v3/runner?org-id=" + strings.ToUpper(organization), want: []any{
				runnerValue("other/a", "", "1", nil, "x", nil, "", nil, nil), runnerValue("other/b", "", "2", nil, "x", nil, "", "192.0.2.1", "busy"),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.SetRunners(append(fleet[:3:3],
				circlecitest.Runner{ResourceClass: "other/b", Name: "2", LastConnected: "x", IP: "192.0.2.1", Status: "busy", OrganizationID: organization},
				circlecitest.Runner{ResourceClass: "other/a", Name: "1", LastConnected: "x", OrganizationID: organization},
				circlecitest.Runner{ResourceClass: "other/c", Name: "3", LastConnected: "x", OrganizationID: "another"},
			)...)
			server.SetTasks("acme/idle", 0, 0) // It exists.
			if row.response != "" {
				server.SetHandler(circlecitest.JSON(row.response))
			}
			dataSource := "circleci_" + row.dataSource
			if row.dataSource == "" {
				dataSource = "circleci_runners"
			}
			expectOutputs(t, newWorkspace(t, providerBlock(server)+dataBlock(dataSource, row.attributes)+output("data."+dataSource+".test.runners")),
				map[string]any{"test": row.want})
			expectRequests(t, server, row.url)
		})
	}
}

// TestRunnersOrder reads the same runners in two orders: the second plan must be empty.
func TestRunnersOrder(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetRunners(fleet...)
	w := newWorkspace(t, providerBlock(server)+runnersBlock+`
resource "terraform_data" "test" {
  input = data.circleci_runners.test.runners
}`)
	assertNoDiagnostics(t, w.apply())
	server.SetRunners(fleet[1], fleet[2], fleet[0])
	w.expectChanges(nil)
}

// TestRunnersUnknownFilter has a filter that is known only after apply: the read is deferred to the apply, which validates it.
func TestRunnersUnknownFilter(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetRunners(fleet...)
	w := newWorkspace(t, providerBlock(server)+dataBlock("circleci_runners", "resource_class = terraform_data.class.output\n  namespace = \"acme\"")+
		output("length(data.circleci_runners.test.runners)"))
	w.write("class.tf", "resource \"terraform_data\" \"class\" {\n  input = \"acme/mac\"\n}\n")
	assertNoDiagnostics(t, w.plan())
	expectRequests(t, server)
	expectOutputs(t, w, map[string]any{"test": 1.0})
	expectRequests(t, server, "/api/v3/runner?resource-class=acme%2Fmac")
	w.write("class.tf", "resource \"terraform_data\" \"class\" {\n  input = \"other/linux\"\n}\n")
	server.ResetRecords()
	assertDiagnostic(t, w.apply(), wantDiagnostic{
		summary: "Resource class outside the namespace", detail: `The resource class "other/linux" is not in the namespace "acme".`,
	})
	expectRequests(t, server)
}

func TestRunnerTasks(t *testing.T) {
	t.Parallel()
	const v2Tasks, listing = "/api/v2/runner/tasks?resource-class=acme%2Flinux", "/api/v3/runner/resource?namespace=acme"
	v2, v3 := []string{v2Tasks}, []string{linuxTasksURL, linuxRunningURL}
	for name, row := range map[string]struct {
		version            string // The default is auto.
		unclaimed, running int64
		isV3Missing        bool
		want               []any // The counts; the first as a string, because it may exceed a float64.
		requests           []string
	}{
		"v2":                     {version: "v2", unclaimed: 42, running: 2, want: []any{"42", nil}, requests: v2},
		"v2 without tasks":       {version: "v2", want: []any{"0", nil}, requests: v2},
		"v2, the largest number": {version: "v2", unclaimed: 9223372036854775807, want: []any{"9223372036854775807", nil}, requests: v2},
		"v2 that is found out": {
			isV3Missing: true, unclaimed: 42, running: 2, want: []any{"42", nil}, requests: []string{linuxTasksURL, listing, v2Tasks},
		},
		"v3":                   {version: "v3", unclaimed: 3, running: 2, want: []any{"3", 2.0}, requests: v3},
		"v3 that is found out": {unclaimed: 3, running: 2, want: []any{"3", 2.0}, requests: v3},
		"v3 without tasks":     {want: []any{"0", 0.0}, requests: v3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.SetTasks("acme/linux", row.unclaimed, row.running)
			if row.isV3Missing {
				refuseV3(server, 404)
			}
			if row.version == "v3" { // Each response waits until both are requested, so both requests are in flight concurrently.
				var both sync.WaitGroup
				both.Add(2)
				server.Intercept(func(*http.Request) http.Handler {
					both.Done()
					both.Wait()
					return nil
				})
			}
			counts := output("[tostring(data.circleci_runner_tasks.test.unclaimed_task_count), data.circleci_runner_tasks.test.running_task_count]")
			expectOutputs(t, newWorkspace(t, versionBlock(server, cmp.Or(row.version, "auto"))+tasksBlock+counts), map[string]any{"test": row.want})
			expectRequests(t, server, row.requests...)
		})
	}
}

// TestV3Required has what only API v3 has, with API v2: the plan reports it, validate does not.
func TestV3Required(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ block, at, detail string }{
		"runners of an organization": {
			block: dataBlock("circleci_organization_runners", line("organization_id", organization)), at: line("organization_id", organization),
			detail: `API v2 does not list the runners of an organization. Remove api_version = "v2" from the provider, or use circleci_runners.`,
		},
		"limit of running tasks": {
			block: dataBlock("circleci_runner_tasks", "resource_class = \"acme/linux\"\n  wait_for {\n max_running = 0\n }"), at: "max_running = 0",
			detail: `API v2 does not report how many tasks are running. Remove api_version = "v2" from the provider, or use max_unclaimed.`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			want := wantDiagnostic{at: row.at, summary: "API v3 required", detail: row.detail}
			w := newWorkspace(t, versionBlock(server, "v2")+row.block)
			assertNoDiagnostics(t, w.validate())
			assertDiagnostic(t, w.plan(), want)
			expectRequests(t, server)
		})
	}
}
