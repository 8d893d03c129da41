package provider

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// fleet is a namespace: one fleetClass for each resource class, sorted by name.
type fleet []*fleetClass

// fleetClass is one resource class: its runners and its tasks.
type fleetClass struct {
	name               string
	runners, connected int64
	// lastSeen is the latest valid last_connected, and lastConnected the API's string of it, nil if there is none.
	lastSeen      time.Time
	lastConnected *string
	versions      []string
	tasks         circleci.TaskCount
}

// newFleet groups runners by class, and adds the given classes even if they have no runners. With only, it leaves out the
// runners of other classes. Names with the same ResourceClassKey are one class, which must not be counted twice.
func newFleet(classes []string, only bool, runners []circleci.Runner, connected connectedFilter) (fleet, error) {
	var (
		f      fleet
		byKey  = map[string]*fleetClass{}
		byName = map[string]*fleetClass{} // Saves computing the key for each of many runners.
	)
	// classOf returns the class of a name, nil if there is none and none is to be added.
	classOf := func(name string, add bool) *fleetClass {
		if class, known := byName[name]; known {
			return class
		}
		key := circleci.ResourceClassKey(name)
		if byKey[key] == nil && add {
			byKey[key] = &fleetClass{name: name}
			f = append(f, byKey[key])
		}
		byName[name] = byKey[key]
		return byKey[key]
	}
	slices.Sort(classes)
	for _, name := range classes {
		classOf(name, true)
	}
	for _, runner := range runners {
		class := classOf(runner.ResourceClass, !only)
		if class == nil {
			continue
		}
		if err := class.add(runner, connected); err != nil {
			return nil, err
		}
	}
	for _, class := range f {
		slices.SortFunc(class.versions, circleci.CompareVersions)
		class.versions = slices.Compact(class.versions)
	}
	slices.SortFunc(f, func(a, b *fleetClass) int { return strings.Compare(a.name, b.name) })
	return f, nil
}

func (c *fleetClass) add(runner circleci.Runner, filter connectedFilter) error {
	isConnected, err := filter.isConnected(runner)
	if err != nil {
		return err
	}
	c.runners++
	if isConnected {
		c.connected++
	}
	// An invalid time is an error only where isConnected depends on it.
	if seen, err := lastConnected(runner); err == nil && !seen.IsZero() && (c.lastConnected == nil || seen.After(c.lastSeen)) {
		c.lastSeen, c.lastConnected = seen, runner.LastConnected
	}
	if runner.Version != nil {
		c.versions = append(c.versions, *runner.Version)
	}
	return nil
}

// countTasks counts the tasks of all classes concurrently; the client bounds how many requests are in flight. It counts all
// or fails: a total must not be a partial sum. A rate limit that exceeds the read timeout ends all counts.
func (f fleet) countTasks(ctx context.Context, client *circleci.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failures := make([]error, len(f))
	var reads sync.WaitGroup
	for i, class := range f {
		reads.Go(func() {
			class.tasks, failures[i] = client.CountTasks(ctx, class.name)
			if limit := (*circleci.RetryError)(nil); errors.As(failures[i], &limit) && (limit.RetryAfter > 0 || limit.Pace > 0) {
				cancel()
			}
		})
	}
	reads.Wait()

	failed := &countTasksError{all: len(f)}
	for i, err := range failures {
		if err == nil {
			continue
		}
		failed.classes = append(failed.classes, client.Sanitize(f[i].name))
		// A count that was canceled because of another does not have the cause.
		if failed.first == nil || errors.Is(failed.first, context.Canceled) {
			failed.first = err
		}
	}
	if failed.first == nil {
		return nil
	}
	return failed
}

// countTasksError reports the classes of a fleet whose tasks could not be counted.
type countTasksError struct {
	classes []string
	all     int
	first   error
}

// maxNamedClasses limits how many classes an error lists.
const maxNamedClasses = 20

func (e *countTasksError) Error() string {
	names := strings.Join(e.classes[:min(len(e.classes), maxNamedClasses)], ", ")
	if more := len(e.classes) - maxNamedClasses; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("could not count the tasks of %d of %d resource classes, so there is no total: %s; first error: %s",
		len(e.classes), e.all, names, e.first)
}

// Unwrap returns the first error.
func (e *countTasksError) Unwrap() error { return e.first }

// setModel sets the computed attributes: the classes and the totals.
func (f fleet) setModel(model *runnerFleetModel, version circleci.APIVersion) error {
	var total fleetClass
	if version != circleci.V2 {
		total.tasks.Running = new(int64)
	}
	model.ByResourceClass = make(map[string]fleetClassModel, len(f))
	for _, class := range f {
		total.runners += class.runners
		total.connected += class.connected
		if !checkedAdd(&total.tasks.Unclaimed, &class.tasks.Unclaimed) || !checkedAdd(total.tasks.Running, class.tasks.Running) {
			return &taskSumError{}
		}
		model.ByResourceClass[class.name] = class.model()
	}
	model.RunnerCount = types.Int64Value(total.runners)
	model.ConnectedRunnerCount = types.Int64Value(total.connected)
	model.UnclaimedTaskCount = types.Int64Value(total.tasks.Unclaimed)
	model.RunningTaskCount = types.Int64PointerValue(total.tasks.Running)
	return nil
}

// taskSumError is a total that overflows int64.
type taskSumError struct{}

func (*taskSumError) Error() string {
	return fmt.Sprintf("the task counts of the resource classes add up to more than %d", int64(math.MaxInt64))
}

// checkedAdd adds a count, unless it is nil, to a sum. It reports whether the sum does not overflow.
func checkedAdd(sum, count *int64) bool {
	if count == nil {
		return true
	}
	if *sum > math.MaxInt64-*count {
		return false
	}
	*sum += *count
	return true
}

func (c *fleetClass) model() fleetClassModel {
	versions := make([]types.String, len(c.versions))
	for i, version := range c.versions {
		versions[i] = types.StringValue(version)
	}
	return fleetClassModel{
		RunnerCount:          types.Int64Value(c.runners),
		ConnectedRunnerCount: types.Int64Value(c.connected),
		UnclaimedTaskCount:   types.Int64Value(c.tasks.Unclaimed),
		RunningTaskCount:     types.Int64PointerValue(c.tasks.Running),
		LastConnected:        types.StringPointerValue(c.lastConnected),
		Versions:             versions,
	}
}
