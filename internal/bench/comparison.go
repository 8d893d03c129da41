package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
)

// sample is what one run of something cost.
type sample struct {
	Seconds     float64
	Allocated   float64 // bytes, whether or not they are free again
	Peak        float64 // bytes of the process's memory at its peak
	Connections float64 // to the server
	Refused     float64 // share of the requests that a rate limit refused
}

func seconds(s sample) float64     { return s.Seconds }
func allocated(s sample) float64   { return s.Allocated }
func peak(s sample) float64        { return s.Peak }
func connections(s sample) float64 { return s.Connections }
func refused(s sample) float64     { return s.Refused }

// run runs something once.
type run func(context.Context) (sample, error)

// comparison runs a and b in turn, A B A B, so that a slow or busy machine affects both. Without b, its rows are not
// ratios. The first pair fills the machine's caches and is left out; without pairs, there is one run of a, which counts.
type comparison struct {
	a, b  run
	pairs int
	rows  []row
}

// row is what a comparison measures: the ratio of what a and b cost, or with count the highest cost of a.
type row struct {
	what   string
	cost   func(sample) float64
	count  bool
	target float64 // what the figure may be at most
}

// figure is a row with its measured value: for a ratio, the median of the pairs.
type figure struct {
	row

	measured, lowest, highest float64
}

// measure returns a figure for each row.
func (c comparison) measure(ctx context.Context) ([]figure, error) {
	var as, bs []sample
	for i := range 1 + c.pairs {
		var b sample
		a, err := c.a(ctx)
		if err == nil && c.b != nil {
			b, err = c.b(ctx)
		}
		if err != nil {
			return nil, err
		}
		if i > 0 || c.pairs == 0 {
			as, bs = append(as, a), append(bs, b)
		}
	}
	var figures []figure
	for _, r := range c.rows {
		values := make([]float64, len(as))
		for i := range values {
			values[i] = r.cost(as[i]) / r.cost(bs[i])
			if r.count {
				values[i] = r.cost(as[i])
			}
		}
		slices.Sort(values)
		f := figure{r, (values[(len(values)-1)/2] + values[len(values)/2]) / 2, values[0], values[len(values)-1]}
		if r.count {
			f.measured, f.lowest = f.highest, f.highest
		}
		figures = append(figures, f)
	}
	return figures, nil
}

// met reports whether the figure meets its target. What is not a number, as of a run that cost nothing, does not.
func (f figure) met() bool { return f.measured <= f.target && !math.IsInf(f.measured, 0) }

// report prints the table, with the lowest and the highest ratio in parentheses, and returns an error if a target is missed
// or nothing is measured.
func report(w io.Writer, table []figure) error {
	columns := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprint(columns, "WHAT\tMEASURED\tTARGET\t\n")
	missed := len(table) == 0
	for _, f := range table {
		measured, verdict := fmt.Sprintf("%.3g", f.measured), "met"
		if f.lowest != f.highest {
			measured += fmt.Sprintf(" (%.3g to %.3g)", f.lowest, f.highest)
		}
		if !f.met() {
			missed, verdict = true, "MISSED"
		}
		_, _ = fmt.Fprintf(columns, "%s\t%s\tat most %.3g\t%s\n", f.what, measured, f.target, verdict)
	}
	if err := columns.Flush(); err != nil || !missed {
		return err
	}
	return errors.New("a target is missed")
}
