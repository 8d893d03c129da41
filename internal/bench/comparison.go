package main

import (
	"context"
	"fmt"
	"slices"
)

// metric is what a run costs.
type metric string

const (
	seconds     metric = "seconds"
	allocated   metric = "allocated"   // bytes, whether or not they are free again
	peak        metric = "peak"        // bytes of the process's memory at its peak
	connections metric = "connections" // to the server
	refused     metric = "refused"     // share of the requests that a rate limit refused
	listed      metric = "listed"      // runners
)

// sample is what one run of something cost.
type sample map[metric]float64

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
	metric metric
	count  bool
	target float64 // what the figure may be at most
}

// figure returns the median of the ratios, with the lowest and the highest in parentheses, or the highest count.
func (r row) figure(as, bs []sample) (measured float64, spread string) {
	var values []float64
	for i, a := range as {
		value := a[r.metric]
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
