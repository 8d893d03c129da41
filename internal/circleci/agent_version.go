package circleci

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"
)

// AgentVersion is the comparable part of the version of a runner's agent: any number of integers of any size, the most
// significant first. The build, which follows them after a - or +, is not part of it.
type AgentVersion struct {
	// segments are the integers in decimal digits, without leading zeros ("" is 0) and without zeros at the end of the
	// list, so that equal versions have equal segments.
	segments []string
}

// versionForm matches a version: its numbers, and a build.
var versionForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)*)(?:[-+].*)?$`)

// ParseVersion parses a version in the forms that agents report: "5.4.3.2.1", "3.1.2", "1.0.12345-abcdef0". A version
// consists of numbers separated by dots, and optionally a build after - or +. A "v" prefix is rejected, because no
// agent is known to report it. The error completes a sentence that starts with the version.
func ParseVersion(text string) (AgentVersion, error) {
	if err := checkCharacters(text); err != nil {
		return AgentVersion{}, err
	}
	match := versionForm.FindStringSubmatch(text)
	if match == nil {
		return AgentVersion{}, errors.New("is not a version")
	}
	segments := strings.Split(match[1], ".")
	for i, segment := range segments {
		segments[i] = strings.TrimLeft(segment, "0")
	}
	for len(segments) > 0 && segments[len(segments)-1] == "" {
		segments = segments[:len(segments)-1]
	}
	return AgentVersion{segments}, nil
}

// Compare returns -1 if v is older than other, +1 if it is newer, and 0 if their numbers are equal, regardless of their
// builds. A missing number is 0.
func (v AgentVersion) Compare(other AgentVersion) int {
	return slices.CompareFunc(v.segments, other.segments, compareDigits)
}

// compareDigits compares numbers of any size without leading zeros: the longer one is larger.
func compareDigits(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// CompareVersions orders versions, the oldest first, and returns 0 only for equal strings: versions that differ only in
// their builds or in the notation of a number are ordered as strings. Strings that are not versions come first, ordered
// as strings, too, so that a caller who takes the first one as the oldest does not overlook them.
func CompareVersions(a, b string) int {
	versionA, errA := ParseVersion(a)
	versionB, errB := ParseVersion(b)
	switch {
	case errA != nil && errB == nil:
		return -1
	case errA == nil && errB != nil:
		return 1
	}
	// Both are versions, or both are the zero AgentVersion, which equals itself.
	return cmp.Or(versionA.Compare(versionB), strings.Compare(a, b))
}
