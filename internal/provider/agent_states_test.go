package provider_test

import (
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

const (
	acmeRunnersURL = "/api/v3/runner?namespace=acme"
	acmeFleetsURL  = "/api/v3/runner/fleets?filter%5Bnamespace%5D=acme&page%5Blimit%5D=250"
)

// withStates returns the attributes of a block of namespace acme with agent_states.
func withStates(attributes providertest.Attributes) providertest.Attributes {
	all := providertest.Attributes{
		"namespace": providertest.String("acme"), "agent_states": providertest.Bool(true),
	}
	maps.Copy(all, attributes)
	return all
}

// agentStatesOf returns the states of a block, by "", and those of each fleet, by resource class: the active, idle,
// disconnected and all agents, the waiting tasks and, of a fleet, when the last task was claimed.
func agentStatesOf(t *testing.T, state providertest.Attributes) map[string]string {
	t.Helper()
	var fleets map[string]tftypes.Value
	if err := state["fleets"].As(&fleets); err != nil {
		t.Fatal(err)
	}
	states := map[string]string{"": formatStates(t, state)}
	for class, fleet := range fleets {
		var attributes map[string]tftypes.Value
		if err := fleet.As(&attributes); err != nil {
			t.Fatal(err)
		}
		var at *string
		if err := attributes["last_task_claimed_at"].As(&at); err != nil {
			t.Fatal(err)
		}
		states[class] = formatStates(t, attributes)
		if at != nil {
			states[class] += " " + *at
		}
	}
	return states
}

func formatStates(t *testing.T, values map[string]tftypes.Value) string {
	t.Helper()
	var all []string
	for _, name := range []string{
		"active_agents", "idle_agents", "disconnected_agents", "agent_count", "unclaimed_task_count",
	} {
		var number *big.Float
		if err := values[name].As(&number); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text := "-"
		if number != nil {
			text = number.String()
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

// TestAgentStates has a class with runners and agents, one that only the fleet API lists, and one that it does not
// list.
func TestAgentStates(t *testing.T) {
	t.Parallel()
	const earlier, later = "2026-03-02T14:29:48Z", "2026-03-02T14:30:12Z"
	server := newServer(t)
	server.SetAgents("acme/linux",
		circlecitest.Agent{Name: "a", State: circlecitest.ActiveAgent, LastTaskClaimedAt: later},
		circlecitest.Agent{Name: "b", State: circlecitest.IdleAgent, LastTaskClaimedAt: earlier},
		circlecitest.Agent{Name: "c", State: circlecitest.IdleAgent},
		circlecitest.Agent{Name: "d", State: circlecitest.DisconnectedAgent},
		circlecitest.Agent{Name: "e", State: circlecitest.SilentAgent},
		circlecitest.Agent{Name: "f", State: circlecitest.SilentAgent})
	server.SetAgents("acme/idle", circlecitest.Agent{Name: "a"})
	server.SetRunners(circlecitest.Runner{ResourceClass: "ACME/Linux"}, circlecitest.Runner{ResourceClass: "acme/deleted"})
	server.SetTasks("acme/linux", 3, 0)
	server.SetTasks("acme/idle", 4, 0)
	server.SetTasks("acme/deleted", 5, 0)
	two := tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, []tftypes.Value{
		providertest.String("Acme/linux"), providertest.String("acme/deleted"),
	})
	type states = map[string]string
	const linux, idle, deleted = "1 2 1 6 3 " + later, "0 1 0 1 4", "- - - - 5"
	for name, row := range map[string]struct {
		attributes providertest.Attributes
		want       states
	}{
		"all": {
			want: states{"": "1 3 1 7 12", "ACME/Linux": linux, "acme/idle": idle, "acme/deleted": deleted},
		},
		"some": {
			attributes: providertest.Attributes{"resource_classes": two},
			want:       states{"": "1 3 1 7 12", "Acme/linux": linux, "acme/idle": idle, "acme/deleted": deleted},
		},
		"only some": {
			attributes: providertest.Attributes{"only_resource_classes": two},
			want:       states{"": "1 2 1 6 8", "Acme/linux": linux, "acme/deleted": deleted},
		},
		"without": {
			attributes: providertest.Attributes{"agent_states": providertest.Bool(false)},
			want:       states{"": "- - - - 8", "ACME/Linux": "- - - - 3", "acme/deleted": deleted},
		},
	} {
		t.Run(name, func(t *testing.T) {
			state, got := newProvider(t, server, nil).read(t.Context(), "circleci_runner_fleets", withStates(row.attributes))
			assertNoDiagnostics(t, got)
			expectSame(t, "states", row.want, agentStatesOf(t, state))
		})
	}
	t.Run("no fleet", func(t *testing.T) {
		empty := withStates(providertest.Attributes{"namespace": providertest.String("other")})
		state, got := newProvider(t, server, nil).read(t.Context(), "circleci_runner_fleets", empty)
		assertDiagnostic(t, got, wantDiagnostic{
			severity: "warning", summary: "No fleet", at: "namespace",
			detail: "The API lists no runner and no resource class of namespace other, so every count is 0. Check the name",
		})
		expectSame(t, "states", states{"": "0 0 0 0 0"}, agentStatesOf(t, state))
	})
}

// TestCostOfAgentStates counts the requests for classes that all have runners: one more for each 250, whatever the
// number of runners. They are sent while the runners are listed.
func TestCostOfAgentStates(t *testing.T) {
	t.Parallel()
	for classes, pages := range map[int]int{112: 1, 600: 3} {
		runInBubble(t, fmt.Sprint(classes, " classes"), func(t *testing.T) {
			server := newMemoryServer(t)
			var runners []circlecitest.Runner
			for i := range classes {
				class := circlecitest.LongListClass(i)
				server.SetAgents(class, circlecitest.Agent{Name: "a"}, circlecitest.Agent{Name: "b"})
				for j := range 3 {
					runners = append(runners, circlecitest.Runner{ResourceClass: class, Name: strconv.Itoa(j)})
				}
			}
			server.SetRunners(runners...)
			server.Intercept(func(r *http.Request) http.Handler {
				if strings.Contains(r.URL.Path, "/tasks") {
					return circlecitest.JSON(`{"unclaimed_task_count": 0, "running_runner_tasks": 0}`)
				}
				return circlecitest.Delay(time.Second, server.Edit(circlecitest.JSON))
			})
			p := newProvider(t, server, nil)
			start := time.Now()
			state, got := p.read(t.Context(), "circleci_runner_fleets", withStates(nil))
			assertNoDiagnostics(t, got)
			expectSame(t, "elapsed time", time.Duration(pages)*time.Second, time.Since(start))
			expectSame(t, "totals", fmt.Sprintf("0 %d 0 %[1]d 0", 2*classes), formatStates(t, state))
			with := len(server.Requests())
			server.ResetRecords()
			_, got = p.read(t.Context(), "circleci_runner_fleets", acmeNamespace)
			assertNoDiagnostics(t, got)
			expectSame(t, "requests without and with", [2]int{1 + 2*classes, 1 + 2*classes + pages},
				[2]int{len(server.Requests()), with})
		})
	}
}

// TestAgentStatesErrors has responses and settings without which no state is known: nothing is read partially.
func TestAgentStatesErrors(t *testing.T) {
	t.Parallel()
	const reading, preview = "Error reading agent states of namespace acme", "CircleCI's fleet API is a preview, and may"
	fleet := func(id int, idle string) string {
		return fmt.Sprintf(`{"id": "00000000-0000-0000-0000-00000000000%d", "attributes": {"name": "acme/%[1]d",
			"active_agents": 0, "idle_agents": %s, "disconnected_agents": 0, "agent_count": 0,
			"last_task_claimed_at": null}}`, id, idle)
	}
	page := func(fleets ...string) http.Handler {
		return circlecitest.JSON(`{"data": [` + strings.Join(fleets, ",") + `], "page": {"next": null}}`)
	}
	for name, row := range map[string]struct {
		settings string
		fleets   http.Handler // The default is that of CircleCI Server: status 404.
		runners  http.Handler // The default is none.
		want     wantDiagnostic
		requests []string
	}{
		"CircleCI Server": {want: wantDiagnostic{
			at: "namespace", summary: reading,
			detail: "404 Not Found ... \n\nThe installation does not seem to have CircleCI's fleet API",
		}},
		"page that may not be the last": {
			fleets: circlecitest.JSON(`{"data": [` + fleet(1, "1") + `]}`),
			want:   wantDiagnostic{summary: reading, detail: "has no page.next ... \n\n" + preview},
		},
		"negative count": {
			fleets: page(fleet(1, "-1")), want: wantDiagnostic{summary: reading, detail: "-1 for idle_agents ... " + preview},
		},
		"class of another namespace": {
			fleets: page(strings.ReplaceAll(fleet(1, "1"), "acme/", "other/")),
			want:   wantDiagnostic{summary: reading, detail: `lists resource class "other/1" ... ` + preview},
		},
		"total beyond 64 bits": {
			fleets: page(fleet(1, "9223372036854775807"), fleet(2, "1")),
			want: wantDiagnostic{
				summary: "Error reading fleets of namespace acme",
				detail: "The counts of agents of the fleets add up to more than 9223372036854775807.\n\nAt least one of the " +
					"counts must be wrong: read them one by one with circleci_runner_fleet, ",
			},
			requests: []string{
				acmeFleetsURL, acmeRunnersURL, "/api/v3/runner/tasks?resource-class=acme%2F1",
				"/api/v3/runner/tasks/running?resource-class=acme%2F1", "/api/v3/runner/tasks?resource-class=acme%2F2",
				"/api/v3/runner/tasks/running?resource-class=acme%2F2",
			},
		},
		"runners that are rejected while the fleets are listed": {
			fleets: circlecitest.Hang(), runners: circlecitest.Delay(time.Second, circlecitest.Error(403, "no")),
			want: wantDiagnostic{summary: "Error reading runners of namespace acme", detail: `403 Forbidden: "no"`},
		},
		"launch token": {
			settings: "token= launch_token=" + circlecitest.LaunchToken, requests: []string{},
			want: wantDiagnostic{
				at: "agent_states", summary: "Personal API token required", detail: "the credential is the launch token",
			},
		},
		"API v2": {
			settings: "api_version=v2", requests: []string{},
			want: wantDiagnostic{at: "agent_states", summary: "API v3 required", detail: `Remove api_version = "v2"`},
		},
	} {
		runInBubble(t, name, func(t *testing.T) {
			server := newMemoryServer(t)
			server.OmitFleetAPI()
			server.Intercept(func(r *http.Request) http.Handler {
				switch {
				case strings.HasSuffix(r.URL.Path, "/fleets"):
					return row.fleets
				case strings.Contains(r.URL.Path, "/tasks"):
					return circlecitest.JSON(`{"unclaimed_task_count": 0, "running_runner_tasks": 0}`)
				}
				return row.runners
			})
			start := time.Now()
			p := newProvider(t, server, parseAttributes("api_version=v3 "+row.settings))
			state, got := p.read(t.Context(), "circleci_runner_fleets", withStates(nil))
			assertDiagnostic(t, got, row.want)
			if elapsed := time.Since(start); elapsed > time.Second {
				t.Errorf("the read took %v", elapsed)
			}
			expectSame(t, "totals", "- - - - -", formatStates(t, state))
			if row.requests == nil {
				row.requests = []string{acmeFleetsURL, acmeRunnersURL}
			}
			expectRequests(t, server, row.requests...)
		})
	}
}
