package circleci

import (
	"errors"
	"strings"
	"unicode"
)

// ParseResourceClass splits a resource class, namespace/name, into its two parts. It asks for exactly one slash,
// both parts not empty, and neither white space nor control characters; which other characters are allowed is for
// the service to judge.
func ParseResourceClass(class string) (namespace, name string, err error) {
	namespace, name, found := strings.Cut(class, "/")
	switch {
	case !found:
		return "", "", errors.New("has no slash between namespace and name")
	case strings.Contains(name, "/"):
		return "", "", errors.New("has more than one slash")
	case namespace == "":
		return "", "", errors.New("has nothing before the slash")
	case name == "":
		return "", "", errors.New("has nothing after the slash")
	}
	if err := checkCharacters(class); err != nil {
		return "", "", err
	}
	return namespace, name, nil
}

// CheckNamespace tells whether a namespace can be asked about: not empty, without a slash, white space or control
// characters.
func CheckNamespace(namespace string) error {
	switch {
	case namespace == "":
		return errors.New("is empty")
	case strings.Contains(namespace, "/"):
		return errors.New("has a slash, as only a resource class has")
	}
	return checkCharacters(namespace)
}

func checkCharacters(text string) error {
	switch {
	case strings.ContainsFunc(text, unicode.IsSpace):
		return errors.New("holds white space")
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("holds a control character")
	}
	return nil
}

// InNamespace tells whether a resource class lies in a namespace. Case does not matter, because the service does
// not promise to keep it.
func InNamespace(class, namespace string) bool {
	got, _, found := strings.Cut(class, "/")
	return found && strings.EqualFold(got, namespace)
}
