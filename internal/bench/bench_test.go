package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// TestPlanCheck has plans that did not do what they are measured for, so that their time says nothing.
func TestPlanCheck(t *testing.T) {
	server := circlecitest.NewServer()
	defer server.Close()
	response, err := http.Get(server.URL)
	if err != nil || response.Body.Close() != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		err      error
		n        int
		requests int
		want     string
	}{
		"good":              {n: 10, requests: 1},
		"another output":    {n: 100, requests: 1, want: "the plan list has another output n than 10"},
		"too few requests":  {n: 10, requests: 2, want: "the plan list sent 1 requests, not 2"},
		"too many requests": {n: 10, requests: 0, want: "the plan list sent 1 requests, not 0"},
		"failed":            {n: 10, requests: 1, err: errors.New("exit status 1"), want: "the plan list: exit status 1"},
		"interrupted":       {n: 10, requests: 1, err: cli.ErrInterrupted, want: "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			output := strings.Replace("Changes to Outputs:\n  + n = N\n", "N", map[int]string{10: "10", 100: "100"}[test.n], 1)
			err := plan{name: "list", n: 10, server: server, requests: test.requests}.check(test.err, output)
			if got := errorText(err); test.want == "" && got != "" || !strings.HasPrefix(got, test.want) {
				t.Errorf("check() = %s, want %s", got, test.want)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestReadReport reads in this process, both ways.
func TestReadReport(t *testing.T) {
	server := circlecitest.NewServer()
	defer server.Close()
	const runners = 100
	server.SetHandler(circlecitest.Body(circlecitest.LongList(runners, 3)))
	for _, way := range []string{"direct", "baseline"} {
		var output bytes.Buffer
		var got sample
		if err := errors.Join((read{way, server.URL, runners}).report(t.Context(), &output), json.Unmarshal(output.Bytes(), &got)); err != nil {
			t.Fatal(err)
		}
		// A runner takes more than 200 bytes of the response, and no process fits into a megabyte.
		if got.Seconds <= 0 || got.Allocated < 200*runners || got.Peak < 1<<20 {
			t.Errorf("%s: the read is said to cost %+v", way, got)
		}
	}
	if got := errorText(read{"direct", server.URL, runners + 1}.report(t.Context(), io.Discard)); got != "100 runners were read, not 101" {
		t.Errorf("a list that is too short is reported as %s", got)
	}
}

// TestMeasure runs in turn, leaves out the first pair, and holds each figure to its target.
func TestMeasure(t *testing.T) {
	for name, test := range map[string]struct {
		a, b []float64 // seconds, after a first pair of 1000 and 1
		want figure
		met  bool
	}{
		"one pair":        {a: []float64{3}, b: []float64{2}, want: figure{measured: 1.5, lowest: 1.5, highest: 1.5, row: row{target: 1.5}}, met: true},
		"median of three": {a: []float64{3, 1, 2}, b: []float64{2, 2, 2.5}, want: figure{measured: 0.8, lowest: 0.5, highest: 1.5, row: row{target: 0.8}}, met: true},
		"median of four":  {a: []float64{4, 100, 1, 2}, b: []float64{1, 1, 1, 1}, want: figure{measured: 3, lowest: 1, highest: 100, row: row{target: 2.99}}},
		"count":           {a: []float64{31, 33}, b: []float64{1, 1}, want: figure{measured: 33, lowest: 33, highest: 33, row: row{target: 32, count: true}}},
		"infinite":        {a: []float64{1}, b: []float64{0}, want: figure{measured: math.Inf(1), lowest: math.Inf(1), highest: math.Inf(1), row: row{target: 1}}},
		"below zero":      {a: []float64{-1}, b: []float64{0}, want: figure{measured: math.Inf(-1), lowest: math.Inf(-1), highest: math.Inf(-1), row: row{target: 1}}},
		"not a number":    {a: []float64{0}, b: []float64{0}, want: figure{measured: math.NaN(), lowest: math.NaN(), highest: math.NaN(), row: row{target: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			order := ""
			next := func(name string, values []float64) run {
				return func(context.Context) (sample, error) {
					order += name
					s := sample{Seconds: values[0]}
					values = values[1:]
					return s, nil
				}
			}
			measured := test.want.row
			measured.cost = seconds
			c := comparison{a: next("a", append([]float64{1000}, test.a...)), b: next("b", append([]float64{1}, test.b...)), pairs: len(test.a), rows: []row{measured}}
			got, err := c.measure(t.Context())
			if err != nil || len(got) != 1 || order != strings.Repeat("ab", 1+len(test.a)) {
				t.Fatalf("measure() = %+v, %v after running %s", got, err, order)
			}
			same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
			if f := got[0]; !same(f.measured, test.want.measured) || !same(f.lowest, test.want.lowest) || !same(f.highest, test.want.highest) || f.met() != test.met {
				t.Errorf("measure() = %+v, met: %t", f, f.met())
			}
			if err := report(io.Discard, got); (err == nil) != test.met {
				t.Errorf("report() = %v", err)
			}
		})
	}
	broken := func(context.Context) (sample, error) { return sample{}, errors.New("broken") }
	if _, err := (comparison{a: broken, b: broken}).measure(t.Context()); errorText(err) != "broken" {
		t.Errorf("the error is %v", err)
	}
	if err := report(io.Discard, nil); err == nil {
		t.Error("a table without a figure meets its targets")
	}
}
