package circleci

import "regexp"

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// IsUUID reports whether an ID is a UUID in its usual form, RFC 9562, section 4. Case does not matter.
func IsUUID(id string) bool { return uuidForm.MatchString(id) }
