package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/bench/runnerlist"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// TestPlanCheck has plans that did not do what they are measured for, so that their time says nothing.
func TestPlanCheck(t *testing.T) {
	server := circlecitest.NewServer()
	defer server.Close()
	response, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	const good = "Changes to Outputs:\n  + n = 10\n"
	for name, row := range map[string]struct {
		ctx      context.Context
		err      error
		output   string
		requests int
		want     string
	}{
		"good":              {t.Context(), nil, good, 1, ""},
		"another output":    {t.Context(), nil, "Changes to Outputs:\n  + n = 100\n", 1, "the plan list puts out another n than 10"},
		"too few requests":  {t.Context(), nil, good, 2, "the plan list asked 1 times, not 2"},
		"too many requests": {t.Context(), nil, good, 0, "the plan list asked 1 times, not 0"},
		"failed":            {t.Context(), errors.New("exit status 1"), good, 1, "the plan list fails: exit status 1"},
		"interrupted":       {interrupted, errors.New("killed"), good, 1, "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			err := plan{name: "list", n: 10, server: server, requests: row.requests}.check(row.ctx, row.err, row.output)
			if row.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if err == nil || !strings.HasPrefix(err.Error(), row.want) {
				t.Errorf("check() = %v, want %s", err, row.want)
			}
		})
	}
}

// TestReadReport reads in this process, both ways.
func TestReadReport(t *testing.T) {
	server := circlecitest.NewServer()
	defer server.Close()
	const runners = 100
	server.SetHandler(runnerlist.Answer(runnerlist.JSON(runners, 3)))
	for _, way := range []string{"direct", "plain"} {
		var output bytes.Buffer
		if err := (read{way, server.URL, runners}).report(t.Context(), &output); err != nil {
			t.Fatal(err)
		}
		var got sample
		if err := json.Unmarshal(output.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		// A runner takes more than 200 bytes of the answer, and no process fits into a megabyte.
		if got.Seconds <= 0 || got.Allocated < 200*runners || got.Peak < 1<<20 {
			t.Errorf("%s: the read is said to cost %+v", way, got)
		}
	}
	err := read{"direct", server.URL, runners + 1}.report(t.Context(), &bytes.Buffer{})
	if err == nil || err.Error() != "100 runners were read, not 101" {
		t.Errorf("a list that is too short is reported as %v", err)
	}
}
