package provider

import (
	"strings"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// parseImportID splits namespace/name, namespace/name/uuid or namespace/name,uuid. It reports whether the ID has one of
// these forms. The uuid is "" in the first.
func parseImportID(importID string) (class, id string, ok bool) {
	class, id, separated := strings.Cut(importID, ",")
	if !separated {
		if parts := strings.Split(importID, "/"); len(parts) == 3 {
			class, id, separated = parts[0]+"/"+parts[1], parts[2], true
		}
	}
	_, _, err := circleci.ParseResourceClass(class)
	return class, id, err == nil && (!separated || circleci.IsUUID(id))
}
