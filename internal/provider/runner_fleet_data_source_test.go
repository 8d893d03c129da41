package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// v3Block is providerBlock with API v3.
func v3Block(server *circlecitest.Server) string {
	return fmt.Sprintf("provider \"circleci\" {\n  api_url = %q\n  token = %q\n  api_version = \"v3\"\n}\n", server.URL, circlecitest.PersonalToken)
}

// fleetOutput puts out everything that a fleet block computes.
const fleetOutput = `
output "fleet" {
  value = {
    by_resource_class      = data.circleci_runner_fleet.test.by_resource_class
    runner_count           = data.circleci_runner_fleet.test.runner_count
    connected_runner_count = data.circleci_runner_fleet.test.connected_runner_count
    unclaimed_task_count   = data.circleci_runner_fleet.test.unclaimed_task_count
    running_task_count     = data.circleci_runner_fleet.test.running_task_count
  }
}
`

// expectOutputs asserts that an apply says nothing and puts out this.
func expectOutputs(t *testing.T, w *workspace, want map[string]any) {
	t.Helper()
	if got := w.apply(); len(got) != 0 {
		t.Fatalf("apply reports %+v", got)
	}
	if difference := cmp.Diff(want, w.outputs()); difference != "" {
		t.Errorf("the outputs differ (-want +got):\n%s", difference)
	}
}

// ago is a time as the API writes it.
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
	for name, row := range map[string]struct {
		block      func(*circlecitest.Server) string
		attributes string
		want       map[string]any
	}{
		"with v2": {
			providerBlock, ``,
			map[string]any{
				"by_resource_class": map[string]any{
					"ACME/Linux": class(4, 4, 3, nil, recent, "1.0.9000-def", "1.0.10000-abc", "3.1"),
					"acme/mac":   class(1, 1, 4, nil, future, "3.1.2"),
				},
				"runner_count": 5.0, "connected_runner_count": 5.0, "unclaimed_task_count": 7.0, "running_task_count": nil,
			},
		},
		"with v3, classes and a limit": {
			v3Block, "  resource_classes = [\"acme/empty\", \"Acme/linux\"]\n  connected_within = \"10m\"\n",
			map[string]any{
				"by_resource_class": map[string]any{
					"Acme/linux": class(4, 1, 3, 2.0, recent, "1.0.9000-def", "1.0.10000-abc", "3.1"),
					"acme/empty": class(0, 0, 9, 0.0, nil),
					"acme/mac":   class(1, 1, 4, 1.0, future, "3.1.2"),
				},
				"runner_count": 5.0, "connected_runner_count": 2.0, "unclaimed_task_count": 16.0, "running_task_count": 3.0,
			},
		},
		"with names and times of several forms": {
			func(s *circlecitest.Server) string {
				s.SetRunners(
					circlecitest.Runner{ResourceClass: "acme/e\u0301", Name: "a", LastConnected: ""},
					circlecitest.Runner{ResourceClass: "acme/\u00e9", Name: "b", LastConnected: "yesterday", Version: "2"},
					circlecitest.Runner{ResourceClass: "acme/\u00c9", Name: "c", LastConnected: "2024-02-29t04:05:06z", Version: "10"},
				)
				s.SetTasks("acme/e\u0301", 5, 0)
				return providerBlock(s)
			}, ``,
			map[string]any{
				"by_resource_class": map[string]any{"acme/\u00e9": class(3, 3, 5, nil, "2024-02-29t04:05:06z", "", "2", "10")},
				"runner_count":      3.0, "connected_runner_count": 3.0, "unclaimed_task_count": 5.0, "running_task_count": nil,
			},
		},
		"with v3, of nothing": {
			func(s *circlecitest.Server) string { s.SetRunners(); return v3Block(s) }, ``,
			map[string]any{
				"by_resource_class": map[string]any{},
				"runner_count":      0.0, "connected_runner_count": 0.0, "unclaimed_task_count": 0.0, "running_task_count": 0.0,
			},
		},
		"with v2, of nothing": {
			func(s *circlecitest.Server) string { s.SetRunners(); return providerBlock(s) }, ``,
			map[string]any{
				"by_resource_class": map[string]any{},
				"runner_count":      0.0, "connected_runner_count": 0.0, "unclaimed_task_count": 0.0, "running_task_count": nil,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.SetRunners(runners...)
			server.SetTasks("acme/linux", 3, 2)
			server.SetTasks("acme/mac", 4, 1)
			server.SetTasks("acme/empty", 9, 0)
			w := newWorkspace(t, row.block(server)+"data \"circleci_runner_fleet\" \"test\" {\n  namespace = \"acme\"\n"+row.attributes+"}\n"+fleetOutput)
			expectOutputs(t, w, map[string]any{"fleet": row.want})
			lists := 0
			for _, request := range server.Requests() {
				if strings.HasSuffix(request.Path, "/runner") {
					lists++
					if got := request.Query.Encode(); got != "namespace=acme" {
						t.Errorf("the runners were asked for with %s", got)
					}
				}
			}
			// Apply reads once for its plan.
			if lists != 1 {
				t.Errorf("the runners were listed %d times", lists)
			}
		})
	}
}

