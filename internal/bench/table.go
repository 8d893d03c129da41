package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// sample is what one run of something cost.
type sample struct {
	Seconds   float64
	Allocated float64 // bytes, whether or not they are free again
	Peak      float64 // bytes of memory that the process held when it held most
}

func seconds(s sample) float64   { return s.Seconds }
func allocated(s sample) float64 { return s.Allocated }
func peak(s sample) float64      { return s.Peak }

// run runs something once.
type run func(context.Context) (sample, error)

// pair is what two things cost that were run one after the other.
type pair struct{ a, b sample }

// runPairs runs a and b in turn. The first pair, which fills the machine's caches, is not counted.
func runPairs(ctx context.Context, count int, a, b run) ([]pair, error) {
	pairs := make([]pair, 1+count)
	for i := range pairs {
		var err error
		if pairs[i].a, err = a(ctx); err != nil {
			return nil, err
		}
		if pairs[i].b, err = b(ctx); err != nil {
			return nil, err
		}
	}
	return pairs[1:], nil
}

// table is what was measured.
type table []row

// row is one figure and its target, the most that it may be.
type row struct {
	what            string
	measured        float64
	lowest, highest float64
	target          float64
}

// ratio is a row for the median of a/b over pairs.
func ratio(what string, target float64, pairs []pair, cost func(sample) float64) row {
	ratios := make([]float64, len(pairs))
	for i, p := range pairs {
		ratios[i] = cost(p.a) / cost(p.b)
	}
	return row{what, median(ratios), slices.Min(ratios), slices.Max(ratios), target}
}

// count is a row for what is counted, not timed.
func count(what string, target, n int) row {
	return row{what, float64(n), float64(n), float64(n), float64(target)}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// met tells whether the figure meets its target. What is not a number, as of a run that cost nothing, does not.
func (r row) met() bool { return r.measured <= r.target && !math.IsInf(r.measured, 0) }

func (t table) met() bool {
	return len(t) > 0 && !slices.ContainsFunc(t, func(r row) bool { return !r.met() })
}

// print writes the table, with the lowest and the highest ratio of a pair in parentheses.
func (t table) print(w io.Writer) error {
	var lines strings.Builder
	lines.WriteString("WHAT\tMEASURED\tTARGET\t\n")
	for _, r := range t {
		measured := figure(r.measured)
		if r.lowest != r.highest {
			measured += " (" + figure(r.lowest) + " to " + figure(r.highest) + ")"
		}
		verdict := "met"
		if !r.met() {
			verdict = "MISSED"
		}
		fmt.Fprintf(&lines, "%s\t%s\tat most %s\t%s\n", r.what, measured, figure(r.target), verdict)
	}
	columns := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	_, err := io.WriteString(columns, lines.String())
	return errors.Join(err, columns.Flush())
}

// figure writes a number with three significant digits.
func figure(n float64) string { return strconv.FormatFloat(n, 'g', 3, 64) }
