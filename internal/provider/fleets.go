package provider

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// fleets are those of a namespace, one for each resource class, sorted by it.
type fleets []*fleetModel

// fleetsConfig says which fleets a namespace has, and what is known of them.
type fleetsConfig struct {
	// classes are in the fleets even if they have no runners. With only, no others are.
	classes   []string
	only      bool
	runners   []circleci.Runner
	connected connectedFilter
	// reported are the fleets that the fleet API lists.
	reported []circleci.Fleet
}

// newFleets groups runners, and what the fleet API reports, by class.
func newFleets(config fleetsConfig) (fleets, error) {
	index := fleetIndex{}
	slices.Sort(config.classes)
	for _, class := range config.classes {
		index.fleetOf(class, true)
	}
	for _, runner := range config.runners {
		if fleet := index.fleetOf(runner.ResourceClass, !config.only); fleet != nil {
			if err := fleet.add(runner, config.connected); err != nil {
				return nil, err
			}
		}
	}
	for _, reported := range config.reported {
		if fleet := index.fleetOf(reported.ResourceClass, !config.only); fleet != nil {
			fleet.setStates(reported)
		}
	}
	all := index.all()
	for _, fleet := range all {
		slices.SortFunc(fleet.Versions, circleci.CompareVersions)
		fleet.Versions = slices.Compact(fleet.Versions)
	}
	return all, nil
}

// fleetIndex has the fleets by the names of their classes. Names with the same ResourceClassKey are one class, which
// must not be counted twice. It has them by key as well: that saves computing the key for each of many runners.
type fleetIndex map[string]*fleetModel

// fleetOf returns the fleet of a class, nil if there is none and none is to be added.
func (x fleetIndex) fleetOf(class string, add bool) *fleetModel {
	if known, isKnown := x[class]; isKnown {
		return known
	}
	key := circleci.ResourceClassKey(class)
	if x[key] == nil && add {
		x[key] = &fleetModel{resourceClass: class, Versions: []string{}}
	}
	x[class] = x[key]
	return x[class]
}

// all returns the fleets.
func (x fleetIndex) all() (all fleets) {
	for name, fleet := range x {
		if fleet != nil && name == circleci.ResourceClassKey(name) {
			all = append(all, fleet)
		}
	}
	slices.SortFunc(all, func(a, b *fleetModel) int { return strings.Compare(a.resourceClass, b.resourceClass) })
	return all
}

// countTasks counts the tasks of all classes concurrently; the client bounds how many requests are in flight. It counts
// all or fails: a total must not be a partial sum. A rate limit that exceeds the read timeout ends all counts. With an
// error, it returns the classes whose tasks could not be counted.
func (f fleets) countTasks(ctx context.Context, client *circleci.Client) (failed []string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failures := make([]error, len(f))
	var reads sync.WaitGroup
	for i, fleet := range f {
		reads.Go(func() {
			count, err := client.CountTasks(ctx, fleet.resourceClass)
			fleet.Unclaimed, fleet.Running, failures[i] = count.Unclaimed, count.Running, err
			if limit := (*circleci.RetryError)(nil); errors.As(err, &limit) && limit.RetryAfter > 0 {
				cancel()
			}
		})
	}
	reads.Wait()

	var first error
	for i, err := range failures {
		if err == nil {
			continue
		}
		failed = append(failed, client.Sanitize(f[i].resourceClass))
		// A count that was canceled because of another does not have the cause.
		if first == nil || errors.Is(first, context.Canceled) {
			first = err
		}
	}
	if first == nil {
		return nil, nil
	}
	return failed, fmt.Errorf("could not count the tasks of %d of %d resource classes, so there is no total: %s; first "+
		"error: %w", len(failed), len(f), summarizeNames(failed, maxNamedClasses), first)
}

// maxNamedClasses limits how many classes an error lists.
const maxNamedClasses = 20

// total adds up the counts of all fleets. Without a fleet, the running count is 0 unless the version does not report
// it, and the states of agents are 0 if they were requested.
func (f fleets) total(version circleci.APIVersion, hasStates bool) (total fleetModel, err error) {
	if version != circleci.V2 {
		total.Running = new(int64)
	}
	if hasStates {
		total.setStates(circleci.Fleet{})
	}
	for _, fleet := range f {
		total.Runners += fleet.Runners
		total.Connected += fleet.Connected
		switch {
		case !addCounts([]*int64{&total.Unclaimed, total.Running}, []*int64{&fleet.Unclaimed, fleet.Running}):
			return total, overflowError("task counts", "circleci_runner_tasks")
		case !addCounts(total.counts(), fleet.counts()):
			return total, overflowError("counts of agents", "circleci_runner_fleet")
		}
	}
	return total, nil
}

// addCounts adds each count that is not nil to the total at its index. It returns false if one becomes too large.
func addCounts(totals, counts []*int64) bool {
	for i, count := range counts {
		if count == nil {
			continue
		}
		if *totals[i] += *count; *totals[i] < 0 { // A sum of two that overflows is negative.
			return false
		}
	}
	return true
}

func overflowError(counts, dataSource string) error {
	return &advisedError{
		message: fmt.Sprintf("the %s of the fleets add up to more than %d", counts, int64(math.MaxInt64)),
		advice: "At least one of the counts must be wrong: read them one by one with " + dataSource + ", and please report " +
			"this at " + issuesURL + ".",
	}
}
