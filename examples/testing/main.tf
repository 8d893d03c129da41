# A module that computes how many machines each pool should have. pools.tftest.hcl tests it without CircleCI.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

variable "namespace" {
  description = "The namespace of the pools."
  type        = string
}

variable "pools" {
  description = "Minimum and maximum number of machines of each pool, by resource class."
  type = map(object({
    min = number
    max = number
  }))
}

# A module of its own, so that a test can override its outputs.
module "fleets" {
  source = "./fleets"

  namespace        = var.namespace
  resource_classes = keys(var.pools)
}

output "machines" {
  description = "Number of machines that each pool should have, by resource class."
  value = {
    for class, pool in var.pools : class => provider::circleci::desired_capacity(
      module.fleets.fleets[class].unclaimed_task_count,
      module.fleets.fleets[class].running_task_count,
      pool.min, pool.max,
    )
  }
}

# A failed check is a warning of a plan, and a failure of a test.
check "enough_are_connected" {
  assert {
    condition     = length(local.too_few) == 0
    error_message = "Fewer runners are connected than the minimum: ${join(", ", local.too_few)}."
  }
}

locals {
  too_few = [
    for class, pool in var.pools : class if module.fleets.fleets[class].connected_runner_count < pool.min
  ]
}
