package circleci

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// Version is what the version of a runner's agent says when it is compared: numbers, the most significant first. Any
// count of them, of any length. What follows them after a - or + names a build and has no part in it.
type Version struct {
	// segments are the numbers in decimal digits, without leading zeros ("" is 0) and without zeros at the end of the
	// list, so that equal versions have equal segments.
	segments []string
}

// ParseVersion reads a version of the forms that agents report: "5.4.3.2.1", "3.1.2", "1.0.12345-abcdef0". It takes what
// consists of numbers with dots between them, and a build after - or +. A "v" in front is refused, because no agent is
// known to report it. The error completes a sentence that starts with the version.
func ParseVersion(text string) (Version, error) {
	if text == "" {
		return Version{}, errors.New("is empty")
	}
	if err := checkCharacters(text); err != nil {
		return Version{}, err
	}
	numbers := text
	if end := strings.IndexAny(text, "-+"); end >= 0 {
		numbers = text[:end]
	}
	if numbers == "" {
		return Version{}, errors.New("has no number before its build")
	}
	segments := strings.Split(numbers, ".")
	for i, segment := range segments {
		if segment == "" {
			return Version{}, errors.New("has a dot without a number on both sides")
		}
		if strings.Trim(segment, "0123456789") != "" {
			return Version{}, errors.New("has other characters than digits and dots before its build")
		}
		segments[i] = strings.TrimLeft(segment, "0")
	}
	for len(segments) > 0 && segments[len(segments)-1] == "" {
		segments = segments[:len(segments)-1]
	}
	return Version{segments}, nil
}

// Compare returns -1 when v is older than other, +1 when it is newer, and 0 when their numbers are the same, whatever
// their builds. A number that one of them lacks counts as 0.
func (v Version) Compare(other Version) int {
	return slices.CompareFunc(v.segments, other.segments, compareDigits)
}

// compareDigits compares numbers without leading zeros. Of two such numbers the longer one is larger, so that no number
// is too large to be compared.
func compareDigits(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// CompareVersions puts versions in an order, the oldest first, and returns 0 for equal texts only: versions that differ
// in nothing but their builds or in how they write a number are in the order of their texts. Texts that are not versions
// come first, in the order of the texts too, so that whoever takes the first as the oldest meets them instead of
// overlooking them.
func CompareVersions(a, b string) int {
	versionA, errA := ParseVersion(a)
	versionB, errB := ParseVersion(b)
	switch {
	case errA != nil && errB == nil:
		return -1
	case errA == nil && errB != nil:
		return 1
	}
	// Both are versions, or both are the zero Version, which equals itself.
	return cmp.Or(versionA.Compare(versionB), strings.Compare(a, b))
}
