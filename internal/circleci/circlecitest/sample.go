package circlecitest

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// SampleOrganizationID is the organization of the sample's runners and resource classes.
const SampleOrganizationID = "b9291e0d-a11e-41fb-8517-c545388b5953"

// sampleTokenID is the token that exists already.
const sampleTokenID = "9e12ad09-527d-482c-b7ce-1a2fd20d1b9b"

// sampleTaskDuration is how often a task of the sample's queue is claimed.
const sampleTaskDuration = 2 * time.Second

// The queue of acme/linux, in steps of sampleTaskDuration: the tasks that arrive together, and the steps until the next
// do. In between, the class has no task for longer than two polls of a wait. All are done after 16 of 40 seconds.
const (
	sampleTasks = 6
	sampleSteps = 20
)

// Sample says how what ServeSample serves differs from the default, of which all fields are zero.
type Sample struct {
	// Now is the time to which all times are relative, and with which the queue moves. The default is time.Now. Late
	// works with that one alone, because tokens are created at the real time.
	Now func() time.Time
	// StuckQueue keeps all tasks of acme/linux.
	StuckQueue bool
	// Late is how long after the creation of a token its runners connect.
	Late time.Duration
	// Status, such as 503, is that of the response to every third request.
	Status int
}

// ServeSample serves the namespace acme with the resource classes that the examples name: two runners of acme/linux
// stay connected, a third was last seen 26 hours ago, and acme/macos has one with an old agent that never ran a task.
// Each token that is created brings two runners, as if machines had started with it. The queue of acme/linux drains and
// fills again. The fleet API has the same runners as agents. It replaces the function of Intercept.
func (s *Server) ServeSample(sample Sample) {
	s.SetNamespaces("acme")
	s.SetResourceClasses(
		ResourceClass{ResourceClass: "acme/linux", Description: "Linux machines", OrganizationID: SampleOrganizationID},
		ResourceClass{ResourceClass: "acme/macos", Description: "Mac minis", OrganizationID: SampleOrganizationID},
		ResourceClass{ResourceClass: "acme/gpu", OrganizationID: SampleOrganizationID},
	)
	s.SetTokens(Token{
		ID: sampleTokenID, ResourceClass: "acme/linux", Nickname: "linux",
		CreatedAt: "2026-01-12T08:00:00.000000Z",
	})
	if sample.Now == nil {
		sample.Now = time.Now
	}
	start := sample.Now()
	var requests atomic.Int64
	s.Intercept(func(*http.Request) http.Handler {
		if sample.Status != 0 && requests.Add(1)%3 == 0 {
			return sampleError(sample.Status)
		}
		now := sample.Now()
		elapsed := now.Sub(start)
		if sample.StuckQueue {
			elapsed = 0
		}
		s.updateSample(now, elapsed, sample.Late)
		return nil
	})
}

func sampleError(status int) http.Handler {
	response := Error(status, http.StatusText(status))
	if status == http.StatusTooManyRequests {
		response = WithHeader(response, "Retry-After", "1")
	}
	return response
}

func (s *Server) updateSample(now time.Time, elapsed, late time.Duration) {
	const day = 24 * time.Hour
	runners := []Runner{
		sampleRunner(now, "acme/linux", "linux-1", "3.1.2", "busy", time.Second, time.Second),
		sampleRunner(now, "acme/linux", "linux-2", "3.1.2", "idle", 2*time.Second, time.Minute),
		sampleRunner(now, "acme/linux", "linux-3", "3.1.2", "idle", 26*time.Hour, 3*day),
		sampleRunner(now, "acme/macos", "macos-1", "3.0.9", "idle", 90*time.Minute, 0),
	}
	for _, token := range s.Tokens() {
		if token.ID == sampleTokenID || late > 0 && now.Sub(mustParseTime(token.CreatedAt)) < late {
			continue
		}
		_, class, _ := strings.Cut(token.ResourceClass, "/")
		for i := range 2 { // Their names stay when another token of the class is deleted.
			name := fmt.Sprintf("%s-%.4s-%d", class, token.ID, i+1)
			runners = append(runners, sampleRunner(now, token.ResourceClass, name, "3.1.2", "idle", 0, 0))
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

// sampleRunner returns a runner that connected and was used so long ago. One with lastUsed 0 never was.
func sampleRunner(now time.Time, class, name, version, status string, lastConnected, lastUsed time.Duration) Runner {
	ago := func(d time.Duration) string { return now.Add(-d).UTC().Format(time.RFC3339) }
	runner := Runner{
		ResourceClass: class, Name: name, Hostname: name + ".acme.example", Version: version,
		IP: "192.0.2.1", Status: status, FirstConnected: ago(lastConnected + time.Hour), LastConnected: ago(lastConnected),
		OrganizationID: SampleOrganizationID,
	}
	if lastUsed > 0 {
		runner.LastUsed = new(ago(lastUsed))
	}
	return runner
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
		switch {
		case now.Sub(mustParseTime(runner.LastConnected)) > 10*time.Minute:
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

func mustParseTime(text string) time.Time {
	parsed, err := time.Parse(time.RFC3339, text)
	must(err)
	return parsed
}
