package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// read is one read of circleci_runners through the provider's server, in a process of its own as in a plan, so that its cost
// includes neither earlier reads nor the Runner API.
type read struct {
	way     string // direct or baseline
	url     string
	runners int
}

// run starts the process and returns what the read cost.
func (r read) run(ctx context.Context) (s sample, err error) {
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	command := exec.CommandContext(ctx, self, "-read="+r.way, "-url="+r.url, "-runners="+strconv.Itoa(r.runners))
	command.Env = cli.CleanEnvironment(os.Environ())
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return s, fmt.Errorf("a process that reads once fails: %w", err)
	}
	return s, json.Unmarshal(output, &s)
}

// report reads once and prints what it cost, for run.
func (r read) report(ctx context.Context) error {
	server := provider.NewServer("bench")
	if r.way == "baseline" {
		// The framework's server alone: the data source fills a slice of structs of types.String, for State.Set.
		server = providerserver.NewProtocol6(provider.New("bench")())
	}
	p, err := providertest.Drive(ctx, server())
	if err != nil {
		return err
	}
	diagnostics, err := p.Configure(ctx, providertest.Attributes{
		"api_url": providertest.String(r.url), "token": providertest.String(circlecitest.PersonalToken),
	})
	if err := firstError(err, diagnostics); err != nil {
		return fmt.Errorf("the provider cannot be configured: %w", err)
	}
	config := providertest.Attributes{"namespace": providertest.String(circlecitest.LongListNamespace)}

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	response, err := p.ReadEncoded(ctx, "circleci_runners", config)
	elapsed := time.Since(start)
	runtime.ReadMemStats(&after)
	if err != nil {
		return err
	}
	if err := firstError(nil, response.Diagnostics); err != nil {
		return fmt.Errorf("the read fails: %w", err)
	}
	peak, err := peakMemory(&after)
	if err != nil {
		return err
	}
	// Only now, because decoding costs more than reading.
	names, err := msgpack.NewDecoder(bytes.NewReader(response.State.MsgPack)).Query("runners.*.name")
	if err == nil && len(names) != r.runners {
		err = fmt.Errorf("%d runners were read, not %d", len(names), r.runners)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(sample{Seconds: elapsed.Seconds(), Allocated: float64(after.TotalAlloc - before.TotalAlloc), Peak: peak})
}

// firstError returns the first diagnostic as an error: what is measured has none.
func firstError(err error, diagnostics []*tfprotov6.Diagnostic) error {
	if err == nil && len(diagnostics) != 0 {
		err = errors.New(diagnostics[0].Summary + ": " + diagnostics[0].Detail)
	}
	return err
}

var peakLine = regexp.MustCompile(`VmHWM:\s*(\d+) kB`)

// peakMemory returns the peak of the process's memory in bytes, as Linux reports it; getrusage would include the process
// that started this one. Elsewhere it is what the Go runtime obtained from the system.
func peakMemory(stats *runtime.MemStats) (float64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if errors.Is(err, os.ErrNotExist) {
		return float64(stats.Sys), nil
	}
	if err != nil {
		return 0, err
	}
	peak := peakLine.FindSubmatch(status)
	if peak == nil {
		return 0, errors.New("/proc/self/status has no VmHWM")
	}
	kibibytes, err := strconv.ParseFloat(string(peak[1]), 64)
	return kibibytes * 1024, err
}
