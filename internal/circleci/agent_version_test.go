package circleci_test

import (
	"cmp"
	"fmt"
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
		{"1.0.12345", "1.0.12345-abcdef0", "1.0.12345-99999.9", "1.0.12345+7-8", "1.0.12345-"}, // Builds are ignored.
		{"1.0.12346-0000000"}, {"1.2"}, {"1.10"},
		{"1.18446744073709551616"}, {"1." + nines}, {"1.1" + zeros}, // Numbers have any size.
		{"3", "3-1"}, {"3.0.0.1"}, {"5.4.3.2.1"}, {"10"},
	}
	for i, left := range lines {
		for j, right := range lines {
			for _, a := range left {
				for _, b := range right {
					versionA, errA := circleci.ParseVersion(a)
					versionB, errB := circleci.ParseVersion(b)
					equal(t, a+" to "+b, versionA.Compare(versionB), cmp.Compare(i, j))
					equal(t, "errors", errorText(errA)+errorText(errB), "")
				}
			}
		}
	}
}

func TestParseVersionRejects(t *testing.T) {
	const form = "is not a version"
	for want, versions := range map[string][]string{
		"contains white space":         {" 3.1.2", "3.1.2\n", "3.1.2-abc 3.1.3-def"},
		"contains a control character": {"3.1.2-\x1b"},
		form: {
			"", "-", "+1.0", ".1", "1.", "1..2", "1.-abcdef0", "v3.1.2", "3.x", "3.1.2rc1", "3.1.2_1", "0x10", "latest", "٣.١",
		},
	} {
		for _, version := range versions {
			_, err := circleci.ParseVersion(version)
			equal(t, fmt.Sprintf("error of %q", version), errorText(err), want)
		}
	}
}

// CompareVersions is a total order, also of versions that are equal to Compare and of strings that are no versions.
func TestCompareVersions(t *testing.T) {
	ordered := []string{
		"", "3..1", "latest", "v1.0", // not versions
		"0", "0.0", "1.0.9000-fffffff", "1.0.12345", "1.0.12345-0000000", "1.0.12345-abcdef0", "3.01.10", "3.1.10", "10",
	}
	for i, a := range ordered {
		for j, b := range ordered {
			equal(t, a+" to "+b, circleci.CompareVersions(a, b), cmp.Compare(i, j))
		}
	}
}
