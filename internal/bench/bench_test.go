package main

import (
	"context"
	"io"
	"math"
	"strings"
	"testing"
)

// TestMeasure alternates, leaves out the first pair, and compares each figure with its target.
func TestMeasure(t *testing.T) {
	for name, test := range map[string]struct {
		a, b     []float64 // seconds, after a first pair of 1000 and 1
		row      row
		measured float64
		met      bool
	}{
		"met":      {a: []float64{3, 1, 2}, b: []float64{2, 2, 2.5}, row: row{target: 0.8}, measured: 0.8, met: true},
		"missed":   {a: []float64{4, 100, 1, 2}, b: []float64{1, 1, 1, 1}, row: row{target: 2.99}, measured: 3},
		"count":    {a: []float64{31, 33}, b: []float64{1, 1}, row: row{target: 32, count: true}, measured: 33},
		"infinite": {a: []float64{-1}, b: []float64{0}, row: row{target: 1}, measured: math.Inf(-1)},
	} {
		t.Run(name, func(t *testing.T) {
			order := ""
			next := func(name string, values []float64) run {
				return func(context.Context) (sample, error) {
					s := sample{Seconds: values[0]}
					order, values = order+name, values[1:]
					return s, nil
				}
			}
			test.row.cost = seconds
			c := comparison{a: next("a", append([]float64{1000}, test.a...)), b: next("b", append([]float64{1}, test.b...)), pairs: len(test.a), rows: []row{test.row}}
			got, err := c.measure(t.Context())
			if err != nil || len(got) != 1 || order != strings.Repeat("ab", 1+len(test.a)) {
				t.Fatalf("measure() = %+v, %v after running %s", got, err, order)
			}
			if err := report(io.Discard, got); got[0].measured != test.measured || (err == nil) != test.met {
				t.Errorf("measure() = %+v, report() = %v", got, err)
			}
		})
	}
}
