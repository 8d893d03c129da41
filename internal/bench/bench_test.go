package main

import (
	"context"
	"testing"
)

// TestComparison alternates, and leaves out the first pair.
func TestComparison(t *testing.T) {
	order := ""
	next := func(name string, costs ...float64) run {
		return func(context.Context) (sample, error) {
			order += name
			cost := costs[0]
			costs = costs[1:]
			return sample{"seconds": cost}, nil
		}
	}
	as, bs, err := comparison{a: next("a", 1000, 3, 1, 2), b: next("b", 1, 2, 2, 2.5), pairs: 3}.samples(t.Context())
	if err != nil || order != "abababab" {
		t.Fatalf("samples() = %v after running %s", err, order)
	}
	if measured, spread := (row{metric: "seconds"}).figure(as, bs); measured != 0.8 || spread != "(0.5 to 1.5)" {
		t.Errorf("figure() = %v %s", measured, spread)
	}
	if measured, _ := (row{metric: "seconds", count: true}).figure(as, bs); measured != 3 {
		t.Errorf("figure() of a count = %v", measured)
	}
}
