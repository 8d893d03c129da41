// Package soak_test reads both data sources through the provider's server, many times and concurrently, from a Runner API
// that misbehaves at random, and compares every result with what the responses before it allow. `make soak` is its long
// form.
package soak_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

var (
	reads = flag.Int("reads", 300, "number of `reads`")
	seed  = flag.Uint64("seed", rand.Uint64(), "`seed` of what goes wrong, to repeat what was seen")
)

const (
	// readers read concurrently. Each has resource classes of its own, so that the server knows whose request it handles.
	readers = 20
	classes = 6
	// faulty is the share of responses that are not as usual.
	faulty = 0.3
	// timeout bounds an attempt, and hung a read: it is more than all attempts with all waits between them.
	timeout = 2 * time.Second
	hung    = 60 * time.Second
)

// fleet is what the reads must return: other runners and another count for each class.
type fleet struct {
	lists map[string][]circlecitest.Runner // by class and by namespace, as the provider must list them
	tasks map[string]int64
}

func namespaceOf(reader int) string { return fmt.Sprintf("acme-%d", reader) }

func newFleet(random *rand.Rand) fleet {
	f := fleet{lists: map[string][]circlecitest.Runner{}, tasks: map[string]int64{}}
	at := func() string { return time.Unix(random.Int64N(1<<31), 0).UTC().Format(time.RFC3339) }
	for reader := range readers {
		namespace := namespaceOf(reader)
		for n := range classes {
			class := fmt.Sprintf("%s/class-%d", namespace, n)
			f.tasks[class] = random.Int64()
			f.lists[class] = []circlecitest.Runner{}
			for i := range random.IntN(30) {
				f.lists[class] = append(f.lists[class], circlecitest.Runner{
					ResourceClass: class, Name: fmt.Sprintf("%02d-%x", i, random.Uint64()), Hostname: fmt.Sprintf("host-%x", random.Uint64()),
					FirstConnected: at(), LastConnected: at(), LastUsed: []*string{nil, new(at())}[random.IntN(2)],
					Version: fmt.Sprintf("1.0.%d", random.IntN(100_000)),
				})
			}
			f.lists[namespace] = append(f.lists[namespace], f.lists[class]...)
		}
	}
	return f
}

// newServer returns a server that has the fleet, in no order.
func (f fleet) newServer(random *rand.Rand) *circlecitest.Server {
	server := circlecitest.NewMemoryServer()
	var runners []circlecitest.Runner
	for _, class := range slices.Sorted(maps.Keys(f.tasks)) {
		server.SetTasks(class, f.tasks[class], 0)
		runners = append(runners, f.lists[class]...)
	}
	random.Shuffle(len(runners), func(i, j int) { runners[i], runners[j] = runners[j], runners[i] })
	server.SetRunners(runners...)
	return server
}

// service is a Runner API that misbehaves.
type service struct {
	faults []fault
	last   sync.Map // the consequence of the last response, by namespace

	mu       sync.Mutex
	random   *rand.Rand
	deck     []fault // the faults that are not dealt yet in this round, so that each is dealt
	dealt    map[string]int
	requests int
}

// choose decides how to respond.
func (s *service) choose(r *http.Request) http.Handler {
	query := r.URL.Query()
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
	dealt := fault{consequence: right}
	if s.random.Float64() < faulty {
		if len(s.deck) == 0 {
			s.deck = slices.Clone(s.faults)
			s.random.Shuffle(len(s.deck), func(i, j int) { s.deck[i], s.deck[j] = s.deck[j], s.deck[i] })
		}
		dealt, s.deck = s.deck[0], s.deck[1:]
		s.dealt[dealt.name]++
	}
	namespace, _, _ := strings.Cut(query.Get("resource-class")+query.Get("namespace"), "/")
	s.last.Store(namespace, dealt.consequence)
	return dealt.response
}

// reader reads one thing after another.
type reader struct {
	namespace string
	fleet     fleet
	service   *service
	provider  *providertest.Server
	random    *rand.Rand
}

