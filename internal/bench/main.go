// Command bench measures what must stay fast, with the real CLI and in whole processes, and holds each figure to its
// target. It is the second part of `make bench`; BENCHMARKS.md says what its figures mean.
//
// Each figure is a ratio of two things that are done in turn, A B A B, so that a machine which is slow today, or busy for
// a while, is so for both.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	var (
		b     bench
		child read
	)
	flag.StringVar(&b.provider, "provider", "bin/terraform-provider-circleci", "the provider's executable")
	flag.StringVar(&b.emptyProvider, "empty-provider", "bin/empty/terraform-provider-circleci", "the executable of internal/bench/emptyprovider")
	flag.StringVar(&child.Way, "read", "", "only read once, this way, and print what it cost: direct or plain")
	flag.StringVar(&child.URL, "url", "", "with -read: where the Runner API is")
	flag.IntVar(&child.Runners, "runners", 0, "with -read: how many runners it lists")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	var err error
	if child.Way != "" {
		err = child.report(ctx, os.Stdout)
	} else {
		err = b.run(ctx)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

var errMissed = errors.New("a target is missed")

// bench is one run of the program.
type bench struct {
	provider      string // the provider's executable
	emptyProvider string // the executable of a provider that does next to nothing
}

// run measures everything and prints the table.
func (b bench) run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "circleci-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	t, err := newTerraform(ctx, dir, b.provider)
	if err != nil {
		return err
	}
	fmt.Printf("Measuring with %s %s; this takes about two minutes.\n", t.Name, t.Version)

	var all table
	for _, measure := range []func() (table, error){
		func() (table, error) { return measureReads(ctx) },
		func() (table, error) { return measureLongList(ctx, t) },
		func() (table, error) { return measureGrowth(ctx, t) },
		func() (table, error) { return measureFleet(ctx, t) },
		func() (table, error) { return measureShortList(ctx, t, b.emptyProvider) },
	} {
		rows, err := measure()
		if err != nil {
			return err
		}
		all = append(all, rows...)
	}
	fmt.Println()
	if err := all.print(os.Stdout); err != nil {
		return err
	}
	if !all.met() {
		return errMissed
	}
	return nil
}
