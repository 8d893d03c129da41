# Warns about pools that have too few connected runners for the tasks that wait.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}

variable "pools" {
  description = "The resource classes to check. Null for all of the namespace."
  type        = set(string)
  default     = ["acme/linux", "acme/macos", "acme/gpu"]
}

variable "min_connected" {
  description = "Number of connected runners that is enough for any queue."
  type        = number
  default     = 2
}

variable "max_waiting" {
  description = "Maximum number of waiting tasks of a pool that has fewer runners."
  type        = number
  default     = 5
}

data "circleci_runner_fleets" "pools" {
  namespace             = "acme"
  connected_within      = "5m"
  only_resource_classes = var.pools
  all_resource_classes  = var.pools == null ? true : null
}

locals {
  short_pools = [
    for class, fleet in data.circleci_runner_fleets.pools.fleets :
    "${class} (${fleet.connected_runner_count} connected, ${fleet.unclaimed_task_count} waiting)"
    if fleet.connected_runner_count < var.min_connected && fleet.unclaimed_task_count > var.max_waiting
  ]
}

check "pools_have_runners" {
  assert {
    condition     = length(local.short_pools) == 0
    error_message = "Too few runners: ${join(", ", local.short_pools)}."
  }
}
