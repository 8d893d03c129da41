// Command bench measures what must stay fast, with the real CLI and in separate processes, and holds each figure to its
// target. It is the second part of `make bench`; BENCHMARKS.md says what its figures mean. comparisons, in rows.go, has them.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	if len(os.Args) > 1 {
		readOnce(os.Args[1], os.Args[2]) // The arguments are those of read.
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	err := measure(ctx)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

// measure makes every comparison and prints the table. It returns an error if a target is missed.
func measure(ctx context.Context) (err error) {
	found, err := cli.Find(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "circleci-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Printf("Measuring with %s %s; this takes about three minutes.\n\n", found.Name, found.Version)

	var missed error
	for _, c := range comparisons(found, dir) {
		as, bs, err := c.samples(ctx)
		if err != nil {
			return err
		}
		for _, r := range c.rows {
			measured, spread := r.figure(as, bs)
			verdict := "met"
			if math.IsNaN(measured) || measured > r.target { // Runs that cost nothing are no number.
				verdict, missed = "MISSED", errors.New("a target is missed")
			}
			fmt.Printf("%-106s   %-7.3g %-20s   at most %-4.3g   %s\n", r.what, measured, spread, r.target, verdict)
		}
	}
	return missed
}

// sample is what one run of something cost: seconds, the bytes allocated (whether or not they are free again), the bytes of
// the process's memory at its peak, the connections to the server, and the share of the requests that a rate limit refused.
type sample map[string]float64

// run runs something once.
type run func(context.Context) (sample, error)

// comparison runs a and b in turn, A B A B, so that a slow or busy machine affects both. Without b, its rows are not
// ratios. The first pair fills the machine's caches and is left out; without pairs, there is one run of a, which counts.
type comparison struct {
	a, b  run
	pairs int // none, or an odd number
	rows  []row
}

func (c comparison) samples(ctx context.Context) (as, bs []sample, err error) {
	for i := range 1 + c.pairs {
		var b sample
		a, err := c.a(ctx)
		if err == nil && c.b != nil {
			b, err = c.b(ctx)
		}
		if err != nil {
			return nil, nil, err
		}
		if i > 0 || c.pairs == 0 {
			as, bs = append(as, a), append(bs, b)
		}
	}
	return as, bs, nil
}

// row is what a comparison measures: the ratio of what a and b cost, or with count the highest cost of a.
type row struct {
	what   string
	metric string // of the sample
	count  bool
	target float64 // what the figure may be at most
}

// figure returns the median of the ratios, with the lowest and the highest in parentheses, or the highest count.
func (r row) figure(as, bs []sample) (measured float64, spread string) {
	var values []float64
	for i, a := range as {
		value, found := a[r.metric]
		if !found {
			value = math.NaN() // Not 0, which would meet every target.
		}
		if !r.count {
			value /= bs[i][r.metric]
		}
		values = append(values, value)
	}
	slices.Sort(values)
	lowest, median, highest := values[0], values[len(values)/2], values[len(values)-1]
	if r.count {
		return highest, ""
	}
	return median, fmt.Sprintf("(%.3g to %.3g)", lowest, highest)
}
