// Command bench measures what must stay fast, with the real CLI and in separate processes, and holds each figure to its
// target. It is the second part of `make bench`; BENCHMARKS.md says what its figures mean. comparisons, in rows.go, has them.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"os/signal"

	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	if len(os.Args) > 1 {
		readOnce(os.Args[1], os.Args[2]) // The arguments are those of read.
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := measure(ctx)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

// measure makes every comparison and prints the table. It returns an error if a target is missed.
func measure(ctx context.Context) (err error) {
	found, err := cli.Find(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "circleci-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Printf("Measuring with %s %s; this takes about three minutes.\n\n", found.Name, found.Version)

	var missed error
	for _, c := range comparisons(found, dir) {
		as, bs, err := c.samples(ctx)
		if err != nil {
			return err
		}
		for _, r := range c.rows {
			measured, spread := r.figure(as, bs)
			verdict := "met"
			if math.IsNaN(measured) || measured > r.target { // Runs that cost nothing are no number.
				verdict, missed = "MISSED", errors.New("a target is missed")
			}
			fmt.Printf("%-106s   %-7.3g %-20s   at most %-4.3g   %s\n", r.what, measured, spread, r.target, verdict)
		}
	}
	return missed
}
