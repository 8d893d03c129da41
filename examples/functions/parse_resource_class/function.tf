# Provider functions need Terraform 1.8 or OpenTofu 1.7.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

variable "resource_classes" {
  type    = set(string)
  default = ["acme/linux", "acme/macos"]
}

output "pools" {
  description = "Names of the resource classes, by namespace"
  value = {
    for class in var.resource_classes :
    provider::circleci::parse_resource_class(class).namespace => provider::circleci::parse_resource_class(class).name...
  }
}
