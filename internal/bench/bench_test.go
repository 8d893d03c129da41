package main

import (
	"context"
	"math"
	"testing"
)

// TestComparison alternates, and leaves out the first pair.
func TestComparison(t *testing.T) {
	costs := []float64{1000, 1, 3, 2, 1, 2, 2, 2.5}
	next := func(context.Context) (sample, error) {
		cost := costs[0]
		costs = costs[1:]
		return sample{"seconds": cost}, nil
	}
	as, bs, err := comparison{a: next, b: next, pairs: 3}.samples(t.Context())
	ratio, spread := row{metric: "seconds"}.figure(as, bs)
	count, _ := row{metric: "seconds", count: true}.figure(as, bs)
	none, _ := row{metric: "peak", count: true}.figure(as, bs)
	if err != nil || ratio != 0.8 || spread != "(0.5 to 1.5)" || count != 3 || !math.IsNaN(none) {
		t.Errorf("the median is %v %s, and the count %v, %v", ratio, spread, count, err)
	}
}
