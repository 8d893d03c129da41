package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/circleci-community/terraform-provider-circleci/internal/bench/runnerlist"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
	"github.com/circleci-community/terraform-provider-circleci/internal/cli"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
	"github.com/circleci-community/terraform-provider-circleci/internal/provider/providertest"
)

// read is one read of circleci_runners through the provider's server, in a process of its own as in a plan: what it
// costs has nothing to do with what was read before, and nothing of the API that it asks is in it.
type read struct {
	Way     string // direct or plain
	URL     string
	Runners int
}

// run starts the process and returns what the read cost.
func (r read) run(ctx context.Context) (s sample, err error) {
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	command := exec.CommandContext(ctx, self, "-read="+r.Way, "-url="+r.URL, "-runners="+strconv.Itoa(r.Runners))
	command.Env = cli.CleanEnvironment(os.Environ())
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return s, fmt.Errorf("a process that reads once fails: %w", err)
	}
	return s, json.Unmarshal(output, &s)
}

// report reads once and prints what it cost, for run.
func (r read) report(ctx context.Context, w io.Writer) error {
	server := provider.NewServer("bench")
	if r.Way == "plain" {
		// The framework's server alone: the data source fills a slice of structs of types.String, for State.Set.
		server = providerserver.NewProtocol6(provider.New("bench")())
	}
	p, err := providertest.Drive(ctx, server())
	if err != nil {
		return err
	}
	diagnostics, err := p.Configure(ctx, providertest.Attributes{
		"api_url": providertest.String(r.URL), "token": providertest.String(circlecitest.PersonalToken),
	})
	if err := firstError(err, diagnostics); err != nil {
		return fmt.Errorf("the provider cannot be configured: %w", err)
	}
	config := providertest.Attributes{"namespace": providertest.String(runnerlist.Namespace)}

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
	// Only now, because looking costs more than reading.
	names, err := msgpack.NewDecoder(bytes.NewReader(response.State.MsgPack)).Query("runners.*.name")
	if err != nil {
		return err
	}
	if len(names) != r.Runners {
		return fmt.Errorf("%d runners were read, not %d", len(names), r.Runners)
	}
	return json.NewEncoder(w).Encode(sample{elapsed.Seconds(), float64(after.TotalAlloc - before.TotalAlloc), peak})
}

// firstError makes an error of whatever the provider reports: what is measured has nothing to report.
func firstError(err error, diagnostics []*tfprotov6.Diagnostic) error {
	if err == nil && len(diagnostics) != 0 {
		err = errors.New(diagnostics[0].Summary + ": " + diagnostics[0].Detail)
	}
	return err
}

// peakMemory returns what the process held of the machine's memory when it held most. Linux tells for this very program;
// getrusage would not do, which there remembers the process that started it too. Elsewhere it is what the Go runtime
// ever took from the system.
func peakMemory(stats *runtime.MemStats) (float64, error) {
	status, err := os.Open("/proc/self/status")
	if errors.Is(err, os.ErrNotExist) {
		return float64(stats.Sys), nil
	}
	if err != nil {
		return 0, err
	}
	defer func() { _ = status.Close() }()
	lines := bufio.NewScanner(status)
	for lines.Scan() {
		if text, found := strings.CutPrefix(lines.Text(), "VmHWM:"); found {
			kibibytes, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(text, "kB")), 64)
			return kibibytes * 1024, err
		}
	}
	return 0, errors.Join(errors.New("/proc/self/status has no VmHWM"), lines.Err())
}

// measureReads compares the provider's read of a long list with the plain way to write a provider.
func measureReads(ctx context.Context) (table, error) {
	server := circlecitest.NewServer()
	defer server.Close()
	const runners = 10_000
	server.SetHandler(runnerlist.Answer(runnerlist.JSON(runners, 3)))
	pairs, err := runPairs(ctx, 7, read{"direct", server.URL, runners}.run, read{"plain", server.URL, runners}.run)
	if err != nil {
		return nil, err
	}
	return table{
		ratio("one read of 10,000 runners against the plain way, time", 1.0/20, pairs, seconds),
		ratio("one read of 10,000 runners against the plain way, bytes allocated", 1.0/20, pairs, allocated),
	}, nil
}
