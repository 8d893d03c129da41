// Package soak_test reads both data sources through the provider's server, many times and concurrently, from a Runner API
// that misbehaves at random, and compares every result with what the responses before it allow. `make soak` is its long
// form.
package soak_test

import (
	"bytes"
	"context"
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
	seed  = flag.Uint64("seed", 0, "`seed` of what goes wrong, to repeat what was seen; 0 draws one")
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
	runners []circlecitest.Runner
	tasks   map[string]int64
}

func namespaceOf(reader int) string { return fmt.Sprintf("acme-%d", reader) }

func newFleet(random *rand.Rand) fleet {
	f := fleet{tasks: map[string]int64{}}
	at := func() string { return time.Unix(random.Int64N(1<<31), 0).UTC().Format(time.RFC3339) }
	for reader := range readers {
		for n := range classes {
			class := fmt.Sprintf("%s/class-%d", namespaceOf(reader), n)
			f.tasks[class] = random.Int64()
			for i := range random.IntN(30) {
				f.runners = append(f.runners, circlecitest.Runner{
					ResourceClass: class, Name: fmt.Sprintf("%d-%x", i, random.Uint64()), Hostname: fmt.Sprintf("host-%x", random.Uint64()),
					FirstConnected: at(), LastConnected: at(), LastUsed: []*string{nil, new(at())}[random.IntN(2)],
					Version: fmt.Sprintf("1.0.%d", random.IntN(100_000)),
				})
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
	// honest responds as usual. Faults are made from its responses.
	honest *circlecitest.Server
	faults []fault

	mu       sync.Mutex
	random   *rand.Rand
	deck     []fault // the faults that are not dealt yet in this round, so that each is dealt
	dealt    map[string]int
	requests int
	last     map[string]consequence // of the last response, by namespace
}

// choose decides how to respond; nil is as usual.
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
	dealt := fault{consequence: right, response: func(*http.Request) http.Handler { return nil }}
	if s.random.Float64() < faulty {
		if len(s.deck) == 0 {
			s.deck = slices.Clone(s.faults)
			s.random.Shuffle(len(s.deck), func(i, j int) { s.deck[i], s.deck[j] = s.deck[j], s.deck[i] })
		}
		dealt, s.deck = s.deck[0], s.deck[1:]
		s.dealt[dealt.name]++
	}
	s.last[reader] = dealt.consequence
	return dealt.response(r)
}

// reader reads one thing after another.
type reader struct {
	number   int
	fleet    fleet
	service  *service
	provider *providertest.Server
	random   *rand.Rand
}

// read reads something. It returns whether the read failed, and what must not be, "" when all is as it should.
func (r *reader) read() (failed bool, bad string) {
	source, attribute, value := "circleci_runner_tasks", "resource_class", fmt.Sprintf("%s/class-%d", namespaceOf(r.number), r.random.IntN(classes))
	switch r.random.IntN(4) {
	case 0:
		source, attribute, value = "circleci_runners", "namespace", namespaceOf(r.number)
	case 1:
		source = "circleci_runners"
	}
	ctx, cancel := context.WithTimeout(context.Background(), hung)
	defer cancel()
	response, err := r.provider.ReadEncoded(ctx, source, providertest.Attributes{attribute: providertest.String(value)})
	// The framework returns the configuration as the state of a read that failed; what is read must be null in it.
	var state struct {
		Runners *[]circlecitest.Runner `json:"runners"`
		Count   *int64                 `json:"unclaimed_task_count"`
	}
	if err == nil {
		decoder := msgpack.NewDecoder(bytes.NewReader(response.State.MsgPack))
		decoder.SetCustomStructTag("json")
		err = decoder.Decode(&state)
	}
	r.service.mu.Lock()
	last := r.service.last[namespaceOf(r.number)]
	r.service.mu.Unlock()
	switch want := r.fleet.list(value); {
	case ctx.Err() != nil:
		bad = "hung"
	case err != nil:
		bad = "broke the protocol: " + err.Error()
	case len(response.Diagnostics) > 1 || len(response.Diagnostics) == 1 && response.Diagnostics[0].Severity != tfprotov6.DiagnosticSeverityError:
		bad = fmt.Sprintf("has %d diagnostics: %s", len(response.Diagnostics), response.Diagnostics[0].Detail)
	case len(response.Diagnostics) == 1:
		failed = true
		if state.Runners != nil || state.Count != nil {
			bad = fmt.Sprintf("returns %+v with its error", state)
		} else if last == right {
			bad = "fails, though the last response was right: " + response.Diagnostics[0].Detail
		}
	case last != right: // A transient error is the last response only of a read that failed.
		bad = fmt.Sprintf("succeeds on a response that was %s", last)
	case source == "circleci_runner_tasks" && (state.Count == nil || *state.Count != r.fleet.tasks[value]):
		bad = fmt.Sprintf("does not count %d, but %+v", r.fleet.tasks[value], state)
	case source == "circleci_runners" && (state.Runners == nil || !reflect.DeepEqual(*state.Runners, want)):
		bad = fmt.Sprintf("does not list %d runners\nwant %+v\n got %+v", len(want), want, state)
	}
	if bad != "" {
		bad = fmt.Sprintf("%s of %s %s %s", source, attribute, value, bad)
	}
	return failed, bad
}

// TestSoak has virtual time. Its bubble ends with an error if a goroutine is left in it.
func TestSoak(t *testing.T) { synctest.Test(t, soak) }

func soak(t *testing.T) {
	drawn := *seed
	if drawn == 0 {
		drawn = rand.Uint64()
	}
	t.Logf("%d reads, %d at a time; repeat with -seed=%d", *reads, readers, drawn)

	f := newFleet(rand.New(rand.NewPCG(drawn, 0)))
	service := &service{
		Server: f.newServer(), honest: f.newServer(), random: rand.New(rand.NewPCG(drawn, 1)), dealt: map[string]int{}, last: map[string]consequence{},
	}
	service.faults = service.allFaults()
	service.Intercept(service.choose)
	provider, err := providertest.NewServer(t.Context(), func(config *circleci.Config) { config.DialContext = service.DialContext })
	if err != nil {
		t.Fatal(err)
	}
	diagnostics, err := provider.Configure(t.Context(), providertest.Attributes{
		"api_url": providertest.String(service.URL), "token": providertest.String(circlecitest.PersonalToken),
		"request_timeout": providertest.String(timeout.String()),
	})
	if err != nil || len(diagnostics) > 0 {
		t.Fatalf("the provider cannot be configured: %v %+v", err, diagnostics)
	}
	var failures atomic.Int64
	var finished sync.WaitGroup
	start := time.Now()
	for number := range readers {
		r := &reader{number, f, service, provider, rand.New(rand.NewPCG(drawn, uint64(number)+2))}
		finished.Go(func() {
			for range (*reads + number) / readers {
				failed, bad := r.read()
				if failed {
					failures.Add(1)
				}
				if bad != "" {
					t.Error(bad)
				}
			}
		})
	}
	finished.Wait()
	elapsed := time.Since(start)
	service.Close()
	service.honest.Close()
	sum := 0
	for _, name := range slices.Sorted(maps.Keys(service.dealt)) {
		t.Logf("%6d  %s", service.dealt[name], name)
		sum += service.dealt[name]
	}
	t.Logf("%d of %d responses were faulty; %d of %d reads failed, in %s", sum, service.requests, failures.Load(), *reads, elapsed.Round(time.Millisecond))
	if sum < len(service.faults) {
		t.Logf("%d reads are too few to meet every fault", *reads)
		return
	}
	// A test without enough faults proves nothing.
	share := float64(sum) / float64(service.requests)
	if share < faulty/2 || share > faulty*2 || len(service.dealt) != len(service.faults) || failures.Load() == 0 || failures.Load() > int64(*reads/2) {
		t.Errorf("%d of %d faults were met, in %.0f%% of the responses, and %d reads failed", len(service.dealt), len(service.faults), share*100, failures.Load())
	}
}
