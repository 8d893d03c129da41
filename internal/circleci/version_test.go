package circleci_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func TestVersionCompare(t *testing.T) {
	t.Parallel()
	nines := strings.Repeat("9", 40)
	tests := []struct {
		a, b string
		want int
	}{
		{"1", "1", 0},
		{"1", "2", -1},
		{"9", "10", -1},
		{"3.1.2", "3.1.2", 0},
		{"3.1.2", "3.1.10", -1},
		{"3.2", "3.1.99", 1},
		{"10.0", "9.9.9.9", 1},
		{"5.4.3.2.1", "5.4.3.2", 1},
		{"5.4.3.2.1", "5.4.3.2.0", 1},
		{"5.4.3.2.1", "5.4.3.2.1.1", -1},
		// Missing numbers are 0.
		{"3", "3.0", 0},
		{"3.0.0", "3", 0},
		{"3", "3.0.0.1", -1},
		{"0", "0.0", 0},
		{"0", "0.0.1", -1},
		{"3.0.1", "3", 1},
		// Leading zeros are nothing.
		{"1.02", "1.2", 0},
		{"1.010", "1.9", 1},
		{"01.00", "1", 0},
		{"1.00", "1.000.1", -1},
		// Builds do not count, whatever they are.
		{"1.0.12345-abcdef0", "1.0.9000", 1},
		{"1.0.12345-abcdef0", "1.0.12345", 0},
		{"1.0.12345-abcdef0", "1.0.12345-0000000", 0},
		{"1.0.12345-abcdef0", "1.0.12346-0000000", -1},
		{"1.0.12345-99999.9", "1.0.12345+7-8", 0},
		{"3.1.2-rc.1", "3.1.2", 0},
		{"3.1.2+build.5", "3.1.2-é", 0},
		{"3.1.2-", "3.1.2+", 0},
		{"3-1", "3.0-2", 0},
		// Numbers have any length.
		{"1.9223372036854775807", "1.9223372036854775808", -1},
		{"1.18446744073709551616", "1.0", 1},
		{"18446744073709551617.0", "1.0", 1},
		{nines, nines + "0", -1},
		{nines + ".1", nines, 1},
		{"1." + nines, "1.1" + strings.Repeat("0", 40), -1},
		{"0." + strings.Repeat("0", 40) + "7", "0.7", 0},
	}
	for _, test := range tests {
		t.Run(test.a+" to "+test.b, func(t *testing.T) {
			t.Parallel()
			a, b := parseVersion(t, test.a), parseVersion(t, test.b)
			equal(t, "comparison", a.Compare(b), test.want)
			equal(t, "comparison the other way", b.Compare(a), -test.want)
		})
	}
}

func TestParseVersionRefuses(t *testing.T) {
	t.Parallel()
	const (
		empty   = "is empty"
		space   = "holds white space"
		control = "holds a control character"
		build   = "has no number before its build"
		dot     = "has a dot without a number on both sides"
		other   = "has other characters than digits and dots before its build"
	)
	for _, test := range []struct{ version, want string }{
		{"", empty},
		{" ", space},
		{" 3.1.2", space},
		{"3.1.2 ", space},
		{"3. 1.2", space},
		{"3.1.2\n", space},
		{"3.1.2\u00a0", space},
		{"3.1.2-abc 3.1.3-def", space},
		{"3.1.2\x00", control},
		{"3.1.2-\x1b", control},
		{"-", build},
		{"+", build},
		{"-1", build},
		{"+1.0", build},
		{"-abcdef0", build},
		{".", dot},
		{".1", dot},
		{"1.", dot},
		{"1..2", dot},
		{"1.-abcdef0", dot},
		{"v3.1.2", other},
		{"V3", other},
		{"3.x", other},
		{"3.1.2rc1", other},
		{"3.1.2_1", other},
		{"3,1", other},
		{"0x10", other},
		{"1e3", other},
		{"latest", other},
		{"٣.١", other},
		{"3.1\u00b2", other},
		{"3.1~1", other},
	} {
		t.Run(test.version, func(t *testing.T) {
			t.Parallel()
			_, err := circleci.ParseVersion(test.version)
			equal(t, "error", errorText(err), test.want)
		})
	}
}

func TestCompareVersionsSorts(t *testing.T) {
	t.Parallel()
	want := []string{
		"", "3..1", "latest", "v1.0", // not versions
		"0", "0.0", "1.0.9000-fffffff", "1.0.12345", "1.0.12345-0000000", "1.0.12345-abcdef0", "3.1.2", "3.01.10", "3.1.10", "10",
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		got := slices.Clone(want)
		random.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, circleci.CompareVersions)
		if !slices.Equal(got, want) {
			t.Fatalf("the order is %q, not %q", got, want)
		}
	}
}

// TestVersionOrder has the laws that sorting relies on, on random versions which are close to each other.
func TestVersionOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 50_000 {
		texts := []string{randomVersion(random), randomVersion(random), randomVersion(random)}
		for _, a := range texts {
			for _, b := range texts {
				if got, reverse := circleci.CompareVersions(a, b), circleci.CompareVersions(b, a); got != -reverse || (got == 0) != (a == b) {
					t.Fatalf("%q to %q is %d, and the other way %d", a, b, got, reverse)
				}
				versionA, errA := circleci.ParseVersion(a)
				versionB, errB := circleci.ParseVersion(b)
				if errA != nil || errB != nil {
					continue
				}
				if got, want := versionA.Compare(versionB), compareAsIntegers(a, b); got != want {
					t.Fatalf("%q to %q is %d, not %d", a, b, got, want)
				}
			}
		}
		slices.SortFunc(texts, circleci.CompareVersions)
		if circleci.CompareVersions(texts[0], texts[2]) > 0 {
			t.Fatalf("the order of %q depends on the path", texts)
		}
	}
}

// randomVersion returns a short version, or now and then a text that is not one.
func randomVersion(random *rand.Rand) string {
	parts := []string{"0", "1", "2", "10", "01", "00", "9"}
	if random.IntN(4) == 0 {
		parts = append(parts, "", "x")
	}
	segments := make([]string, 1+random.IntN(4))
	for i := range segments {
		segments[i] = parts[random.IntN(len(parts))]
	}
	return strings.Join(segments, ".") + []string{"", "", "-a", "-b", "+1"}[random.IntN(5)]
}

// compareAsIntegers compares versions of at most four small numbers the obvious way.
func compareAsIntegers(a, b string) int {
	numbers := func(text string) (numbers [4]int) {
		text, _, _ = strings.Cut(strings.ReplaceAll(text, "+", "-"), "-")
		for i, segment := range strings.Split(text, ".") {
			numbers[i], _ = strconv.Atoi(segment)
		}
		return numbers
	}
	numbersA, numbersB := numbers(a), numbers(b)
	for i := range numbersA {
		if order := cmp.Compare(numbersA[i], numbersB[i]); order != 0 {
			return order
		}
	}
	return 0
}

func parseVersion(t *testing.T, text string) circleci.Version {
	t.Helper()
	version, err := circleci.ParseVersion(text)
	if err != nil {
		t.Fatalf("%q %v", text, err)
	}
	return version
}
