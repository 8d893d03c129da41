package provider

import (
	"fmt"
	"strings"
)

// nearestName returns the name that differs least from a mistyped one, regardless of case. It returns "" if none is as
// near as a typo: at most two edits, as in Terraform's own suggestions, and fewer in a short name.
func nearestName(mistyped string, names []string) string {
	nearest, least := "", min(2, len(mistyped)/2)+1
	for _, name := range names {
		if distance := editDistance(strings.ToLower(mistyped), strings.ToLower(name)); distance < least {
			nearest, least = name, distance
		}
	}
	return nearest
}

// editDistance returns the Levenshtein distance: how many characters to insert, delete or replace to turn a into b.
func editDistance(a, b string) int {
	target := []rune(b)
	distances := make([]int, len(target)+1) // From what was read of a, to each prefix of b.
	for j := range distances {
		distances[j] = j
	}
	for _, r := range a {
		diagonal := distances[0]
		distances[0]++
		for j, other := range target {
			replaced := diagonal
			if r != other {
				replaced++
			}
			diagonal = distances[j+1]
			distances[j+1] = min(replaced, distances[j]+1, diagonal+1)
		}
	}
	return distances[len(target)]
}

// summarizeNames lists up to most names, and says how many more there are.
func summarizeNames(names []string, most int) string {
	list := strings.Join(names[:min(len(names), most)], ", ")
	if more := len(names) - most; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}
