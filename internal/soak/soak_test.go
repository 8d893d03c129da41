// Package soak_test reads both data sources through the provider's server, many times and at once, from a Runner API that
// misbehaves at random, and compares every outcome with what the answers before it allow. `make soak` is its long form.
package soak_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

var (
	reads = flag.Int("reads", 300, "number of `reads`")
	seed  = flag.Uint64("seed", 0, "`seed` of what goes wrong, to repeat what was seen; 0 draws one")
)

const (
	// readers read at the same time. Each has resource classes of its own, so that the server knows whom it answers.
	readers = 20
	classes = 6
	// faulty is the share of answers that are not as usual.
	faulty = 0.3
	// timeout bounds an attempt. It is so long that an answer as usual keeps it on a busy machine.
	timeout = 2 * time.Second
	// hung is how long a read may take before it counts as hung: more than all attempts with all waits between them.
	hung = 60 * time.Second
)

// fleet is what the service knows, and what the reads must find: other runners and another count for each class.
type fleet struct {
	runners []circlecitest.Runner
	tasks   map[string]int64
}

func namespaceOf(reader int) string { return fmt.Sprintf("acme-%d", reader) }

func newFleet(random *rand.Rand) fleet {
	f := fleet{tasks: map[string]int64{}}
	for reader := range readers {
		for n := range classes {
			class := fmt.Sprintf("%s/class-%d", namespaceOf(reader), n)
			f.tasks[class] = random.Int64()
			for i := range random.IntN(30) {
				r := circlecitest.Runner{
					ResourceClass:  class,
					Name:           fmt.Sprintf("%d-%x", i, random.Uint64()),
					Hostname:       fmt.Sprintf("host-%x", random.Uint64()),
					FirstConnected: time.Unix(random.Int64N(1<<31), 0).UTC().Format(time.RFC3339),
					LastConnected:  time.Unix(random.Int64N(1<<31), 0).UTC().Format(time.RFC3339),
					Version:        fmt.Sprintf("1.0.%d", random.IntN(100_000)),
				}
				if random.IntN(3) > 0 {
					r.LastUsed = new(time.Unix(random.Int64N(1<<31), 0).UTC().Format(time.RFC3339))
				}
				f.runners = append(f.runners, r)
			}
		}
	}
	random.Shuffle(len(f.runners), func(i, j int) { f.runners[i], f.runners[j] = f.runners[j], f.runners[i] })
	return f
}

// list returns the runners of a class or of a namespace as the provider must list them. Names are all different.
func (f fleet) list(filter string) []circlecitest.Runner {
	list := []circlecitest.Runner{}
	for _, r := range f.runners {
		if r.ResourceClass == filter || strings.HasPrefix(r.ResourceClass, filter+"/") {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b circlecitest.Runner) int {
		return strings.Compare(a.ResourceClass+"\x00"+a.Name, b.ResourceClass+"\x00"+b.Name)
	})
	return list
}

func (f fleet) newServer() *circlecitest.Server {
	server := circlecitest.NewMemoryServer()
	server.SetRunners(f.runners...)
	for class, unclaimed := range f.tasks {
		server.SetTasks(class, unclaimed, 0)
	}
	return server
}

// service is a Runner API that misbehaves.
type service struct {
	*circlecitest.Server
	// honest answers as usual. Faults are made from its answers.
	honest *circlecitest.Server

	mu     sync.Mutex
	random *rand.Rand
	faults []fault
	// deck holds the faults that are not dealt yet in this round, so that none is forgotten.
	deck     []fault
	dealt    map[string]int
	requests int
	// last is what the last answer to a reader lets it do.
	last map[string]consequence
}

func newService(f fleet, random *rand.Rand) *service {
	s := &service{
		Server: f.newServer(), honest: f.newServer(),
		random: random, dealt: map[string]int{}, last: map[string]consequence{},
	}
	s.faults = s.allFaults()
	s.Intercept(s.choose)
	return s
}

