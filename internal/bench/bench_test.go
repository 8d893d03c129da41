// Package bench_test compares what must stay fast with what users would do without it, and holds each ratio to a
// target. `make bench` runs it; BENCHMARKS.md says what the ratios mean.
package bench_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// compare runs both functions in turn, so that a slow or busy machine affects both, and reports the median of the
// ratios of their times. The first pair fills the machine's caches and does not count.
func compare(b *testing.B, target float64, measured, reference func()) {
	b.Helper()
	seconds := func(run func()) float64 {
		runtime.GC() // Otherwise one function would pay for the other's garbage.
		start := time.Now()
		run()
		return time.Since(start).Seconds()
	}
	measured()
	reference()
	var ratios []float64
	for b.Loop() {
		ratios = append(ratios, seconds(measured)/seconds(reference))
	}
	slices.Sort(ratios)
	median := ratios[len(ratios)/2]
	b.ReportMetric(0, "ns/op") // Absolute times have no target.
	b.ReportMetric(ratios[0], "lowest")
	b.ReportMetric(ratios[len(ratios)-1], "highest")
	b.ReportMetric(median, "ratio")
	b.ReportMetric(target, "target")
	if median > target {
		b.Errorf("the ratio is %.3g, want at most %g", median, target)
	}
}

func serve(b *testing.B, handler http.Handler) *circlecitest.Server {
	b.Helper()
	server := circlecitest.NewServer()
	b.Cleanup(server.Close)
	server.SetHandler(handler)
	return server
}

// BenchmarkRead compares one read of 10,000 runners with the baseline: the framework's own server of the same provider,
// whose data source passes a slice of structs of types.String to State.Set.
func BenchmarkRead(b *testing.B) {
	server := serve(b, circlecitest.Body(circlecitest.LongList(10_000, 3)))
	read := func(made tfprotov6.ProviderServer) func() {
		p, err := providertest.Connect(b.Context(), made, server.URL, nil)
		if err != nil {
			b.Fatal(err)
		}
		config := providertest.Attributes{"namespace": providertest.String(circlecitest.LongListNamespace)}
		return func() {
			response, err := p.ReadEncoded(b.Context(), "circleci_runners", config)
			if err != nil || len(response.Diagnostics) != 0 {
				b.Fatalf("the read fails: %v, %+v", err, response)
			}
		}
	}
	compare(b, 0.1, read(provider.NewServer("bench")()), read(providerserver.NewProtocol6(provider.New("bench")())()))
}

// BenchmarkPlan compares plans of the CLI, from its start to its end.
func BenchmarkPlan(b *testing.B) {
	cli.Isolate()
	found, err := cli.Find(b.Context())
	if err := cmp.Or(err, found.InstallProvider(b.Context(), b.TempDir())); err != nil {
		b.Fatal(err)
	}
	list := func(b *testing.B, n int) func() {
		server := serve(b, circlecitest.Body(circlecitest.LongList(n, 3)))
		const block = `data "circleci_runners" "all" { namespace = "acme" }`
		return plan(b, found, server, 1, block, "length(data.circleci_runners.all.runners)", n)
	}
	b.Run("10,000 runners/jsondecode", func(b *testing.B) {
		file := filepath.Join(b.TempDir(), "runners.json")
		if err := os.WriteFile(file, circlecitest.LongList(10_000, 3), 0o600); err != nil {
			b.Fatal(err)
		}
		decode := plan(b, found, serve(b, nil), 0, "", fmt.Sprintf("length(jsondecode(file(%q)).items)", file), 10_000)
		compare(b, 0.95, list(b, 10_000), decode)
	})
	b.Run("100,000 runners/10,000 runners", func(b *testing.B) { compare(b, 20, list(b, 100_000), list(b, 10_000)) })
	b.Run("fleets/200 blocks", func(b *testing.B) {
		const classes = 200
		runners := circlecitest.Body(circlecitest.LongList(classes, classes))
		count := circlecitest.JSON(`{"unclaimed_task_count": 1, "running_runner_tasks": 1}`)
		server := serve(b, nil)
		server.Intercept(func(r *http.Request) http.Handler {
			if strings.Contains(r.URL.Path, "/tasks") {
				return circlecitest.Delay(100*time.Millisecond, count)
			}
			return circlecitest.Delay(100*time.Millisecond, runners)
		})
		fleets := plan(b, found, server, 1+2*classes,
			`data "circleci_runner_fleets" "all" { namespace = "acme" }`,
			"data.circleci_runner_fleets.all.unclaimed_task_count", classes)
		blocks := plan(b, found, server, 2*classes, `data "circleci_runner_tasks" "each" {
			for_each       = toset([for i in range(200) : format("acme/pool-%03d", i)])
			resource_class = each.value
		}`, "sum([for class in data.circleci_runner_tasks.each : class.unclaimed_task_count])", classes)
		compare(b, 0.75, fleets, blocks)
	})
}

// plan returns a function that plans once. The value must be n, and the server must receive that many requests.
func plan(b *testing.B, found cli.CLI, server *circlecitest.Server, requests int, blocks, value string, n int) func() {
	b.Helper()
	main := fmt.Sprintf(configuration, server.URL, circlecitest.PersonalToken, blocks, value)
	dir := b.TempDir()
	w, err := found.NewWorkspace(dir)
	err = errors.Join(err, os.WriteFile(filepath.Join(dir, "main.tf"), []byte(main), 0o600), w.Init(b.Context()))
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		server.ResetRecords()
		stdout, stderr, err := w.Output(b.Context(), "plan", "-no-color")
		if err != nil || !strings.Contains(stdout, fmt.Sprintf("+ n = %d\n", n)) || len(server.Requests()) != requests {
			b.Fatalf("the plan has no output n of %d, or not %d requests but %d: %v\n%s%s",
				n, requests, len(server.Requests()), err, stdout, stderr)
		}
	}
}

// configuration has a URL, a token, blocks and the value of an output.
const configuration = `
terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}
provider "circleci" {
  api_url = %q
  token   = %q
}
%s
output "n" {
  value = %s
}
`
