package provider_test

import (
	"slices"
	"testing"
	"time"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestExampleChecks(t *testing.T) {
	now, gone := ago(time.Minute), ago(time.Hour)
	linux := func(name, version, lastConnected string) circlecitest.Runner {
		return circlecitest.Runner{ResourceClass: "acme/linux", Name: name, Version: version, LastConnected: lastConnected}
	}
	newest, enough, away := linux("newest", "3.1.10", now), linux("enough", "3.1.2-abcdef0", now), linux("away", "1.0", gone)
	for name, row := range map[string]struct {
		runners []circlecitest.Runner
		waiting int64
		want    []diagnostic
		// applied is whether the release comes about.
		applied bool
	}{
		"all is well": {[]circlecitest.Runner{newest, enough, away}, 10, nil, true},
		"old agents": {
			[]circlecitest.Runner{newest, enough, linux("old", "3.1.1-abcdef0", now), linux("strange", "main", now), linux("untold", "", now)}, 10,
			[]diagnostic{failedCheck("Agents of acme/linux are older than 3.1.2: old (3.1.1-abcdef0), strange (main), untold (unknown).")},
			true,
		},
		"few runners": {
			[]circlecitest.Runner{newest, away}, 10,
			[]diagnostic{failedCheck("Connected runners of acme/linux: 1, expected at least 2.")},
			true,
		},
		"a long queue": {
			[]circlecitest.Runner{newest, enough}, 11,
			[]diagnostic{failedCheck("acme/linux has 11 waiting tasks, more than 10.")},
			true,
		},
		"no runner": {
			[]circlecitest.Runner{away}, 0,
			[]diagnostic{
				failedCheck("Connected runners of acme/linux: 0, expected at least 2."),
				{
					Severity: "error", Summary: "Resource precondition failed",
					Detail: "No runner of acme/linux is connected, so the release would wait forever.",
				},
			},
			false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newExampleServer(t)
			server.SetRunners(row.runners...)
			server.SetTasks("acme/linux", row.waiting, 0)
			w := newExample(t, "checks")
			expectReport(t, w.apply(), row.want...)
			if got := slices.Contains(w.state(), "terraform_data.release"); got != row.applied {
				t.Errorf("the release is applied: %t, want %t", got, row.applied)
			}
		})
	}
}
