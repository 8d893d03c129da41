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

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// fleet is a namespace: one fleetClass for each resource class, sorted by name.
type fleet []*fleetClass

// fleetClass is one resource class in Terraform: its runners and its tasks.
type fleetClass struct {
	name      string
	Runners   int64  `tfsdk:"runner_count"`
	Connected int64  `tfsdk:"connected_runner_count"`
	Unclaimed int64  `tfsdk:"unclaimed_task_count"`
	Running   *int64 `tfsdk:"running_task_count"`
	// LastConnected is the API's string of lastSeen, the latest valid last_connected; nil if there is none.
	LastConnected *string `tfsdk:"last_connected"`
	lastSeen      time.Time
	Versions      []string `tfsdk:"versions"`
}

// newFleet groups runners by class, and adds the given classes even if they have no runners. With only, it leaves out
// the runners of other classes. Names with the same ResourceClassKey are one class, which must not be counted twice.
func newFleet(classes []string, only bool, runners []circleci.Runner, connected connectedFilter) (fleet, error) {
	var all fleet
	byName := map[string]*fleetClass{} // By key as well. It saves computing the key for each of many runners.
	// classOf returns the class of a name, nil if there is none and none is to be added.
	classOf := func(name string, add bool) *fleetClass {
		if class, isKnown := byName[name]; isKnown {
			return class
		}
		key := circleci.ResourceClassKey(name)
		if byName[key] == nil && add {
			byName[key] = &fleetClass{name: name, Versions: []string{}}
			all = append(all, byName[key])
		}
		byName[name] = byName[key]
		return byName[key]
	}
	slices.Sort(classes)
	for _, name := range classes {
		classOf(name, true)
	}
	for _, runner := range runners {
		if class := classOf(runner.ResourceClass, !only); class != nil {
			if err := class.add(runner, connected); err != nil {
				return nil, err
			}
		}
	}
	for _, class := range all {
		slices.SortFunc(class.Versions, circleci.CompareVersions)
		class.Versions = slices.Compact(class.Versions)
	}
	slices.SortFunc(all, func(a, b *fleetClass) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

func (c *fleetClass) add(runner circleci.Runner, filter connectedFilter) error {
	isConnected, err := filter.isConnected(runner)
	if err != nil {
		return err
	}
	c.Runners++
	if isConnected {
		c.Connected++
	}
	// An invalid time is an error only where isConnected depends on it.
	if seen, err := lastConnected(runner); err == nil && seen.After(c.lastSeen) {
		c.lastSeen, c.LastConnected = seen, runner.LastConnected
	}
	if runner.Version != nil && *runner.Version != "" {
		c.Versions = append(c.Versions, *runner.Version)
	}
	return nil
}

// countTasks counts the tasks of all classes concurrently; the client bounds how many requests are in flight. It counts
// all or fails: a total must not be a partial sum. A rate limit that exceeds the read timeout ends all counts. With an
// error, it returns the classes whose tasks could not be counted.
func (f fleet) countTasks(ctx context.Context, client *circleci.Client) (failed []string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failures := make([]error, len(f))
	var reads sync.WaitGroup
	for i, class := range f {
		reads.Go(func() {
			count, err := client.CountTasks(ctx, class.name)
			class.Unclaimed, class.Running, failures[i] = count.Unclaimed, count.Running, err
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
		failed = append(failed, client.Sanitize(f[i].name))
		// A count that was canceled because of another does not have the cause.
		if first == nil || errors.Is(first, context.Canceled) {
			first = err
		}
	}
	if first == nil {
		return nil, nil
	}
	return failed, fmt.Errorf("could not count the tasks of %d of %d resource classes, so there is no total: %s; first "+
		"error: %w", len(failed), len(f), summarizeNames(failed), first)
}

// maxNamedClasses limits how many classes an error lists.
const maxNamedClasses = 20

func summarizeNames(names []string) string {
	list := strings.Join(names[:min(len(names), maxNamedClasses)], ", ")
	if more := len(names) - maxNamedClasses; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// total adds up the counts of all classes. Without a class, the running count is 0 unless the version does not report
// it.
func (f fleet) total(version circleci.APIVersion) (total fleetClass, err error) {
	if version != circleci.V2 {
		total.Running = new(int64)
	}
	for _, class := range f {
		total.Runners += class.Runners
		total.Connected += class.Connected
		total.Unclaimed += class.Unclaimed
		if class.Running != nil {
			*total.Running += *class.Running
		}
		if total.Unclaimed < 0 || total.Running != nil && *total.Running < 0 { // A sum of two that overflows is negative.
			return fleetClass{}, &advisedError{
				message: fmt.Sprintf("the task counts of the resource classes add up to more than %d", int64(math.MaxInt64)),
				advice: "At least one of the counts must be wrong: read them one by one with circleci_runner_tasks, and please " +
					"report this at " + issuesURL + ".",
			}
		}
	}
	return total, nil
}
