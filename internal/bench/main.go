// Command bench measures what must stay fast, with the real CLI and in separate processes, and holds each figure to its
// target. It is the second part of `make bench`; BENCHMARKS.md says what its figures mean. comparisons, in rows.go, has them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

// The executables, as make bench builds them.
const (
	realProvider  = "bin/terraform-provider-circleci"
	emptyProvider = "bin/empty/terraform-provider-circleci"
)

func main() {
	var child read
	flag.StringVar(&child.way, "read", "", "only read once, this way, and print what it cost: direct or baseline")
	flag.StringVar(&child.url, "url", "", "with -read: the URL of the Runner API")
	flag.IntVar(&child.runners, "runners", 0, "with -read: how many runners it lists")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	run := bench{}.run
	if child.way != "" {
		run = child.report
	}
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run of the program.
type bench struct {
	cli cli.CLI
	dir string // a temporary directory
}

// run makes every comparison and prints the table.
func (b bench) run(ctx context.Context) (err error) {
	if b.cli, err = cli.Find(ctx); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "circleci-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	fmt.Printf("Measuring with %s %s; this takes about three minutes.\n", b.cli.Name, b.cli.Version)

	comparisons, closeServers := b.comparisons()
	defer closeServers()
	var table []figure
	for _, c := range comparisons {
		figures, err := c.measure(ctx)
		if err != nil {
			return err
		}
		table = append(table, figures...)
	}
	fmt.Println()
	return report(os.Stdout, table)
}
