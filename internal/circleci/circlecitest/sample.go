package circlecitest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// SampleOrganizationID is the organization of the sample's runners and resource classes.
const SampleOrganizationID = "b9291e0d-a11e-41fb-8517-c545388b5953"

// sampleTaskDuration is how often a task of the sample's queue is claimed.
const sampleTaskDuration = 3 * time.Second

// The queue of acme/linux, in steps of sampleTaskDuration: the tasks that arrive together, and the steps until the next
// do. In between, the class has no task for longer than two polls of a wait.
const (
	sampleTasks = 6
	sampleSteps = 15
)

// ServeSample serves the namespace acme with the resource classes that the examples name. Times are relative to now:
// two runners of acme/linux stay connected, a third was last seen 26 hours ago, and acme/mac has one that never ran a
// task. A class that is created gets two runners with its first token, as if its machines had started. The queue of
// acme/linux drains and fills again as the elapsed time grows. The fleet API has the same runners as agents. It
// replaces the function of Intercept.
func (s *Server) ServeSample(elapsed func() time.Duration) {
	s.SetNamespaces("acme")
	s.SetResourceClasses(
		ResourceClass{ResourceClass: "acme/linux", Description: "Linux machines", OrganizationID: SampleOrganizationID},
		ResourceClass{ResourceClass: "acme/mac", Description: "Mac minis", OrganizationID: SampleOrganizationID},
		ResourceClass{ResourceClass: "acme/gpu", OrganizationID: SampleOrganizationID},
	)
	s.SetTokens(Token{
		ID: "9e12ad09-527d-482c-b7ce-1a2fd20d1b9b", ResourceClass: "acme/linux", Nickname: "linux",
		CreatedAt: "2026-01-12T08:00:00.000000Z",
	})
	s.Intercept(func(*http.Request) http.Handler {
		s.updateSample(time.Now(), elapsed())
		return nil
	})
}

func (s *Server) updateSample(now time.Time, elapsed time.Duration) {
	ago := func(d time.Duration) string { return now.Add(-d).UTC().Format(time.RFC3339) }
	runner := func(class, name, status string, lastConnected time.Duration, lastUsed *string) Runner {
		return Runner{
			ResourceClass: class, Name: name, Hostname: name + ".acme.example", Version: "3.1.2",
			IP: "192.0.2.1", Status: status,
			FirstConnected: ago(lastConnected + time.Hour), LastConnected: ago(lastConnected), LastUsed: lastUsed,
			OrganizationID: SampleOrganizationID,
		}
	}
	const day = 24 * time.Hour
	runners := []Runner{
		runner("acme/linux", "linux-1", "busy", time.Second, new(ago(time.Second))),
		runner("acme/linux", "linux-2", "idle", 2*time.Second, new(ago(time.Minute))),
		runner("acme/linux", "linux-3", "idle", 26*time.Hour, new(ago(3*day))),
		runner("acme/mac", "mac-1", "idle", 90*time.Minute, nil),
	}
	for _, token := range s.Tokens() {
		class := token.ResourceClass
		if !slices.ContainsFunc(runners, func(r Runner) bool { return strings.EqualFold(r.ResourceClass, class) }) {
			_, name, _ := strings.Cut(class, "/")
			runners = append(runners, runner(class, name+"-1", "idle", 0, nil), runner(class, name+"-2", "idle", 0, nil))
		}
	}
	s.SetRunners(runners...)
	for _, class := range s.ResourceClasses() { // A class that was deleted does not come back.
		switch class.ResourceClass {
		case "acme/linux":
			unclaimed, running := sampleQueue(elapsed)
			s.SetTasks(class.ResourceClass, unclaimed, running)
		case "acme/gpu":
			s.SetTasks(class.ResourceClass, 2, 0)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, class := range s.resources.classes {
		s.resources.setAgents(class.ResourceClass, sampleAgents(class.ResourceClass, runners, now))
	}
}

// sampleAgents returns the runners of a class as agents.
func sampleAgents(class string, runners []Runner, now time.Time) (agents []Agent) {
	for _, runner := range runners {
		if !strings.EqualFold(runner.ResourceClass, class) {
			continue
		}
		agent := Agent{
			Name: runner.Name, Version: runner.Version,
			FirstConnectedAt: runner.FirstConnected, LastConnectedAt: runner.LastConnected,
		}
		if runner.LastUsed != nil {
			agent.LastTaskClaimedAt = *runner.LastUsed
		}
		lastConnected, err := time.Parse(time.RFC3339, runner.LastConnected)
		must(err)
		switch {
		case now.Sub(lastConnected) > 10*time.Minute:
			agent.State = SilentAgent
		case runner.Status == "busy":
			agent.State = ActiveAgent
		}
		agents = append(agents, agent)
	}
	return agents
}

// sampleQueue returns how many tasks wait and run: two run while there are as many.
func sampleQueue(elapsed time.Duration) (unclaimed, running int64) {
	step := int64(elapsed/sampleTaskDuration) % sampleSteps
	unclaimed = max(sampleTasks-step, 0)
	return unclaimed, min(max(sampleTasks+2-step, 0), 2)
}
