# Warns of resource classes whose tasks wait although no runner is connected to claim them.

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

data "circleci_runner_fleets" "all" {
  namespace        = var.namespace
  connected_within = "5m"

  # A class whose runners are no longer listed is not found by them, but may have a queue.
  all_resource_classes = true
}

locals {
  stuck = {
    for class, fleet in data.circleci_runner_fleets.all.fleets : class => fleet.unclaimed_task_count
    if fleet.unclaimed_task_count > 0 && fleet.connected_runner_count == 0
  }
}

check "every_queue_is_served" {
  assert {
    condition     = length(local.stuck) == 0
    error_message = "Tasks wait, and no runner is connected: ${join(", ", [for class, count in local.stuck : "${class} (${count})"])}."
  }
}

output "stuck" {
  description = "Number of waiting tasks of each class without a connected runner."
  value       = local.stuck
}
