// Package terraform stands in for one that the module proxy does not serve. Only tests of Terraform import it.
package terraform
