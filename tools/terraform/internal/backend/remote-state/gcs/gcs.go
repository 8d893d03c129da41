// Package gcs stands in for a backend that the module proxy does not serve.
package gcs

import "github.com/hashicorp/terraform/internal/backend"

// New panics: this build of Terraform has no such backend.
func New() backend.Backend { panic("this build of Terraform has no gcs backend") }