// TestFleetIsAllOrNothing has counts that cannot be read among those that can.
func TestFleetIsAllOrNothing(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for _, class := range []string{"acme/a", "acme/b", "acme/c"} {
		server.SetTasks(class, 1, 1)
	}
	server.Intercept(func(r *http.Request) http.Handler {
		if r.URL.Path == "/api/v3/runner/tasks/running" && r.URL.Query().Get("resource-class") != "acme/b" {
			return circlecitest.Error(403, "no")
		}
		return nil
	})
	w := newWorkspace(t, v3Block(server)+`
data "circleci_runner_fleet" "test" {
  namespace        = "acme"
  resource_classes = ["acme/a", "acme/b", "acme/c"]
}
`)
	expectFinding(t, w.plan(), finding{
		"", "Cannot count the tasks of namespace acme",
		"The tasks of 2 of 3 resource classes could not be counted, so there is no total: acme/a, acme/c. The first error: GET " +
			server.URL + `/api/v3/runner/tasks/running?resource-class=acme%2Fa answered 403 Forbidden: "no".`,
	})
}

func TestFleetErrors(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		runners, unclaimed, attributes string
		want                           finding
	}{
		"a time that is none": {
			`{"items": [{"resource_class": "acme/a", "name": "x", "last_connected": "\u0000yesterday "}]}`, `{"unclaimed_task_count": 1}`, `connected_within = "10m"`,
			finding{
				"", "Cannot read the fleet of namespace acme",
				`The runner "x" of resource class acme/a has last_connected "\x00yesterday ", which is not an RFC 3339 time, ` +
					"so it cannot be told whether it is connected.\n\nWithout connected_within (and wait_for, which needs it) last_connected " +
					"need not be a time: every listed runner counts.",
			},
		},
		"counts that are too large to add": {
			`{"items": [{"resource_class": "acme/a", "name": "x"}, {"resource_class": "acme/b", "name": "x"}]}`, `{"unclaimed_task_count": 9223372036854775807}`, ``,
			finding{
				"", "Cannot count the tasks of namespace acme",
				"The counts of the resource classes add up to more than 9223372036854775807.\n\nSo many tasks cannot be waiting, so at least one " +
					"of the counts is wrong: read them one by one with circleci_runner_tasks",
			},
		},
		"a list that is none": {
			`{}`, ``, ``,
			finding{"", "Cannot list the runners of namespace acme", "the answer has no items."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.Intercept(func(r *http.Request) http.Handler {
				if strings.HasSuffix(r.URL.Path, "/tasks") {
					return circlecitest.JSON(row.unclaimed)
				}
				return circlecitest.JSON(row.runners)
			})
			w := newWorkspace(t, providerBlock(server)+"data \"circleci_runner_fleet\" \"test\" {\n  namespace = \"acme\"\n"+row.attributes+"\n}\n")
			expectFinding(t, w.plan(), row.want)
		})
	}
}

const organizationBlock = `
data "circleci_organization_runners" "test" {
  organization_id = "B9291e0d-a11e-41fb-8517-c545388b5953"
}
output "runners" {
  value = data.circleci_organization_runners.test.runners
}
`

func TestOrganizationRunners(t *testing.T) {
	t.Parallel()
	const organization = "b9291e0d-a11e-41fb-8517-c545388b5953"
	server := newServer(t)
	server.SetRunners(
		circlecitest.Runner{ResourceClass: "b/x", Name: "2", LastConnected: "x", IP: "192.0.2.1", Status: "busy", OrganizationID: organization},
		circlecitest.Runner{ResourceClass: "a/x", Name: "1", LastConnected: "x", OrganizationID: organization},
		circlecitest.Runner{ResourceClass: "c/x", Name: "3", LastConnected: "x", OrganizationID: "another"},
	)
	runner := func(class, name string, ip, status any) map[string]any {
		return map[string]any{
			"resource_class": class, "name": name, "hostname": "", "version": "", "first_connected": nil, "last_connected": "x",
			"last_used": nil, "ip": ip, "status": status,
		}
	}
	expectOutputs(t, newWorkspace(t, v3Block(server)+organizationBlock), map[string]any{
		"runners": []any{runner("a/x", "1", nil, nil), runner("b/x", "2", "192.0.2.1", "busy")},
	})
	for _, request := range server.Requests() {
		expectRequest(t, request, "/api/v3/runner?org-id=B9291e0d-a11e-41fb-8517-c545388b5953")
	}
}

func TestV3Only(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		block string
		want  finding
	}{
		"runners of an organization": {
			organizationBlock,
			finding{"", "API v3 needed", "API v2 does not list the runners of an organization. Set api_version to v3 in the provider, or use circleci_runners."},
		},
		"a limit for running tasks": {
			"data \"circleci_runner_tasks\" \"test\" {\n  resource_class = \"acme/linux\"\n  wait_for = {\n    max_running = 0\n  }\n}\n",
			finding{"", "API v3 needed", "API v2 does not tell how many tasks run. Set api_version to v3 in the provider, or use max_unclaimed."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			expectFinding(t, newWorkspace(t, providerBlock(server)+row.block).plan(), row.want)
			if requests := server.Requests(); len(requests) != 0 {
				t.Errorf("the server was asked %+v", requests)
			}
		})
	}
}

// TestRunningTasks reads both counts at the same time: each answer waits until both were asked for.
func TestRunningTasks(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetTasks("acme/linux", 3, 2)
	var both sync.WaitGroup
	both.Add(2)
	server.Intercept(func(*http.Request) http.Handler {
		both.Done()
		both.Wait()
		return nil
	})
	expectOutputs(t, newWorkspace(t, v3Block(server)+tasksBlock+`
output "counts" {
  value = [data.circleci_runner_tasks.test.unclaimed_task_count, data.circleci_runner_tasks.test.running_task_count]
}
`), map[string]any{"counts": []any{3.0, 2.0}})
}
