package main

import (
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
)

func TestColored(t *testing.T) {
	for _, test := range []struct {
		color  bool
		status tfjson.CheckStatus
		want   string
	}{
		{false, tfjson.CheckStatusFail, "fail"},
		{true, tfjson.CheckStatusPass, "\x1b[32mpass\x1b[0m"},
		{true, tfjson.CheckStatusFail, "\x1b[33mfail\x1b[0m"},
		{true, tfjson.CheckStatusUnknown, "unknown"},
	} {
		if got := (demo{color: test.color}).colored(test.status); got != test.want {
			t.Errorf("%s with color %t is %q, want %q", test.status, test.color, got, test.want)
		}
	}
}
