package circleci

import (
	"errors"
	"strings"
	"unicode"
)

// ParseResourceClass splits a resource class, namespace/name, into its two parts. It requires exactly one slash, two
// parts that are not empty, and no white space or control characters; it leaves other characters to the service to
// validate.
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

// CheckNamespace returns an error unless a namespace can be requested: not empty, without a slash, white space or
// control characters.
func CheckNamespace(namespace string) error {
	switch {
	case namespace == "":
		return errors.New("is empty")
	case strings.Contains(namespace, "/"):
		return errors.New("has a slash")
	}
	return checkCharacters(namespace)
}

func checkCharacters(text string) error {
	switch {
	case strings.ContainsFunc(text, unicode.IsSpace):
		return errors.New("contains white space")
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("contains a control character")
	}
	return nil
}

// InNamespace reports whether a resource class belongs to a namespace. Names are compared as by [SameName].
func InNamespace(class, namespace string) bool {
	got, _, found := strings.Cut(class, "/")
	return found && SameName(got, namespace)
}

// ResourceClassKey returns the canonical form of the name of a resource class. The service does not promise to keep
// case, so case does not distinguish classes.
func ResourceClassKey(class string) string { return strings.ToLower(class) }

// SameName reports whether two names of resource classes, or of namespaces, are the same but for case.
func SameName(a, b string) bool { return strings.EqualFold(a, b) }
