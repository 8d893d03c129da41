# Warns of every resource class with too few connected runners, classes that have none included.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}

variable "namespace" {
  description = "The namespace to check."
  type        = string
  default     = "acme"
}

variable "min_connected" {
  description = "Minimum number of connected runners of each resource class."
  type        = number
  default     = 2
}

data "circleci_runner_fleets" "all" {
  namespace        = var.namespace
  connected_within = "5m"

  # A class whose runners are no longer listed is not found by them.
  all_resource_classes = true
}

locals {
  few_connected = {
    for class, fleet in data.circleci_runner_fleets.all.fleets : class => fleet.connected_runner_count
    if fleet.connected_runner_count < var.min_connected
  }
}

check "enough_are_connected" {
  assert {
    condition     = length(local.few_connected) == 0
    error_message = "Fewer than ${var.min_connected} runners are connected: ${join(", ", [for class, count in local.few_connected : "${class} (${count})"])}."
  }
}

output "few_connected" {
  description = "Number of connected runners of each class that has too few."
  value       = local.few_connected
}
