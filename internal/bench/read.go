package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// read reads circleci_runners once, in a process of its own as in a plan, so that its cost includes neither earlier reads nor
// the Runner API. The way is direct or baseline.
func read(way, url string, runners int) run {
	return func(ctx context.Context) (s sample, err error) {
		command := exec.CommandContext(ctx, must(os.Executable()), way, url)
		command.Env = cli.Environment()
		command.Stderr = os.Stderr
		output, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("a process that reads once fails: %w", err)
		}
		err = json.Unmarshal(output, &s)
		if err == nil && s["runners"] != float64(runners) {
			err = fmt.Errorf("%v runners were read, not %d", s["runners"], runners)
		}
		return s, err
	}
}

// readOnce reads through the provider's server and prints the sample, for read.
func readOnce(way, url string) {
	ctx := context.Background()
	server := provider.NewServer("bench")
	if way == "baseline" {
		// The framework's server alone: the data source fills a slice of structs of types.String, for State.Set.
		server = providerserver.NewProtocol6(provider.New("bench")())
	}
	p := must(providertest.Connect(ctx, server(), url, nil))
	config := providertest.Attributes{"namespace": providertest.String(circlecitest.LongListNamespace)}

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	response := must(p.ReadEncoded(ctx, "circleci_runners", config))
	elapsed := time.Since(start)
	runtime.ReadMemStats(&after)
	for _, d := range response.Diagnostics {
		log.Fatalf("the read fails: %s: %s", d.Summary, d.Detail)
	}
	s := sample{"seconds": elapsed.Seconds(), "allocated": float64(after.TotalAlloc - before.TotalAlloc), "peak": peakMemory(&after)}
	// Only now, because decoding costs more than reading.
	s["runners"] = float64(len(must(msgpack.NewDecoder(bytes.NewReader(response.State.MsgPack)).Query("runners.*.name"))))
	fmt.Println(string(must(json.Marshal(s))))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// peakMemory returns the peak of the process's memory in bytes, as Linux reports it; getrusage would include the process
// that started this one. Elsewhere it is what the Go runtime obtained from the system.
func peakMemory(stats *runtime.MemStats) float64 {
	var kibibytes float64
	status, _ := os.ReadFile("/proc/self/status")
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(peak, &kibibytes); err != nil {
		return float64(stats.Sys)
	}
	return kibibytes * 1024
}
