# The fleets of the given resource classes.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

variable "namespace" {
  description = "The namespace of the resource classes."
  type        = string
}

variable "resource_classes" {
  description = "The resource classes, as namespace/name."
  type        = set(string)
}

data "circleci_runner_fleets" "these" {
  namespace             = var.namespace
  only_resource_classes = var.resource_classes
  connected_within      = "5m"
}

output "fleets" {
  description = "The fleets, by resource class."
  value       = data.circleci_runner_fleets.these.fleets
}