// choose decides how a request is answered; nil is as usual.
func (s *service) choose(r *http.Request) http.Handler {
	query := r.URL.Query()
	reader, _, _ := strings.Cut(query.Get("resource-class")+query.Get("namespace"), "/")
	switch query.Get("redirected") {
	case "once":
		return nil
	case "again":
		return circlecitest.Redirect(r.URL.String())
	}
	if strings.HasPrefix(r.URL.Path, "/api/v3/") {
		return nil // The probe after a 404 only words the error.
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if s.random.Float64() >= faulty {
		s.last[reader] = right
		return nil
	}
	if len(s.deck) == 0 {
		s.deck = slices.Clone(s.faults)
		s.random.Shuffle(len(s.deck), func(i, j int) { s.deck[i], s.deck[j] = s.deck[j], s.deck[i] })
	}
	fault := s.deck[0]
	s.deck = s.deck[1:]
	s.dealt[fault.name]++
	s.last[reader] = fault.consequence
	return fault.answer(r)
}

// lastTo returns what the last answer to a reader lets it do.
func (s *service) lastTo(reader int) consequence {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last[namespaceOf(reader)]
}

// allows tells whether a read that ended in an error, or did not, may have done so.
func (c consequence) allows(failed bool) bool {
	switch c {
	case right:
		return !failed
	case wrong, passing:
		return failed // A fault that passes is the last answer only of a read that has given up.
	}
	return false
}

// outcome is what became of one read.
type outcome struct {
	what   string
	failed bool
	// bad says what must not be; it is "" when all is as it should.
	bad string
}

// reader reads one thing after another.
type reader struct {
	number   int
	fleet    fleet
	service  *service
	provider *providertest.Server
	random   *rand.Rand
}

func (r *reader) read() outcome {
	class := fmt.Sprintf("%s/class-%d", namespaceOf(r.number), r.random.IntN(classes))
	switch r.random.IntN(4) {
	case 0:
		return r.readOne("circleci_runners", "namespace", namespaceOf(r.number))
	case 1:
		return r.readOne("circleci_runners", "resource_class", class)
	}
	return r.readOne("circleci_runner_tasks", "resource_class", class)
}

// computed are the attributes that are read.
var computed = map[string]string{"circleci_runners": "runners", "circleci_runner_tasks": "unclaimed_task_count"}

func (r *reader) readOne(source, attribute, value string) outcome {
	o := outcome{what: fmt.Sprintf("%s of %s %s", source, attribute, value)}
	ctx, cancel := context.WithTimeout(context.Background(), hung)
	defer cancel()
	state, diagnostics, err := r.provider.Read(ctx, source, providertest.Attributes{attribute: providertest.String(value)})
	switch {
	case ctx.Err() != nil:
		o.bad = "hung"
		return o
	case err != nil:
		o.bad = "broke the protocol: " + err.Error()
		return o
	}
	last := r.service.lastTo(r.number)
	for _, d := range diagnostics {
		o.failed = o.failed || d.Severity == tfprotov6.DiagnosticSeverityError
	}
	switch {
	case o.failed != (len(diagnostics) > 0):
		o.bad = "warns: " + diagnostics[0].Detail
	case o.failed && !state[computed[source]].IsNull():
		// The framework gives the configuration back as a state; what is read must be null in it.
		o.bad = fmt.Sprintf("returns %v with its error", state[computed[source]])
	case o.failed && !last.allows(true):
		o.bad = "fails, though the last answer was right: " + diagnostics[0].Detail
	case o.failed:
		return o
	case !last.allows(false):
		o.bad = fmt.Sprintf("succeeds on an answer that was %s: %v", last, state)
	default:
		o.bad = r.check(state, source, value)
	}
	return o
}

// check compares a state with the fleet.
func (r *reader) check(state providertest.Attributes, source, filter string) string {
	if source == "circleci_runner_tasks" {
		var count *big.Float
		if err := state[computed[source]].As(&count); err != nil || count == nil {
			return fmt.Sprintf("has the count %v (%v)", state[computed[source]], err)
		}
		if got, exact := count.Int64(); exact != big.Exact || got != r.fleet.tasks[filter] {
			return fmt.Sprintf("counts %s, want %d", count.Text('f', -1), r.fleet.tasks[filter])
		}
		return ""
	}
	got, err := runnersOf(state[computed[source]])
	if want := r.fleet.list(filter); err != nil || !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("lists %d runners (%v), want %d:\n got %+v\nwant %+v", len(got), err, len(want), got, want)
	}
	return ""
}