// read reads something. It returns whether the read failed, and an error unless that is as it should be.
func (r *reader) read() (failed bool, err error) {
	source, attribute, value := "circleci_runner_tasks", "resource_class", fmt.Sprintf("%s/class-%d", r.namespace, r.random.IntN(classes))
	switch r.random.IntN(4) {
	case 0:
		source, attribute, value = "circleci_runners", "namespace", r.namespace
	case 1:
		source = "circleci_runners"
	}
	ctx, cancel := context.WithTimeout(context.Background(), hung)
	defer cancel()
	response, err := r.provider.ReadEncoded(ctx, source, providertest.Attributes{attribute: providertest.String(value)})
	if err := errors.Join(err, ctx.Err()); err != nil {
		return false, fmt.Errorf("%s of %s: %w", source, value, err)
	}
	// The framework returns the configuration as the state of a read that failed; what is read must be null in it.
	var state struct {
		Runners *[]circlecitest.Runner `json:"runners"`
		Count   *int64                 `json:"unclaimed_task_count"`
	}
	decoder := msgpack.NewDecoder(bytes.NewReader(response.State.MsgPack))
	decoder.SetCustomStructTag("json")
	if err := decoder.Decode(&state); err != nil {
		return false, fmt.Errorf("%s of %s: %w", source, value, err)
	}
	asExpected := state.Runners == nil && state.Count != nil && *state.Count == r.fleet.tasks[value]
	if source == "circleci_runners" {
		asExpected = state.Count == nil && state.Runners != nil && reflect.DeepEqual(*state.Runners, r.fleet.lists[value])
	}
	problems := []tfprotov6.Diagnostic{}
	for _, d := range response.Diagnostics {
		problems = append(problems, *d)
	}
	if failed = len(problems) > 0; failed {
		isError := len(problems) == 1 && problems[0].Severity == tfprotov6.DiagnosticSeverityError
		asExpected = isError && state.Runners == nil && state.Count == nil
	}
	// A transient error is the last response only of a read that failed.
	last, _ := r.service.last.Load(r.namespace)
	if !asExpected || failed == (last == right) {
		got, _ := json.Marshal(state)
		want, _ := json.Marshal(r.fleet.lists[value])
		err = fmt.Errorf("%s of %s, whose last response was %s, returns\n%s with %+v, not\n%s or %d",
			source, value, last, got, problems, want, r.fleet.tasks[value])
	}
	return failed, err
}

// TestSoak has virtual time. Its bubble ends with an error if a goroutine is left in it.
func TestSoak(t *testing.T) { synctest.Test(t, soak) }

func soak(t *testing.T) {
	t.Logf("%d reads, %d at a time; repeat with -seed=%d", *reads, readers, *seed)
	random := func(stream int) *rand.Rand { return rand.New(rand.NewPCG(*seed, uint64(stream))) }
	f := newFleet(random(0))
	honest, server := f.newServer(random(1)), f.newServer(random(2))
	service := &service{faults: faults(honest.Config.Handler), random: random(3), dealt: map[string]int{}}
	server.Intercept(service.choose)
	provider, err := providertest.NewServer(t.Context(), func(config *circleci.Config) { config.DialContext = server.DialContext })
	if err != nil {
		t.Fatal(err)
	}
	diagnostics, err := provider.Configure(t.Context(), providertest.Attributes{
		"api_url": providertest.String(server.URL), "token": providertest.String(circlecitest.PersonalToken),
		"request_timeout": providertest.String(timeout.String()),
	})
	if err != nil || len(diagnostics) > 0 {
		t.Fatalf("the provider cannot be configured: %v %+v", err, diagnostics)
	}
	var failures atomic.Int64
	var finished sync.WaitGroup
	start := time.Now()
	for number := range readers {
		r := &reader{namespaceOf(number), f, service, provider, random(4 + number)}
		finished.Go(func() {
			for range (*reads + number) / readers {
				failed, err := r.read()
				if failed {
					failures.Add(1)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	finished.Wait()
	elapsed := time.Since(start)
	server.Close()
	honest.Close()
	sum := 0
	for _, name := range slices.Sorted(maps.Keys(service.dealt)) {
		t.Logf("%6d  %s", service.dealt[name], name)
		sum += service.dealt[name]
	}
	t.Logf("%d of %d responses were faulty; %d of %d reads failed, in %s",
		sum, service.requests, failures.Load(), *reads, elapsed.Round(time.Millisecond))
	// A test without enough faults proves nothing.
	share := float64(sum) / float64(service.requests)
	if share < faulty/2 || share > faulty*2 || len(service.dealt) != len(service.faults) {
		t.Errorf("%d of %d faults were met, in %.0f%% of the responses", len(service.dealt), len(service.faults), share*100)
	}
	if failures.Load() == 0 || failures.Load() > int64(*reads/2) {
		t.Errorf("%d of %d reads failed", failures.Load(), *reads)
	}
}
