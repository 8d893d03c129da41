package main

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	pairs := []pair{
		{sample{Seconds: 3, Allocated: 8}, sample{Seconds: 2, Allocated: 2}},
		{sample{Seconds: 1, Allocated: 8}, sample{Seconds: 2, Allocated: 2}},
		{sample{Seconds: 2, Allocated: 8}, sample{Seconds: 2.5, Allocated: 2}},
	}
	kept := table{ratio("time", 0.8, pairs, seconds), count("connections", 32, 32)}
	for name, row := range map[string]struct {
		table table
		met   bool
		want  string
	}{
		"all met": {kept, true, `
WHAT          MEASURED           TARGET
time          0.8 (0.5 to 1.5)   at most 0.8   met
connections   32                 at most 32    met
`},
		"one missed": {append(kept[:2:2], ratio("bytes", 3.99, pairs, allocated)), false, `
WHAT          MEASURED           TARGET
time          0.8 (0.5 to 1.5)   at most 0.8    met
connections   32                 at most 32     met
bytes         4                  at most 3.99   MISSED
`},
		"nothing measured": {nil, false, "\nWHAT   MEASURED   TARGET\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var output strings.Builder
			if err := row.table.print(&output); err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for line := range strings.Lines(output.String()) {
				got.WriteString(strings.TrimRight(line, " \n") + "\n")
			}
			if got.String() != row.want[1:] {
				t.Errorf("the table is\n%s, want\n%s", &got, row.want[1:])
			}
			if row.table.met() != row.met {
				t.Errorf("met() = %t", row.table.met())
			}
		})
	}
}

// TestRowOfNothing has figures that a run which did nothing would give.
func TestRowOfNothing(t *testing.T) {
	for _, measured := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if (row{measured: measured, target: 1}).met() {
			t.Errorf("%g meets a target", measured)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, row := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{7}, 7},
		{[]float64{3, 1}, 2},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 100, 1, 2}, 3},
	} {
		if got := median(row.values); got != row.want {
			t.Errorf("median(%v) = %g, want %g", row.values, got, row.want)
		}
	}
}

// TestRunPairs runs in turn, and leaves out the first pair.
func TestRunPairs(t *testing.T) {
	var order strings.Builder
	n := 0.0
	next := func(name string) run {
		return func(context.Context) (sample, error) {
			order.WriteString(name)
			n++
			return sample{Seconds: n}, nil
		}
	}
	pairs, err := runPairs(t.Context(), 2, next("a"), next("b"))
	if err != nil {
		t.Fatal(err)
	}
	if order.String() != "ababab" {
		t.Errorf("it ran %s", &order)
	}
	if len(pairs) != 2 || pairs[0].a.Seconds != 3 || pairs[0].b.Seconds != 4 || pairs[1].a.Seconds != 5 || pairs[1].b.Seconds != 6 {
		t.Errorf("it counts %+v", pairs)
	}

	broken := errors.New("broken")
	if _, err := runPairs(t.Context(), 2, next("a"), func(context.Context) (sample, error) { return sample{}, broken }); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
}