// runnersOf reads a list of runners from a state.
func runnersOf(value tftypes.Value) ([]circlecitest.Runner, error) {
	var items []tftypes.Value
	if err := value.As(&items); err != nil {
		return nil, err
	}
	if value.IsNull() {
		return nil, errors.New("the list is null")
	}
	list := []circlecitest.Runner{}
	for _, item := range items {
		var fields map[string]tftypes.Value
		if err := item.As(&fields); err != nil {
			return nil, err
		}
		var r circlecitest.Runner
		for name, into := range map[string]*string{
			"resource_class": &r.ResourceClass, "name": &r.Name, "hostname": &r.Hostname,
			"first_connected": &r.FirstConnected, "last_connected": &r.LastConnected, "version": &r.Version,
		} {
			var text *string
			if err := fields[name].As(&text); err != nil {
				return nil, err
			}
			if text == nil {
				return nil, fmt.Errorf("%s is null", name)
			}
			*into = *text
		}
		if err := fields["last_used"].As(&r.LastUsed); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// TestSoak has virtual time. Its bubble ends with an error when a goroutine is left in it.
func TestSoak(t *testing.T) { synctest.Test(t, soak) }

func soak(t *testing.T) {
	drawn := *seed
	if drawn == 0 {
		drawn = rand.Uint64()
	}
	t.Logf("%d reads, %d at a time; repeat with -seed=%d", *reads, readers, drawn)

	f := newFleet(rand.New(rand.NewPCG(drawn, 0)))
	service := newService(f, rand.New(rand.NewPCG(drawn, 1)))
	provider, err := providertest.NewServer(t.Context(), func(config *circleci.Config) { config.DialContext = service.DialContext })
	if err != nil {
		t.Fatal(err)
	}
	diagnostics, err := provider.Configure(t.Context(), providertest.Attributes{
		"api_url":         providertest.String(service.URL),
		"token":           providertest.String(circlecitest.PersonalToken),
		"request_timeout": providertest.String(timeout.String()),
	})
	if err != nil || len(diagnostics) > 0 {
		t.Fatalf("the provider cannot be configured: %v %+v", err, diagnostics)
	}

	var (
		mu       sync.Mutex
		failed   int
		bad      []string
		finished sync.WaitGroup
	)
	start := time.Now()
	for number := range readers {
		r := &reader{number, f, service, provider, rand.New(rand.NewPCG(drawn, uint64(number)+2))}
		share := *reads / readers
		if number < *reads%readers {
			share++
		}
		finished.Go(func() {
			for range share {
				o := r.read()
				mu.Lock()
				if o.failed {
					failed++
				}
				if o.bad != "" {
					bad = append(bad, o.what+" "+o.bad)
				}
				mu.Unlock()
			}
		})
	}
	finished.Wait()
	elapsed := time.Since(start)
	service.Close()
	service.honest.Close()

	service.report(t)
	t.Logf("%d reads took %s: %d right, %d with an error, %d bad", *reads, elapsed.Round(time.Millisecond), *reads-failed-len(bad), failed, len(bad))
	for _, text := range bad {
		t.Error(text)
	}
	service.expectEnoughFaults(t, failed)
}

// report prints what was dealt.
func (s *service) report(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var text strings.Builder
	sum := 0
	for _, name := range slices.Sorted(maps.Keys(s.dealt)) {
		fmt.Fprintf(&text, "\n%6d  %s", s.dealt[name], name)
		sum += s.dealt[name]
	}
	t.Logf("%d of %d answers were faulty:%s", sum, s.requests, &text)
}

// expectEnoughFaults fails a test that had too little to survive.
func (s *service) expectEnoughFaults(t *testing.T, failed int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := 0
	for _, n := range s.dealt {
		sum += n
	}
	if sum < len(s.faults) {
		t.Logf("%d reads are too few to see every fault", *reads)
		return
	}
	if share := float64(sum) / float64(s.requests); share < faulty/2 || share > faulty*2 {
		t.Errorf("%.0f%% of the answers were faulty", share*100)
	}
	for _, fault := range s.faults {
		if s.dealt[fault.name] == 0 {
			t.Errorf("never dealt: %s", fault.name)
		}
	}
	if failed == 0 || failed > *reads/2 {
		t.Errorf("%d of %d reads ended in an error", failed, *reads)
	}
}
