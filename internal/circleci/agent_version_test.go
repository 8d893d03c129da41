package circleci_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func TestVersionCompare(t *testing.T) {
	nines, zeros := strings.Repeat("9", 40), strings.Repeat("0", 40)
	// The versions of a line are equal, and older than those of the next line.
	lines := [][]string{
		{"0", "0.0"}, {"0.0.1"},
		{"0.7", "0." + zeros + "7"}, // Leading zeros are ignored.
		{"1", "01.00", "1.0"},       // A missing number is 0.
		{"1.000.1"}, {"1.0.9000"},
		{"1.0.12345", "1.0.12345-abcdef0", "1.0.12345-0000000", "1.0.12345-99999.9", "1.0.12345+7-8"}, // Builds are ignored.
		{"1.0.12346-0000000"}, {"1.2", "1.02"}, {"1.9"}, {"1.010"},
		{"1.9223372036854775807"}, {"1.9223372036854775808"}, {"1.18446744073709551616"}, // Numbers have any size.
		{"1." + nines}, {"1.1" + zeros}, {"2"}, {"3", "3.0", "3.0.0", "3-1", "3.0-2"}, {"3.0.0.1"}, {"3.0.1"},
		{"3.1.2", "3.1.2-rc.1", "3.1.2+build.5", "3.1.2-é", "3.1.2-", "3.1.2+"},
		{"3.1.10"}, {"3.1.99"}, {"3.2"}, {"5.4.3.2", "5.4.3.2.0"}, {"5.4.3.2.1"}, {"5.4.3.2.1.1"}, {"9"}, {"9.9.9.9"},
		{"10", "10.0"}, {"18446744073709551617.0"}, {nines}, {nines + ".1"}, {nines + "0"},
	}
	for i, left := range lines {
		for j, right := range lines {
			for _, a := range left {
				for _, b := range right {
					equal(t, a+" to "+b, parseVersion(t, a).Compare(parseVersion(t, b)), cmp.Compare(i, j))
				}
			}
		}
	}
}

func TestParseVersionRejects(t *testing.T) {
	const form = "does not consist of numbers with dots between them, before its build"
	for want, versions := range map[string][]string{
		"contains white space":         {" ", " 3.1.2", "3.1.2 ", "3. 1.2", "3.1.2\n", "3.1.2\u00a0", "3.1.2-abc 3.1.3-def"},
		"contains a control character": {"3.1.2\x00", "3.1.2-\x1b"},
		form: {
			"", "-", "+", "-1", "+1.0", "-abcdef0", ".", ".1", "1.", "1..2", "1.-abcdef0", "v3.1.2", "V3", "3.x", "3.1.2rc1",
			"3.1.2_1", "3,1", "0x10", "1e3", "latest", "٣.١", "3.1\u00b2", "3.1~1",
		},
	} {
		for _, version := range versions {
			_, err := circleci.ParseVersion(version)
			equal(t, fmt.Sprintf("error of %q", version), errorText(err), want)
		}
	}
}

func TestCompareVersionsOrder(t *testing.T) {
	want := []string{
		"", "3..1", "latest", "v1.0", // not versions
		"0", "0.0", "1.0.9000-fffffff", "1.0.12345", "1.0.12345-0000000", "1.0.12345-abcdef0", "3.1.2", "3.01.10", "3.1.10", "10",
	}
	got := slices.Sorted(slices.Values(want))
	slices.SortFunc(got, circleci.CompareVersions)
	equal(t, "order", got, want)
}

// CompareVersions is a total order, also of versions that are equal to Compare and of strings that are no versions.
func TestCompareVersionsIsTotalOrder(t *testing.T) {
	var all []string
	for _, major := range []string{"0", "1", "2", "10", "01", "00", "9", "", "x"} {
		for _, minor := range []string{"", ".0", ".1", ".10", ".01", ".1.0", ".00.1", ".", ".x"} {
			for _, build := range []string{"", "-a", "-b", "+1"} {
				all = append(all, major+minor+build)
			}
		}
	}
	slices.SortFunc(all, circleci.CompareVersions)
	for i, a := range all {
		for j, b := range all {
			if got, want := circleci.CompareVersions(a, b), cmp.Compare(i, j); got != want {
				t.Fatalf("comparing %q to %q returned %d, want %d", a, b, got, want)
			}
		}
	}
}

func parseVersion(t *testing.T, text string) circleci.AgentVersion {
	t.Helper()
	version, err := circleci.ParseVersion(text)
	if err != nil {
		t.Fatalf("%q %v", text, err)
	}
	return version
}
