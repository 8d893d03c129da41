// Package soak_test reads both data sources through the provider's server, many times and concurrently, from a Runner
// API that misbehaves at random, and compares every result with what the responses before it allow. `make soak` is its
// long form.
package soak_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
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
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
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
	runners []circlecitest.Runner            // in no order
	lists   map[string][]circlecitest.Runner // by class and by namespace, as the provider must list them
	tasks   map[string]int64                 // by class
}

func namespaceOf(reader int) string { return fmt.Sprintf("acme-%d", reader) }

func classOf(reader, n int) string { return fmt.Sprintf("acme-%d/class-%d", reader, n) }

func newFleet(random *rand.Rand) fleet {
	f := fleet{lists: map[string][]circlecitest.Runner{}, tasks: map[string]int64{}}
	at := func() string { return time.Unix(random.Int64N(1<<31), 0).UTC().Format(time.RFC3339) }
	for i := range readers * classes {
		class := classOf(i/classes, i%classes)
		f.tasks[class] = random.Int64()
		list := []circlecitest.Runner{}
		for n := range random.IntN(30) {
			list = append(list, circlecitest.Runner{
				ResourceClass: class,
				Name:          fmt.Sprintf("%02d-%x", n, random.Uint64()), Hostname: fmt.Sprintf("host-%x", random.Uint64()),
				FirstConnected: at(), LastConnected: at(), LastUsed: []*string{nil, new(at())}[random.IntN(2)],
				Version: fmt.Sprintf("1.0.%d", random.IntN(100_000)),
			})
		}
		f.lists[class] = list
		f.lists[namespaceOf(i/classes)] = append(f.lists[namespaceOf(i/classes)], list...)
		f.runners = append(f.runners, list...)
	}
	random.Shuffle(len(f.runners), func(i, j int) { f.runners[i], f.runners[j] = f.runners[j], f.runners[i] })
	return f
}

func (f fleet) newServer() *circlecitest.Server {
	server := circlecitest.NewMemoryServer()
	server.SetRunners(f.runners...)
	for class, unclaimed := range f.tasks {
		server.SetTasks(class, unclaimed, runningOf(unclaimed))
	}
	return server
}

// runningOf returns how many tasks run in a class with as many unclaimed ones.
func runningOf(unclaimed int64) int64 { return unclaimed / 2 }

// service is a Runner API that misbehaves.
type service struct {
	faults []fault
	last   sync.Map // the fault of the last response, by namespace

	mu       sync.Mutex
	random   *rand.Rand
	deck     []int // the faults that are not dealt yet in this round, so that each is dealt
	dealt    int
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
	if strings.HasSuffix(r.URL.Path, "/runner/resource") || strings.HasSuffix(r.URL.Path, "/running") {
		return nil // A listing after a 404 only words the error. A read of two counts fails if the other one does.
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	dealt := fault{name: "as usual", consequence: right}
	if s.random.Float64() < faulty {
		if len(s.deck) == 0 {
			s.deck = s.random.Perm(len(s.faults))
		}
		dealt, s.deck = s.faults[s.deck[0]], s.deck[1:]
		s.dealt++
	}
	namespace, _, _ := strings.Cut(query.Get("resource-class")+query.Get("namespace"), "/")
	s.last.Store(namespace, dealt)
	return dealt.response
}

// reader reads one thing after another.
type reader struct {
	number   int
	fleet    fleet
	service  *service
	provider *providertest.Server
	random   *rand.Rand
}

// state is what a read returns. The framework returns the configuration as the state of a read that failed; what is
// read is null in it.
type state struct {
	Runners *[]circlecitest.Runner `json:"runners"`
	Count   *int64                 `json:"unclaimed_task_count"`
	Running *int64                 `json:"running_task_count"`
}

// read reads something. It returns whether the read failed, and an error unless that is as it should be.
func (r *reader) read() (failed bool, err error) {
	var got, want state
	source, attribute, value := "circleci_runners", "resource_class", classOf(r.number, r.random.IntN(classes))
	switch r.random.IntN(4) {
	case 0:
		attribute, value = "namespace", namespaceOf(r.number)
		fallthrough
	case 1:
		want.Runners = new(r.fleet.lists[value])
	default:
		source = "circleci_runner_tasks"
		want.Count = new(r.fleet.tasks[value])
		want.Running = new(runningOf(*want.Count))
	}
	ctx, cancel := context.WithTimeout(context.Background(), hung)
	defer cancel()
	response, err := r.provider.ReadEncoded(ctx, source, providertest.Attributes{attribute: providertest.String(value)})
	if err == nil && ctx.Err() == nil {
		decoder := msgpack.NewDecoder(bytes.NewReader(response.State.MsgPack))
		decoder.SetCustomStructTag("json")
		err = decoder.Decode(&got)
	}
	if err := errors.Join(err, ctx.Err()); err != nil {
		return false, fmt.Errorf("%s of %s: %w", source, value, err)
	}
	diagnostics := response.Diagnostics
	if failed = len(diagnostics) == 1 && diagnostics[0].Severity == tfprotov6.DiagnosticSeverityError; failed {
		want = state{}
	}
	sent, _ := r.service.last.Load(namespaceOf(r.number))
	last, _ := sent.(fault)
	// A transient error is the last response only of a read that failed.
	if failed == (last.consequence == right) || failed != (len(diagnostics) > 0) || !reflect.DeepEqual(got, want) {
		details, _ := json.Marshal(map[string]any{"got": got, "want": want, "diagnostics": diagnostics})
		err = fmt.Errorf("%s of %s, whose last response was %s (%s): %s", source, value, last.consequence, last.name, details)
	}
	return failed, err
}

// TestSoak has virtual time. Its bubble ends with an error if a goroutine is left in it.
func TestSoak(t *testing.T) { synctest.Test(t, soak) }

func soak(t *testing.T) {
	t.Logf("%d reads, %d at a time; repeat with -seed=%d", *reads, readers, *seed)
	random := func(stream int) *rand.Rand { return rand.New(rand.NewPCG(*seed, uint64(stream))) }
	f := newFleet(random(0))
	server := f.newServer()
	defer server.Close()
	service := &service{faults: faults(server), random: random(1)}
	server.Intercept(service.choose)
	inMemory := func(config *circleci.Config) { config.DialContext = server.DialContext }
	p, err := providertest.Connect(t.Context(), provider.NewServer("test", inMemory)(), server.URL,
		providertest.Attributes{
			"request_timeout": providertest.String(timeout.String()), "api_version": providertest.String("v3"),
		})
	if err != nil {
		t.Fatal(err)
	}
	var failures atomic.Int64
	var finished sync.WaitGroup
	start := time.Now()
	for number := range readers {
		r := &reader{number, f, service, p, random(2 + number)}
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
	t.Logf("%d of %d responses were faulty, with %d faults; %d of %d reads failed, in %s",
		service.dealt, service.requests, len(service.faults), failures.Load(), *reads,
		time.Since(start).Round(time.Millisecond))
	share, failed := float64(service.dealt)/float64(service.requests), int(failures.Load())
	if share < faulty/2 || share > faulty*2 || service.dealt < len(service.faults) || failed == 0 || failed > *reads/2 {
		t.Error("there are too few faults or failures, or too many, to prove something")
	}
}
